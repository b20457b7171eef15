"""The tables that the tests run over: what coreops exports, sorted, and settings to try each thing with."""

import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numba
import numpy as np
import pytest

import coreops
from coreops import (
    FGSM,
    L1,
    L2,
    PGD,
    SGD,
    AbsoluteError,
    AcceleratedGradient,
    Adadelta,
    AdaGrad,
    Adam,
    AdamW,
    AMSGrad,
    AveragedSGD,
    AveragePool,
    BatchNorm,
    BatchRenorm,
    BinaryCrossEntropy,
    ClassBalanced,
    Concatenate,
    Constant,
    ConstantRate,
    Conv1D,
    Conv2D,
    CosineDecay,
    Curriculum,
    Cyclic,
    Dense,
    DropConnect,
    Dropout,
    Duplicated,
    ElasticNet,
    EMAMomentum,
    ExponentialDecay,
    Flatten,
    FourierFeatures,
    FourierSeries,
    FullMatrixAdaGrad,
    GaugeImbalanced,
    GaussianNoise,
    GlobalAveragePool,
    GlobalMaxPool,
    GlorotNormal,
    GlorotUniform,
    GroupNorm,
    HarmonicDecay,
    HeavyBall,
    HeNormal,
    HeUniform,
    HeuristicUniform,
    Hinge,
    Huber,
    Identity,
    ImportanceSampling,
    InstanceNorm,
    InverseSquareRoot,
    JacobianPenalty,
    LayerNorm,
    LeakyReLU,
    LecunNormal,
    LecunUniform,
    LinearLoss,
    LocallyConnected1D,
    LocallyConnected2D,
    Logistic,
    MaxNorm,
    Maxout,
    MaxPool,
    Nesterov,
    Network,
    NoPenalty,
    Orthogonal,
    PathSGD,
    PReLU,
    ProgressiveDecay,
    RandomReLUFeatures,
    ReLU,
    Reshuffle,
    Residual,
    RMSProp,
    Scale,
    ScaledTanh,
    ShuffleOnce,
    Sigmoid,
    SigmoidSquaredError,
    SignDescent,
    SoftmaxCrossEntropy,
    SoftmaxSquaredError,
    Softplus,
    SortedCyclic,
    SquaredError,
    StepDecay,
    Stratified,
    Stream,
    Tanh,
    Threshold,
    Uniform,
    VarianceScaling,
    WarmUp,
    WeightNoise,
    WeightNorm,
    WithReplacement,
)
from coreops.adversaries import Adversary
from coreops.inference import Prepared
from coreops.initializers import Initializer
from coreops.layers.as_printed import SlideDropout
from coreops.layers.batch_mean import DivideByMean
from coreops.losses import Loss
from coreops.optimizers import Optimizer
from coreops.optimizers.as_printed import SlideAdadelta, SlideAdam, SlideMeanAdaGrad, SlideMomentum, SlideNesterov
from coreops.penalties import Penalty
from coreops.penalties.as_printed import ShrinkFirst
from coreops.records import NO_LOSS, SAMPLE
from coreops.sampling import Sampling
from coreops.schedules import Schedule

JIT = not numba.config.DISABLE_JIT
ROOT = Path(__file__).resolve().parents[2]
DTYPES = ("float32", "float64")
EPS = {name: float(np.finfo(name).eps) for name in DTYPES}


BASES = dict(
    loss=Loss,
    optimizer=Optimizer,
    initializer=Initializer,
    schedule=Schedule,
    sampling=Sampling,
    penalty=Penalty,
    adversary=Adversary,
)


def errata():
    """Runnable errors of the lectures, which coreops does not export: classes of as_printed, or that say so."""
    names = [module.name for module in pkgutil.walk_packages(coreops.__path__, "coreops.")]
    classes = [(name, c) for name in names for c in vars(importlib.import_module(name)).values() if inspect.isclass(c)]
    own = [c for name, c in classes if c.__module__ == name and not c.__name__.startswith("_")]
    printed = [c for c in own if c.__module__.endswith(".as_printed") or (c.__doc__ or "").startswith("ERRATUM")]
    return {c.__name__: c for c in printed if not inspect.isabstract(c)}


def exported(kind):
    """Public classes of coreops, and its errata, of one kind; a layer is what builds operations and is no loss."""
    items = (vars(coreops) | errata()).items()
    classes = {name: item for name, item in items if inspect.isclass(item) and not inspect.isabstract(item)}
    if kind == "layer":
        return {n: c for n, c in classes.items() if hasattr(c, "build") and not issubclass(c, Loss)}
    return {n: c for n, c in classes.items() if issubclass(c, BASES[kind])}


