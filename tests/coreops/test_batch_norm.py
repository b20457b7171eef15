"""Batch normalisation: statistics, gradients in both modes, and the identities that define it."""

import numpy as np
import pytest

from coreops import (
    L2,
    SGD,
    Adam,
    BatchNorm,
    Constant,
    Cyclic,
    Dense,
    LinearLoss,
    Network,
    Scale,
    SoftmaxCrossEntropy,
    Tanh,
    Uniform,
    fit,
    input_gradient,
    loss_and_gradient,
)
from coreops.layers.batch_mean import DivideByMean
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, complains, distance, seen_as
from tests.oracles import training

GENERATOR = np.random.default_rng(0)
BATCH_SIZES = [2, 4, 32]
BOUND = 1e-7


def alone(layer, n, dtype="float64"):
    """The layer under a linear loss, whose targets are then dE/dy."""
    return Network(layer, loss=LinearLoss(), dtype=dtype, input_shape=n)


def outputs(layer, X, stats=None, batch_statistics=True, dtype="float64", **parameters):
    """What a layer alone computes."""
    network = alone(layer, X.shape[1], dtype)
    theta = network.initialize(0)
    for name, values in parameters.items():
        network.parameters(theta)[f"0.{name}"][:] = values
    run = fit(network, X, 0 * X, optimizer=SGD(0.0), epochs=0, theta0=theta, stats0=stats, frozen=True)
    return run.outputs(X, batch_statistics=batch_statistics)


def differences(function, at, h=1e-5):
    """Central differences of fourth order, of every element."""
    result, at = np.zeros_like(at), at.copy()
    flat = at.reshape(-1)
    for i, center in enumerate(flat.copy()):
        values = []
        for k in (-2, -1, 1, 2):
            flat[i] = center + k * h
            values.append(function(at))
        flat[i] = center
        result.reshape(-1)[i] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    return result


LAYERS = [
    (BatchNorm(eps=0.1), 3),
    (BatchNorm(eps=0.1, center_only=True), 3),
    (seen_as(BatchNorm(eps=0.1), 2, 1, 3), 6),
    (DivideByMean(), 3),
]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("m", BATCH_SIZES)
@pytest.mark.parametrize(("layer", "n"), LAYERS, ids=str)
def test_gradient_of_everything_in_both_modes(layer, n, m, training):
    generator = np.random.default_rng(m)
    network = alone(layer, n)
    X, targets = generator.normal(1.0, 0.3, (m, n)), generator.normal(size=(m, n))
    theta = generator.uniform(0.5, 1.5, network.n_parameters)
    stats = generator.uniform(0.5, 1.5, network.n_statistics)
    settings = dict(stats=stats, training=training)
    _, gradient = loss_and_gradient(network, theta, X, targets, **settings)
    dx = input_gradient(network, theta, X, targets, **settings) / m
    assert distance(dx, differences(lambda x: loss_and_gradient(network, theta, x, targets, **settings)[0], X)) <= BOUND
    numeric = differences(lambda t: loss_and_gradient(network, t, X, targets, **settings)[0], theta)
    for name, part in network.parameters(gradient).items():
        assert distance(part, network.parameters(numeric)[name]) <= BOUND, name


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("eps", [1e-5, 0.5])
@pytest.mark.parametrize("m", BATCH_SIZES)
def test_outputs_are_standardised(m, eps, dtype):
    X = np.random.default_rng(m).normal(3.0, [1e-3, 0.1, 1.0, 20.0], (m, 4)).astype(dtype).astype(float)
    xh, v = outputs(BatchNorm(eps=eps), X, dtype=dtype).astype(float), X.var(axis=0)
    # xh inherits the rounding of the mean, relative to the channel's spread.
    slack = 4 * EPS[dtype] * (1 + np.abs(X).max(axis=0) / np.sqrt(v + eps))
    assert (np.abs(xh.mean(axis=0)) <= slack).all()
    assert (np.abs(xh.var(axis=0) - v / (v + eps)) <= 10 * slack).all()


def test_the_mean_survives_a_large_offset_in_single_precision():
    """The sum of 1000 values near 1000 is rounded to 1/16; the mean must still be right to an ulp of 1000, 6e-5."""
    X = (1000 + np.random.default_rng(0).normal(size=(1000, 3))).astype(np.float32)
    xh = outputs(BatchNorm(eps=0.0), X, dtype="float32").astype(float)
    assert np.abs(xh.mean(axis=0)).max() <= 6e-5
    assert np.abs(xh.std(axis=0) - 1).max() <= 1e-4


