"""coreops: layers, losses and optimizers as Numba kernels, and one training loop for thousands of small networks."""

from coreops.diagnostics import (
    LayerStatistics,
    adversarial_examples,
    effective_degrees_of_freedom,
    gradient_check,
    hessian,
    hessian_spectrum,
    layer_outputs,
    layer_statistics,
    loss_along,
    permute_units,
    rescale_units,
)
from coreops.extra_passes import FGSM, PGD
from coreops.inference import input_gradient, loss_and_gradient
from coreops.initializers import Constant, GlorotUniform, HeNormal, LecunNormal, Uniform
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
    "EarlyStopping",
    "ElasticNet",
    "Evaluation",
    "ExponentialDecay",
    "GlorotUniform",
    "HarmonicDecay",
    "HeNormal",
    "HeavyBall",
    "ImportanceSampling",
    "JacobianPenalty",
    "LayerStatistics",
    "LeakyReLU",
    "LecunNormal",
    "LinearLoss",
    "Nesterov",
    "Network",
    "NoPenalty",
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
    "WithReplacement",
    "adversarial_examples",
    "effective_degrees_of_freedom",
    "fit",
    "fit_many",
    "gradient_check",
    "hessian",
    "hessian_spectrum",
    "input_gradient",
    "layer_outputs",
    "layer_statistics",
    "loss_along",
    "loss_and_gradient",
    "permute_units",
    "rescale_units",
    "source_hash",
]
