"""Layers: for each family a frozen spec for people and the kernels that run it."""

from coreops.layers.activation import LeakyReLU, ReLU, Sigmoid, Tanh
from coreops.layers.dense import Dense
from coreops.layers.residual import Residual
from coreops.layers.scale import Scale

__all__ = ["Dense", "LeakyReLU", "ReLU", "Residual", "Scale", "Sigmoid", "Tanh"]
