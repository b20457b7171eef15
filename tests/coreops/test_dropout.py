"""Dropout: the masks against the oracle, their statistics and keys, and the identities that the scaling must keep."""

from itertools import product

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest

from coreops import (
    SGD,
    Cyclic,
    Dense,
    DropConnect,
    Dropout,
    GaussianNoise,
    Identity,
    Network,
    ReLU,
    Run,
    Scale,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    WeightNoise,
    fit,
    fit_many,
    input_gradient,
    loss_and_gradient,
)
from coreops.layers.as_printed import SlideDropout
from coreops.layers.dropout import threshold
from coreops.records import DROPOUT
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, distance, evaluated, sampled, trained_pass
from tests.oracles.noise import MASK_BITS, mask

MANY = 10**5 if cases.JIT else 4000
Q = 0.3


def masks(network, X, seed=0, step=0):
    """What the dropouts of a network multiplied by in a training step."""
    prepared = trained_pass(network, network.initialize(0), X, seed, step)
    ops = [op for op in prepared.ops if op["kind"] == DROPOUT]
    return [prepared.part(op["work"], len(X), op["n_out"]).astype(float) for op in ops]


def alone(width, rate=Q, scaling="inverted", dtype="float64"):
    return Network(Dropout(rate, scaling), loss=SquaredError(), dtype=dtype, input_shape=width)


def drawn(width, m, seed=0, step=0, rate=Q):
    return masks(alone(width, rate), np.ones((m, width)), seed, step)[0] > 0


# --- masks ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "width"), [(1, 1), (1, 3), (3, 4), (5, 7)])
def test_mask_is_the_oracles(m, width, dtype):
    for seed, step, rate in ((0, 0, 0.5), (2**63 + 5, 7, Q), (3, 2**33 + 1, 0.999)):
        got = masks(alone(width, rate, "none", dtype), np.ones((m, width)), seed, step)[0]
        np.testing.assert_array_equal(got, mask(seed, MASK_BITS, 0, step, (m, width), rate))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, float])
def test_a_rate_may_be_any_real_number(kind):
    """2^32 is infinite in half precision."""
    assert threshold(kind(0.5)) == 2**31 and Dropout(kind(0.5)).rate == 0.5


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.3, 0.5, 0.9])
def test_share_of_drops_is_the_rate(rate):
    kept = sampled(alone(MANY, rate, "none"), np.zeros(0), np.ones((1, MANY)))
    assert set(np.unique(kept)) <= {0.0, 1.0}
    drops = int((kept == 0).sum())
    assert drops == 0 if rate == 0 else binomtest(drops, MANY, rate).pvalue > 1e-4


def test_masks_of_seeds_steps_dropouts_and_neighbours_are_independent():
    n, ones = MANY, np.ones((1, MANY))
    two = Network(Dropout(0.5), Dropout(0.5), loss=SquaredError(), input_shape=n)
    first, second = masks(two, ones, 1, 1)
    others = [second, masks(two, ones, 2, 1)[0], masks(two, ones, 1, 2)[0], masks(two, ones, 1 + 2**32, 1)[0]]
    others += [np.roll(first, 1), np.roll(first, 4)]
    for other in others:
        assert abs(np.corrcoef(first, other)[0, 1]) < 5 / np.sqrt(n)
    np.testing.assert_array_equal(first, masks(two, ones, 1, 1)[0])


def test_mask_of_an_example_does_not_depend_on_how_many_follow():
    np.testing.assert_array_equal(drawn(5, 3), drawn(5, 9)[:3])


def test_layers_between_shift_no_mask():
    """Ordinals count dropouts alone: an inserted layer leaves the pairing of two arms intact."""
    plain = Network(Dense(3, 8), Dropout(Q), ReLU(), Dense(8, 8), Dropout(0.5), Dense(8, 2), loss=SquaredError())
    other = Network(
        *(Dense(3, 8), GaussianNoise(0.1), Tanh(), Dropout(Q), DropConnect(Dense(8, 8)), Identity()),
        *(Scale(8), WeightNoise(Dense(8, 8), 0.1), Dropout(0.5), Dense(8, 2)),
        loss=SquaredError(),
    )
    X = np.ones((6, 3))
    for a, b in zip(masks(plain, X, 5, 3), masks(other, X, 5, 3), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("layer", [Dropout(0.5), GaussianNoise(0.2)], ids=repr)
def test_results_do_not_depend_on_threads_or_order(layer):
    X, y = cases.problem()
    layers = (layer, Dense(3, 6), ReLU(), DropConnect(Dense(6, 6), Q), layer, Dense(6, 3))
    network = Network(*layers, loss=SoftmaxCrossEntropy())
    rows = [Run(network, optimizer=SGD(0.1), batch_size=5, epochs=2, seed=s) for s in range(4)]
    one = fit_many(rows, X, y, threads=1)
    two = fit_many(rows[::-1], X, y, threads=2)
    for a, b in zip(one, list(two)[::-1], strict=True):
        np.testing.assert_array_equal(a.theta, b.theta)
    assert not np.array_equal(one[0].theta, one[1].theta)


# --- scaling ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("scaling", "training", "evaluation"),
    [("inverted", 1 / (1 - Q), 1.0), ("test", 1.0, 1 - Q), ("none", 1.0, 1.0)],
)
def test_factors(scaling, training, evaluation, dtype):
    network, X = alone(400, Q, scaling, dtype), np.full((2, 400), 2.0)
    values = np.unique(sampled(network, np.zeros(0), X))
    np.testing.assert_allclose(values, [0, 2 * training], rtol=EPS[dtype])
    np.testing.assert_allclose(evaluated(network, np.zeros(0), X), 2 * evaluation, rtol=EPS[dtype])


