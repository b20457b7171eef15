"""The study adaptive/adagrad_decay: closed forms against plain loops, other verdicts, controls, a quick run."""

import re

import numpy as np
import pandas as pd
import pytest

from studies.adaptive import _adagrad_judge as judging
from studies.adaptive import _adagrad_sparse as sparse
from studies.adaptive import _adagrad_streams as streams
from studies.adaptive import adagrad_decay as study
from studies.harness.study import problems_of, seeds_of
from studies.harness.sweep import Sweep
from studies.harness.verdict import Verdict

SMALL = study.QUICK.model_copy(
    update={"steps": 300, "bursts": (1.0, 10.0, 100.0), "settings": ((10, 10.0),), "far": 30.0, "coordinates": 2}
)


def adagrad(gradients, rate, eps=0.0, inside=False):
    """The rule as a loop over one coordinate: weights after each step."""
    w, total, out = 0.0, 0.0, [0.0]
    for g in gradients:
        total += g * g
        w -= rate * g / (np.sqrt(total + eps) if inside else np.sqrt(total) + eps)
        out.append(w)
    return np.array(out)


def test_module_keeps_the_contract():
    assert problems_of(study) == []
    assert {c.claim for c in study.CRITERIA} == set(study.CLAIMS)
    assert {c.erratum for c in study.CRITERIA} - {None} == {"E13", "E24"}


@pytest.mark.parametrize("t", [100, 1234, 10_000])
def test_path_length_is_the_sum(t):
    assert streams.path_length(t, 0.5) == pytest.approx(0.5 * np.sum(np.arange(1, t + 1) ** -0.5), rel=2e-11)


def test_crossing_time_is_the_number_of_the_catalogue():
    """Formula 341.2, whole steps 342."""
    assert streams.crossing_time(10, 10, 10) == pytest.approx(341.2278, abs=1e-4)
    w = adagrad(streams.burst_stream(10, 10.0, 500)[:, 0], 1.0)
    whole, between = streams.arrival(w[10] - w[10:], 10.0)
    assert whole == 342
    assert 341 < between <= 342


def test_arrival_never():
    assert streams.arrival(np.array([0.0, 0.5]), 1.0) == (np.inf, np.inf)


def test_running_mean_is_the_printed_recursion():
    g = np.random.default_rng(3).normal(size=(50, 1))
    r, steps = 0.0, []
    for t, value in enumerate(g[:, 0], 1):
        r = (t - 1) / t * r + value**2 / t
        steps.append(0.3 * value / np.sqrt(r))
    np.testing.assert_allclose(streams.running_mean_steps(g, 0.3)[:, 0], steps, rtol=1e-12)


