"""Optimizers: a frozen spec for people and an update kernel over flat vectors for each rule.

Rules that lectures print with errors are in `coreops.optimizers.as_printed`, and only there.
"""

from coreops.optimizers.accelerated import AcceleratedGradient
from coreops.optimizers.adadelta import Adadelta
from coreops.optimizers.adagrad import AdaGrad
from coreops.optimizers.adam import Adam
from coreops.optimizers.adam_variants import AdamW, AMSGrad
from coreops.optimizers.averaged import AveragedSGD
from coreops.optimizers.base import Optimizer
from coreops.optimizers.full_matrix import FullMatrixAdaGrad
from coreops.optimizers.momentum import EMAMomentum, HeavyBall, Nesterov
from coreops.optimizers.path import PathSGD
from coreops.optimizers.rmsprop import RMSProp
from coreops.optimizers.sgd import SGD
from coreops.optimizers.sign import SignDescent

__all__ = [
    "SGD",
    "AMSGrad",
    "AcceleratedGradient",
    "AdaGrad",
    "Adadelta",
    "Adam",
    "AdamW",
    "AveragedSGD",
    "EMAMomentum",
    "FullMatrixAdaGrad",
    "HeavyBall",
    "Nesterov",
    "Optimizer",
    "PathSGD",
    "RMSProp",
    "SignDescent",
]
