"""Activations, maxout, concatenation, residual connection: closed identities, conventions at kinks, shapes, NaN."""

import numpy as np
import pytest

from coreops import (
    Concatenate,
    Constant,
    Dense,
    Identity,
    LeakyReLU,
    LinearLoss,
    Maxout,
    Network,
    PReLU,
    ReLU,
    Residual,
    Scale,
    ScaledTanh,
    Sigmoid,
    Softplus,
    SquaredError,
    Tanh,
    Threshold,
    gradient_check,
    input_gradient,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import DTYPES, complains, distance, evaluated

X = np.random.default_rng(0).normal(size=(6, 4))


class Flat:
    """Any shape as one vector, so that layers of images can be tried by themselves."""

    def build(self, plan, x):
        return plan.reshaped(x, x.width)


def alone(*layers, shape=4, dtype="float64"):
    return Network(*layers, Flat(), loss=LinearLoss(), dtype=dtype, input_shape=shape)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(("a", "function"), [(0.0, lambda x: np.maximum(x, 0)), (1.0, lambda x: x), (-1.0, np.abs)])
def test_slopes_of_zero_one_and_minus_one(a, function, shared):
    """max(0, x) + a min(0, x) is the rectifier, the identity and the absolute value."""
    theta = np.full(1 if shared else 4, a)
    np.testing.assert_array_equal(evaluated(alone(PReLU(shared=shared)), theta, X), function(X))
    np.testing.assert_array_equal(evaluated(alone(LeakyReLU(a)), np.zeros(0), X), function(X))


def test_identity_is_no_operation():
    network = Network(Dense(4, 3), Identity(), Dense(3, 2), loss=SquaredError())
    assert len(network.lay_out(5)[0]) == 3
    np.testing.assert_array_equal(evaluated(alone(Identity()), np.zeros(0), X), X)


def test_prelu_has_a_slope_per_channel_or_one():
    network = Network(Dense(4, 5), PReLU(), Dense(5, 2), PReLU(-0.5, shared=True), loss=SquaredError())
    parts = network.parameters(network.initialize(0))
    np.testing.assert_array_equal(parts["1.slope"], np.full(5, 0.25, np.float32))
    np.testing.assert_array_equal(parts["3.slope"], [-0.5])
    weights = sum(w.size for w in network.plan.weights)  # what penalties see
    assert weights == 4 * 5 + 5 * 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shared", [True, False])
def test_prelu_of_an_image_shares_slopes_over_positions(shared, dtype):
    generator = np.random.default_rng(1)
    x, dy = generator.normal(size=(2, 3, 2, 4, 3)).astype(dtype).astype(float)
    a = np.array([0.25]) if shared else np.array([0.5, -1.0, 2.0])
    network = alone(PReLU(shared=shared), shape=(2, 4, 3), dtype=dtype)
    flat = x.reshape(3, -1)
    got = evaluated(network, a, flat).reshape(x.shape)
    np.testing.assert_allclose(got, np.where(x > 0, x, a * x), rtol=1e-6)
    _, gradient = loss_and_gradient(network, a, flat, 3 * dy.reshape(3, -1))
    want = (dy * np.minimum(x, 0)).sum(axis=(0, 1, 2))
    assert distance(gradient, want.sum(keepdims=True) if shared else want) <= (1e-6 if dtype == "float32" else 1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
def test_softplus_keeps_its_precision_in_both_tails(dtype):
    x = np.array([[-700.0, -80.0, -20.0, 0.0, 20.0, 700.0]])
    network = Network(Scale(6), Softplus(), loss=LinearLoss(), dtype=dtype)
    want = np.array([np.exp(-700), np.exp(-80), np.log1p(np.exp(-20)), np.log(2), 20 + np.log1p(np.exp(-20)), 700])
    if dtype == "float32":
        want = want.astype(np.float32).astype(float)  # e^-700 is 0 there
    np.testing.assert_allclose(evaluated(network, np.ones(6), x)[0], want, rtol=1e-6 if dtype == "float32" else 1e-15)
    _, gradient = loss_and_gradient(network, np.ones(6), x, np.ones((1, 6)))
    np.testing.assert_allclose(gradient, x[0] / (1 + np.exp(-x[0])), rtol=1e-6, atol=1e-30)


def test_scaled_tanh_maps_one_to_one():
    """The constants are chosen so that phi(1) = 1, phi(-1) = -1, with phi'(0) = 1.7159 * 2/3."""
    y = evaluated(alone(ScaledTanh()), np.zeros(0), np.array([[1.0, -1.0, 0.0, 1e4]]))[0]
    np.testing.assert_allclose(y, [1, -1, 0, 1.7159], atol=2e-5)
    _, gradient = loss_and_gradient(
        Network(Scale(1), ScaledTanh(), loss=LinearLoss(), dtype="float64"),
        np.zeros(1),
        np.ones((1, 1)),
        np.ones((1, 1)),
    )
    assert gradient[0] == pytest.approx(1.7159 * 2 / 3, rel=1e-15)


def test_threshold_fires_above_zero_only_and_passes_no_gradient():
    x = np.array([[-1.0, 0.0, 1e-300, 5.0]])
    np.testing.assert_array_equal(evaluated(alone(Threshold()), np.zeros(0), x), [[0, 0, 1, 1]])
    network = Network(Scale(4), Threshold(), Dense(4, 1, init=Constant(1.0)), loss=LinearLoss(), dtype="float64")
    theta = network.initialize(0)
    gradient = network.parameters(loss_and_gradient(network, theta, x, np.ones((1, 1)))[1])
    np.testing.assert_array_equal(gradient["0.scale"], 0)
    np.testing.assert_array_equal(gradient["2.weight"][:, 0], [0, 0, 1, 1])


@pytest.mark.parametrize(
    "layer",
    [
        *(ReLU(), LeakyReLU(), PReLU(), PReLU(shared=True), Sigmoid(), Tanh(), ScaledTanh(), Softplus(), Threshold()),
        *(Maxout(2, 2), Maxout(2, 1, 3), Concatenate((), (Tanh(),))),
    ],
    ids=repr,
)
def test_nan_is_not_hidden(layer):
    """inf - inf in a network that diverges must reach the loss."""
    network = Network(Dense(2, 2), layer, loss=LinearLoss(), dtype="float64", init=Constant(1e200))
    theta = network.initialize(0)
    network.parameters(theta)["0.weight"][:] = [[1e200] * 2, [-1e200] * 2]
    assert np.isnan(evaluated(network, theta, np.full((1, 2), 1e200))).all()


# --- maxout ---


def test_maxout_of_a_line_and_zero_is_the_rectifier():
    """Two pieces, the second 0: value and gradient of a dense layer behind ReLU."""
    maxout = Network(Maxout(4, 3), loss=SquaredError(), dtype="float64")
    dense = Network(Dense(4, 3), ReLU(), loss=SquaredError(), dtype="float64")
    theta, generator = np.zeros(maxout.n_parameters), np.random.default_rng(2)
    other = generator.normal(size=dense.n_parameters)
    for name, value in dense.parameters(other).items():
        maxout.parameters(theta)[name][..., ::2] = value
    y = generator.normal(size=(6, 3))
    assert distance(evaluated(maxout, theta, X), evaluated(dense, other, X)) <= 1e-15
    got, want = (n.parameters(loss_and_gradient(n, t, X, y)[1]) for n, t in ((maxout, theta), (dense, other)))
    for name in want:
        assert distance(got[name][..., ::2], want[name]) <= 1e-14


def test_maxout_of_one_piece_is_affine_and_of_two_opposite_ones_the_absolute_value():
    W = np.random.default_rng(3).normal(size=(4, 3))
    one = Network(Maxout(4, 3, 1, bias=False), loss=LinearLoss(), dtype="float64")
    assert distance(evaluated(one, W.reshape(-1), X), X @ W) <= 1e-15
    two = Network(Maxout(4, 3, bias=False), loss=LinearLoss(), dtype="float64")
    assert distance(evaluated(two, np.stack([W, -W], axis=2).reshape(-1), X), np.abs(X @ W)) <= 1e-15


def test_maxout_at_a_tie_gives_the_gradient_to_the_first_piece():
    network = Network(Maxout(1, 1, 3, bias=False), loss=LinearLoss(), dtype="float64")
    _, gradient = loss_and_gradient(network, np.array([1.0, 2.0, 2.0]), np.ones((2, 1)), np.ones((2, 1)))
    np.testing.assert_array_equal(gradient, [0, 1, 0])


def test_maxout_starts_like_a_dense_of_its_fan_in():
    network = Network(Maxout(50, 20, 4), loss=LinearLoss(), dtype="float64")
    W = network.parameters(network.initialize(0))["0.weight"]
    assert W.shape == (50, 80)
    assert W.var() == pytest.approx(2 / 50, rel=0.1)


# --- concatenation and residual connection ---


def test_concatenation_of_channels():
    """Images are joined position by position."""
    x = np.random.default_rng(4).normal(size=(3, 2, 5, 2))
    network = alone(Concatenate((), (Tanh(), Concatenate((ReLU(),), ()))), shape=(2, 5, 2))
    want = np.concatenate([x, np.maximum(np.tanh(x), 0), np.tanh(x)], axis=-1)
    np.testing.assert_allclose(evaluated(network, np.zeros(0), x.reshape(3, -1)).reshape(want.shape), want, rtol=1e-14)


def test_both_branches_add_to_the_gradient_of_their_input():
    """y = (x, x): the gradient of x is the sum of both halves."""
    network = Network(Scale(3), Concatenate((), ()), loss=LinearLoss(), dtype="float64")
    dy = np.random.default_rng(5).normal(size=(1, 6))
    _, gradient = loss_and_gradient(network, np.ones(3), np.ones((1, 3)), dy)
    np.testing.assert_allclose(gradient, dy[0, :3] + dy[0, 3:], rtol=1e-15)


def test_a_residual_connection_of_factor_zero_is_the_identity():
    """c = 0, or a last layer that starts at 0: outputs and input gradients are those of nothing at all."""
    inner, dy = (Dense(4, 6), Tanh(), Dense(6, 4)), np.random.default_rng(6).normal(size=(6, 4))
    fresh = (*inner[:2], Dense(6, 4, init=Constant(0.0)))
    for layer, alike in ((Residual(inner, 0.0), True), (Residual(fresh), True), (Residual(inner, 0.1), False)):
        network = Network(layer, loss=LinearLoss(), dtype="float64")
        theta = network.initialize(1)
        assert np.array_equal(evaluated(network, theta, X), X) == alike
        assert np.allclose(input_gradient(network, theta, X, dy), dy, rtol=1e-15, atol=0) == alike
        learned = network.parameters(loss_and_gradient(network, theta, X, dy)[1])["0.2.weight"]
        assert learned.any() == (layer.scale > 0)  # from 0 it can leave, from c = 0 nothing learns


@pytest.mark.parametrize("first", [ReLU(), LeakyReLU(0.1), Sigmoid(), Tanh(), Softplus(), ScaledTanh()], ids=repr)
def test_an_activation_adds_to_the_gradient_that_another_reader_left(first):
    """First in a residual block, its input is read by the sum as well."""
    network = Network(Dense(3, 4), Residual((first, Dense(4, 4))), Dense(4, 2), loss=SquaredError(), dtype="float64")
    generator = np.random.default_rng(0)
    errors = gradient_check(network, generator.normal(size=(5, 3)), generator.normal(size=(5, 2)), seed=1)
    assert max(errors.values()) <= 1e-7


def test_names_of_branches():
    network = Network(Concatenate((Dense(4, 2), Tanh(), Dense(2, 3)), (Dense(4, 1),)), loss=LinearLoss())
    names = list(network.parameters(network.initialize(0)))
    assert names == ["0.0.0.weight", "0.0.2.weight", "0.1.0.weight", "0.0.0.bias", "0.0.2.bias", "0.1.0.bias"]
    assert network.n_in == 4 and network.n_out == 4


def test_branches_that_do_not_fit():
    """Other axes than the last must agree; the message names the layer."""
    wanted = "equal shapes but for the last axis"
    layer = Concatenate((), (Flat(),))
    complains("Concatenate", r"\(2, 3\) and \(6,\)", wanted, alone, layer, shape=(2, 3))
    bad = Concatenate((Dense(4, 2), Dense(3, 2)), ())
    complains("layers 0.0.0 Dense.* and 0.0.1 Dense", "2 outputs into 3 inputs", "as many", alone, bad)
    assert cases.flat(cases.LAYERS)