def test_nothing_dropped_is_no_dropout():
    X, y = cases.problem()
    nets = [Network(*d, Dense(3, 5), Tanh(), Dense(5, 3), loss=SoftmaxCrossEntropy()) for d in ((), (Dropout(0.0),))]
    a, b = (fit(net, X, y, optimizer=SGD(0.1), batch_size=4, epochs=3, seed=1) for net in nets)
    np.testing.assert_array_equal(a.theta, b.theta)


def twins(scaled):
    """(inverted, test-scaled) networks of one function each: W of the layer after a dropout is (1 - q) times as big."""
    nets = [Network(Dense(4, 6), Tanh(), Dropout(Q, s), Dense(6, 3), loss=SoftmaxCrossEntropy(), dtype="float64")
            for s in ("inverted", scaled)]  # fmt: skip
    theta = [np.random.default_rng(0).normal(size=nets[0].n_parameters) for _ in nets]
    nets[0].parameters(theta[0])["3.weight"][:] *= 1 - Q
    return nets, theta


def test_inverted_and_test_scaling_are_one_family():
    """W_inverted = (1 - q) W_test: the same function in training, mask by mask, and in evaluation."""
    (a, b), (u, v) = twins("test")
    X = np.random.default_rng(1).normal(size=(7, 4))
    assert distance(sampled(a, u, X, 3, 4), sampled(b, v, X, 3, 4)) <= 1e-12
    assert distance(evaluated(a, u, X), evaluated(b, v, X)) <= 1e-12
    y = np.arange(7) % 3
    ga, gb = (n.parameters(loss_and_gradient(n, t, X, y, seed=3, step=4)[1]) for n, t in ((a, u), (b, v)))
    assert distance(ga["3.weight"] * (1 - Q), gb["3.weight"]) <= 1e-12
    assert distance(ga["0.weight"], gb["0.weight"]) <= 1e-12


def test_without_scaling_the_two_modes_disagree():
    (a, b), (u, v) = twins("none")
    X = np.random.default_rng(1).normal(size=(7, 4))
    assert distance(sampled(a, u, X, 3, 4), sampled(b, v, X, 3, 4)) <= 1e-12
    assert distance(evaluated(a, u, X), evaluated(b, v, X)) > 0.05


def one_layer(scaling, W, b):
    """A linear or softmax layer behind a dropout; None: scaled as deck 004 prints it."""
    dense = Dense(*W.shape)
    layers = (SlideDropout(dense, Q),) if scaling is None else (Dropout(Q, scaling), dense)
    network = Network(*layers, loss=SoftmaxCrossEntropy(), dtype="float64")
    return network, np.concatenate([W.reshape(-1), b])


@pytest.fixture(scope="module")
def enumerated():
    """(W, b, x, probability of each of the 2^8 masks, the logits that it leaves)."""
    generator = np.random.default_rng(8)
    W, b, x = generator.normal(size=(8, 3)), generator.normal(size=3), generator.normal(size=8)
    every = np.array(list(product((0.0, 1.0), repeat=8)))
    p = np.prod(np.where(every == 1, 1 - Q, Q), axis=1)
    return W, b, x, p, (every * x) @ W + b


def test_evaluation_is_the_exact_average_over_all_masks(enumerated):
    W, b, x, p, logits = enumerated
    mean = p @ logits
    right = evaluated(*one_layer("test", W, b), x[None])[0]
    assert distance(right, mean) <= 1e-13
    assert distance(evaluated(*one_layer("inverted", (1 - Q) * W, b), x[None])[0], mean) <= 1e-13
    printed = evaluated(*one_layer(None, W, b), x[None])[0]
    np.testing.assert_allclose(right - printed, Q * b, rtol=1e-12)  # ERRATUM E42: off by q b
    assert distance(evaluated(*one_layer("none", W, b), x[None])[0], mean) > 0.1


