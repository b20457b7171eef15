"""Pooling: what it keeps, where its gradient goes, what it is invariant to."""

import numpy as np
import pytest

from coreops import (
    AveragePool,
    Conv1D,
    Conv2D,
    Flatten,
    GlobalAveragePool,
    GlobalMaxPool,
    LinearLoss,
    MaxPool,
    Network,
    SquaredError,
    input_gradient,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import DTYPES, complains, distance, seen_as
from tests.coreops.test_convolution import BOUND, alone, gradients, outputs
from tests.oracles.layers import LAYERS

NONE = np.zeros(0)  # theta of what has no parameters
POOLS = [MaxPool(2), AveragePool(2), MaxPool((3, 2), 1), AveragePool(3, (1, 2)), GlobalMaxPool(), GlobalAveragePool()]


def input_gradients(layer, X, dy):
    return gradients(layer, X, NONE, dy)[1]


@pytest.mark.parametrize("layer", POOLS, ids=repr)
def test_a_constant_image_stays_constant(layer):
    X = np.ones((2, 5, 6, 3)) * [2.5, -7.0, 0.0]
    y = outputs(layer, X)
    np.testing.assert_allclose(y, np.broadcast_to(X[0, 0, 0], y.shape), rtol=1e-15)


@pytest.mark.parametrize("layer", POOLS, ids=repr)
def test_all_of_a_gradient_goes_down(layer, rng):
    """Every output hands on its whole gradient, to one input or to its whole window; windows may overlap."""
    X = rng.normal(size=(3, 5, 6, 2))
    dy = rng.normal(size=outputs(layer, X).shape)
    got = input_gradients(layer, X, dy).sum(axis=(1, 2))
    np.testing.assert_allclose(got, dy.reshape(3, -1, 2).sum(axis=1), atol=1e-13)


def test_overlapping_windows_of_a_ramp():
    """Of x_i = i the maximum is the last of a window, the mean its middle."""
    X = np.arange(9.0).reshape(1, 9, 1)
    np.testing.assert_array_equal(outputs(MaxPool(3, 2), X)[0, :, 0], [2, 4, 6, 8])
    np.testing.assert_allclose(outputs(AveragePool(3, 2), X)[0, :, 0], [1, 3, 5, 7], rtol=1e-15)
    dy = np.array([[1.0, 10, 100, 1000]])
    np.testing.assert_array_equal(input_gradients(MaxPool(3, 2), X, dy)[0, :, 0], [0, 0, 1, 0, 10, 0, 100, 0, 1000])
    thirds = np.array([1, 1, 11, 10, 110, 100, 1100, 1000, 1000]) / 3
    np.testing.assert_allclose(input_gradients(AveragePool(3, 2), X, dy)[0, :, 0], thirds, rtol=1e-15)
    falling = input_gradients(MaxPool(3, 2), -X, dy)[0, :, 0]  # the first of each window
    np.testing.assert_array_equal(falling, [1, 0, 10, 0, 100, 0, 1000, 0, 0])
    peak = np.array([0.0, 0, 0, 0, 1, 0, 0, 0, 0]).reshape(1, 9, 1)  # in two windows: they add up
    assert input_gradients(MaxPool(3, 2), peak, dy)[0, 4, 0] == 110


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_first_of_equal_values_has_the_gradient(sign):
    """Row by row; also where zeros differ in sign."""
    X = np.full((1, 4, 4, 2), sign * 3)
    X[:, :, :, 1] = 0.0
    X[:, ::2, ::2, 1] = -0.0
    want = np.zeros((1, 4, 4, 2))
    want[:, ::2, ::2] = np.arange(1.0, 9).reshape(2, 2, 2)
    np.testing.assert_array_equal(input_gradients(MaxPool(2), X, np.arange(1.0, 9)[None]), want)
    want = np.zeros((1, 4, 4, 2))
    want[0, 0, 0] = 5, 6
    np.testing.assert_array_equal(input_gradients(GlobalMaxPool(), X, np.array([[5.0, 6.0]])), want)


@pytest.mark.parametrize("place", range(4))
def test_nan_is_not_hidden(place):
    """Wherever in its window it stands; the other windows and channels do not see it, and infinities are numbers."""
    X = np.arange(32.0).reshape(1, 4, 4, 2)
    X[0, place // 2, place % 2, 1] = np.nan
    X[0, 2:, 2:, 0] = -np.inf
    for layer in (MaxPool(2), AveragePool(2)):
        y = outputs(layer, X)
        assert np.isnan(y[0, 0, 0, 1]) and np.isnan(y).sum() == 1
        assert y[0, 1, 1, 0] == -np.inf


@pytest.mark.parametrize(
    ("layer", "rows", "columns"),
    [
        (MaxPool(2, 3), (0, 1, 3, 4), (0, 1, 3, 4)),
        (AveragePool((2, 3), 2), range(6), range(7)),
        (MaxPool((2, 4)), range(6), range(4)),
        (AveragePool(3), range(6), range(6)),
    ],
    ids=repr,
)
def test_what_fills_no_window_is_dropped(layer, rows, columns, rng):
    """Values between windows and at the end change nothing and have no gradient; those inside do."""
    X = rng.normal(size=(2, 7, 7, 2))
    seen = np.isin(np.arange(7), rows)[:, None] & np.isin(np.arange(7), columns)
    y, changed = outputs(layer, X), X.copy()
    changed[:, ~seen] = 100.0
    np.testing.assert_array_equal(outputs(layer, changed), y)
    dx = input_gradients(layer, X, np.ones_like(y))
    assert not dx[:, ~seen].any()
    if isinstance(layer, AveragePool):
        assert dx[:, seen].all()


def test_average_pooling_is_a_convolution(rng):
    """With 1/k^2 from each channel to itself."""
    X = rng.normal(size=(3, 5, 6, 2))
    pool, convolution = AveragePool((2, 3), (1, 2)), Conv2D(2, 2, (2, 3), (1, 2), bias=False)
    w = np.broadcast_to(np.eye(2) / 6, (2, 3, 2, 2))
    y = outputs(convolution, X, weight=w)
    assert distance(outputs(pool, X), y) <= BOUND
    dy = rng.normal(size=y.shape)
    assert distance(input_gradients(pool, X, dy), gradients(convolution, X, w.reshape(-1), dy)[1]) <= BOUND


@pytest.mark.parametrize("kind", [MaxPool, AveragePool])
def test_a_sequence_is_an_image_of_height_one(kind, rng):
    X = rng.normal(size=(3, 8, 2))
    for size, stride in ((3, 2), (2, None), (8, 1), (1, 3)):
        y = outputs(kind(size, stride), X)
        wide = kind((1, size), None if stride is None else (1, stride))
        tall = kind((size, 1), None if stride is None else (stride, 1))
        np.testing.assert_array_equal(outputs(wide, X[:, None])[:, 0], y)
        np.testing.assert_array_equal(outputs(tall, X[:, :, None])[:, :, 0], y)


@pytest.mark.parametrize(("kind", "local"), [(GlobalMaxPool, MaxPool), (GlobalAveragePool, AveragePool)])
def test_global_pooling(kind, local, rng):
    """One window over the image, flat; behind a circular convolution no shift can be seen, behind others it can."""
    X = rng.normal(size=(3, 5, 6, 2))
    y = outputs(kind(), X)
    assert y.shape == (3, 2)
    np.testing.assert_allclose(y, outputs(local((5, 6)), X)[:, 0, 0], rtol=1e-14)
    for padding in ("circular", "same"):
        layers = (Conv2D(2, 4, 3, padding=padding), kind())
        net = Network(*layers, loss=LinearLoss(), dtype="float64", input_shape=(5, 6, 2))
        theta = rng.normal(size=net.n_parameters)
        whole, moved = (cases.evaluated(net, theta, x.reshape(3, -1)) for x in (X, np.roll(X, (2, 3), axis=(1, 2))))
        assert distance(moved, whole) <= BOUND if padding == "circular" else distance(moved, whole) > 1e-2


def test_flatten_is_row_major_and_no_operation(rng):
    X = rng.normal(size=(3, 2, 3, 4))
    np.testing.assert_array_equal(outputs(Flatten(), X), X.reshape(3, -1))
    assert len(alone(Flatten(), (2, 3, 4)).plan.operations) == 1  # the loss


@pytest.mark.parametrize(
    ("got", "layer", "shape"),
    [
        ("3 x 3 on 2 x 4", MaxPool(3), (2, 4, 1)),
        ("2 x 5 on 2 x 4", AveragePool((2, 5), 1), (2, 4, 1)),
        ("5 on 4", MaxPool(5), (4, 2)),
        (r"shape \(4, 2\)", MaxPool((2, 1)), (4, 2)),
        (r"shape \(4, 2\)", AveragePool(2, (1, 1)), (4, 2)),
        (r"shape \(8,\)", MaxPool(2), (8,)),
        (r"shape \(8,\)", AveragePool(1), (8,)),
        (r"shape \(8,\)", GlobalMaxPool(), (8,)),
        (r"shape \(8,\)", GlobalAveragePool(), (8,)),
    ],
)
def test_pools_that_do_not_fit(got, layer, shape):
    def network():
        return Network(layer, Flatten(), loss=SquaredError(), input_shape=shape)

    complains(f"layers the input and 0 {type(layer).__name__}", got, "wanted", network)


@pytest.mark.parametrize("number", [int, np.int64])
def test_sizes_of_any_integer_type(number):
    """NumPy's are one number for all axes, as Python's; a list is a tuple in the spec."""
    X = np.arange(8.0).reshape(1, 8, 1)
    for layer in (MaxPool(number(2)), AveragePool(number(2), number(2)), Conv1D(1, 1, number(2), number(2))):
        assert outputs(layer, X).shape == (1, 4, 1)
    for layer in (MaxPool([2, 1]), AveragePool(1, [2, 1]), Conv2D(1, 1, [2, 1], [2, 1])):
        assert outputs(layer, X[:, :, None]).shape == (1, 4, 1, 1)
        assert (2, 1) in (layer.size, layer.stride) and hash(layer)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 3, 4, 7, 8, 9, 20])
