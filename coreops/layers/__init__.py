"""Layers: for each family a frozen spec for people and the kernels that run it.

Layers that lectures print with errors are in `coreops.layers.as_printed`, and only there.
"""

from coreops.layers.activation import Identity, LeakyReLU, ReLU, ScaledTanh, Sigmoid, Softplus, Tanh, Threshold
from coreops.layers.batch_norm import BatchNorm
from coreops.layers.batch_renorm import BatchRenorm
from coreops.layers.concatenate import Concatenate
from coreops.layers.convolution import Conv1D, Conv2D
from coreops.layers.dense import Dense
from coreops.layers.drop_connect import DropConnect, WeightNoise
from coreops.layers.dropout import Dropout
from coreops.layers.features import FourierFeatures, FourierSeries, RandomReLUFeatures
from coreops.layers.flatten import Flatten
from coreops.layers.group_norm import GroupNorm, InstanceNorm, LayerNorm
from coreops.layers.locally_connected import LocallyConnected1D, LocallyConnected2D
from coreops.layers.maxout import Maxout
from coreops.layers.noise import GaussianNoise
from coreops.layers.pooling import AveragePool, GlobalAveragePool, GlobalMaxPool, MaxPool
from coreops.layers.prelu import PReLU
from coreops.layers.residual import Residual
from coreops.layers.scale import Scale
from coreops.layers.weight_norm import WeightNorm

__all__ = [
    "AveragePool",
    "BatchNorm",
    "BatchRenorm",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Dense",
    "DropConnect",
    "Dropout",
    "Flatten",
    "FourierFeatures",
    "FourierSeries",
    "GaussianNoise",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "GroupNorm",
    "Identity",
    "InstanceNorm",
    "LayerNorm",
    "LeakyReLU",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "MaxPool",
    "Maxout",
    "PReLU",
    "RandomReLUFeatures",
    "ReLU",
    "Residual",
    "Scale",
    "ScaledTanh",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "Threshold",
    "WeightNoise",
    "WeightNorm",
]
