"""Layers: for each family a frozen spec for people and the kernels that run it.

Layers that lectures print with errors are in `coreops.layers.as_printed`, and only there.
"""

from coreops.layers.activation import Identity, LeakyReLU, ReLU, ScaledTanh, Sigmoid, Softplus, Tanh, Threshold
from coreops.layers.concatenate import Concatenate
from coreops.layers.dense import Dense
from coreops.layers.drop_connect import DropConnect, WeightNoise
from coreops.layers.dropout import Dropout
from coreops.layers.features import FourierFeatures, FourierSeries, RandomReLUFeatures
from coreops.layers.maxout import Maxout
from coreops.layers.noise import GaussianNoise
from coreops.layers.prelu import PReLU
from coreops.layers.residual import Residual
from coreops.layers.scale import Scale

__all__ = [
    "Concatenate",
    "Dense",
    "DropConnect",
    "Dropout",
    "FourierFeatures",
    "FourierSeries",
    "GaussianNoise",
    "Identity",
    "LeakyReLU",
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
]
