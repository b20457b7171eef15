"""Absolute, Huber, hinge, logistic and softmax-squared losses: identities, tails, kinks, targets and errors."""

import numpy as np
import pytest

from coreops import (
    SGD,
    AbsoluteError,
    BinaryCrossEntropy,
    Data,
    Dense,
    Hinge,
    Huber,
    Logistic,
    Network,
    Run,
    Scale,
    SigmoidSquaredError,
    SoftmaxSquaredError,
    SquaredError,
    Stratified,
    fit,
    loss_and_gradient,
)
from coreops.runs import encode
from tests.coreops import cases
from tests.coreops.cases import DTYPES, EPS, at_outputs, complains, distance
from tests.oracles.losses import signs


def test_gradient_of_the_saturated_unit():
    """w = b = 2, x = 1, y = 0: 2 s s (1 - s) at z = 4 is 0.0347; s, for the logarithmic loss, 28.3 times as much."""
    squared, logarithmic = (
        at_outputs(loss, np.array([[4.0]]), np.array([y]), "float64")[1][0, 0]
        for loss, y in ((SigmoidSquaredError(), 0), (Logistic(), -1))
    )
    assert squared == pytest.approx(0.0347, abs=5e-5)
    assert logarithmic == pytest.approx(0.9820, abs=5e-5)
    assert logarithmic / squared == pytest.approx(28.3, abs=0.05)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n", "form"), [(1, "signs"), (3, "signs"), (3, "label")])
def test_logistic_is_binary_cross_entropy(n, form, dtype):
    """With y in -1/+1 for 0/1."""
    generator = np.random.default_rng(n)
    z, y = 5 * generator.normal(size=(7, n)), cases.targets(form, 7, n, generator)
    bits = y if form == "label" else (y + 1) // 2
    (a, da), (b, db) = at_outputs(Logistic(), z, y, dtype), at_outputs(BinaryCrossEntropy(), z, bits, dtype)
    assert a == pytest.approx(b, rel=2 * EPS[dtype])
    assert distance(da, db) <= 4 * EPS[dtype]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("z", [-1e3, 1e3])
