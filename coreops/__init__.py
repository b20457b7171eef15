"""coreops: layers, losses and optimizers as Numba kernels, and one training loop for thousands of small networks."""

from coreops.diagnostics import gradient_check
from coreops.inference import loss_and_gradient
from coreops.initializers import Constant, GlorotUniform, HeNormal, LecunNormal, Uniform
from coreops.layers import Dense, LeakyReLU, ReLU, Scale, Sigmoid, Tanh
from coreops.losses import (
    BinaryCrossEntropy,
    LinearLoss,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
)
from coreops.minimize import Minimum, minimize
from coreops.network import Network
from coreops.optimizers import (
    SGD,
    AcceleratedGradient,
    Adadelta,
    AdaGrad,
    Adam,
    AdamW,
    AMSGrad,
    AveragedSGD,
    EMAMomentum,
    FullMatrixAdaGrad,
    HeavyBall,
    Nesterov,
    PathSGD,
    RMSProp,
    SignDescent,
)
from coreops.results import Evaluation, Result, Table
from coreops.runs import Data, EarlyStopping, Run
from coreops.sampling import Cyclic, Reshuffle, ShuffleOnce, WithReplacement
from coreops.schedules import (
    ConstantRate,
    CosineDecay,
    ExponentialDecay,
    HarmonicDecay,
    InverseSquareRoot,
    ProgressiveDecay,
    StepDecay,
    WarmUp,
    robbins_monro,
)
from coreops.sweep import SweepInterrupted, fit, fit_many
from coreops.target import source_hash

__version__ = "0.1.0"
__all__ = [
    "SGD",
    "AMSGrad",
    "AcceleratedGradient",
    "AdaGrad",
    "Adadelta",
    "Adam",
    "AdamW",
    "AveragedSGD",
    "BinaryCrossEntropy",
    "Constant",
    "ConstantRate",
    "CosineDecay",
    "Cyclic",
    "Data",
    "Dense",
    "EMAMomentum",
    "EarlyStopping",
    "Evaluation",
    "ExponentialDecay",
    "FullMatrixAdaGrad",
    "GlorotUniform",
    "HarmonicDecay",
    "HeNormal",
    "HeavyBall",
    "InverseSquareRoot",
    "LeakyReLU",
    "LecunNormal",
    "LinearLoss",
    "Minimum",
    "Nesterov",
    "Network",
    "PathSGD",
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
    "SignDescent",
    "SoftmaxCrossEntropy",
    "SquaredError",
    "StepDecay",
    "SweepInterrupted",
    "Table",
    "Tanh",
    "Uniform",
    "WarmUp",
    "WithReplacement",
    "fit",
    "fit_many",
    "gradient_check",
    "loss_and_gradient",
    "minimize",
    "robbins_monro",
    "source_hash",
]
