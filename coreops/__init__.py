"""coreops: layers, losses and optimizers as Numba kernels, and one training loop for thousands of small networks."""

from coreops.diagnostics import gradient_check
from coreops.inference import loss_and_gradient
from coreops.initializers import (
    Constant,
    Duplicated,
    GaugeImbalanced,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    HeuristicUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    Uniform,
    VarianceScaling,
)
from coreops.layers import Dense, LeakyReLU, ReLU, Scale, Sigmoid, Tanh
from coreops.losses import (
    BinaryCrossEntropy,
    LinearLoss,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
)
from coreops.network import Network
from coreops.optimizers import SGD, AdaGrad, Adam, HeavyBall, Nesterov, RMSProp
from coreops.results import Evaluation, Result, Table
from coreops.runs import Data, EarlyStopping, Run
from coreops.sampling import Cyclic, Reshuffle, ShuffleOnce, WithReplacement
from coreops.schedules import ConstantRate, ExponentialDecay, HarmonicDecay, ProgressiveDecay, StepDecay
from coreops.sweep import SweepInterrupted, fit, fit_many
from coreops.target import source_hash

__version__ = "0.1.0"
__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "BinaryCrossEntropy",
    "Constant",
    "ConstantRate",
    "Cyclic",
    "Data",
    "Dense",
    "Duplicated",
    "EarlyStopping",
    "Evaluation",
    "ExponentialDecay",
    "GaugeImbalanced",
    "GlorotNormal",
    "GlorotUniform",
    "HarmonicDecay",
    "HeNormal",
    "HeUniform",
    "HeavyBall",
    "HeuristicUniform",
    "LeakyReLU",
    "LecunNormal",
    "LecunUniform",
    "LinearLoss",
    "Nesterov",
    "Network",
    "Orthogonal",
    "ProgressiveDecay",
    "RMSProp",
    "ReLU",
    "Reshuffle",
    "Result",
    "Run",
    "Scale",
    "ShuffleOnce",
    "Sigmoid",
    "SigmoidSquaredError",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "StepDecay",
    "SweepInterrupted",
    "Table",
    "Tanh",
    "Uniform",
    "VarianceScaling",
    "WithReplacement",
    "fit",
    "fit_many",
    "gradient_check",
    "loss_and_gradient",
    "source_hash",
]