def test_evaluation_is_the_normalised_geometric_mean_of_one_softmax_layer(enumerated):
    """Baldi & Sadowski 2013, eq. 6; neither with the bias scaled too nor with another rate."""
    W, b, x, p, logits = enumerated
    mean = softmax(p @ log_softmax(logits, axis=1))

    def off(network, theta):
        return np.abs(softmax(evaluated(network, theta, x[None])[0]) - mean).max()

    assert off(*one_layer("test", W, b)) <= 1e-14
    assert off(*one_layer(None, W, b)) > 1e-3
    assert off(*one_layer("inverted", (0.95 - Q) * W, b)) > 1e-3
    assert np.abs(mean - p @ softmax(logits, axis=1)).max() > 1e-3  # the arithmetic mean is another number


def test_dropout_on_a_linear_model_is_a_weighted_ridge():
    """E over masks of sum_i (w . m x_i/(1-q) - t_i)^2 = sum_i (w . x_i - t_i)^2 + q/(1-q) sum_j w_j^2 sum_i x_ij^2."""
    generator = np.random.default_rng(2)
    X, w, t = generator.normal(size=(9, 6)), generator.normal(size=6), generator.normal(size=9)
    network = Network(Dropout(Q), Dense(6, 1, bias=False), loss=SquaredError(), dtype="float64")
    plain = Network(Dense(6, 1, bias=False), loss=SquaredError(), dtype="float64")
    expected, p = 0.0, []
    for m in product((0.0, 1.0), repeat=6):
        p.append(np.prod([1 - Q if v else Q for v in m]))
        expected += p[-1] * loss_and_gradient(plain, w, X * np.array(m) / (1 - Q), t)[0]
    ridge = Q / (1 - Q) * np.sum(w**2 * np.mean(X**2, axis=0))
    assert expected == pytest.approx(loss_and_gradient(network, w, X, t, training=False)[0] + ridge, rel=1e-13)
    draws = 400
    mean = np.mean([loss_and_gradient(network, w, X, t, step=s)[0] for s in range(draws)])
    spread = np.std([loss_and_gradient(network, w, X, t, step=s)[0] for s in range(50)])
    assert abs(mean - expected) < 5 * spread / np.sqrt(draws)


# --- backward and the training loop ---


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scaling", ["inverted", "test", "none"])
def test_gradients_see_the_masks_of_their_step(scaling, dtype):
    """Input and hidden dropout, by hand with the oracle's masks."""
    generator = np.random.default_rng(3)
    network = Network(
        Dropout(0.2, scaling), Dense(4, 5), Tanh(), Dropout(0.5, scaling), Dense(5, 2), loss=SquaredError(), dtype=dtype
    )
    theta = generator.normal(size=network.n_parameters).astype(dtype)
    X, y = generator.normal(size=(6, 4)).astype(dtype), generator.normal(size=(6, 2)).astype(dtype)
    p = {k: v.astype(float) for k, v in network.parameters(theta).items()}
    a, b = (mask(9, MASK_BITS, k, 4, s, q) / ((1 - q) if scaling == "inverted" else 1)
            for k, s, q in ((0, (6, 4), 0.2), (1, (6, 5), 0.5)))  # fmt: skip
    h = np.tanh((a * X) @ p["1.weight"] + p["1.bias"])
    dz = 2 * ((b * h) @ p["4.weight"] + p["4.bias"] - y) / 6
    df = (dz @ p["4.weight"].T) * b * (1 - h**2)
    value, gradient = loss_and_gradient(network, theta, X, y, seed=9, step=4)
    assert value == pytest.approx(6 * np.sum((dz / 2) ** 2), rel=20 * EPS[dtype])
    got = network.parameters(gradient)
    for name, want in (("4.weight", (b * h).T @ dz), ("1.weight", (a * X).T @ df), ("1.bias", df.sum(0))):
        assert distance(got[name], want) <= 50 * EPS[dtype], name
    dx = input_gradient(network, theta, X, y, training=True, seed=9, step=4)
    assert distance(dx, 6 * a * (df @ p["1.weight"].T)) <= 50 * EPS[dtype]


def test_training_draws_by_its_seed_and_step():
    """Every step of a run is the gradient that loss_and_gradient gives for (seed, step), steps counted from 1."""
    X, y = cases.problem()
    layers = (Dropout(0.2), Dense(3, 5), Tanh(), Dropout(0.5), Dense(5, 3))
    network = Network(*layers, loss=SoftmaxCrossEntropy(), dtype="float64")
    settings = dict(sampling=Cyclic(), record_theta_every=1, record_loss_every=1)
    run = fit(network, X, y, optimizer=SGD(0.5), epochs=2, batch_size=5, seed=11, **settings)
    for t, part in enumerate((slice(0, 5), slice(5, 10), slice(10, 12)) * 2):  # the last batch is shorter
        value, gradient = loss_and_gradient(network, run.step_theta[t], X[part], y[part], seed=11, step=t + 1)
        assert run.step_loss[t] == pytest.approx(value, rel=1e-13)
        assert distance(run.step_theta[t + 1], run.step_theta[t] - 0.5 * gradient) <= 1e-13
    assert run.loss[-1] == pytest.approx(loss_and_gradient(network, run.theta, X, y, training=False)[0], rel=1e-13)
