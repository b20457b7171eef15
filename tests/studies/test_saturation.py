"""The saturation study: its closed forms against slow oracles, its judgement on made-up data, a quick run."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate

import coreops
from studies.harness import Criteria, judging, report
from studies.harness.study import load, seeds_of
from studies.harness.verdict import Verdict
from studies.losses import _saturation_gradient as gradients
from studies.losses import _saturation_network as network
from studies.losses import _saturation_unit as unit
from studies.losses import saturation

pytestmark = pytest.mark.once


def sweep(rows, X=None, y=None):
    return coreops.fit_many(rows, X, y, threads=1)


@pytest.mark.parametrize("loss", ["squared", "log"])
@pytest.mark.parametrize("z0", [0.0, 4.0, 8.0])
def test_flow_time_is_the_integral_of_the_reciprocal_speed(loss, z0):
    """dz/dt of the logit is twice the loss's derivative by it: weight and bias both move."""

    def pace(z):
        s = 1 / (1 + np.exp(-z))
        return 1 / (4 * s**2 * (1 - s) if loss == "squared" else 2 * s)

    expected, _ = integrate.quad(pace, -2.0, z0, epsrel=1e-12)
    assert unit.flow_time(loss, z0, -2.0) == pytest.approx(expected, rel=1e-9)


def test_errors_are_differences_of_the_loss():
    z, h = np.linspace(-30, 30, 13), 1e-5
    for label in (0, 1):
        loss = lambda v, label=label: np.logaddexp(0, v) - label * v  # noqa: E731
        slope = (loss(z + h) - loss(z - h)) / (2 * h)
        np.testing.assert_allclose(gradients.error_sigmoid(z, label), slope, atol=1e-8)
    logits = np.array([[1.0, -2.0, 0.5]])
    nudged = [np.log(np.exp(logits[0] + sign * h * np.eye(3)).sum(1)) for sign in (1, -1)]
    slope = (nudged[0] - nudged[1]) / (2 * h) - np.array([0, 1, 0])
    np.testing.assert_allclose(gradients.error_softmax(logits, np.array([1]))[0], slope, atol=1e-8)


def test_epochs_to_a_target_are_counted_between_epoch_ends():
    assert network.epochs_to([0.5, 0.3, 0.1], 0.2) == pytest.approx(2.5)
    assert network.epochs_to([0.1], 0.2) == 1.0
    assert network.epochs_to([0.5, 0.2], 0.2) == 2.0
    assert np.isnan(network.epochs_to([0.5, np.nan], 0.2))


def test_noise_replaces_the_stated_share_of_training_labels_only():
    split, data = network._load("digits", 1000, 500, 0.3)
    changed = data.y != split.y
    assert changed[split.train].mean() == pytest.approx(0.3, abs=0.05)
    assert not np.delete(changed, split.train).any()


@pytest.fixture(scope="module")
def quick():
    """The frame of a run smaller still than the quick one."""
    p = saturation.QUICK.model_copy(
        update={"seeds": 3, "epochs": 8, "full_epochs": 8, "accuracy_epochs": 4, "tuning_seeds": 2}
        | {"accuracy_tuning_seeds": 2, "grid_points": 3, "accuracy_points": 3, "extensions": 0}
    )
    return p, saturation.measure(p, seeds_of(p), sweep)


@pytest.mark.jit_only
def test_a_small_run_end_to_end(quick):
    p, data = quick
    study = load("losses/saturation")
    found = {f.name: f for f in judging.settle(study.judge(data, p), study.CRITERIA)}
    for name in ("time-closed-forms", "squared-exponential", "log-linear", "start-ratio"):
        assert found[name].verdict is Verdict.CONFIRMED, found[name]
    for name in ("identity-sigmoid", "identity-softmax"):
        assert found[name].verdict is Verdict.EXACT, found[name]
    assert found["as-printed-e44"].verdict is found["as-printed-e45"].verdict is Verdict.REFUTED
    exact = [f for f in found.values() if f.claim != "l2-bad-with-sigmoid-output"]
    assert all(f.control_ok is not False for f in exact)
    assert found["naive-form"].control_ok is True
    assert study.draw(data, p).axes
    counts = data.groupby("part").seed.nunique()
    assert counts["clean"] == counts["noisy"] == p.accuracy_seeds == 8 and counts["digits"] == p.seeds == 3