def seen_as(layer, *shape):
    """The layer on vectors that are seen as images of this shape; named like its class, the shape as `image`."""
    kind = type(layer)

    def build(self, plan, x):
        y = kind.build(self, plan, plan.reshaped(x, *shape))
        return plan.reshaped(y, y.width)

    fields = {name: getattr(layer, name) for name in layer.__dataclass_fields__}
    return dataclass(frozen=True)(type(kind.__name__, (kind,), {"build": build, "image": shape}))(**fields)


# layer class -> (layer, width of its input) to try; sizes on both sides of the switch to tiles
LAYERS = {
    "Dense": [(Dense(3, 2), 3), (Dense(1, 1), 1), (Dense(5, 4, bias=False), 5), (Dense(17, 9), 17)],
    "Scale": [(Scale(4), 4), (Scale(1), 1)],
    "ReLU": [(ReLU(), 5)],
    "LeakyReLU": [(LeakyReLU(), 5), (LeakyReLU(slope=0.3), 4), (LeakyReLU(slope=-0.5), 3)],
    "Sigmoid": [(Sigmoid(), 5)],
    "Tanh": [(Tanh(), 5)],
    "BatchNorm": [
        (BatchNorm(), 5),
        (BatchNorm(eps=0.5, gain=False), 4),
        (BatchNorm(shift=False), 17),
        (BatchNorm(gain=False, shift=False), 3),
        (BatchNorm(center_only=True), 3),
        (seen_as(BatchNorm(), 3, 2, 4), 24),
    ],
    "BatchRenorm": [(BatchRenorm(), 5), (seen_as(BatchRenorm(eps=0.5), 2, 2, 3), 12)],
    "LayerNorm": [
        (LayerNorm(), 5),
        (LayerNorm(eps=0.5, gain=False), 4),
        (LayerNorm(shift=False), 18),
        (seen_as(LayerNorm(), 3, 2, 2), 12),
    ],
    "GroupNorm": [
        (GroupNorm(2), 8),
        (GroupNorm(3, eps=0.5, gain=False), 12),
        (GroupNorm(1), 7),
        (GroupNorm(2, shift=False), 34),
        (seen_as(GroupNorm(2), 3, 2, 4), 24),
    ],
    "InstanceNorm": [(seen_as(InstanceNorm(), 3, 2, 4), 24), (seen_as(InstanceNorm(eps=0.5, shift=False), 4, 3), 12)],
    "WeightNorm": [(WeightNorm(Dense(3, 2)), 3), (WeightNorm(Dense(5, 17, bias=False)), 5)],
    "Residual": [(Residual((Dense(4, 6), Tanh(), Dense(6, 4)), 0.5), 4), (Residual((Tanh(), Residual((Tanh(),)))), 3)],
    "ScaledTanh": [(ScaledTanh(), 5), (ScaledTanh(0.7, 2.0), 3)],
    "Softplus": [(Softplus(), 5)],
    "Threshold": [(Threshold(), 5)],
    "Identity": [(Identity(), 4)],
    "PReLU": [(PReLU(), 5), (PReLU(-0.5), 1), (PReLU(0.1, shared=True), 4)],
    "Maxout": [(Maxout(3, 4), 3), (Maxout(2, 3, 1, bias=False), 2), (Maxout(17, 3, 5), 17)],
    "FourierFeatures": [(FourierFeatures(3, 6), 3), (FourierFeatures(1, 4, scale=3.0), 1)],
    "FourierSeries": [(FourierSeries(1), 1), (FourierSeries(1, (0.5, -2)), 1)],
    "RandomReLUFeatures": [(RandomReLUFeatures(3, 7), 3), (RandomReLUFeatures(2, 4, Uniform(-1, 2), Constant(0.1)), 2)],
    "Concatenate": [
        (Concatenate((), (Dense(3, 2), Tanh())), 3),
        (Concatenate((Dense(2, 3), Softplus(), Dense(3, 4)), (Concatenate((Sigmoid(),), ()),)), 2),
        (Concatenate((), ()), 2),
    ],
    "Dropout": [(Dropout(0.3), 5), (Dropout(0.4, "test"), 4), (Dropout(0.4, "none"), 3), (Dropout(0.0), 2)],
    "GaussianNoise": [(GaussianNoise(0.3, mean=0.2), 4), (GaussianNoise(0.0), 3), (GaussianNoise(0.2, drift=0.4), 5)],
    "DropConnect": [
        (DropConnect(Dense(3, 2), 0.3), 3),
        (DropConnect(Dense(5, 4, bias=False), 0.4, "test"), 5),
        (DropConnect(Dense(3, 4), 0.4, "none", tie_rows=True), 3),
    ],
    "WeightNoise": [(WeightNoise(Dense(3, 2), 0.3), 3), (WeightNoise(Dense(2, 2, bias=False), 0.0), 2)],
    "DivideByMean": [(DivideByMean(), 3), (seen_as(DivideByMean(), 2, 2), 4)],
    "Conv1D": [
        (seen_as(Conv1D(2, 3, 3), 5, 2), 10),
        (seen_as(Conv1D(1, 1, 1), 1, 1), 1),
        (seen_as(Conv1D(2, 5, 4, 2), 7, 2), 14),
        (seen_as(Conv1D(1, 2, 1, 3, bias=False), 5, 1), 5),
        (seen_as(Conv1D(2, 17, 4), 4, 2), 8),
        (seen_as(Conv1D(2, 3, 3, padding="same"), 4, 2), 8),
        (seen_as(Conv1D(1, 2, 5, 2, "same", bias=False), 6, 1), 6),
        (seen_as(Conv1D(3, 2, 3, padding="circular"), 4, 3), 12),
        (seen_as(Conv1D(1, 1, 5, 2, "circular"), 5, 1), 5),
    ],
    "Conv2D": [
        (seen_as(Conv2D(2, 3, (3, 2)), 4, 3, 2), 24),
        (seen_as(Conv2D(1, 2, (2, 3), (1, 2)), 3, 6, 1), 18),
        (seen_as(Conv2D(3, 2, (2, 3)), 2, 3, 3), 18),
        (seen_as(Conv2D(2, 3, 1, bias=False), 2, 3, 2), 12),
        (seen_as(Conv2D(2, 2, 3, padding="same"), 3, 2, 2), 12),
        (seen_as(Conv2D(1, 3, (3, 1), (2, 1), "same"), 4, 3, 1), 12),
        (seen_as(Conv2D(2, 1, 3, padding="circular", bias=False), 3, 3, 2), 18),
        (seen_as(Conv2D(1, 2, (1, 3), 2, "circular"), 2, 5, 1), 10),
        (seen_as(Conv2D(2, 1, 1, 2, "circular"), 3, 3, 2), 18),
    ],
    "LocallyConnected1D": [
        (seen_as(LocallyConnected1D(2, 3, 3), 5, 2), 10),
        (seen_as(LocallyConnected1D(1, 17, 2, 2), 5, 1), 5),
        (seen_as(LocallyConnected1D(2, 2, 3, padding="same", bias=False), 4, 2), 8),
        (seen_as(LocallyConnected1D(1, 2, 3, 2, "circular"), 5, 1), 5),
    ],
    "LocallyConnected2D": [
        (seen_as(LocallyConnected2D(2, 2, 2), 3, 3, 2), 18),
        (seen_as(LocallyConnected2D(1, 2, (2, 3), (1, 2), bias=False), 3, 6, 1), 18),
        (seen_as(LocallyConnected2D(1, 2, (3, 1), padding="same"), 2, 3, 1), 6),
        (seen_as(LocallyConnected2D(1, 2, 3, 2, "circular"), 3, 3, 1), 9),
        (seen_as(LocallyConnected2D(2, 1, 1, 2, "circular"), 3, 3, 2), 18),
    ],
    "MaxPool": [
        (seen_as(MaxPool(2), 4, 3), 12),
        (seen_as(MaxPool(3, 2), 6, 2), 12),
        (seen_as(MaxPool(1, 2), 5, 1), 5),
        (seen_as(MaxPool(2), 5, 4, 2), 40),
        (seen_as(MaxPool((2, 3), 1), 3, 4, 2), 24),
        (seen_as(MaxPool((3, 2), (2, 3)), 3, 6, 1), 18),
    ],
    "AveragePool": [
        (seen_as(AveragePool(2), 4, 3), 12),
        (seen_as(AveragePool(3, 2), 6, 2), 12),
        (seen_as(AveragePool(2), 5, 4, 2), 40),
        (seen_as(AveragePool((2, 3), 1), 3, 4, 2), 24),
        (seen_as(AveragePool((3, 2), (2, 3)), 3, 6, 1), 18),
    ],
    "GlobalMaxPool": [(seen_as(GlobalMaxPool(), 5, 2), 10), (seen_as(GlobalMaxPool(), 2, 3, 2), 12)],
    "GlobalAveragePool": [(seen_as(GlobalAveragePool(), 5, 2), 10), (seen_as(GlobalAveragePool(), 2, 3, 2), 12)],
    "Flatten": [(seen_as(Flatten(), 2, 3, 2), 12), (Flatten(), 4)],
    "SlideDropout": [(SlideDropout(Dense(3, 2), 0.3), 3)],
}
NOT_DIFFERENTIABLE = {}  # layer or loss class without a gradient row -> why
# loss class -> (loss, number of outputs, form of the targets) to try
LOSSES = {
    "SquaredError": [(SquaredError(), 1, "real"), (SquaredError(), 3, "real")],
    "LinearLoss": [(LinearLoss(), 1, "real"), (LinearLoss(), 3, "real")],
    "BinaryCrossEntropy": [(BinaryCrossEntropy(), n, form) for n, form in ((1, "bits"), (3, "bits"), (3, "label"))],
    "SoftmaxCrossEntropy": [(SoftmaxCrossEntropy(), 2, "label"), (SoftmaxCrossEntropy(), 5, "label")],
    "SigmoidSquaredError": [(SigmoidSquaredError(), n, form) for n, form in ((1, "bits"), (3, "bits"), (3, "label"))],
    "AbsoluteError": [(AbsoluteError(), 1, "real"), (AbsoluteError(), 3, "real")],
    "Huber": [(Huber(), 1, "real"), (Huber(0.3), 3, "real")],
    "Hinge": [(Hinge(), n, form) for n, form in ((1, "signs"), (3, "signs"), (3, "label"))],
    "Logistic": [(Logistic(), n, form) for n, form in ((1, "signs"), (3, "signs"), (3, "label"))],
    "SoftmaxSquaredError": [(SoftmaxSquaredError(), 2, "label"), (SoftmaxSquaredError(), 5, "label")],
}
OPTIMIZERS = {
    "SGD": [SGD(0.1), SGD(0.0)],
    "HeavyBall": [HeavyBall(0.1, 0.9), HeavyBall(0.05, 0.0)],
    "Nesterov": [Nesterov(0.1, 0.9), Nesterov(0.05, 0.5)],
    "AdaGrad": [AdaGrad(0.3), AdaGrad(0.3, eps=0.2), AdaGrad(0.3, eps=0.2, eps_inside=True), AdaGrad(0.3, eps=0.0)],
    "RMSProp": [RMSProp(0.05), RMSProp(0.05, decay=0.5, eps=0.1), RMSProp(0.05, 0.99, eps=0.1, eps_inside=True)],
    "Adam": [
        *(Adam(), Adam(0.1, 0.8, 0.9, eps=0.1), Adam(0.1, 0.8, 0.9, eps=0.1, eps_inside=True), Adam(0.1, 0.0, 0.5)),
        Adam(0.1, 0.8, 0.9, eps=0.1, correct_bias=False),
    ],
    "AdamW": [AdamW(), AdamW(0.1, 0.8, 0.9, eps=0.1, weight_decay=0.7), AdamW(0.1, correct_bias=False)],
    "AMSGrad": [AMSGrad(), AMSGrad(0.1, 0.8, 0.5, eps=0.1, eps_inside=True), AMSGrad(0.1, 0.5, 0.5, correct_bias=True)],
    "EMAMomentum": [EMAMomentum(0.1), EMAMomentum(0.1, 0.5)],
    "AcceleratedGradient": [AcceleratedGradient(0.1)],
    "Adadelta": [Adadelta(), Adadelta(0.5, 0.8, eps=0.1), Adadelta(eps=0.0, start=0.01)],
    "SignDescent": [SignDescent(0.1)],
    "AveragedSGD": [AveragedSGD(0.1), AveragedSGD(0.1, start=4)],
    "FullMatrixAdaGrad": [FullMatrixAdaGrad(0.3), FullMatrixAdaGrad(0.3, eps=0.0), FullMatrixAdaGrad(0.3, 0.2, True)],
    "PathSGD": [PathSGD(0.1), PathSGD(0.1, eps=0.5)],
    "SlideMomentum": [SlideMomentum(0.1, 0.9)],
    "SlideNesterov": [SlideNesterov(0.1, 0.9)],
    "SlideMeanAdaGrad": [SlideMeanAdaGrad(0.1), SlideMeanAdaGrad(0.1, eps=0.1, eps_inside=True)],
    "SlideAdam": [SlideAdam(), SlideAdam(0.1, 0.8, 0.9, eps=0.1)],
    "SlideAdadelta": [SlideAdadelta(), SlideAdadelta(0.5, 0.8, eps=0.1)],
}
SCHEDULES = {
    "ConstantRate": [ConstantRate()],
    "StepDecay": [StepDecay(0.5, every=2), StepDecay()],
    "ExponentialDecay": [ExponentialDecay(0.7)],
    "HarmonicDecay": [HarmonicDecay(every=3), HarmonicDecay(every=1, offset=2.5)],
    "ProgressiveDecay": [ProgressiveDecay(0.25), ProgressiveDecay(0.0)],
    "InverseSquareRoot": [InverseSquareRoot()],
    "CosineDecay": [CosineDecay(40), CosineDecay(75, floor=0.1), CosineDecay(1)],
    "WarmUp": [WarmUp(10), WarmUp(1), WarmUp(20, ExponentialDecay(0.7)), WarmUp(8, CosineDecay(60))],
}
INITIALIZERS = {
    "HeNormal": [HeNormal(), HeNormal(gain=0.5), HeNormal(fan="out")],
    "HeUniform": [HeUniform(), HeUniform(0.5, "out")],
    "LecunNormal": [LecunNormal(), LecunNormal(gain=2.0), LecunNormal(fan="out")],
    "LecunUniform": [LecunUniform(), LecunUniform(2.0, "out")],
    "HeuristicUniform": [HeuristicUniform(), HeuristicUniform(2.0, "out")],
    "GlorotNormal": [GlorotNormal(), GlorotNormal(gain=2.0)],
    "GlorotUniform": [GlorotUniform(), GlorotUniform(gain=2.0)],
    "VarianceScaling": [VarianceScaling()]
    + [VarianceScaling(2.0, "in", d, 0.5) for d in ("normal", "uniform", "laplace", "signs")]
    + [VarianceScaling(2.0, fan) for fan in ("out", "average")],
    "Uniform": [Uniform(-0.5, 2.0)],
    "Constant": [Constant(0.25), Constant()],
    "Orthogonal": [Orthogonal(), Orthogonal(gain=2.0)],
    "Duplicated": [Duplicated(), Duplicated(LecunUniform(), 1, 2), Duplicated(Uniform(0.0, 1.0), 3, 3)],
    "GaugeImbalanced": [GaugeImbalanced(HeNormal(), 0.1, outputs=1), GaugeImbalanced(HeNormal(), 0.2, 1, 0)],
    **{name: [cls(), cls(gain=2.0)] for name, cls in exported("initializer").items() if name in errata()},
    **{name: [cls(), cls(gain=2.0)] for name, cls in exported("initializer").items() if re.match(r"E\d\d", name)},
}
PENALTIES = {
    "NoPenalty": [NoPenalty()],
    "L2": [L2(0.3), L2(0.0)],
    "L1": [L1(0.2), L1(0.2, proximal=False), L1(0.0)],
    "ElasticNet": [ElasticNet(0.1, ridge=0.3), ElasticNet(0.1, False, 0.3), ElasticNet(0.2)],
    "JacobianPenalty": [JacobianPenalty(0.2), JacobianPenalty(0.0)],
    "MaxNorm": [MaxNorm(0.7), MaxNorm(0.05)],
    "ShrinkFirst": [ShrinkFirst(0.05), ShrinkFirst(0.0)],
}
ADVERSARIES = {
    "FGSM": [FGSM(0.2), FGSM(0.2, -1.0, 1.0), FGSM(0.0)],
    "PGD": [PGD(0.2), PGD(0.2, step=0.15, steps=3), PGD(0.3, -1.0, 1.0, step=0.1, steps=2, random_start=True)],
}
LABELS = np.array([0, 1, 0, 0, 2, 0, 1, 0, 0, 1, 1, 2, 0])  # 7, 4 and 2 of three classes
SAMPLING = {
    "Cyclic": [Cyclic()],
    "Stream": [Stream()],
    "SortedCyclic": [SortedCyclic()],
    "Reshuffle": [Reshuffle()],
    "ShuffleOnce": [ShuffleOnce()],
    "WithReplacement": [WithReplacement()],
    "Stratified": [Stratified()],
    "ClassBalanced": [ClassBalanced(), ClassBalanced(reweight=True)],
    "Curriculum": [Curriculum(LABELS - np.arange(13) / 20, 0.3, 2), Curriculum(np.arange(13))],
    "ImportanceSampling": [ImportanceSampling(1.0 + LABELS), ImportanceSampling(np.ones(13))],
}


