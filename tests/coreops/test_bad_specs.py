"""Layers, optimizers, schedules ... and networks built wrongly: a message that names the argument, got and wanted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import coreops
from coreops import (
    Adadelta,
    AdaGrad,
    Adam,
    AdamW,
    AMSGrad,
    AveragedSGD,
    AveragePool,
    Concatenate,
    Constant,
    ConstantRate,
    Conv1D,
    Conv2D,
    CosineDecay,
    Dense,
    DropConnect,
    Dropout,
    Duplicated,
    EarlyStopping,
    EMAMomentum,
    ExponentialDecay,
    FourierFeatures,
    FourierSeries,
    FullMatrixAdaGrad,
    GaugeImbalanced,
    GaussianNoise,
    GlorotNormal,
    HarmonicDecay,
    HeavyBall,
    HeNormal,
    Huber,
    LeakyReLU,
    LecunUniform,
    LocallyConnected1D,
    LocallyConnected2D,
    Maxout,
    MaxPool,
    Nesterov,
    Network,
    Orthogonal,
    PathSGD,
    PReLU,
    ProgressiveDecay,
    RandomReLUFeatures,
    ReLU,
    RMSProp,
    Scale,
    ScaledTanh,
    SoftmaxCrossEntropy,
    SquaredError,
    StepDecay,
    Tanh,
    Uniform,
    VarianceScaling,
    WarmUp,
    WeightNoise,
)
from coreops.initializers.as_printed import E01HeAsVariance
from coreops.layers.as_printed import SlideDropout
from coreops.optimizers.as_printed import SlideAdadelta, SlideAdam, SlideMeanAdaGrad, SlideMomentum, SlideNesterov
from tests.coreops.cases import complains

pytestmark = pytest.mark.once

NAN, INF = float("nan"), float("inf")


CONVOLUTIONS = (Conv1D, Conv2D, LocallyConnected1D, LocallyConnected2D)
INITS = ("init", "bias_init")
PAIR = np.ones(2)  # compared with a string it is two answers


def channels(**changed):
    """Arguments of a convolution, one of them wrong."""
    return dict(in_channels=2, out_channels=3, size=3) | changed


CONSTRUCTORS = {
    "lr": [
        (rule, dict(lr=v))
        for rule in [getattr(coreops.optimizers, name) for name in coreops.optimizers.__all__ if name != "Optimizer"]
        for v in (-0.1, NAN, INF, "1", None, True)
    ],
    "momentum": [
        (rule, dict(lr=1, momentum=v))
        for rule in (HeavyBall, Nesterov, EMAMomentum, SlideMomentum, SlideNesterov)
        for v in (-0.1, 1.0, 1.5, NAN)
    ],
    "decay": [(rule, dict(lr=1, decay=v)) for rule in (RMSProp, Adadelta, SlideAdadelta) for v in (-0.1, 1.0, NAN)]
    + [(ProgressiveDecay, dict(decay=v)) for v in (-1, INF)],
    "beta1": [(rule, dict(beta1=v)) for rule in (Adam, AdamW, AMSGrad, SlideAdam) for v in (-0.1, 1.0)],
    "beta2": [(rule, dict(beta2=v)) for rule in (Adam, AdamW, AMSGrad, SlideAdam) for v in (-0.1, 1.0)],
    "eps": [
        (rule, dict(lr=1, eps=v))
        for rule in (AdaGrad, RMSProp, Adam, AdamW, AMSGrad, Adadelta, FullMatrixAdaGrad, PathSGD, SlideMeanAdaGrad)
        for v in (-1e-8, INF)
    ],
    "eps_inside": [
        (rule, dict(lr=1, eps_inside=v))
        for rule in (AdaGrad, RMSProp, Adam, AMSGrad, FullMatrixAdaGrad, SlideMeanAdaGrad)
        for v in (1, "yes")
    ],
    "correct_bias": [(rule, dict(correct_bias=v)) for rule in (Adam, AdamW, AMSGrad) for v in (1, None)],
    "weight_decay": [(AdamW, dict(weight_decay=v)) for v in (-0.1, INF, "0.1")],
    "start": [(AveragedSGD, dict(lr=1, start=v)) for v in (-1, 1.5, None)]
    + [(Adadelta, dict(start=v)) for v in (-1.0, NAN)],
    "steps": [(rule, dict(steps=v)) for rule in (WarmUp, CosineDecay) for v in (0, -1, 2.5, None)],
    "floor": [(CosineDecay, dict(steps=2, floor=v)) for v in (-0.1, 1.1, NAN)],
    "after": [(WarmUp, dict(steps=2, after=v)) for v in ("constant", ConstantRate, WarmUp(2))],
    "factor": [(rule, dict(factor=v)) for rule in (StepDecay, ExponentialDecay) for v in (0, -1, 1.5, NAN)],
    "every": [(StepDecay, dict(every=v)) for v in (0, 1.5)] + [(HarmonicDecay, dict(every=v)) for v in (0, -1, 2.5)],
    "offset": [(HarmonicDecay, dict(every=1, offset=v)) for v in (0, -1, NAN)],
    "n_in": [(Dense, dict(n_in=v, n_out=2)) for v in (0, -1, 2.0, "3")],
    "n_out": [(Dense, dict(n_in=2, n_out=v)) for v in (0, -1, 2.0, None)],
    r"n\b": [(Scale, dict(n=v)) for v in (0, -1, 2.5)],
    "bias": [(Dense, dict(n_in=2, n_out=2, bias=v)) for v in (1, None, "no")],
    "init": [(Dense, dict(n_in=2, n_out=2, init=v)) for v in ("he", HeNormal, 0.1)] + [(Scale, dict(n=2, init="he"))],
    "gain": [
        (rule, dict(gain=v))
        for rule in (HeNormal, GlorotNormal, LecunUniform, VarianceScaling, Orthogonal, E01HeAsVariance)
        for v in (-1, NAN, "x")
    ],
    "fan": [
        (rule, dict(fan=v))
        for rule in (HeNormal, LecunUniform, VarianceScaling)
        for v in ("fan_in", None, ["in"], PAIR)
    ],
    "scale": [(VarianceScaling, dict(scale=v)) for v in (-1, INF)],
    "distribution": [(VarianceScaling, dict(distribution=v)) for v in ("cauchy", None)],
    "base": [(rule, dict(base=v)) for rule in (Duplicated, GaugeImbalanced) for v in ("he", HeNormal)],
    "outputs": [(Duplicated, dict(outputs=v)) for v in (0, 2.0)]
    + [(GaugeImbalanced, dict(outputs=v)) for v in (-1, 2**16, 1.0, None)],
    "inputs": [(Duplicated, dict(inputs=0)), (GaugeImbalanced, dict(inputs=-1))],
    "spread": [(GaugeImbalanced, dict(outputs=1, spread=v)) for v in (-1, 31, NAN)],
    "slope": [(LeakyReLU, dict(slope=v)) for v in (NAN, INF, "x")] + [(ScaledTanh, dict(slope=v)) for v in (0, NAN)],
    "low|high": [(Uniform, dict(low=1, high=0)), (Uniform, dict(low=NAN, high=0)), (Uniform, dict(low=0, high=INF))],
    "value": [(Constant, dict(value=v)) for v in (NAN, "x")],
    "patience": [(EarlyStopping, dict(patience=v)) for v in (0, -1, 1.5)],
    "monitor": [(EarlyStopping, dict(patience=1, monitor=v)) for v in ("loss", None, PAIR)],
    "rate": [(c, dict(rate=v)) for c in (Dropout,) for v in (-0.1, 1.0, 1.5, NAN, "0.5", True)]
    + [(c, dict(layer=Dense(2, 3), rate=v)) for c in (DropConnect, SlideDropout) for v in (-0.1, 1.0, NAN)]
    + [(ScaledTanh, dict(rate=v)) for v in (0, -1, INF)],
    "scaling": [(Dropout, dict(scaling=v)) for v in ("Inverted", None, 1, PAIR)]
    + [(DropConnect, dict(layer=Dense(2, 3), scaling="mean"))],
    "tie_rows": [(DropConnect, dict(layer=Dense(2, 3), tie_rows=1))],
    "layer": [(c, dict(layer=v)) for c in (DropConnect, SlideDropout) for v in (Dense, ReLU(), None, (Dense(2, 3),))]
    + [(WeightNoise, dict(layer=Tanh(), std=0.1))],
    "std": [(GaussianNoise, dict(std=v)) for v in (-0.1, NAN, "x")] + [(WeightNoise, dict(layer=Dense(2, 3), std=-1))],
    "drift": [(GaussianNoise, dict(std=0.1, drift=v)) for v in (-0.1, NAN, None)],
    "mean": [(GaussianNoise, dict(std=0.1, mean=v)) for v in (NAN, None)],
    r"start\b": [(PReLU, dict(start=v)) for v in (NAN, "x")],
    "shared": [(PReLU, dict(shared=v)) for v in (1, "yes")],
    "pieces": [(Maxout, dict(n_in=2, n_out=2, pieces=v)) for v in (0, -1, 1.5)],
    "Maxout n_in|n_out": [(Maxout, dict(n_in=0, n_out=2)), (Maxout, dict(n_in=2, n_out=2.5))],
    "Maxout bias|init": [(Maxout, dict(n_in=2, n_out=2, bias=0)), (Maxout, dict(n_in=2, n_out=2, init="he"))],
    "n_features": [(c, dict(n_in=2, n_features=v)) for c in (FourierFeatures, RandomReLUFeatures) for v in (0, 1.5)],
    "Features n_in": [(c, dict(n_in=0, n_features=2)) for c in (FourierFeatures, RandomReLUFeatures)],
    r"scale\b": [(FourierFeatures, dict(n_in=2, n_features=2, scale=v)) for v in (-1, INF)],
    "bias_init": [(RandomReLUFeatures, dict(n_in=2, n_features=2, bias_init=0.5))],
    "order": [(FourierSeries, dict(order=v)) for v in (-1, 1.5)],
    "weights": [(FourierSeries, dict(order=2, weights=v)) for v in ((1, 2), [[1, 2, 3]], (1, NAN, 1), "abc")],
    "first": [(Concatenate, dict(first=v, second=())) for v in (ReLU(), None, (ReLU,))],
    "second": [(Concatenate, dict(first=(), second=v)) for v in (ReLU(), ("relu",))],
    "delta": [(Huber, dict(delta=v)) for v in (0, -1, NAN, "x")],
    "in_channels": [(c, channels(in_channels=v)) for c in CONVOLUTIONS for v in (0, -1, 2.0, None)],
    "out_channels": [(c, channels(out_channels=v)) for c in CONVOLUTIONS for v in (0, "3", True)],
    r"\bsize": [(c, channels(size=v)) for c in CONVOLUTIONS for v in (0, -1, 1.5, (), (3, 3, 3), (3, 0), "3")]
    + [(c, channels(size=(3, 3))) for c in (Conv1D, LocallyConnected1D)]
    + [(c, channels(size=v, padding=p)) for c in CONVOLUTIONS for v in (2, 4) for p in ("same", "circular")]
    + [(c, channels(size=(3, 2), padding="same")) for c in (Conv2D, LocallyConnected2D)]
    + [(c, dict(size=v)) for c in (MaxPool, AveragePool) for v in (0, -1, 1.5, None, (2, 0), (2, 2, 2))],
    "stride": [(c, channels(stride=v)) for c in CONVOLUTIONS for v in (0, -1, 1.5, None, (1, 0), (1, 1, 1))]
    + [(c, dict(size=2, stride=v)) for c in (MaxPool, AveragePool) for v in (0, 2.0, (1, -1), (1, 1, 1))],
    "padding": [(c, channels(padding=v)) for c in CONVOLUTIONS for v in ("full", "Same", None, 1, ["same"], PAIR)],
    r"(Conv|Connected)\dD bias": [(c, channels(bias=v)) for c in CONVOLUTIONS for v in (1, None)],
    r"(Conv|Connected)\dD (bias_)?init": [(c, channels(**{n: "he"})) for c in CONVOLUTIONS for n in INITS],
    "min_delta": [(EarlyStopping, dict(patience=1, min_delta=v)) for v in (-1, NAN)],
}


@pytest.mark.parametrize(
    ("name", "cls", "arguments"), [(n, c, a) for n, rows in CONSTRUCTORS.items() for c, a in rows], ids=str
)
def test_constructors(name, cls, arguments):
    complains(name, "got", "wanted", cls, **arguments)


@pytest.mark.parametrize(
    ("name", "got", "layers", "settings"),
    [
        ("layers", "4 outputs into 5 inputs", (Dense(3, 4), ReLU(), Dense(5, 2)), {}),
        ("layers", "4 outputs into 2 inputs", (Dense(3, 4), Scale(2)), {}),
        ("layers", "none", (), {}),
        ("layers", "ReLU", (ReLU, Dense(3, 2)), {}),
        ("layers", "relu", (Dense(3, 2), "relu"), {}),
        ("layers", "no layer that states its size", (ReLU(), Tanh()), {}),
        ("layers", "1 output", (Dense(3, 1),), {"loss": SoftmaxCrossEntropy()}),
        ("loss", "mse", (Dense(3, 2),), {"loss": "mse"}),
        ("loss", "SquaredError", (Dense(3, 2),), {"loss": SquaredError}),
        ("layers", "SquaredError", (Dense(3, 2), SquaredError()), {}),
        ("layers", "4 outputs into 2 inputs", (Dense(3, 4), DropConnect(Dense(2, 2))), {}),
        ("layers", "4 outputs into 2 inputs", (Dense(3, 4), Maxout(2, 2)), {}),
        ("init", "he", (Dense(3, 2),), {"init": "he"}),
        ("dtype", "float16", (Dense(3, 2),), {"dtype": "float16"}),
        ("dtype", "int64", (Dense(3, 2),), {"dtype": int}),
    ],
)
def test_networks(name, got, layers, settings):
    complains(
        name,
        got if name != "dtype" else "float16|int",
        "wanted",
        Network,
        *layers,
        **({"loss": SquaredError()} | settings),
    )


@given(st.lists(st.integers(1, 4), min_size=4, max_size=8).filter(lambda sizes: len(sizes) % 2 == 0))
def test_any_chain_that_does_not_fit_is_refused(sizes):
    layers = [Dense(a, b) for a, b in zip(sizes[::2], sizes[1::2], strict=True)]
    if all(a == b for a, b in zip(sizes[1:-1:2], sizes[2::2], strict=True)):
        assert Network(*layers, loss=SquaredError()).n_out == sizes[-1]
    else:
        complains("layers", r"\d outputs into \d inputs", "as many outputs", Network, *layers, loss=SquaredError())
