"""Initial weights: mean, variance and range per layer, and what they do not depend on."""

import numpy as np
import pytest
from scipy import stats

from coreops import (
    SGD,
    Constant,
    Dense,
    Duplicated,
    GaugeImbalanced,
    HeNormal,
    Network,
    Orthogonal,
    ReLU,
    Scale,
    SquaredError,
    Tanh,
    Uniform,
    VarianceScaling,
    fit,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.oracles.initializers import INITIALIZERS
from tests.oracles.networks import name

N_IN, N_OUT = (120, 80) if cases.JIT else (60, 20)


def fill(init, shape, seed=1000, ordinal=0):
    out = np.full(shape, np.nan)
    init.fill(out, seed, ordinal, shape[0], shape[-1])
    return out


def independent(init):
    """How many weights of the tensor below have a draw (or a factor) of their own, at least."""
    if isinstance(init, Duplicated):
        return N_IN * N_OUT // (init.inputs * init.outputs)
    return N_OUT if isinstance(init, GaugeImbalanced) else N_IN * N_OUT


@pytest.mark.parametrize("init", cases.flat(cases.INITIALIZERS), ids=repr)
def test_moments(init):
    network = Network(Dense(N_IN, N_OUT), loss=SquaredError(), init=init, dtype="float64")
    parts = network.parameters(network.initialize(1000))
    w, n = parts["0.weight"], independent(init)
    mean, variance, limit = INITIALIZERS[name(init)](init, N_IN, N_OUT)
    assert w.shape == (N_IN, N_OUT)
    assert abs(w.mean() - mean) <= 5 * np.sqrt(variance / n)
    assert abs(w.var() - variance) <= 5 * np.sqrt(5 / n) * variance  # Laplace: sd of s^2; the others' is smaller
    assert np.abs(w).max() <= limit * (1 + 1e-12)
    assert not parts["0.bias"].any()


@pytest.mark.parametrize(
    ("distribution", "reference"),
    [
        ("normal", stats.norm(0, 0.5)),
        ("uniform", stats.uniform(-np.sqrt(0.75), np.sqrt(3))),
        ("laplace", stats.laplace(0, np.sqrt(0.125))),
    ],
)
def test_distributions(distribution, reference):
    w = fill(VarianceScaling(0.25 * N_IN, distribution=distribution), (N_IN, N_OUT)).reshape(-1)
    assert reference.std() == pytest.approx(0.5)
    assert stats.kstest(w, reference.cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("distribution", "unit"),
    [("uniform", stats.uniform(-np.sqrt(3), 2 * np.sqrt(3))), ("laplace", stats.laplace(0, np.sqrt(0.5)))],
)
def test_distributions_are_quantiles_of_one_uniform(distribution, unit):
    """So that arms of a study that differ in the distribution alone stay paired."""
    u = fill(Uniform(0.0, 1.0), (8, 9))
    np.testing.assert_allclose(fill(VarianceScaling(8 * 0.25, distribution=distribution), (8, 9)), 0.5 * unit.ppf(u))


def test_signs_are_two_values_in_equal_shares():
    w = fill(VarianceScaling(0.25 * N_IN, distribution="signs"), (N_IN, N_OUT))
    np.testing.assert_allclose(np.unique(w), [-0.5, 0.5], rtol=1e-15)
    assert stats.binomtest(int((w > 0).sum()), w.size).pvalue > 1e-3


@pytest.mark.parametrize("shape", [(7, 7), (9, 4), (4, 9), (3, 3, 2, 5), (1, 3)])
def test_orthogonal_matrices_are_orthogonal(shape):
    w = fill(Orthogonal(gain=2.0), shape).reshape(-1, shape[-1])
    gram = w.T @ w if w.shape[0] >= w.shape[1] else w @ w.T
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=1e-13)


def test_orthogonal_linear_network_keeps_the_norm():
    layers = [Dense(12, 12, bias=False, init=Orthogonal()) for _ in range(10)]
    network = Network(*layers, loss=SquaredError(), dtype="float64")
    x = np.random.default_rng(0).normal(size=(5, 12))
    value, _ = loss_and_gradient(network, network.initialize(3), x, np.zeros((5, 12)))
    assert value == pytest.approx((x**2).sum(1).mean(), rel=1e-13)


def test_orthogonal_matrices_are_uniform():
    """Without the signs the diagonal of Householder's Q has one sign."""
    entries = np.array([np.diag(fill(Orthogonal(), (3, 3), seed)) for seed in range(100)])
    assert (np.abs(entries.mean(0)) < 4 * np.sqrt(1 / 3 / 100)).all()
    determinants = [np.linalg.det(fill(Orthogonal(), (3, 3), seed)) for seed in range(20)]
    assert min(determinants) < 0 < max(determinants)


def test_a_vector_has_no_inputs():
    """Said by the network, before any row of a sweep is trained."""
    rules = [Orthogonal(), Duplicated(inputs=2), GaugeImbalanced(inputs=1), Duplicated(Orthogonal())]
    for init in (*rules, GaugeImbalanced(Orthogonal(), outputs=1)):
        cases.complains(f"^0.bias by {name(init)}", r"shape \(4,\)", "two dimensions", Network,
                        Dense(3, 4, bias_init=init), loss=SquaredError())  # fmt: skip
        cases.complains(f"^0.scale by {name(init)}", r"shape \(3,\)", "two dimensions", Network,
                        Scale(3), loss=SquaredError(), init=init)  # fmt: skip