def flat(table):
    """[(item, ...), ...] of a table above, for parametrize."""
    return [case for cases in table.values() for case in cases]


def targets(form, m, n, generator):
    """m random targets of one form for n outputs."""
    if form == "real":
        return generator.normal(size=(m, n))
    if form == "signs":
        return generator.choice([-1, 1], (m, n))
    return generator.integers(0, 2, (m, n)) if form == "bits" else generator.integers(0, n, m)


def tensors(network, theta):
    """dict from name to every tensor of the network, learned (a view into theta) or fixed as seed 0 draws it."""
    return network.parameters(theta) | network.statistics(network.initial_statistics(0))


def trained_pass(network, theta, X, seed=0, step=0, mode=SAMPLE):
    """A forward pass over X as in training step `step`; returns what was prepared for it."""
    X = np.asarray(X, network.dtype)
    prepared = Prepared(network, theta, network.initial_statistics(0), len(X))
    prepared.forward(X, mode=NO_LOSS | mode, seed=seed, step=step)
    return prepared


def sampled(network, theta, X, seed=0, step=0):
    """Outputs in a training step."""
    return trained_pass(network, theta, X, seed, step).outputs(len(X)).astype(float)


def evaluated(network, theta, X):
    """Outputs in evaluation."""
    return trained_pass(network, theta, X, mode=0).outputs(len(X)).astype(float)


