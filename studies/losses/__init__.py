"""Output units and losses, and where they saturate."""
