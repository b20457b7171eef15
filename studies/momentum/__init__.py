"""Momentum: heavy ball and look-ahead methods."""
