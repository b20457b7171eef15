"""Optimizers: a frozen spec for people and an update kernel over flat vectors for each rule."""

from coreops.optimizers.adagrad import AdaGrad
from coreops.optimizers.adam import Adam
from coreops.optimizers.base import Optimizer
from coreops.optimizers.momentum import HeavyBall, Nesterov
from coreops.optimizers.rmsprop import RMSProp
from coreops.optimizers.sgd import SGD

__all__ = ["SGD", "AdaGrad", "Adam", "HeavyBall", "Nesterov", "Optimizer", "RMSProp"]