def altered(data, change):
    data = data.copy()
    change(data)
    return {f.name: f for f in saturation.judge(data, saturation.QUICK)}


@pytest.mark.jit_only
def test_wrong_times_and_gradients_are_refuted(quick):
    _, data = quick

    def slow(frame):
        frame.loc[(frame.part == "time") & (frame.arm == "squared"), "value"] *= 2
        frame.loc[(frame.part == "logit") & (frame.x == 0), "value"] += 1e-9
        frame.loc[(frame.part == "softmax") & (frame.x == 0), "value"] += 1e-9

    found = altered(data, slow)
    for name in ("time-closed-forms", "identity-sigmoid", "identity-softmax"):
        assert found[name].verdict is Verdict.REFUTED


def epochs(ratios, seeds=20):
    """A frame in which squared error needs `ratios` times the epochs of log-loss at the three scales."""
    rng, rows = np.random.default_rng(7), []
    for task in ("digits", "table", "full batch"):
        for scale, ratio in zip(saturation.FULL.scales, ratios, strict=True):
            for seed in range(seeds):
                wobble = 1 + 0.05 * (-1) ** seed  # cancels over seeds
                values = {"log": 10 * wobble, "squared": 10 * ratio / wobble, "twin": 10 / wobble}
                values["same rate"] = values["squared"]
                for arm, value in values.items():
                    rows.append((task, arm, "epochs", scale, seed, value))
                    rows += [(task, arm, metric, scale, seed, 1.0) for metric in ("reached", "all right")]
    for part in ("clean", "noisy"):
        for scale in saturation.FULL.scales:
            for seed in range(seeds):
                loss = 0.05 if part == "clean" else 0.0
                noise = 0.002 * rng.normal(size=2)
                rows.append((part, "log", "accuracy", scale, seed, 0.9 + noise[0]))
                rows.append((part, "squared", "accuracy", scale, seed, 0.9 - loss + noise[1]))
    return pd.DataFrame(rows, columns=["part", "arm", "metric", "x", "seed", "value"])


def test_a_control_that_goes_wrong_leaves_its_finding_void_and_the_report_says_so():
    """The noisy arm loses as much as the clean one; the text follows the control."""
    frame = epochs((2, 4, 8))
    wrong = frame.copy()
    wrong.loc[(wrong.part == "noisy") & (wrong.arm == "squared"), "value"] -= 0.05
    texts = {}
    for name, data in (("right", frame), ("wrong", wrong)):
        found = saturation._saturation_judge.network(data, saturation.FULL)
        made = [saturation.CRITERIA.finding(n, o, note=note) for n, (o, note) in found.items()]
        by_name = {f.name: f for f in made}
        broken = by_name["noisy-standard-init"].control_ok is False
        assert broken is (name == "wrong")
        scope = "* " + saturation.SCOPE.split("\n* ")[-1]
        texts[name] = report.fill(scope, finding=by_name)
        assert "median over seeds" in by_name["noisy-standard-init"].note
    assert "the finding is void" in texts["wrong"] and "the finding is void" not in texts["right"]


def test_both_slower_findings_are_one_family():
    """Six p values: a point that three would let pass does not pass six."""
    found = saturation._saturation_judge.network(epochs((2, 4, 8)), saturation.FULL)
    declared = Criteria(*(c for c in saturation.CRITERIA if c.name.startswith("slower-")))
    made = [declared.finding(n, found[n][0]) for n in ("slower-digits", "slower-table")]
    settled = judging.settle(made, declared)
    p = sorted(point.p_value for f in made for point in f.points)
    assert len(p) == 6
    assert min(q.p_adjusted for f in settled for q in f.points) == pytest.approx(6 * p[0])


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ((2, 4, 8), Verdict.CONFIRMED),
        ((1, 1, 1), Verdict.NULL),
        ((0.5, 0.5, 0.5), Verdict.REFUTED),
        ((1, 3, 9), Verdict.QUALIFIED),
    ],
)
def test_ratios_of_epochs_reach_every_verdict(ratios, verdict):
    found = saturation._saturation_judge.network(epochs(ratios), saturation.FULL)
    assert found["slower-digits"][0].verdict is verdict
    assert found["slower-table"][0].verdict is verdict
    assert found["twin-digits"][0].verdict is Verdict.CONFIRMED
    assert found["clean-accuracy"][0].verdict is Verdict.CONFIRMED
    assert not found["noisy-standard-init"][0].verdict.passes
