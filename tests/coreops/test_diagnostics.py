"""Signals layer by layer, curvature, the loss along a segment: against the oracle and closed forms."""

import time

import numpy as np
import pytest

from coreops import (
    BinaryCrossEntropy,
    Dense,
    LeakyReLU,
    LecunNormal,
    LinearLoss,
    Network,
    ReLU,
    Residual,
    Scale,
    ScaledTanh,
    Sigmoid,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    effective_degrees_of_freedom,
    hessian,
    hessian_spectrum,
    layer_outputs,
    layer_statistics,
    loss_along,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import DTYPES, complains, distance
from tests.oracles import networks
from tests.oracles.layers import LAYERS
from tests.oracles.losses import LOSSES

X, Y = cases.problem(n=9)
DEEP = (Dense(3, 5), ReLU(), Dense(5, 4), Sigmoid(), Scale(4), Tanh(), Dense(4, 3))


def network(*layers, dtype="float64", loss=None):
    return Network(*(layers or DEEP), loss=loss or SoftmaxCrossEntropy(), dtype=dtype)


def theta_of(net, seed=0):
    return np.random.default_rng(seed).normal(size=net.n_parameters).astype(net.dtype)


def gradients_of_outputs(net, theta, x, y):
    """dE_i/d(output of layer k), each (m, n_k), by the chain rule from the loss down."""
    parameters = net.parameters(theta)
    values = networks.activations(net.layers, parameters, x)
    dy = len(x) * LOSSES[networks.name(net.loss)][0](values[-1], y)[1]
    found = [dy]
    for k in range(len(net.layers) - 1, 0, -1):
        layer = net.layers[k]
        dy, _ = LAYERS[networks.name(layer)][1](layer, values[k], dy, **networks.of_layer(k, parameters))
        found.append(dy)
    return found[::-1]


# --- signals ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [9, 300])
def test_layer_outputs(n, dtype):
    x, _ = cases.problem(n=n)
    net = network(dtype=dtype)
    theta = theta_of(net)
    got = layer_outputs(net, theta, x)
    want = networks.activations(net.layers, net.parameters(theta), x)[1:]
    assert list(got) == [str(k) for k in range(7)]
    for g, w in zip(got.values(), want, strict=True):
        assert g.dtype == dtype and distance(g, w) <= 50 * cases.EPS[dtype]


@pytest.mark.parametrize("n", [9, 300])
def test_layer_statistics(n):
    """Of one chunk and of several, forward and backward."""
    x, y = cases.problem(n=n)
    net = network()
    theta = theta_of(net)
    table = layer_statistics(net, theta, x, y)
    outputs = networks.activations(net.layers, net.parameters(theta), x)[1:]
    backward = gradients_of_outputs(net, theta, x, y)
    parameters = net.parameters(loss_and_gradient(net, theta, x, y)[1])
    assert [row.name for row in table] == [str(k) for k in range(7)]
    assert [row.layer for row in table] == ["Dense", "ReLU", "Dense", "Sigmoid", "Scale", "Tanh", "Dense"]
    for row, f, d in zip(table, outputs, backward, strict=True):
        np.testing.assert_allclose([row.mean, row.variance, row.second_moment],
                                   [f.mean(), f.var(), np.mean(f**2)], rtol=1e-11)  # fmt: skip
        assert row.gradient_rms == pytest.approx(np.sqrt(np.mean(d**2)), rel=1e-11)
        own = [g.ravel() for key, g in parameters.items() if key.startswith(row.name)]
        if own:
            want = np.sqrt(np.mean(np.concatenate(own) ** 2))
            assert row.parameter_gradient_rms == pytest.approx(want, rel=1e-10)
        else:
            assert np.isnan(row.parameter_gradient_rms)


def test_without_targets_there_is_no_gradient():
    net = network()
    full, forward = layer_statistics(net, theta_of(net), X, Y), layer_statistics(net, theta_of(net), X)
    for a, b in zip(full, forward, strict=True):
        np.testing.assert_array_equal(a[:7], b[:7])
        assert np.isnan(b.gradient_rms) and np.isnan(b.parameter_gradient_rms)


def activation(layer, x, **settings):
    """The row of an activation that sees x."""
    net = Network(layer, loss=LinearLoss(), dtype="float64", input_shape=(x.shape[1],))
    return layer_statistics(net, np.zeros(0), x, **settings)[0]


def test_saturated_and_dead_units():
    """phi' < 0.05: a sigmoid beyond 2.887, a tanh beyond 2.178; a rectifier is off, and dead if it is so throughout."""
    x = np.array([[2.88, 2.89, -2.89, 30.0], [-2.88, 0.0, -50.0, 20.0]])
    assert activation(Sigmoid(), x)[5:7] == (5 / 8, 0.0)
    assert activation(Sigmoid(), x + 800).dead == 1  # 1 - sigmoid rounds to 0: nothing passes
    assert activation(Sigmoid(), x, flat=0.2)[5] == 7 / 8
    assert activation(Tanh(), np.array([[2.17, 2.19, -2.17, -2.19]]))[5] == 0.5
    assert activation(ScaledTanh(1.0, 0.5), np.array([[3.63, 3.65, -3.63, -3.65]]))[5] == 0.5  # 2 artanh(sqrt(0.9))
    assert activation(ScaledTanh(0.4), x + 800).dead == 1  # 0.4 * 0.4 / 0.4 rounds to another number
    x = np.array([[1.0, -1.0, -1.0, 0.0], [-1.0, -2.0, 3.0, 0.0]])
    assert activation(ReLU(), x)[5:7] == (6 / 8, 0.5)
    assert activation(LeakyReLU(0.01), x)[5:7] == (6 / 8, 0.0)
    assert activation(LeakyReLU(0.1), x)[5:7] == (0.0, 0.0)


def test_layers_that_are_not_elementwise_have_no_slope():
    net = network()
    nan = [row.layer for row in layer_statistics(net, theta_of(net), X) if np.isnan(row.saturated)]
    assert nan == ["Dense", "Dense", "Scale", "Dense"]


def test_a_unit_is_dead_only_if_it_is_so_in_every_chunk():
    x = np.full((300, 2), -1.0)
    x[0, 0] = 1.0
    row = activation(ReLU(), x)
    assert row.dead == 0.5 and row.saturated == 599 / 600


def test_inner_layers_have_rows_of_their_own():
    """Residual 1 holds 1.0 and 1.1; what an inner layer gets back passes through the connection's factor."""
    net = network(Dense(3, 4), Residual((Dense(4, 4), Tanh()), 0.5), Dense(4, 3))
    theta = theta_of(net)
    rows = {row.name: row for row in layer_statistics(net, theta, X, Y)}
    assert list(rows) == ["0", "1.0", "1.1", "1", "2"]
    assert rows["1.1"].gradient_rms == pytest.approx(0.5 * rows["1"].gradient_rms, rel=1e-12)
    out = layer_outputs(net, theta, X)
    np.testing.assert_allclose(out["1"], out["0"] + 0.5 * out["1.1"], rtol=1e-13)
    assert rows["1.1"].saturated == np.mean(1 - out["1.1"] ** 2 < 0.05)
    own = [net.parameters(loss_and_gradient(net, theta, X, Y)[1])[f"1.0.{name}"].ravel() for name in ("weight", "bias")]
    assert rows["1"].parameter_gradient_rms == rows["1.0"].parameter_gradient_rms
    assert rows["1"].parameter_gradient_rms == pytest.approx(np.sqrt(np.mean(np.concatenate(own) ** 2)))


def test_where_an_input_is_read_twice_the_slope_is_the_layers_own():
    """A shortcut hands its gradient to x first, and the layer beside it adds."""
    net = network(Dense(3, 4), Residual((Tanh(),)), Dense(4, 3))
    theta = 2 * theta_of(net)
    row = next(row for row in layer_statistics(net, theta, X) if row.name == "1.0")
    assert 0 < row.saturated == np.mean(1 - layer_outputs(net, theta, X)["1.0"] ** 2 < 0.05) < 1


def test_gradients_reach_layers_with_nothing_to_learn_before_them():
    net = network(Tanh(), Tanh(), Dense(3, 3))
    rows = layer_statistics(net, theta_of(net), X, Y)
    want = [np.sqrt(np.mean(d**2)) for d in gradients_of_outputs(net, theta_of(net), X, Y)]
    np.testing.assert_allclose([row.gradient_rms for row in rows], want, rtol=1e-12)


def test_signals_that_overflow_are_reported_not_raised():
    net = Network(*[Dense(3, 3)] * 3, loss=LinearLoss(), dtype="float32")
    rows = layer_statistics(net, np.full(net.n_parameters, 1e25), X, np.ones((9, 3)))
    assert np.isfinite(rows[0].second_moment) and not np.isfinite(rows[2].second_moment)


@pytest.mark.jit_only
def test_deep_and_wide_is_fast_enough_for_studies():
    """Sixty tanh layers of 256 units on 256 examples; the mean square falls like 1/(2 l) (LecunNormal)."""
    layers = [item for _ in range(60) for item in (Dense(256, 256), Tanh())]
    net = Network(*layers, loss=SquaredError(), init=LecunNormal())
    x = np.random.default_rng(0).normal(size=(256, 256))
    theta = net.initialize(0)
    layer_statistics(net, theta, x[:2], x[:2])
    start = time.perf_counter()
    rows = layer_statistics(net, theta, x, x)
    assert time.perf_counter() - start < 5
    q = np.array([row.second_moment for row in rows if row.layer == "Tanh"])
    assert 0.6 < 2 * 60 * q[-1] < 1.4


# --- curvature ---


def test_hessian_of_least_squares():
    """H = 2 [X 1]^T [X 1]/m for one output."""
    net = Network(Dense(3, 1), loss=SquaredError())
    ones = np.column_stack([X, np.ones(9)])
    assert distance(hessian(net, theta_of(net), X, Y.astype(float)), 2 * ones.T @ ones / 9) < 1e-9


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_hessian_of_logistic_regression(scale):
    """H = X^T diag(p (1 - p)) X/m: positive definite, with full column rank."""
    net = Network(Dense(3, 1, bias=False), loss=BinaryCrossEntropy(), dtype="float64")
    theta = scale * np.array([0.1, -0.2, 0.05])
    p = 1 / (1 + np.exp(-X @ theta))
    H = hessian(net, theta, X, (Y > 0).astype(int))
    want = X.T @ np.diag(p * (1 - p)) @ X / 9
    assert distance(H, want) < 1e-7 and (H == H.T).all()
    spectrum = hessian_spectrum(net, theta, X, (Y > 0).astype(int))
    np.testing.assert_allclose(spectrum, np.linalg.eigvalsh(want), rtol=1e-6)
    assert spectrum[0] > 0


def test_softmax_has_as_many_flat_directions_as_inputs():
    """Three classes, four inputs: adding one vector to all columns changes nothing, 4 of 12 eigenvalues are 0."""
    net = Network(Dense(4, 3, bias=False), loss=SoftmaxCrossEntropy(), dtype="float64")
    x = np.random.default_rng(0).normal(size=(30, 4))
    spectrum = hessian_spectrum(net, theta_of(net), x, np.arange(30) % 3)
    assert np.abs(spectrum[:4]).max() < 1e-9 and spectrum[4] > 1e-4


def test_hessian_of_a_chain_of_numbers():
    """E = w1^2 w2^2 at (a, b): (2 b^2, 4 a b; 4 a b, 2 a^2); the gauge example has 4 and 10002 at unit output."""
    net = Network(Dense(1, 1, bias=False), Dense(1, 1, bias=False), loss=SquaredError(), dtype="float64")
    for a, b in ((1.0, 2.0), (-0.3, 40.0)):
        want = [[2 * b**2, 4 * a * b], [4 * a * b, 2 * a**2]]
        assert distance(hessian(net, np.array([a, b]), [[1.0]], [[0.0]]), want) < 1e-8
    chain = Network(*[Dense(1, 1, bias=False)] * 4, loss=SquaredError(), dtype="float64")
    tops = [
        hessian_spectrum(chain, np.array(w), [[1.0]], [[1.0]])[-1] / 2 for w in ([1.0] * 4, [1.0, 0.01, 100.0, 1.0])
    ]
    np.testing.assert_allclose(tops, [4.0, 10002.0001], rtol=1e-6)


def test_gradients_of_a_chain_are_the_output_over_each_weight():
    """z = w4 w3 w2 w1 x: dz/dw_i = z/w_i, as far apart as the weights of one function are."""
    chain = Network(*[Dense(1, 1, bias=False)] * 4, loss=LinearLoss(), dtype="float64")
    for w in ([1.0] * 4, [1.0, 0.01, 100.0, 1.0]):
        gradient = loss_and_gradient(chain, np.array(w), [[3.0]], [[1.0]])[1]
        np.testing.assert_allclose(gradient, 3.0 / np.array(w), rtol=1e-14)


def test_hessian_is_the_derivative_of_the_gradient():
    """Along random directions, in a net with kinks, from a float32 network too (computed in float64)."""
    net = network(dtype="float32")
    theta, v = theta_of(net).astype(float), theta_of(net, 1).astype(float)
    H = hessian(net, theta, X, Y)
    assert H.dtype == np.float64 and H.shape == (net.n_parameters,) * 2
    g = [loss_and_gradient(net.astype("float64"), theta + h * v, X, Y)[1] for h in (1e-6, -1e-6)]
    assert distance(H @ v, (g[0] - g[1]) / 2e-6) < 1e-7


def test_effective_degrees_of_freedom():
    """The trace of ridge regression's hat matrix X (X^T X + n lambda I)^-1 X^T; all d without a penalty."""
    x = np.random.default_rng(0).normal(size=(60, 30))
    net = Network(Dense(30, 1, bias=False), loss=SquaredError(), dtype="float64")
    spectrum = hessian_spectrum(net, np.zeros(30), x, np.zeros(60))
    for strength in (0.01, 0.3, 10.0):
        hat = x @ np.linalg.solve(x.T @ x + 60 * strength * np.eye(30), x.T)
        assert effective_degrees_of_freedom(spectrum, strength) == pytest.approx(np.trace(hat), rel=1e-8)
    assert effective_degrees_of_freedom(spectrum, 0.0) == 30
    assert effective_degrees_of_freedom([0.0, 1e-12, 2.0], 0.0) == 1
    complains("^eigenvalues", "-1", ">= 0", effective_degrees_of_freedom, [-1.0, 2.0], 0.1)
    complains("^strength", "-1", ">= 0", effective_degrees_of_freedom, [2.0], -1)


# --- segments ---


def test_loss_along_a_segment():
    net = network()
    a, b = theta_of(net, 1), theta_of(net, 2)
    t = np.array([0.0, 0.25, 1.0, -0.5])
    want = [networks.evaluate(net.layers, net.loss, net.parameters(a + s * (b - a)), X, Y)[0] for s in t]
    np.testing.assert_allclose(loss_along(net, a, b, X, Y, t), want, rtol=1e-12)
    np.testing.assert_allclose(loss_along(net, a, b, X, Y, 5)[[0, 1, 4]], [*want[:2], want[2]], rtol=1e-12)


def test_loss_along_a_segment_of_more_examples_than_one_pass_takes():
    x, y = cases.problem(n=300)
    net = network(dtype="float32")
    a, b = theta_of(net, 1), theta_of(net, 2)
    got = loss_along(net, a, b, x, y, 3)
    assert got[[0, 2]] == pytest.approx([loss_and_gradient(net, t, x, y, training=False)[0] for t in (a, b)], rel=1e-5)


def test_bad_arguments():
    net = network()
    theta = theta_of(net)
    for function in (layer_outputs, layer_statistics):
        complains("^network", "3", "Network", function, 3, theta, X)
        complains("^theta", r"\(2,\)", "shape", function, net, np.zeros(2), X)
        complains("^X", r"\(9, 2\)", "n, 3", function, net, theta, X[:, :2])
    complains("^y", r"\(8,\)", "9 targets", layer_statistics, net, theta, X, Y[1:])
    complains("^flat", "-1", ">= 0", layer_statistics, net, theta, X, flat=-1)
    for function, data in ((layer_outputs, (X,)), (layer_statistics, (X, Y)), (hessian, (X, Y))):
        for name, value in (("seed", -1), ("seed", 2**64), ("step", -1), ("step", 0.5), ("training", "no")):
            complains(f"^{name}", str(value), "wanted", function, net, theta, *data, **{name: value})
    complains("^network", "3", "Network", hessian, 3, theta, X, Y)
    complains("^theta", r"\(2,\)", "shape", hessian, net, np.zeros(2), X, Y)
    wide = Network(Dense(3, 9000), loss=SquaredError())
    complains("^network", "36000", "20000", hessian, wide, wide.initialize(0), X, np.zeros((9, 9000)))
    complains("^network", "3", "Network", loss_along, 3, theta, theta, X, Y, 3)
    complains("^theta", r"\(2,\)", "shape", loss_along, net, theta, np.zeros(2), X, Y, 3)
    complains("^batch_statistics", "'no'", "True or False", loss_along, net, theta, theta, X, Y, 3,
              batch_statistics="no")  # fmt: skip
    for points in (1, 0.5, "a", [[1.0]], [np.nan]):
        complains("^points", "got", "wanted", loss_along, net, theta, theta, X, Y, points)
