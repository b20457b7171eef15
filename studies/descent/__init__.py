"""Gradient descent: step sizes, curvature, batches and noise."""
