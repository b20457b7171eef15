"""FGSM and PGD: the examples they make, and training on them, against the oracle."""

import numpy as np
import pytest

from coreops import (
    FGSM,
    PGD,
    SGD,
    BinaryCrossEntropy,
    Cyclic,
    Dense,
    Network,
    SoftmaxCrossEntropy,
    adversarial_examples,
    fit,
    input_gradient,
    loss_and_gradient,
)
from coreops.rng import ATTACK
from tests.coreops import cases
from tests.coreops.cases import DTYPES, complains, distance
from tests.oracles import penalised, training
from tests.oracles.adversaries import ADVERSARIES
from tests.oracles.philox import philox4x32

X, Y = cases.problem(n=9)
X = np.clip(X, -1, 1)
ADVERSARY = cases.flat(cases.ADVERSARIES)


def starts(seed):
    """Uniform numbers in (-1, 1) for a step and a shape, from the stream of attacks."""

    def draw(step, shape):
        n = int(np.prod(shape))
        words = [w for block in range(-(-n // 4)) for w in philox4x32((block, step, int(ATTACK) << 16, 0), (seed, 0))]
        return 2 * (np.reshape(words[:n], shape) + 0.5) / 2**32 - 1

    return draw


def losses(network, theta, x, y):
    """Each example's own loss."""
    return np.array([loss_and_gradient(network, theta, x[i : i + 1], y[i : i + 1])[0] for i in range(len(x))])


@pytest.mark.parametrize("adversary", ADVERSARY, ids=repr)
def test_examples_against_the_oracle(adversary):
    network = cases.mlp()
    theta = network.initialize(3)
    got = adversarial_examples(network, theta, X, Y, adversary, seed=7)
    attack = ADVERSARIES[type(adversary).__name__]
    want = attack(adversary, X, lambda x: penalised.input_gradient(network, theta, x, Y), starts(7)(0, X.shape))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("adversary", ADVERSARY, ids=repr)
def test_they_stay_in_the_ball_and_in_the_box(adversary, dtype):
    network = cases.mlp(dtype)
    moved = adversarial_examples(network, network.initialize(3), X, Y, adversary)
    assert moved.dtype == dtype and np.abs(moved - X).max() <= adversary.radius + 4 * cases.EPS[dtype]
    assert moved.min() >= adversary.low and moved.max() <= adversary.high
    assert (adversary.radius == 0) == np.array_equal(moved, X.astype(dtype))


def test_fgsm_is_the_sign_of_the_input_gradient():
    network = cases.mlp()
    theta = network.initialize(3)
    want = X + 0.1 * np.sign(input_gradient(network, theta, X, Y))
    np.testing.assert_array_equal(adversarial_examples(network, theta, X, Y, FGSM(0.1)), want)


def test_a_linear_logit_moves_by_the_radius_times_the_one_norm():
    network = Network(Dense(3, 1), loss=BinaryCrossEntropy(), dtype="float64")
    theta, y = np.array([0.5, -2.0, 1.0, 0.3]), (Y > 0).astype(int)
    moved = adversarial_examples(network, theta, X, y, FGSM(0.2))
    np.testing.assert_allclose((moved - X) @ theta[:3], np.where(y, -1, 1) * 0.2 * 3.5, rtol=1e-12)


@pytest.mark.parametrize("adversary", [FGSM(0.05), PGD(0.05), PGD(0.05, random_start=True)], ids=repr)
def test_no_loss_is_lower_than_before(adversary):
    """Softmax regression is convex in x, so every step along a gradient's signs goes up; a net does for small steps."""
    convex = Network(Dense(3, 3), loss=SoftmaxCrossEntropy(), dtype="float64")
    for network in (convex, cases.mlp()):
        for seed in range(5):
            theta = network.initialize(seed)
            moved = adversarial_examples(network, theta, X, Y, adversary)
            assert (losses(network, theta, moved, Y) > losses(network, theta, X, Y)).all()


def test_many_steps_find_more_than_one():
    """On a net that is far from linear within the ball, in the mean over all examples."""
    network = cases.mlp(hidden=20)
    theta = 3 * network.initialize(0)
    once, often = (
        losses(network, theta, adversarial_examples(network, theta, X, Y, a), Y).mean()
        for a in (FGSM(0.8), PGD(0.8, step=0.1, steps=30))
    )
    assert often > 1.01 * once


def test_random_starts_depend_on_the_seed_and_the_place():
    network = cases.mlp()
    theta = np.zeros(network.n_parameters)  # no gradient: the start is all there is
    start = PGD(0.3, random_start=True, steps=1)
    x = np.zeros((300, 3))
    moved = [adversarial_examples(network, theta, x, np.zeros(300, int), start, seed=s) for s in (0, 0, 1)]
    np.testing.assert_array_equal(moved[0], moved[1])
    assert (moved[0] != moved[2]).all() and len(np.unique(moved[0])) == moved[0].size  # chunks differ as well
    assert np.abs(moved[0]).max() <= 0.3 and np.var(moved[0]) == pytest.approx(0.3**2 / 3, rel=0.1)


def test_more_examples_than_one_pass_takes():
    network = cases.mlp()
    theta = network.initialize(0)
    x, y = cases.problem(n=300)
    whole = adversarial_examples(network, theta, x, y, PGD(0.1))
    parts = [adversarial_examples(network, theta, x[k : k + 1], y[k : k + 1], PGD(0.1)) for k in (0, 255, 256, 299)]
    np.testing.assert_allclose(whole[[0, 255, 256, 299]], np.concatenate(parts), atol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("adversary", ADVERSARY, ids=repr)
def test_adversarial_training_against_the_oracle(adversary, dtype):
    network = cases.mlp(dtype, hidden=3)
    settings = dict(optimizer=SGD(0.5), batch_size=4, epochs=2, seed=5, sampling=Cyclic(), record_theta_every=1)
    run = fit(network, X, Y, adversary=adversary, record_loss_every=1, **settings)
    order = training.cyclic(9, 4, 2)
    want = penalised.train(
        network, X, Y, lr=0.5, order=order, theta0=network.initialize(5), adversary=adversary, starts=starts(5)
    )
    assert distance(run.step_theta, want) <= (1e-12 if dtype == "float64" else 2e-5)
    plain = fit(network, X, Y, record_loss_every=1, **settings)
    if adversary.radius:
        assert run.step_loss[0] > plain.step_loss[0] and run.loss[-1] == pytest.approx(run.evaluate(X, Y).loss)
    else:
        np.testing.assert_array_equal(run.theta, plain.theta)


def test_adversarial_training_makes_robust():
    """Twenty inputs that tell the class by less than the radius, and a noisy one by more (Tsipras et al. 2019)."""
    y = np.arange(60) % 2
    x = np.full((60, 21), 0.1) * (2 * y - 1)[:, None]
    x[:, 20] = 0.5 * (2 * y - 1) + 0.3 * np.random.default_rng(0).normal(size=60)
    network = Network(Dense(21, 1), loss=BinaryCrossEntropy(), dtype="float64")
    settings = dict(optimizer=SGD(1.0), epochs=100, seed=0, evaluate_every=0)
    errors = {}
    for name, adversary in (("plain", None), ("robust", FGSM(0.2))):
        run = fit(network, x, y, adversary=adversary, **settings)
        moved = adversarial_examples(network, run.theta, x, y, FGSM(0.2))
        errors[name] = run.evaluate(moved, y).error
    assert errors["robust"] < 0.3 and errors["plain"] > 0.5


@pytest.mark.parametrize(
    ("name", "cls", "arguments"),
    [(f"{cls.__name__} radius", cls, dict(radius=v)) for cls in (FGSM, PGD) for v in (-0.1, float("nan"), "1", True)]
    + [("FGSM low", FGSM, dict(radius=1, low=v)) for v in ("0", 10**400)]
    + [("FGSM high", FGSM, dict(radius=1, high=None))]
    + [("FGSM low, high", FGSM, dict(radius=1, low=a, high=b)) for a, b in ((1, 0), (0, 0), (float("nan"), 1))]
    + [("PGD step", PGD, dict(radius=1, step=-1)), ("PGD steps", PGD, dict(radius=1, steps=0))]
    + [("PGD random_start", PGD, dict(radius=1, random_start=1))],
    ids=str,
)
def test_bad_adversaries(name, cls, arguments):
    complains(f"^{name}", "got", "wanted", cls, **arguments)


def test_bad_arguments():
    network = cases.mlp()
    theta = network.initialize(0)
    complains("^adversary", "0.1", "FGSM", fit, network, X, Y, optimizer=SGD(0.1), epochs=1, adversary=0.1)
    complains("^adversary", "None", "FGSM", adversarial_examples, network, theta, X, Y, None)
    complains("^network", "3", "Network", adversarial_examples, 3, theta, X, Y, FGSM(0.1))
    complains("^theta", r"\(2,\)", r"\(38,\)", adversarial_examples, network, np.zeros(2), X, Y, FGSM(0.1))
    complains("^seed", "-1", "integer", adversarial_examples, network, theta, X, Y, FGSM(0.1), seed=-1)