@pytest.mark.parametrize("m", [4, 32])
def test_constant_statistics_give_a_wrong_gradient(m):
    """detached: dx = gain dy/sd exactly, and more than 10 % off the derivative."""
    X, dy, gain = GENERATOR.normal(size=(m, 3)), GENERATOR.normal(size=(m, 3)), np.array([0.5, -1.0, 2.0])
    theta = np.concatenate([gain, np.ones(3)])
    right, wrong = (
        input_gradient(alone(BatchNorm(detached=d), 3), theta, X, m * dy, training=True) / m for d in (False, True)
    )
    assert distance(wrong, gain * dy / np.sqrt(X.var(axis=0) + 1e-5)) <= 1e-12
    assert distance(wrong, right) > 0.1
    same = [outputs(BatchNorm(detached=d), X) for d in (False, True)]
    np.testing.assert_array_equal(*same)


def test_scale_of_the_incoming_weights_does_not_matter():
    """eps = 0:  BN(a W x) = BN(W x),  dE/d(aW) = (dE/dW)/a,  <W, dE/dW> = 0; with eps = 1 none of it holds."""
    X, y = cases.problem(n=20)

    def at(factor, eps):
        net = Network(Dense(3, 5), BatchNorm(eps=eps), Tanh(), Dense(5, 3), loss=SoftmaxCrossEntropy(), dtype="float64")
        theta = net.initialize(1)
        net.parameters(theta)["0.weight"][:] *= factor
        value, gradient = loss_and_gradient(net, theta, X, y)
        return value, net.parameters(gradient)["0.weight"], net.parameters(theta)["0.weight"]

    (E, g, W), (scaled, h, _) = at(1.0, 0.0), at(37.0, 0.0)
    assert abs(scaled - E) <= 1e-13
    assert distance(37.0 * h, g) <= 1e-10
    assert abs(np.sum(W * g)) <= 1e-12 * np.linalg.norm(W) * np.linalg.norm(g)
    (E, g, W), (scaled, h, _) = at(1.0, 1.0), at(37.0, 1.0)
    assert abs(scaled - E) > 1e-3 and distance(37.0 * h, g) > 0.1


def test_biases_before_it_have_no_effect():
    X, y = cases.problem(n=20)
    net = Network(Dense(3, 5), BatchNorm(), Dense(5, 3), loss=SoftmaxCrossEntropy(), dtype="float64")
    theta = net.initialize(1)
    before, gradient = loss_and_gradient(net, theta, X, y)
    net.parameters(theta)["0.bias"][:] = GENERATOR.normal(size=5)
    assert abs(loss_and_gradient(net, theta, X, y)[0] - before) <= 1e-13
    assert np.abs(net.parameters(gradient)["0.bias"]).max() <= 1e-15
    net.parameters(theta)["1.shift"][:] = GENERATOR.normal(size=5)
    assert abs(loss_and_gradient(net, theta, X, y)[0] - before) > 1e-3  # one behind it has


@pytest.mark.parametrize("eps", [0.0, 0.3])
def test_gain_and_shift_can_undo_it(eps):
    """gain = sqrt(v + eps), shift = mu: the identity."""
    X = GENERATOR.normal(2.0, 3.0, (12, 4))
    y = outputs(BatchNorm(eps=eps), X, gain=np.sqrt(X.var(axis=0) + eps), shift=X.mean(axis=0))
    assert distance(y, X) <= 1e-14


def test_where_gain_and_shift_start():
    net = alone(BatchNorm(gain_init=Constant(10.0), shift_init=Constant(-1.0)), 2)
    np.testing.assert_array_equal(net.initialize(0), [10, 10, -1, -1])
    assert set(net.parameters(net.initialize(0))) == {"0.gain", "0.shift"}
    assert alone(BatchNorm(gain=False, shift=False), 2).n_parameters == 0