def test_any_number_of_channels(channels, dtype, rng):
    """Whole vectors and what is left over, against the oracle: many equal values, sums of integers, exact."""
    shape = (4, 5, channels)
    X = rng.integers(-2, 3, (4, *shape)).astype(dtype)
    pools = (MaxPool(2), MaxPool((2, 3), 1), GlobalMaxPool(), AveragePool((2, 4), 1), AveragePool((4, 1), (1, 2)))
    convolutions = (Conv2D(channels, 2, (3, 2), 2), Conv2D(channels, channels, 3, padding="circular", bias=False))
    for layer in (*pools, *convolutions, Conv2D(channels, 3, 3, (1, 2), "same")):
        net = alone(layer, shape, dtype)
        theta = rng.integers(-2, 3, net.n_parameters).astype(dtype)
        dy = rng.integers(-4, 5, (4, net.n_out)).astype(dtype)
        oracle, vjp, _ = LAYERS[type(layer).__name__]
        seen, x = seen_as(layer, *shape), X.reshape(4, -1)
        own = {name.removeprefix("0."): p.astype(float) for name, p in net.parameters(theta).items()}
        np.testing.assert_array_equal(cases.evaluated(net, theta, x), oracle(seen, x.astype(float), **own))
        dx, parts = vjp(seen, x.astype(float), dy.astype(float), **own)
        np.testing.assert_array_equal(input_gradient(net, theta, X, dy).reshape(4, -1), dx)
        gradient = net.parameters(loss_and_gradient(net, theta, X, 4 * dy)[1])
        for name, want in parts.items():
            np.testing.assert_array_equal(gradient[f"0.{name}"], want)
