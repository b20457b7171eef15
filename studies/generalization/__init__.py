"""Capacity, memorisation and the gap between training and test."""
