"""Initial weights and how the signal travels through depth."""
