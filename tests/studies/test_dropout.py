"""The study of dropout: identities by independent routes, every verdict within reach, controls that fail."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from coreops.inference import network_outputs
from studies.harness import plotting
from studies.harness.statistics import Outcome
from studies.harness.study import problems_of
from studies.harness.sweep import Sweep
from studies.harness.verdict import Verdict
from studies.regularization import _dropout_digits as digits
from studies.regularization import _dropout_digits_judge as trained
from studies.regularization import _dropout_ensemble as ensemble
from studies.regularization import _dropout_figure as drawing
from studies.regularization import _dropout_judge as judging
from studies.regularization import _dropout_masks as shared
from studies.regularization import _dropout_ridge as linear
from studies.regularization import _dropout_scaling as scaling
from studies.regularization import dropout as study

SMALL = study.QUICK.model_copy(
    update={"seeds": 3, "layers": 1, "draws": 300, "twin_epochs": 1, "inputs": 2, "ensemble_epochs": 1,
            "ensemble_width": 6, "ridge_steps": 100, "rates": (0.3,), "depths": (2,), "scales": (1.0,)}
)  # fmt: skip


def test_contract():
    assert problems_of(study) == []
    errata = {c.erratum for c in study.CRITERIA if c.role == "as-printed"}
    assert errata == {"E42", "E43", "E57"}
    for claim in study.CLAIMS:
        assert any(c.claim == claim and c.role in ("break", "null") for c in study.CRITERIA)


def test_masks_are_all_of_them_with_the_probabilities_of_independent_drops():
    m, weight = shared.masks(5, 0.3)
    assert len(np.unique(m, axis=0)) == 32
    assert weight.sum() == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(weight @ m, 0.7)
    np.testing.assert_allclose((m.T * weight) @ m, 0.49 + 0.21 * np.eye(5))


def test_enumerated_means_against_random_masks():
    W, b, g, _ = scaling.layer(7, SMALL)
    mean, variance, rectified = scaling.training_means(W, b, g, 0.3, "inverted")
    kept = np.random.default_rng(0).random((200_000, g.size)) >= 0.3
    f = (kept * g / 0.7) @ W + b
    np.testing.assert_allclose(f.mean(0), mean, atol=0.01)
    np.testing.assert_allclose(f.var(0), variance, rtol=0.02)
    np.testing.assert_allclose(np.maximum(f, 0).mean(0), rectified, atol=0.01)


def test_the_example_of_eight_units():
    """E42 in numbers: scaled weights give the geometric mean, the scaled bias does not."""
    w, b, rate = np.linspace(-0.4, 0.6, 8), 0.2, 0.5
    m, weight = shared.masks(8, rate)
    z = m @ w + b
    p = 1 / (1 + np.exp(-z))
    odds = np.exp(weight @ np.log(p) - weight @ np.log(1 - p))
    right, slide = (1 / (1 + np.exp(-v)) for v in (0.5 * w.sum() + b, 0.5 * (w.sum() + b)))
    assert odds / (1 + odds) == pytest.approx(right, abs=1e-15)
    assert abs(slide - right) > 0.02


def test_averages_of_two_thinned_networks_by_hand():
    log_p = np.log([[[0.9, 0.1]], [[0.5, 0.5]]])
    geometric, arithmetic = ensemble.averages(log_p, np.array([0.5, 0.5]))
    np.testing.assert_allclose(np.exp(geometric), [[0.75, 0.25]])  # sqrt(0.45) to sqrt(0.05) is 3 to 1
    np.testing.assert_allclose(np.exp(arithmetic), [[0.7, 0.3]])
    expected = 0.75 * np.log(0.75 / 0.7) + 0.25 * np.log(0.25 / 0.3)
    assert ensemble.divergence(geometric, arithmetic) == pytest.approx(expected)


def test_a_thinned_network_is_the_network_of_the_masked_input():
    net = ensemble.network(3, "tanh", 0.5, SMALL)
    theta = net.initialize(3)
    X = shared.normals(1, 9, 2, SMALL.units)
    log_p, _ = ensemble.thinned(net, theta, X, "tanh", 0.5)
    m = shared.masks(SMALL.units, 0.5)[0][321]
    by_engine = network_outputs(net, theta, 2 * m * X)  # its evaluation halves what it gets
    np.testing.assert_allclose(np.exp(log_p[321]), softmax(by_engine, axis=-1), rtol=1e-12)


def test_penalty_against_random_masks_and_minimiser_by_its_gradient():
    X, y = linear.examples(SMALL)
    w, rate = linear.ridge(X, y, 0.4), 0.4
    rng = np.random.default_rng(1)
    losses = [(((X * (rng.random(X.shape) >= rate)) @ w / (1 - rate) - y) ** 2).sum() for _ in range(3000)]
    assert np.mean(losses) == pytest.approx(linear.enumerated_loss(X, y, w, rate), rel=0.005)
    for j in range(w.size):
        step = np.zeros_like(w)
        step[j] = 1e-4 * np.abs(w).max()
        up, down = (linear.enumerated_loss(X, y, w + s, rate) for s in (step, -step))
        assert up > linear.enumerated_loss(X, y, w, rate) < down


@pytest.fixture(scope="module")
def exact_part():
    seeds, sweep = [1000, 1001], Sweep(threads=1)
    parts = scaling.measure(SMALL, seeds, sweep) + ensemble.measure(SMALL, seeds, sweep)
    return pd.concat(parts + linear.measure(SMALL, seeds, sweep), ignore_index=True)


@pytest.mark.jit_only
def test_identities_hold_and_their_controls_fail(exact_part):
    out = judging.outcomes(exact_part, SMALL)
    exact = ("inverted-mean", "test-mean", "variance", "slide-deficit", "twins", "one-layer", "last-layer", "penalty",
             "minimiser", "scale-free")  # fmt: skip
    wrong = ("after-relu", "as-printed-e42", "as-printed-e43", "no-scaling", "no-scaling-sampled", "twins-same-rate",
             "bias-scaled", "wrong-keep", "unweighted", "unweighted-descent", "ridge-scale-free")  # fmt: skip
    assert {name: out[name].verdict for name in exact} == dict.fromkeys(exact, Verdict.EXACT)
    assert {name: out[name].verdict for name in wrong} == dict.fromkeys(wrong, Verdict.REFUTED)
    assert out["sampled-mean"].verdict in (Verdict.CONFIRMED, Verdict.INCONCLUSIVE)  # 300 draws
    assert out["as-printed-e57"].verdict is Verdict.QUALIFIED


@pytest.mark.jit_only
@pytest.mark.parametrize(("shift", "verdict"), [(0, Verdict.EXACT), (1e-9, Verdict.REFUTED)])
def test_an_identity_off_by_little_is_refuted(exact_part, shift, verdict):
    data = exact_part.copy()
    data.loc[(data.part == "mean") & (data.arm == "test"), "value"] += shift
    assert judging.scaling(data, SMALL)["test-mean"].verdict is verdict


@pytest.mark.jit_only
@pytest.mark.parametrize(("ratio", "verdict"), [(0.7, Verdict.CONFIRMED), (1.0, Verdict.NULL), (1.4, Verdict.REFUTED)])
def test_masked_inputs_reach_every_verdict(exact_part, ratio, verdict):
    rng, parts = np.random.default_rng(2), [judging.rows(exact_part, "ensemble", "1 layer")]
    parts += [judging.rows(exact_part, "ensemble", arm) for arm in ("bias scaled", "wrong keep")]
    parts += [judging.rows(exact_part, "ensemble", "last layer, ReLU")]
    for seed in range(12):
        for name, value in (
            ("geometric", ratio * np.exp(rng.normal(scale=0.02))),
            ("arithmetic", 1.0),
            ("error", 0.1),
            ("reverse geometric", 2.0 + 0.01 * seed),
            ("reverse arithmetic", 1.0),
        ):
            parts.append(shared.frame("ensemble", "ReLU, 2 layers, trained", seed, 0, name, value, 0.0))
    assert judging.ensembles(pd.concat(parts), SMALL)["masked-inputs"].verdict is verdict


P = SMALL.model_copy(update={"sizes": (100,), "widths": (8, 32), "noises": (0.0, 0.3)})


def accuracies(test, seeds=12, masked=-0.2, tiny=0.0):
    """A frame in which `test` maps (width, noise) or None to accuracies per drop rate."""
    rows, rng = [], np.random.default_rng(4)
    for cell in P.cells:
        levels = test.get(cell[1:], test.get(None))
        for seed in range(1000, 1000 + seeds):
            common = rng.normal(scale=0.02)
            for q, level in levels.items():
                value = level + common + rng.normal(scale=0.001)
                shown = {"test": value, "validation": level, "train": 1.0}
                at = ("digits", digits.named(cell), seed)
                rows += [(*at, q, metric, v) for metric, v in shown.items()]
                if q == 0 and cell == P.cells[0]:
                    rows += [(*at, P.tiny_rate, metric, v + tiny) for metric, v in shown.items()]
                if q == 0.5:
                    rows.append((*at, q, "masked", value + masked))
        for seed in range(505, 509):
            rows += [("digits", digits.named(cell), seed, q, "choice", level) for q, level in levels.items()]
    return pd.DataFrame(rows, columns=[*shared.COLUMNS, "value"])


GOOD = {0.0: 0.80, 0.2: 0.83, 0.5: 0.85, 0.8: 0.84, 0.95: 0.6}
BAD = {0.0: 0.85, 0.2: 0.80, 0.5: 0.75, 0.8: 0.7, 0.95: 0.3}
SAME = {0.0: 0.85, 0.2: 0.85, 0.5: 0.85, 0.8: 0.85, 0.95: 0.3}


@pytest.mark.once
@pytest.mark.parametrize(
    ("levels", "helps", "half"),
    [
        ({None: GOOD}, Verdict.CONFIRMED, Verdict.CONFIRMED),
        ({None: BAD}, Verdict.REFUTED, Verdict.REFUTED),
        ({None: SAME}, Verdict.NULL, Verdict.CONFIRMED),
        ({None: GOOD, (8, 0.0): BAD}, Verdict.QUALIFIED, Verdict.CONFIRMED),
        ({None: BAD, (8, 0.0): GOOD}, Verdict.QUALIFIED, Verdict.REFUTED),
    ],
)
def test_every_verdict_is_within_reach_on_the_digits(levels, helps, half):
    out = trained.outcomes(accuracies(levels), P)
    assert (out["accuracy"].verdict, out["near-best"].verdict) == (helps, half)
    assert out["gap"].verdict is helps  # every training label is learned here, so that it follows the test digits
    assert out["tiny-rate"].verdict is Verdict.EXACT
    assert out["masks-on"].verdict is Verdict.REFUTED
    assert out["extreme"].verdict is Verdict.REFUTED


@pytest.mark.once
def test_controls_notice_what_they_are_for():
    out = trained.outcomes(accuracies({None: GOOD}, masked=0.1, tiny=1e-3), P)
    assert out["masks-on"].verdict.passes
    assert not out["tiny-rate"].verdict.passes
    easy = dict.fromkeys(GOOD, 0.8)
    assert trained.outcomes(accuracies({None: easy}), P)["extreme"].verdict.passes


def test_the_best_rate_is_chosen_on_tuning_seeds_alone():
    data = accuracies({None: GOOD})
    data.loc[data.metric.isin(("test", "validation")) & (data.x == 0.2), "value"] = 0.99
    assert trained.best(data, P.cells[0], P.hidden_rates) == 0.5
    data.loc[(data.metric == "choice") & (data.x == 0.2), "value"] = 0.99
    assert trained.best(data, P.cells[0], P.hidden_rates) == 0.2


@pytest.mark.jit_only
def test_rates_are_chosen_on_tuning_seeds_that_tuned_no_learning_rate():
    p = P.model_copy(update={"steps": 5, "tuning_seeds": 3, "choice_seeds": 4})
    parts = digits.candidates((100, 4, 0.3), dict.fromkeys(p.hidden_rates, 0.001), p, Sweep(threads=1))
    data = pd.concat(parts)
    assert set(data.seed) == {503, 504, 505, 506}
    assert set(data.x) == set(p.hidden_rates)
    assert data.value.between(0, 1).all()


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_the_gap_compares_labels_that_are_wrong_as_often(noise):
    """No gap for a classifier without overfitting, be it right on 80 % or on all digits, however noisy the labels."""
    rng, cell = np.random.default_rng(3), (100, 8, noise)
    y = rng.integers(0, 10, 200_000)
    noisy = np.where(rng.random(y.size) < noise, (y + rng.integers(1, 10, y.size)) % 10, y)
    for right in (0.8, 1.0):
        answer = np.where(rng.random(y.size) < right, y, (y + rng.integers(1, 10, y.size)) % 10)
        shown = {"train": (answer == noisy).mean(), "test": (answer == y).mean()}
        rows = [("digits", digits.named(cell), 1000, 0.5, metric, v) for metric, v in shown.items()]
        data = pd.DataFrame(rows, columns=[*shared.COLUMNS, "value"])
        assert trained.gap(data, cell, 0.5) == pytest.approx([0.0], abs=0.005)


def test_the_gap_is_no_second_primary_beside_the_accuracy():
    roles = {c.name: c.role for c in study.CRITERIA if c.claim == "dropout-helps"}
    assert [name for name, role in roles.items() if role == "primary"] == ["accuracy"]
    assert roles["gap"] == "secondary"


def test_a_share_between_sure_and_possible_settings_is_inconclusive():
    yes, no, open_ = (
        Outcome(v, e) for v, e in ((Verdict.CONFIRMED, 0.0), (Verdict.REFUTED, 0.1), (Verdict.INCONCLUSIVE, 0.01))
    )
    share = trained.share([yes] * 6 + [open_] * 2 + [no] * 2, P)
    assert share.verdict is Verdict.INCONCLUSIVE
    assert share.note == "6 of 10 settings surely, 8 possibly"
    assert (share.low, share.high) == (None, None)  # which would be printed as a confidence interval
    assert trained.share([yes] * 7 + [no] * 3, P).verdict is Verdict.CONFIRMED
    assert trained.share([yes] * 6 + [no] * 4, P).verdict is Verdict.REFUTED


def test_a_verdict_that_rests_on_one_width_is_shown_to_do_so():
    data = accuracies({None: GOOD, (8, 0.0): BAD, (8, 0.3): BAD})
    out = trained.outcomes(data, P)
    assert out["near-best"].verdict is Verdict.REFUTED
    found = {label: point.verdict for label, point in out["near-best-by-width"].points}
    assert found == {"width=8": Verdict.REFUTED, "width=32": Verdict.CONFIRMED}
    assert "all but width 8: 2 of 2 settings surely, 2 possibly, confirmed" in out["near-best-by-width"].note


def test_label_noise_is_wrong_labels_of_training_digits_only():
    split, data = digits.noisy(1003, 100, 0.3)
    changed = np.flatnonzero(data.y != split.y)
    assert changed.size == 30
    assert set(changed) <= set(split.train)
    assert np.array_equal(digits.noisy(1003, 100, 0.0)[1].y, split.y)


@pytest.mark.jit_only
def test_a_small_run_from_measure_to_figure():
    p = SMALL.model_copy(update={"sizes": (100,), "widths": (4,), "steps": 20})
    data = study.measure(p, [1000, 1001, 1002], Sweep(threads=1))
    findings = {f.name: f for f in study.judge(data, p)}
    assert set(findings) == {c.name for c in study.CRITERIA}
    assert findings["tiny-rate"].control_ok
    figure = study.draw(data, p)
    assert len(figure.axes) == 8
    assert plotting.smallest_text(figure) >= 6


MARKED = (Verdict.CONFIRMED, Verdict.REFUTED, Verdict.NULL, Verdict.INCONCLUSIVE)


@pytest.mark.parametrize(("finding", "marks"), [(Verdict.QUALIFIED, "✓✗=?"), (Verdict.VOID, "????")])
def test_the_map_of_gains_is_marked_by_the_verdicts_of_the_finding(finding, marks):
    """Large gains everywhere: what is marked follows the corrected verdicts, and the panel says what marks mean."""
    names = [digits.named((100, width, noise)) for noise in P.noises for width in P.widths]
    points = [SimpleNamespace(at=name, verdict=verdict) for name, verdict in zip(names, MARKED, strict=True)]
    verdicts = drawing.verdicts(SimpleNamespace(verdict=finding, points=points))
    _, ax = plotting.figure()
    drawing._map(ax, accuracies({None: GOOD}), P, verdicts)
    assert [text.get_text() for text in ax.texts] == [f"+5.0 {mark}" for mark in marks]
    assert all(mark in ax.get_xlabel() for mark in "✓✗=?")
