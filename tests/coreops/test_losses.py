"""Each loss: value and gradient against the oracle, far in the tails too, and all forms of targets."""

import numpy as np
import pytest

from coreops import (
    BinaryCrossEntropy,
    LinearLoss,
    Network,
    Scale,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, at_outputs, targets
from tests.oracles.losses import LOSSES, one_hot
from tests.oracles.networks import name


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("m", [1, 6])
@pytest.mark.parametrize(("loss", "n", "form"), cases.flat(cases.LOSSES), ids=str)
def test_value_and_gradient(loss, n, form, m, dtype):
    generator = np.random.default_rng(n + m)
    z = (3 * generator.normal(size=(m, n))).astype(dtype).astype(float)
    y = targets(form, m, n, generator)
    if form == "real":
        y = y.astype(dtype).astype(float)
    value, gradient = at_outputs(loss, z, y, dtype)
    want, slope = LOSSES[name(loss)][0](z, y, **vars(loss))
    assert abs(value - want) <= 20 * EPS[dtype] * max(abs(want), 1)
    # sigmoid(z) - y and softmax(z) - onehot are differences of numbers near 1: their error is absolute
    assert np.linalg.norm(gradient - slope) <= 20 * EPS[dtype] * max(np.linalg.norm(slope), 1 / m)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name_", ["BinaryCrossEntropy", "SoftmaxCrossEntropy", "SigmoidSquaredError"])
def test_far_tails_are_exact_and_finite(name_, dtype):
    """|z| = 700: e^700 is near the end of float64 and far beyond float32."""
    for z1 in (-700.0, -100.0, -30.0, 0.0, 30.0, 100.0, 700.0):
        for label in (0, 1):
            z = np.array([[0.0, z1]]) if name_ == "SoftmaxCrossEntropy" else np.array([[z1]])
            y = np.array([label])
            loss = {c.__name__: c for c in (BinaryCrossEntropy, SoftmaxCrossEntropy, SigmoidSquaredError)}[name_]()
            value, gradient = at_outputs(loss, z, y, dtype)
            want, slope = LOSSES[name_][0](z, y)
            assert np.isfinite(gradient).all()
            assert abs(value - want) <= 4 * EPS[dtype] * max(1, abs(want)), (z1, label)
            assert np.abs(gradient - slope).max() <= 4 * EPS[dtype], (z1, label)


def test_logits_of_a_thousand_apart_with_a_large_shift():
    """Softmax sees differences only: adding 1e4 to all logits changes nothing."""
    z, y = np.array([[0.0, 1000.0, -1000.0], [5.0, 4.0, 3.0]]), np.array([0, 2])
    value, gradient = at_outputs(SoftmaxCrossEntropy(), z, y, "float64")
    assert value == pytest.approx(LOSSES["SoftmaxCrossEntropy"][0](z, y)[0], rel=1e-14)
    shifted = at_outputs(SoftmaxCrossEntropy(), z + 1e4, y, "float64")
    assert shifted[0] == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(shifted[1], gradient, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_masses_of_many_examples_multiply_beyond_the_largest_number(dtype):
    """900 rows of mass 10: their product, of which the kernel takes logarithms now and then, is 10^900."""
    value, _ = at_outputs(SoftmaxCrossEntropy(), np.zeros((900, 10)), np.arange(900) % 10, dtype)
    assert value == pytest.approx(np.log(10), rel=4 * EPS[dtype])


def test_squared_error_has_no_half_and_sums_over_outputs():
    value, gradient = at_outputs(SquaredError(), np.array([[3.0, 5.0]]), np.array([[1.0, 2.0]]), "float64")
    assert value == 4 + 9
    np.testing.assert_array_equal(gradient, [[4, 6]])


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), SigmoidSquaredError()], ids=repr)
def test_forms_of_binary_targets(loss):
    """(n,) and (n, 1) for one output; labels and their one-hot matrix for several."""
    generator = np.random.default_rng(4)
    z, y = generator.normal(size=(5, 1)), generator.integers(0, 2, 5)
    for form in (y[:, None], y.astype(float), y.astype(bool)):
        assert at_outputs(loss, z, form, "float64")[0] == at_outputs(loss, z, y, "float64")[0]
    z, y = generator.normal(size=(5, 3)), generator.integers(0, 3, 5)
    assert at_outputs(loss, z, y, "float64")[0] == at_outputs(loss, z, one_hot(y, 3), "float64")[0]


def test_sum_over_many_examples_is_accurate_in_float32():
    """10^5 equal terms: a float32 running sum would be off by far more than 1e-6."""
    m = 10**5 if cases.JIT else 2000
    value, _ = loss_and_gradient(
        Network(Scale(1), loss=LinearLoss()), np.ones(1), np.full((m, 1), 0.1), np.ones((m, 1))
    )
    assert value == pytest.approx(float(np.float32(0.1)), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", [SigmoidSquaredError(), BinaryCrossEntropy()], ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("z", [20.0, 40.0])
def test_saturated_gradients_keep_their_precision(z, loss, dtype):
    """The unit that is right by e^-z, and the one that is wrong by as little, on either side of 0."""
    net = Network(Scale(1), loss=loss, dtype=dtype)
    for sign, label in ((1, 0), (1, 1), (-1, 0), (-1, 1)):
        s, c = 1 / (1 + np.exp(-sign * z)), 1 / (1 + np.exp(sign * z))
        gap = s if label == 0 else -c
        want = 2 * gap * s * c if isinstance(loss, SigmoidSquaredError) else gap
        got = loss_and_gradient(net, np.array([sign * z]), np.ones((1, 1)), np.array([label]))[1][0]
        assert got == pytest.approx(want, rel=1e-5 if dtype == "float32" else 1e-12, abs=0)
