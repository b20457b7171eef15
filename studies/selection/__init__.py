"""Choosing models and hyperparameters."""