def test_centering_outside_the_gradient_lets_the_bias_drift():
    """y = x + b - mean: detached, b moves at every step and the loss never changes; attached, its gradient is 0."""
    X, targets = GENERATOR.normal(size=(8, 1)), GENERATOR.normal(1.0, 1.0, (8, 1))
    for detached in (True, False):
        layer = BatchNorm(gain=False, shift=False, center_only=True, detached=detached)
        net = Network(Dense(1, 1), layer, loss=LinearLoss(), dtype="float64")
        run = fit(net, X, targets, optimizer=SGD(0.1), epochs=50, theta0=np.array([1.0, 0.0]), record_theta_every=1)
        b = run.step_theta[:, 1]
        want = -0.1 * targets.mean() * np.arange(51) if detached else np.zeros(51)
        np.testing.assert_allclose(b, want, atol=1e-12)


def test_dividing_by_the_batch_mean_as_printed():
    """z = w x/mean(w x): no trace of w is left, so its gradient is 0; behind it the derivative is that of w = 1."""
    X, targets = GENERATOR.uniform(1, 2, (6, 1)), GENERATOR.normal(size=(6, 1))
    for w in (1.0, 100.0):
        net = Network(Scale(1), DivideByMean(), Scale(1), loss=LinearLoss(), dtype="float64")
        _, gradient = loss_and_gradient(net, np.array([w, 2.0]), X, targets)
        assert abs(gradient[0]) <= 1e-15
        assert gradient[1] == pytest.approx(np.mean(X / X.mean() * targets), rel=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
def test_training_against_the_oracle(dtype):
    X, y = cases.problem(n=13)
    net = Network(Dense(3, 5), BatchNorm(), Tanh(), Dense(5, 3), loss=SoftmaxCrossEntropy(), dtype=dtype)
    theta = net.initialize(1)
    run = fit(
        net, X, y, optimizer=Adam(0.02), batch_size=4, epochs=3, sampling=Cyclic(), theta0=theta, record_theta_every=1,
        drop_last=True, record_loss_every=1, evaluate_every=0,
    )  # fmt: skip
    want = training.train(net, X, y, optimizer=Adam(0.02), order=training.cyclic(13, 4, 3, True), theta0=theta)
    bound = {"float32": 1e-4, "float64": 1e-10}[dtype]  # the bias gets rounding for a gradient, which Adam enlarges
    assert distance(run.step_loss, want.batch_losses) <= bound
    got, expected = (net.parameters(thetas[-1]) for thetas in (run.step_theta, want.thetas))
    for name in ("0.weight", "1.gain", "1.shift", "3.weight", "3.bias"):
        assert distance(got[name], expected[name]) <= bound, name


def test_it_does_not_change_how_others_are_drawn():
    """Weights, random biases and random fixed tensors behind a batch norm are those of the network without it."""

    class Fixed:
        def build(self, plan, x):
            plan.fixed("features", (3,), Uniform(0.0, 1.0))
            return x

    def drawn(*between):
        layers = [Dense(3, 4), *between, Fixed(), Dense(4, 3, bias_init=Uniform(-1.0, 1.0))]
        net = Network(*layers, loss=SoftmaxCrossEntropy())
        tensors = {**net.parameters(net.initialize(7)), **net.statistics(net.initial_statistics(7))}
        return [values for name, values in tensors.items() if name.split(".")[1] in ("weight", "bias", "features")]

    for a, b in zip(drawn(), drawn(BatchNorm(), BatchNorm()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_penalties_leave_gain_and_shift_alone():
    X, y = cases.problem(n=12)
    net = Network(Dense(3, 4), BatchNorm(), Dense(4, 3), loss=SoftmaxCrossEntropy(), dtype="float64")
    plain, penalised = (
        net.parameters(fit(net, X, y, optimizer=SGD(0.1), epochs=1, **extra).theta)
        for extra in ({}, {"penalty": L2(0.5)})
    )
    for name in ("1.gain", "1.shift", "2.bias"):
        np.testing.assert_array_equal(plain[name], penalised[name])
    for name in ("0.weight", "2.weight"):
        assert distance(plain[name], penalised[name]) > 1e-2


BAD = {
    "eps": dict(eps=-1e-5),
    "decay": dict(decay=1.0),
    "gain": dict(gain=1),
    "shift": dict(shift=None),
    "gain_init": dict(gain_init=1.0),
    "detached": dict(detached="no"),
    "center_only": dict(center_only=0),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_settings(name):
    complains(f"BatchNorm {name}", "got", "wanted", BatchNorm, **BAD[name])
