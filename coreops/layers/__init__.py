"""Layers: for each family a frozen spec for people and the kernels that run it."""

from coreops.layers.activation import LeakyReLU, ReLU, Sigmoid, Tanh
from coreops.layers.batch_norm import BatchNorm
from coreops.layers.batch_renorm import BatchRenorm
from coreops.layers.dense import Dense
from coreops.layers.group_norm import GroupNorm, InstanceNorm, LayerNorm
from coreops.layers.residual import Residual
from coreops.layers.scale import Scale
from coreops.layers.weight_norm import WeightNorm

__all__ = [
    "BatchNorm",
    "BatchRenorm",
    "Dense",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "LeakyReLU",
    "ReLU",
    "Residual",
    "Scale",
    "Sigmoid",
    "Tanh",
    "WeightNorm",
]