def test_a_thousand_is_finite(z, dtype):
    """|z| = 1e3, right and wrong: the loss is linear in z, or bounded, and the gradient is its slope."""
    for y in (-1, 1):
        wrong = y * z < 0
        for loss, value in ((Logistic(), 1e3), (Hinge(), 1001.0)):
            got, slope = at_outputs(loss, np.array([[z]]), np.array([y]), dtype)
            assert got == pytest.approx(value if wrong else 0.0, rel=EPS[dtype])
            assert slope[0, 0] == (-y if wrong else 0)
        got, slope = at_outputs(SoftmaxSquaredError(), np.array([[0.0, z]]), np.array([(y + 1) // 2]), dtype)
        assert got == (2.0 if wrong else 0.0)
        np.testing.assert_array_equal(slope, 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_two_softmax_classes_are_one_sigmoid(dtype):
    """p_1 = sigmoid(z_1 - z_0), so the two squares are twice one; the gradient in the tails too, to full precision."""
    z = np.array([[0.3, -1.0], [2.0, 2.5], [0.0, 20.0], [0.0, -20.0], [15.0, 0.0], [0.0, 35.0]])
    for y in (np.zeros(6, int), np.ones(6, int)):
        for row, label in zip(z, y, strict=True):
            a, da = at_outputs(SoftmaxSquaredError(), row[None], np.array([label]), dtype)
            b, db = at_outputs(SigmoidSquaredError(), np.array([[row[1] - row[0]]]), np.array([label]), dtype)
            tail = 40 * EPS[dtype]  # exp(-35) carries 35 roundings
            assert a == pytest.approx(2 * b, rel=tail, abs=4 * EPS[dtype])
            np.testing.assert_allclose(da[0], [-2 * db[0, 0], 2 * db[0, 0]], rtol=tail)


def test_softmax_gradient_keeps_its_precision_for_many_classes():
    """Saturated on the right class and on a wrong one, in float32 against float64."""
    z = np.array([[0.0, 1.0, 30.0, -2.0]])
    for label in range(4):
        single = at_outputs(SoftmaxSquaredError(), z, np.array([label]), "float32")
        double = at_outputs(SoftmaxSquaredError(), z, np.array([label]), "float64")
        np.testing.assert_allclose(single[1], double[1], rtol=1e-5)


def test_huber_lies_between_half_the_square_and_the_absolute_error():
    generator = np.random.default_rng(0)
    z, y = generator.normal(size=(2, 6, 3))
    (a, da), (b, db) = at_outputs(Huber(100.0), z, y, "float64"), at_outputs(SquaredError(), z, y, "float64")
    assert a == pytest.approx(b / 2, rel=1e-15)
    np.testing.assert_allclose(da, db / 2, rtol=1e-15)
    (a, da), (b, db) = at_outputs(Huber(1e-9), z, y, "float64"), at_outputs(AbsoluteError(), z, y, "float64")
    assert a / 1e-9 == pytest.approx(b, rel=1e-8)
    np.testing.assert_allclose(da / 1e-9, db, rtol=1e-12)


def test_slopes_at_the_kinks():
    """Absolute error: 0 where right. Hinge: 0 on the margin itself. Huber has no kink: the slope stays at delta."""
    assert at_outputs(AbsoluteError(), np.array([[2.0]]), np.array([[2.0]]), "float64")[1][0, 0] == 0
    assert at_outputs(Hinge(), np.array([[1.0]]), np.array([1]), "float64")[1][0, 0] == 0
    assert at_outputs(Hinge(), np.array([[np.nextafter(1.0, 0)]]), np.array([1]), "float64")[1][0, 0] == -1
    for gap, slope in ((0.5, 0.5), (-0.5, -0.5), (0.7, 0.5), (-9.0, -0.5)):
        assert at_outputs(Huber(0.5), np.array([[gap]]), np.array([[0.0]]), "float64")[1][0, 0] == slope


def test_absolute_error_finds_the_median_and_squared_error_the_mean():
    y = np.array([0.0, 1.0, 2.0, 3.0, 100.0])
    results = []
    for loss in (AbsoluteError(), SquaredError()):
        network = Network(Scale(1), loss=loss, dtype="float64")
        run = fit(network, np.ones((5, 1)), y, optimizer=SGD(0.1), epochs=200, seed=0)
        results.append(run.theta[0])
    assert results[0] == pytest.approx(2, abs=0.1)
    assert results[1] == pytest.approx(y.mean(), rel=1e-9)


@pytest.mark.parametrize("loss", [Hinge(), Logistic()], ids=repr)
def test_signs_as_targets(loss):
    """(n,) and (n, 1) of -1/+1 for one output, class numbers or signs for several; predictions in the same values."""
    generator = np.random.default_rng(1)
    z, y = generator.normal(size=(6, 1)), np.array([1, -1, 1, 1, -1, -1])
    assert at_outputs(loss, z, y[:, None].astype(float), "float64")[0] == at_outputs(loss, z, y, "float64")[0]
    z, classes = generator.normal(size=(6, 3)), generator.integers(0, 3, 6)
    assert at_outputs(loss, z, signs(classes, 3), "float64")[0] == at_outputs(loss, z, classes, "float64")[0]

    X = generator.normal(size=(40, 2))
    w = np.where(X[:, 0] > 0, 1, -1)
    run = fit(Network(Dense(2, 1), loss=loss), X, w, optimizer=SGD(0.1), epochs=50, seed=0)
    predicted = run.predict(X)
    assert set(predicted) == {-1, 1}
    assert run.error[-1] == pytest.approx(np.mean(predicted != w)) and run.error[-1] < 0.1
    classes = np.where(X[:, 0] > 0.3, 2, X[:, 1] > 0)
    run = fit(Network(Dense(2, 3), loss=loss), X, classes, optimizer=SGD(0.1), epochs=50, seed=0)
    assert run.error[-1] == pytest.approx(np.mean(run.predict(X) != classes))


def test_targets_that_are_no_signs():
    X, network = np.ones((4, 2)), Network(Dense(2, 1), loss=Hinge())
    theta = network.initialize(0)
    for y in ([0, 1, 0, 1], [1.0, -1.0, 0.5, 1.0]):
        complains("y", "values", "-1 or 1", loss_and_gradient, network, theta, X, y)
    network = Network(Dense(2, 1), loss=BinaryCrossEntropy())
    complains("y", "values", "0 or 1", loss_and_gradient, network, theta, X, [-1, 1, 1, 1])


def test_samplers_see_signs_as_classes():
    """-1 and +1 are the classes 0 and 1 of a stratified order."""
    X, y = np.ones((8, 1)), np.array([1, -1, -1, -1, 1, -1, -1, -1])
    groups = []
    for loss, targets in ((Logistic(), y), (BinaryCrossEntropy(), y > 0)):
        run = Run(Network(Dense(1, 1), loss=loss), optimizer=SGD(0.1), epochs=1, batch_size=4, sampling=Stratified())
        groups.append(encode(run, Data(X, targets)).groups)
    np.testing.assert_array_equal(*groups)


@pytest.mark.parametrize(("loss", "n", "form"), cases.flat(cases.LOSSES), ids=str)
def test_weights_of_examples(loss, n, form):
    """One step on the weighted losses is the mean of the examples' own steps, each times its weight."""
    generator = np.random.default_rng(2)
    X, y, w = generator.normal(size=(4, 2)), cases.targets(form, 4, n, generator), np.array([0.0, 0.5, 2.0, 1.0])
    network = Network(Dense(2, n), loss=loss, dtype="float64")
    theta = network.initialize(0)
    run = fit(network, X, y, optimizer=SGD(1.0), epochs=1, theta0=theta, weights=w)
    steps = [loss_and_gradient(network, theta, X[i : i + 1], y[i : i + 1])[1] for i in range(4)]
    assert distance(run.theta, theta - np.mean([a * g for a, g in zip(w, steps, strict=True)], axis=0)) <= 1e-13
