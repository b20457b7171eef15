"""coreops: layers, losses and optimizers as Numba kernels, and one training loop for thousands of small networks."""

from coreops.diagnostics import gradient_check
from coreops.extra_passes import FGSM, PGD
from coreops.inference import input_gradient, loss_and_gradient
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
from coreops.layers import Dense, LeakyReLU, ReLU, Residual, Scale, Sigmoid, Tanh
from coreops.losses import (
    BinaryCrossEntropy,
    LinearLoss,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
)
from coreops.network import Network
from coreops.optimizers import SGD, AdaGrad, Adam, HeavyBall, Nesterov, RMSProp
from coreops.penalties import L1, L2, ElasticNet, JacobianPenalty, NoPenalty
from coreops.results import Evaluation, Result, Table
from coreops.runs import Data, EarlyStopping, Run
from coreops.sampling import (
    ClassBalanced,
    Curriculum,
    Cyclic,
    ImportanceSampling,
    Reshuffle,
    ShuffleOnce,
    SortedCyclic,
    Stratified,
    Stream,
    WithReplacement,
)
from coreops.schedules import ConstantRate, ExponentialDecay, HarmonicDecay, ProgressiveDecay, StepDecay
from coreops.sweep import SweepInterrupted, fit, fit_many
from coreops.target import source_hash

__version__ = "0.1.0"
__all__ = [
    "FGSM",
    "L1",
    "L2",
    "PGD",
    "SGD",
    "AdaGrad",
    "Adam",
    "BinaryCrossEntropy",
    "ClassBalanced",
    "Constant",
    "ConstantRate",
    "Curriculum",
    "Cyclic",
    "Data",
    "Dense",
    "Duplicated",
    "EarlyStopping",
    "ElasticNet",
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
    "ImportanceSampling",
    "JacobianPenalty",
    "LeakyReLU",
    "LecunNormal",
    "LecunUniform",
    "LinearLoss",
    "Nesterov",
    "Network",
    "NoPenalty",
    "Orthogonal",
    "ProgressiveDecay",
    "RMSProp",
    "ReLU",
    "Reshuffle",
    "Residual",
    "Result",
    "Run",
    "Scale",
    "ShuffleOnce",
    "Sigmoid",
    "SigmoidSquaredError",
    "SoftmaxCrossEntropy",
    "SortedCyclic",
    "SquaredError",
    "StepDecay",
    "Stratified",
    "Stream",
    "SweepInterrupted",
    "Table",
    "Tanh",
    "Uniform",
    "VarianceScaling",
    "WithReplacement",
    "fit",
    "fit_many",
    "gradient_check",
    "input_gradient",
    "loss_and_gradient",
    "source_hash",
]