def test_engine_walks_the_stream_that_it_is_given():
    g = np.random.default_rng(4).normal(size=(40, 2))
    rules = [streams.RULES["AdaGrad"](0.3, eps=0.0), streams.RULES["AdaGrad"](0.3, eps=0.1, eps_inside=True)]
    plain, inside = streams.walk(Sweep(threads=1), [(rule, g) for rule in rules])
    for j in range(2):
        np.testing.assert_allclose(plain[:, j], adagrad(g[:, j], 0.3), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(inside[:, j], adagrad(g[:, j], 0.3, 0.1, True), rtol=1e-12, atol=1e-15)


def test_examples_have_the_frequencies_they_claim():
    p = SMALL.model_copy(update={"features": 40, "sparse_sizes": (50, 3000)})
    data = {kind: sparse.examples(kind, 7, p).X[:-1] for kind in ("zipf", "permuted", "dense")}
    f = sparse.frequencies(p)
    np.testing.assert_allclose(data["zipf"].mean(0), f, atol=0.04)
    np.testing.assert_allclose(data["permuted"].mean(0), f.mean(), atol=0.02)
    assert data["permuted"].sum() == data["zipf"].sum()
    assert (data["dense"] ** 2).sum(1).mean() == pytest.approx(f.sum(), rel=0.05)
    other = sparse.examples("zipf", 507, p).X[:-1]
    assert not np.array_equal(other, data["zipf"])


def test_effective_steps_are_read_off_the_probe():
    """SGD's effective step is its rate on every feature."""
    p = SMALL.model_copy(update={"features": 20, "sparse_sizes": (20, 60), "test_examples": 100, "last_rank": 10})
    run = sparse.pass_over(sparse.examples("zipf", 7, p), "SGD", 0.25, 60, p, probe=True)
    (result,) = Sweep(threads=1)([run])
    np.testing.assert_allclose(sparse.effective_steps(result, "SGD", 7, p)["value"], 0.25, rtol=1e-3)


@pytest.fixture(scope="module")
def exact_part():
    """Streams of the small protocol; fast enough without compiled kernels."""
    p, sweep = SMALL.model_copy(update={"sizes": (0.1, 1.0), "small_sizes": (1e-6, 1.0)}), Sweep(threads=1)
    parts = streams.constant(p, sweep) + streams.noisy(p, seeds_of(p)[:2], sweep) + streams.decaying(p, sweep)
    return p, pd.concat(parts, ignore_index=True)


def test_laws_and_their_controls(exact_part):
    p, data = exact_part
    out = judging.decay(data, p)
    assert out["constant-step"].verdict is Verdict.CONFIRMED
    assert out["constant-path"].verdict is Verdict.EXACT
    assert out["as-printed-e13"].verdict is Verdict.QUALIFIED
    for name in ("as-printed-e24", "rmsprop-constant", "mean-path", "mean-noisy", "mean-decaying"):
        assert out[name].verdict is Verdict.REFUTED, name
    assert out["as-printed-e24"].estimate == pytest.approx(0, abs=1e-12)


def test_the_noisy_law_rests_on_as_many_seeds_as_registered_and_on_seeds_alone(exact_part):
    """At least 60 of them; the coordinates of a seed are averaged, not counted."""
    assert study.FULL.seeds >= 60
    p, data = exact_part
    out = judging.decay(data, p)
    assert p.coordinates > 1
    assert {out[name].n for name in ("noisy-effective", "noisy-length", "mean-noisy")} == {2}


def test_a_level_step_refutes_the_law(exact_part):
    """The rule's data replaced by the running mean's."""
    p, data = exact_part
    swapped = data[data.arm != "AdaGrad"].copy()
    swapped.loc[swapped.arm == "running mean", "arm"] = "AdaGrad"
    rest = data[(data.arm == "running mean") | (data.metric == "path")]
    out = judging.decay(pd.concat([swapped, rest]), p)
    assert out["constant-step"].verdict is Verdict.REFUTED
    assert out["noisy-effective"].verdict is Verdict.REFUTED
    assert out["decaying-effective"].verdict is Verdict.REFUTED


def digits_frame(shift, p=SMALL, seeds=12):
    noise = np.random.default_rng(5).normal(scale=0.05, size=(3, 2, 3, seeds))
    parts = []
    for k, kind in enumerate(("shallow", "deep", "short")):
        for j, arm in enumerate(("AdaGrad", "RMSProp", "Adam")):
            for s in range(seeds):
                level = -5 + (shift if arm == "AdaGrad" else 0) + noise[k, 0, j, s]
                parts.append(streams.frame("digits", kind, arm, 1000 + s, [p.epochs], "log loss", [level]))
                parts.append(streams.frame("digits", kind, arm, 1000 + s, [p.epochs], "error", [0.1]))
                parts.append(streams.frame("sparse loss", "zipf", arm, 1000 + s, [1], "log loss", [level]))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.once
@pytest.mark.parametrize(("shift", "verdict"), [(1.0, Verdict.CONFIRMED), (-1.0, Verdict.REFUTED), (0.0, Verdict.NULL)])
def test_every_verdict_is_within_reach_on_the_digits(shift, verdict):
    out = judging.trained(digits_frame(shift), SMALL)
    assert {out[f"{kind}-vs-{rival}"].verdict for kind in ("shallow", "deep") for rival in ("rmsprop", "adam")} == {
        verdict
    }
    assert out["same-error"].verdict is Verdict.CONFIRMED


@pytest.mark.once
def test_a_rival_at_the_floor_of_the_loss_is_named():
    data = digits_frame(1.0)
    assert judging.floors(data, SMALL) == {}
    floored = (data.arm == "RMSProp") & (data.kind == "deep") & (data.metric == "log loss") & (data.seed < 1005)
    data.loc[floored, "value"] = np.log(SMALL.loss_floor)
    assert judging.floors(data, SMALL) == {"deep-vs-rmsprop": "at least: 5 of 12 seeds of RMSProp at the floor"}


@pytest.mark.jit_only
def test_burst_times():
    p = SMALL
    data = pd.concat([*streams.burst(p, Sweep(threads=1)), digits_frame(1.0)], ignore_index=True)
    note = judging.notes(data, p)["burst-slowdown"]
    assert re.fullmatch(r"slowdowns: AdaGrad \d+(\.\d+)?, Adam \d+(\.\d+)?, RMSProp \d+(\.\d+)? times", note)
    out = judging.stall(data[data.part == "burst"], p)
    assert out["stall-time"].verdict is Verdict.CONFIRMED
    assert out["stall-steps"].estimate == 342
    assert out["forgetting-formula"].verdict is Verdict.REFUTED


@pytest.mark.jit_only
def test_a_small_run_from_measure_to_figure():
    p = study.QUICK.model_copy(
        update={"seeds": 3, "epochs": 4, "short_epochs": 2, "tuning_seeds": 1, "sparse_tuning_seeds": 1, "features": 40,
                "steps": 400, "sparse_sizes": (60, 240), "test_examples": 200, "last_rank": 12, "deep_hidden": 3}
    )  # fmt: skip
    data = study.measure(p, seeds_of(p), Sweep(threads=1))
    assert np.isfinite(data["value"]).all()
    findings = {f.name: f for f in study.judge(data, p)}
    assert set(findings) == {c.name for c in study.CRITERIA}
    assert findings["step-ratio"].verdict is Verdict.EXACT
    assert findings["sgd-frequency"].control_ok
    assert len(study.draw(data, p).axes) == 6
    assert len(study.predict(p)) == len(p.settings) * len(p.bursts)
