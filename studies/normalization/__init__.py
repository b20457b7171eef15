"""Input and activation normalisation."""
