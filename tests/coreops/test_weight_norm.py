"""Weight normalisation: length apart from direction; and the start that depends on data."""

import numpy as np
import pytest

from coreops import (
    L2,
    SGD,
    BatchNorm,
    Dense,
    Network,
    SoftmaxCrossEntropy,
    Tanh,
    Uniform,
    WeightNorm,
    fit,
    gradient_check,
    initialize_from_data,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, complains, distance

X, Y = cases.problem(n=20)


def network(dtype="float64", bias=True):
    layers = WeightNorm(Dense(3, 5, bias=bias)), Tanh(), WeightNorm(Dense(5, 3))
    return Network(*layers, loss=SoftmaxCrossEntropy(), dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_it_starts_as_the_layer_that_it_wraps(dtype):
    """g = ||v||, v and b drawn as W and b would be: the same function."""
    for init in (None, Uniform(-1.0, 2.0)):
        layers = [Dense(3, 5, bias_init=init), Tanh(), Dense(5, 3, init=init)]
        plain = Network(*layers, loss=SoftmaxCrossEntropy(), dtype=dtype)
        wrapped = Network(
            *(WeightNorm(layer) if isinstance(layer, Dense) else layer for layer in layers),
            loss=SoftmaxCrossEntropy(), dtype=dtype,
        )  # fmt: skip
        theta, weights = wrapped.parameters(wrapped.initialize(5)), plain.parameters(plain.initialize(5))
        for k in (0, 2):
            np.testing.assert_array_equal(theta[f"{k}.direction"], weights[f"{k}.weight"])
            np.testing.assert_array_equal(theta[f"{k}.bias"], weights[f"{k}.bias"])
            lengths = np.linalg.norm(weights[f"{k}.weight"].astype(float), axis=0)
            assert distance(theta[f"{k}.gain"], lengths) <= EPS[dtype]
        runs = [fit(net, X, Y, optimizer=SGD(0.1), epochs=0, seed=5).outputs(X) for net in (plain, wrapped)]
        assert distance(*runs) <= 10 * EPS[dtype]


def test_gradient():
    for seed in range(3):
        assert max(gradient_check(network(bias=seed > 0), X, Y, seed=seed).values()) <= 1e-7


def test_gradient_is_orthogonal_to_v_which_therefore_grows():
    """<v_j, dE/dv_j> = 0, so a step of SGD makes ||v||^2 + lr^2 ||dE/dv||^2 of ||v||^2; without the norm it is not."""
    net, rate = network(), 0.5
    theta = net.initialize(1)
    _, gradient = loss_and_gradient(net, theta, X, Y)
    v, dv = net.parameters(theta)["0.direction"], net.parameters(gradient)["0.direction"]
    assert (np.abs(np.sum(v * dv, axis=0)) <= 1e-10 * np.linalg.norm(v, axis=0) * np.linalg.norm(dv, axis=0)).all()
    after = fit(net, X, Y, optimizer=SGD(rate), epochs=1, theta0=theta).parameters["0.direction"]
    np.testing.assert_allclose(
        np.sum(after**2, axis=0), np.sum(v**2, axis=0) + rate**2 * np.sum(dv**2, axis=0), rtol=1e-12
    )
    plain = Network(Dense(3, 5), Tanh(), Dense(5, 3), loss=SoftmaxCrossEntropy(), dtype="float64")
    _, gradient = loss_and_gradient(plain, plain.initialize(1), X, Y)
    W, dW = plain.parameters(plain.initialize(1))["0.weight"], plain.parameters(gradient)["0.weight"]
    assert (np.abs(np.sum(W * dW, axis=0)) > 1e-4).all()


def test_only_the_direction_of_v_matters():
    net = network()
    theta = net.initialize(1)
    before, gradient = loss_and_gradient(net, theta, X, Y)
    net.parameters(theta)["0.direction"][:] *= 37.0
    after, scaled = loss_and_gradient(net, theta, X, Y)
    assert abs(after - before) <= 1e-14
    for name, part in net.parameters(gradient).items():
        assert distance(net.parameters(scaled)[name] * (37.0 if name == "0.direction" else 1.0), part) <= 1e-10


def test_penalties_act_on_v_alone():
    net = network()
    theta = net.initialize(1)
    plain, penalised = (
        net.parameters(fit(net, X, Y, optimizer=SGD(0.1), epochs=1, theta0=theta, **extra).theta)
        for extra in ({}, {"penalty": L2(0.5)})
    )
    for name in ("0.gain", "2.gain", "0.bias"):
        np.testing.assert_array_equal(plain[name], penalised[name])
    v = net.parameters(theta)["0.direction"]
    np.testing.assert_allclose(plain["0.direction"] - penalised["0.direction"], 0.1 * v, rtol=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
def test_data_dependent_start(dtype):
    """Every weight-normalised unit has mean 0 and variance 1 over the data; v stays."""
    net = network(dtype)
    theta = initialize_from_data(net, net.initialize(1), X)
    assert theta.dtype == dtype
    p, before = net.parameters(theta.astype(float)), net.parameters(net.initialize(1))
    signal = X
    for k in (0, 2):
        np.testing.assert_array_equal(p[f"{k}.direction"], before[f"{k}.direction"])
        v = p[f"{k}.direction"]
        f = signal @ (p[f"{k}.gain"] * v / np.linalg.norm(v, axis=0)) + p[f"{k}.bias"]
        np.testing.assert_allclose(f.mean(axis=0), 0, atol=50 * EPS[dtype])
        np.testing.assert_allclose(f.std(axis=0), 1, rtol=50 * EPS[dtype])
        signal = np.tanh(f)
    assert distance(fit(net, X, Y, optimizer=SGD(0.1), epochs=0, theta0=theta).outputs(X), f) <= 50 * EPS[dtype]


def test_data_dependent_start_without_biases_and_of_constant_units():
    net = network(bias=False)
    p = net.parameters(initialize_from_data(net, net.initialize(1), X))
    v = p["0.direction"]
    f = X @ (p["0.gain"] * v / np.linalg.norm(v, axis=0))
    np.testing.assert_allclose(f.std(axis=0), 1, rtol=1e-12)
    assert np.abs(f.mean(axis=0)).max() > 0.1
    same = np.repeat(X[:1], 4, axis=0)
    p, before = net.parameters(initialize_from_data(net, net.initialize(1), same)), net.parameters(net.initialize(1))
    np.testing.assert_array_equal(p["0.gain"], before["0.gain"])


def test_bad_input():
    for layer in (Tanh(), BatchNorm(), Dense, 3):
        complains("WeightNorm layer", "got", "Dense", WeightNorm, layer)
    complains("layers the input and 0 WeightNorm", "4 outputs into 3 inputs", "as many", Network,
              WeightNorm(Dense(3, 2)), loss=SoftmaxCrossEntropy(), input_shape=4)  # fmt: skip
    net = network()
    complains("theta", r"shape \(3,\)", "shape", initialize_from_data, net, np.zeros(3), X)
    complains("theta", "NaN", "finite", initialize_from_data, net, np.full(net.n_parameters, np.nan), X)
    complains("stats", r"shape \(1,\)", r"\(0,\)", initialize_from_data, net, net.initialize(0), X, [0.0])
    complains("X", r"shape \(20, 2\)", "shape", initialize_from_data, net, net.initialize(0), X[:, :2])
    complains("X", "1 example", "at least 2", initialize_from_data, net, net.initialize(0), X[:1])
    complains("network", "MLP", "Network", initialize_from_data, "MLP", net.initialize(0), X)
    plain = cases.mlp()
    complains("network", "Dense", "WeightNorm", initialize_from_data, plain, plain.initialize(0), X)