def at_outputs(loss, z, y, dtype):
    """(E, dE/dz) at given outputs z: a bias-free layer on unit vectors has its weights as outputs."""
    m, n = z.shape
    network = Network(Dense(m, n, bias=False), loss=loss, dtype=dtype)
    value, gradient = coreops.loss_and_gradient(network, z.reshape(-1), np.eye(m), y)
    return value, gradient.reshape(m, n)


def problem(seed=0, n=12, d=3, classes=3):
    """A small classification problem: (X, y)."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, classes, n)
    return generator.normal(size=(classes, d))[y] + 0.5 * generator.normal(size=(n, d)), y


def mlp(dtype="float64", d=3, hidden=5, classes=3):
    return Network(Dense(d, hidden), Tanh(), Dense(hidden, classes), loss=SoftmaxCrossEntropy(), dtype=dtype)


def rectifier_net(dtype="float64"):
    return Network(Dense(3, 4), ReLU(), Dense(4, 3), LeakyReLU(), Dense(3, 3), loss=SoftmaxCrossEntropy(), dtype=dtype)


def distance(got, want):
    """Norm-wise relative difference ||got - want|| / max(||want||, tiny)."""
    got, want = np.asarray(got, float), np.asarray(want, float)
    assert got.shape == want.shape, (got.shape, want.shape)
    return np.linalg.norm(got - want) / max(np.linalg.norm(want), 1e-300)


def python(code, *arguments, **environment):
    """Start `code` in a fresh interpreter that sees this checkout; returns the process with its pipes."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output_of(code, *arguments, **environment):
    """What `code` prints; AssertionError with its stderr if it fails."""
    process = python(code, *arguments, **environment)
    out, err = process.communicate(timeout=900)
    assert process.returncode == 0, (process.returncode, err[-3000:])
    return out


SIMULATED = {"NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1"}
# Lanes are Python threads that take turns: on several busy cores each turn waits for a core, four times as long in all.
ONE_CORE = """import os
if hasattr(os, "sched_setaffinity"):
    cores = sorted(os.sched_getaffinity(0))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    os.sched_setaffinity(0, {cores[worker % len(cores)]})
"""


def simulated_output_of(code, *arguments):
    """As `output_of`, where numba-cuda simulates a GPU."""
    return output_of(ONE_CORE + code, *arguments, **SIMULATED)


def complains(name, got, wanted, action, *args, **settings):
    """The message names the argument first, then what it got and what it wanted."""
    with pytest.raises((ValueError, TypeError)) as caught:
        action(*args, **settings)
    text = str(caught.value)
    assert type(caught.value) in (ValueError, TypeError)
    assert re.search(name, text), f"{name!r} is not named in {text!r}"
    assert re.search(got, text), f"what it got, {got!r}, is not in {text!r}"
    assert re.search(wanted, text), f"what it wanted, {wanted!r}, is not in {text!r}"
    assert text.index("got") < text.index("wanted")
