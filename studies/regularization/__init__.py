"""Penalties, dropout, noise, augmentation and early stopping."""
