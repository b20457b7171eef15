"""The max-norm constraint: every kind of unit onto its ball, none within it moved, minima against ridge."""

import numpy as np
import pytest
from scipy.optimize import brentq

from coreops import (
    SGD,
    Adam,
    Constant,
    Conv1D,
    Conv2D,
    Dense,
    DropConnect,
    Flatten,
    LinearLoss,
    LocallyConnected1D,
    LocallyConnected2D,
    MaxNorm,
    Maxout,
    Network,
    RandomReLUFeatures,
    Scale,
    SquaredError,
    WeightNoise,
    WeightNorm,
    fit,
)
from tests.coreops import cases
from tests.coreops.cases import DTYPES, complains

# Layers, the shape of their input, and the axes of their weight over which a unit sums.
UNITS = [
    (Dense(3, 5), 3, 0),
    (Maxout(3, 2, 3), 3, 0),
    (Scale(4), 4, ()),
    (Conv1D(2, 3, 3, padding="same"), (5, 2), (0, 1)),
    (Conv2D(2, 4, (3, 2), stride=2), (5, 4, 2), (0, 1, 2)),
    (LocallyConnected1D(2, 3, 2), (4, 2), (1, 2)),
    (LocallyConnected2D(2, 3, (2, 1)), (3, 2, 2), (2, 3, 4)),
    (DropConnect(Dense(3, 5), 0.5), 3, 0),
    (WeightNoise(Dense(3, 5), 0.1), 3, 0),
    (WeightNorm(Dense(3, 5)), 3, 0),
]


def lengths(weight, axes):
    return np.sqrt(np.sum(weight.astype(float) ** 2, axis=axes, keepdims=True))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("layer", "shape", "axes"), UNITS, ids=lambda v: repr(v) if hasattr(v, "build") else None)
def test_units_beyond_the_radius_are_scaled_to_it_and_others_stay(layer, shape, axes, dtype, rng):
    """One step with the constraint against the same without: half the units outside, by a radius of the median."""
    network = Network(layer, Flatten(), loss=LinearLoss(), dtype=dtype, input_shape=shape)
    X, y = rng.normal(size=(6, network.n_in)), rng.normal(size=(6, network.n_out))
    theta0 = rng.normal(size=network.n_parameters)
    settings = dict(optimizer=SGD(0.3), epochs=1, theta0=theta0)
    free = fit(network, X, y, **settings).parameters
    (name,) = (key for key in free if key.rsplit(".")[-1] in ("weight", "scale", "direction"))
    length = lengths(free[name], axes)
    radius = float(np.median(length)) * 1.001
    bounded = fit(network, X, y, penalty=MaxNorm(radius), **settings).parameters
    outside = length > radius
    assert 0 < outside.sum() < outside.size
    np.testing.assert_array_equal(np.where(outside, 0, bounded[name]), np.where(outside, 0, free[name]))
    want = free[name] * np.where(outside, radius / length, 1)
    np.testing.assert_allclose(bounded[name], want, rtol=4e-6 if dtype == "float32" else 1e-14)
    for other in set(free) - {name}:  # biases and gains
        np.testing.assert_array_equal(bounded[other], free[other])


def test_every_iterate_is_in_the_ball():
    """Two layers, twenty steps of Adam, that leave it without the constraint."""
    network, (X, y) = cases.mlp("float64", hidden=4), cases.problem(n=12)
    settings = dict(optimizer=Adam(0.1), batch_size=4, epochs=7, record_theta_every=1)

    def largest(**more):
        steps = fit(network, X, y, **settings, **more).step_theta[1:]
        return [max(lengths(v, 0).max() for k, v in network.parameters(t).items() if "weight" in k) for t in steps]

    found = largest(penalty=MaxNorm(0.8))
    assert max(found) <= 0.8 * (1 + 1e-15) and min(found) > 0.79
    assert max(largest()) > 1.6
    np.testing.assert_array_equal(largest(penalty=MaxNorm(100.0)), largest())


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_minimum_in_the_ball_is_ridge_regression_on_its_sphere(share, rng):
    """KKT: w solves (X^T X/n + mu I) w = X^T y/n with mu >= 0 such that ||w|| = c; the bias is free."""
    X = rng.normal(size=(40, 5))
    X -= X.mean(0)
    y = X @ [2.0, -1.0, 0.5, 0.0, 1.0] + 0.3 * rng.normal(size=40) + 4

    def ridge(mu):
        return np.linalg.solve(X.T @ X / 40 + mu * np.eye(5), X.T @ (y - y.mean()) / 40)

    radius = share * np.linalg.norm(ridge(0.0))
    mu = brentq(lambda mu: np.linalg.norm(ridge(mu)) - radius, 0, 100, xtol=1e-14)
    network = Network(Dense(5, 1), loss=SquaredError(), dtype="float64")
    run = fit(network, X, y[:, None], optimizer=SGD(0.3), epochs=150, penalty=MaxNorm(radius), evaluate_every=0)
    np.testing.assert_allclose(run.parameters["0.weight"][:, 0], ridge(mu), rtol=1e-9, atol=1e-11)
    assert run.parameters["0.bias"][0] == pytest.approx(y.mean(), rel=1e-9)


def test_fixed_weights_stay(rng):
    network = Network(RandomReLUFeatures(3, 4), Dense(4, 2), loss=LinearLoss(), dtype="float64")
    run = fit(network, np.ones((1, 3)), np.ones((1, 2)), optimizer=SGD(0.1), epochs=1, penalty=MaxNorm(0.1))
    np.testing.assert_array_equal(run.stats, network.initial_statistics(0))
    assert lengths(run.parameters["1.weight"], 0).max() <= 0.1 * (1 + 1e-15)


def test_weights_whose_squares_overflow_are_not_hidden():
    """They would be scaled to 0, and a run that diverges would look like one that does not."""
    network = Network(Dense(1, 1, init=Constant(1e30)), loss=SquaredError(), dtype="float32")
    run = fit(network, [[1e-25]], [[0.0]], optimizer=SGD(0.0), epochs=1, penalty=MaxNorm(1.0))
    np.testing.assert_array_equal(run.parameters["0.weight"], np.float32(1e30))


@pytest.mark.parametrize("radius", [0, 0.0, -1, float("nan"), float("inf"), "1", None, True])
def test_bad_radius(radius):
    complains("^MaxNorm radius", "got", "finite number", MaxNorm, radius)