def test_duplicates_share_weights_in_groups():
    w = fill(Duplicated(outputs=2, inputs=3), (7, 5))
    rows, columns = np.arange(7) // 3, np.arange(5) // 2
    np.testing.assert_array_equal(w, w[3 * rows][:, 2 * columns])
    assert np.unique(w).size == 3 * 3
    np.testing.assert_array_equal(np.diff(fill(Duplicated(), (4,))) == 0, [True, False, True])


def test_duplicated_units_stay_duplicated():
    """Equal incoming and outgoing weights get equal gradients, to the last bit, and so stay equal."""
    first, second = Dense(3, 6, init=Duplicated(outputs=2)), Dense(6, 3, init=Duplicated(outputs=1, inputs=2))
    network = Network(first, Tanh(), second, loss=SquaredError())
    x = np.random.default_rng(1).normal(size=(20, 3))
    theta = fit(network, x, np.sin(x), optimizer=SGD(0.1), batch_size=7, epochs=5, seed=4).theta
    w = network.parameters(theta)
    for weights in (w["0.weight"].T, w["2.weight"], w["0.bias"]):
        np.testing.assert_array_equal(weights[::2], weights[1::2])
    assert np.unique(w["0.weight"]).size == 9
    assert (theta != network.initialize(4)).any()


def gauged(spread):
    inits = [
        GaugeImbalanced(HeNormal(), spread, outputs=1),
        GaugeImbalanced(HeNormal(), spread, outputs=2, inputs=1),
        GaugeImbalanced(HeNormal(), spread, inputs=2),
    ]
    layers = Dense(3, 8, init=inits[0]), ReLU(), Dense(8, 6, init=inits[1]), ReLU(), Dense(6, 2, init=inits[2])
    return Network(*layers, loss=SquaredError(), dtype="float64"), inits


def test_gauge_changes_weights_and_gradients_but_not_the_function():
    """Scaling a unit's incoming weights by c and outgoing ones by 1/c scales their gradients by 1/c and c."""
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(9, 3)), generator.normal(size=(9, 2))
    plain = Network(*[type(s)(s.n_in, s.n_out) if isinstance(s, Dense) else s for s in gauged(0.0)[0].layers],
                    loss=SquaredError(), dtype="float64")  # fmt: skip
    np.testing.assert_array_equal(gauged(0.0)[0].initialize(5), plain.initialize(5))
    network, inits = gauged(1.5)
    value, gradient = loss_and_gradient(network, network.initialize(5), x, y)
    expected, reference = loss_and_gradient(plain, plain.initialize(5), x, y)
    assert value == pytest.approx(expected, rel=1e-12)
    g, r = network.parameters(gradient), plain.parameters(reference)
    c, d = inits[0].factors(5, 1, 8), inits[1].factors(5, 2, 6)
    assert c.max() / c.min() > 10 and not np.isin(c[:6], d).any()
    same_stream = fill(Uniform(-1.5, 1.5), (8,), seed=5, ordinal=1)
    assert np.abs(np.log10(c) - same_stream).max() > 0.1
    assert ((c > 10**-1.5) & (c < 10**1.5)).all()
    np.testing.assert_allclose(g["0.weight"], r["0.weight"] / c, rtol=1e-9)
    np.testing.assert_allclose(g["2.weight"], r["2.weight"] * c[:, None] / d, rtol=1e-9)
    np.testing.assert_allclose(g["4.weight"], r["4.weight"] * d[:, None], rtol=1e-9)


def test_biases_may_be_drawn_too():
    assert (fill(Constant(-0.5), (4,)) == -0.5).all()
    b = fill(GaugeImbalanced(Constant(1.0), 1.0, outputs=3), (4,), seed=8)
    np.testing.assert_array_equal(b, GaugeImbalanced(outputs=3).factors(8, 3, 4))


def test_a_layer_may_bring_its_own():
    network = Network(Dense(2, 3, init=Constant(7.0)), ReLU(), Dense(3, 1), loss=SquaredError(), init=Uniform(-1, 1))
    parts = network.parameters(network.initialize(3))
    assert (parts["0.weight"] == 7).all()
    assert (np.abs(parts["2.weight"]) < 1).all()


def test_start_depends_on_seed_and_on_nothing_else():
    a, b = cases.mlp("float32"), cases.mlp("float64")
    np.testing.assert_array_equal(a.initialize(5), b.initialize(5).astype(np.float32))
    assert (a.initialize(5) != a.initialize(6)).any()
    assert a.initialize(5).dtype == np.float32


def test_a_layer_without_weights_leaves_the_others_start_alone():
    """The stream's key is the ordinal among weighted layers, so two arms of a study stay paired."""
    plain = Network(Dense(4, 4), Dense(4, 2), loss=SquaredError())
    more = Network(Dense(4, 4), Tanh(), Dense(4, 2), loss=SquaredError())
    np.testing.assert_array_equal(plain.initialize(9), more.initialize(9))


def test_weights_come_first_and_parameters_are_views():
    network = Network(Scale(2), Dense(2, 3), Tanh(), Dense(3, 1, bias=False), loss=SquaredError())
    theta = np.arange(network.n_parameters, dtype=np.float32)
    parts = network.parameters(theta)
    assert list(parts) == ["0.scale", "1.weight", "3.weight", "1.bias"]
    assert network.n_parameters == 2 + 6 + 3 + 3
    np.testing.assert_array_equal(np.concatenate([p.reshape(-1) for p in parts.values()]), theta)
    parts["1.weight"][0, 0] = -1
    assert theta[2] == -1
    assert network.n_in == 2 and network.n_out == 1


def test_default_is_he():
    assert Network(Dense(2, 2), loss=SquaredError()).init == HeNormal()
