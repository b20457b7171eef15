"""The signal study: judge on made-up data for each verdict; controls that must fail; a small run."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import coreops
from studies.harness import judging, plotting, statistics
from studies.harness.study import load, seeds_of
from studies.harness.verdict import Verdict
from studies.initialization import (
    _signal_decay,
    _signal_depth,
    _signal_gain,
    _signal_nets,
    signal_propagation,
)

pytestmark = pytest.mark.once

P = signal_propagation.FULL
COLUMNS = ["part", "arm", "metric", "x", "seed", "value"]
SMALL = signal_propagation.QUICK.model_copy(
    update={
        "seeds": 6,
        "gain_widths": (16,),
        "gain_depth": 4,
        "gain_draws": 60,
        "widths": (8, 16),
        "short_depths": (2, 3),
        "short_draws": (400, 300),
        "long_draws": (100, 60),
        "long_depth": 6,
        "log_depths": (3, 6),
        "log_widths": (8, 16),
        "drift_draws": 100,
        "wide": 64,
        "wide_depth": 1,
        "wide_draws": 4,
        "wide_spread": 1.0,
        "decay_widths": (32,),
        "decay_depth": 12,
        "decay_draws": 20,
        "narrow": 8,
        "backward_depth": 4,
        "backward_draws": 20,
        "hidden_layers": (1, 2, 4),
        "epochs": 4,
        "symmetry_epochs": 15,
        "xor_steps": 30,
    }
)


def sweep(rows, X=None, y=None):
    return coreops.fit_many(rows, X, y, threads=1)


def frame(records):
    return pd.DataFrame(records, columns=COLUMNS).astype({"x": float, "seed": int, "value": float})


# --- judgement ---


def gain_data(p, off=0.0, relu=None):
    """Gains as the formula has them, `off` too large with tanh, or `relu` for He's ReLU layers."""
    rng, out = np.random.default_rng(3), []
    for d in p.gain_widths:
        for rule in _signal_nets.RULES:
            for activation in _signal_nets.ACTIVATIONS:
                noise = 0.02 * stats.zscore(rng.standard_normal(p.gain_draws))
                over = 1 + noise + (off if activation == "tanh" else 0)
                gain = 1.0
                if activation in ("linear", "ReLU"):
                    gain = _signal_gain.theory(rule, activation, d)
                if relu is not None and (rule, activation) == ("he", "ReLU"):
                    gain = relu
                metric = f"{activation}, d = {d}"
                out += [("gain", rule, f"over theory, {metric}", 0, k, v) for k, v in enumerate(over)]
                out += [("gain", rule, f"gain, {metric}", 0, k, gain * (1 + e)) for k, e in enumerate(noise)]
        out.append(("gain", "orthogonal", f"off 1, d = {d}", 0, 0, 1e-15))
    return frame(out)


def test_gain_findings_reach_their_verdicts():
    found = {k: o.verdict for k, (o, _) in _signal_gain.judge(gain_data(P), P).items()}
    printed = {k for k in found if k.startswith("as-printed")}
    assert len(printed) == 5 and all(found[k] is Verdict.REFUTED for k in printed)
    assert found["gain-table"] is found["keeps-scale"] is Verdict.CONFIRMED
    assert found["literal-keeps-scale"] is Verdict.REFUTED
    assert found["orthogonal-linear"] is Verdict.EXACT
    wrong = _signal_gain.judge(gain_data(P, off=0.04, relu=1.1), P)
    assert wrong["gain-table"][0].verdict is wrong["keeps-scale"][0].verdict is Verdict.REFUTED


def depth_data(p, reached, shallow=None, seeds=20):
    """Training accuracies: each rule trains up to its depth, the same with all settings."""
    out = []
    for units in _signal_depth.UNITS:
        for name in _signal_depth.OPTIMIZERS:
            for rule in _signal_depth.TRAINED:
                for depth in p.layers(units):
                    for s in range(seeds):
                        deep = depth > reached.get(rule, 8) * (1 + 0.5 * (s % 4 == 0))
                        value = 0.2 if deep else 1.0
                        if depth == 1 and shallow and rule == shallow:
                            value = 0.95
                        out.append(("depth", rule, f"{units}, {name}", depth, s, value))
    return frame(out)


@pytest.mark.parametrize(
    ("xavier", "verdict"),
    [(8, Verdict.CONFIRMED), (16, Verdict.NULL), (32, Verdict.REFUTED)],
)
def test_reached_depths_reach_every_verdict(xavier, verdict):
    data = depth_data(P, {"he": 16, "xavier": xavier, "classical": 2, "e01-variance": 6})
    found = _signal_depth.judge(data, P)
    assert found["he-over-xavier"][0].verdict is verdict
    assert found["classical-below"][0].verdict is Verdict.CONFIRMED
    assert found["as-printed-e01-training"][0].verdict is Verdict.REFUTED
    assert found["as-printed-e02-training"][0].verdict is Verdict.REFUTED
    assert found["one-hidden-layer"][0].verdict is Verdict.CONFIRMED


def test_an_arm_at_the_last_depth_decides_nothing_that_a_larger_depth_could_change():
    data = depth_data(P, {"xavier": 99, "orthogonal": 99, "he": 20, "heuristic": 8})
    found = _signal_depth.judge(data, P)
    outcome, note = found["tanh-orthogonal"]  # both at the ceiling: equal as measured, but that is no null
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "depth at least 73.9 against at least 73.9" in note
    assert found["he-over-xavier"][0].verdict is Verdict.REFUTED  # a larger depth of Xavier's rule only adds to it
    assert found["tanh-xavier-over-heuristic"][0].verdict is Verdict.CONFIRMED  # at least so much deeper
    assert found["tanh-he-as-xavier"][0].verdict is Verdict.REFUTED
    below = _signal_depth.judge(depth_data(P, {"xavier": 40, "orthogonal": 99}), P)
    assert below["tanh-orthogonal"][0].verdict is Verdict.CONFIRMED  # 32 layers were too few to say so


def test_what_the_ceiling_does_to_each_verdict():
    rng = np.random.default_rng(0)
    noise, zero = 0.01 * rng.standard_normal(20), np.zeros(20)
    for shift, harmful in ((1.0, (False, True)), (-1.0, (True, False))):
        for outcome in (
            statistics.paired(shift + noise, zero, claimed="greater", delta=0.25),
            statistics.equivalence(shift + noise, zero, delta=0.25),
        ):
            assert _signal_depth.censored(outcome, False, False) is outcome
            assert _signal_depth.censored(outcome, *harmful).verdict is Verdict.INCONCLUSIVE
            assert _signal_depth.censored(outcome, *harmful[::-1]) is outcome
    for outcome in (
        statistics.paired(noise, zero, claimed="greater", delta=0.25),
        statistics.equivalence(noise, zero, delta=0.25),
    ):
        for ends in ((True, False), (False, True), (True, True)):
            assert _signal_depth.censored(outcome, *ends).verdict is Verdict.INCONCLUSIVE


def test_the_report_names_what_the_tuning_left_at_an_edge():
    data = depth_data(P, {"he": 16})
    assert "at every rate, at hidden layers: none" in _signal_depth.edges(data)
    left = [("e01-variance", 24, 1.0), ("e01-variance", 32, 1.0), ("heuristic", 8, 0.0)]
    rows = frame([("edge", rule, "ReLU, SGD", x, 500, v) for rule, x, v in left])
    text = _signal_depth.judge(pd.concat([data, rows]), P)["he-over-xavier"][1]
    assert "most runs diverged at every rate, at hidden layers: ReLU, SGD, e01-variance 24, 32." in text
    assert "best rate at an edge of the last grid, at hidden layers: ReLU, SGD, heuristic 8" in text


def test_a_rule_that_fails_at_one_hidden_layer_voids_the_depths():
    data = depth_data(P, {"he": 16, "xavier": 8, "classical": 2}, shallow="heuristic")
    found = _signal_depth.judge(data, P)
    assert found["one-hidden-layer"][0].verdict is Verdict.REFUTED
    made = [signal_propagation.CRITERIA.finding(n, o) for n, (o, _) in found.items()]
    chosen = [c for c in signal_propagation.CRITERIA if c.name in found]
    settled = {f.name: f.verdict for f in judging.settle(made, chosen)}
    assert settled["he-over-xavier"] is settled["classical-below"] is Verdict.VOID


def decay_data(p, exponent=-1.0, seeds=20):
    rng, out, m = np.random.default_rng(5), [], p.decay_widths[0]
    x = np.arange(p.decay_depth + 1)
    first = {"linear": 1.0, "ReLU": 0.5, "tanh": 0.39430, "sigmoid": 0.29338}
    for activation in _signal_nets.ACTIVATIONS:
        for k in range(seeds):
            q = np.ones(x.size)
            if activation == "tanh":
                q[1:] = 0.5 * x[1:] ** exponent
            q[1] = first[activation]
            q = q * (1 + 0.01 * stats.zscore(rng.standard_normal(x.size)))
            q[1] = first[activation] * (1 + 0.002 * (-1) ** k)
            for metric, values in (("square", q), ("mean", 0.5 + 0 * q), ("cosine", 1 + 0 * q)):
                out += [("decay", f"{activation}, {m}", metric, i, k, v) for i, v in enumerate(values)]
    return frame(out)


@pytest.mark.parametrize(("exponent", "verdict"), [(-1.0, Verdict.CONFIRMED), (-0.5, Verdict.REFUTED)])
def test_decay_is_judged_by_its_slope(exponent, verdict):
    found = _signal_decay.judge(decay_data(P, exponent), P)
    assert found["tanh-slope"][0].verdict is verdict
    assert found["linear-constant"][0].verdict is Verdict.CONFIRMED
    assert found["linear-decays"][0].verdict is Verdict.REFUTED
    assert found["first-layer"][0].verdict is Verdict.CONFIRMED
    printed = found["as-printed-e47"][0]
    assert printed.verdict is Verdict.QUALIFIED and printed.estimate == 0.25


def test_the_variance_is_judged_at_the_depths_that_its_range_allows():
    judged = {n: P.depths(n) for n in P.widths}
    assert judged == {16: [1, 3], 64: [5, 10], 256: [10, 20]}
    assert all(x / n < 0.2 for n, depths in judged.items() for x in depths)


# --- a small run ---


@pytest.fixture(scope="module")
def small():
    return signal_propagation.measure(SMALL, seeds_of(SMALL), sweep)


def judged(data):
    settled = judging.settle(signal_propagation.judge(data, SMALL), signal_propagation.CRITERIA)
    return {f.name: f for f in settled}


@pytest.mark.jit_only
def test_a_small_run_end_to_end(small):
    study = load("initialization/signal_propagation")
    found = judged(small)
    for name in ("twins-stay", "hidden-rank", "one-unit", "flat-direction"):
        assert found[name].verdict is Verdict.EXACT, found[name]
    assert found["xor-stuck"].verdict is Verdict.CONFIRMED
    assert found["orthogonal-linear"].verdict is found["equal-widths"].verdict is Verdict.EXACT
    for name in ("dropout-parts", "noise-breaks", "different-not-flat", "literal-keeps-scale", "linear-variance"):
        assert found[name].control_ok is True, found[name]
    for name in ("fan-in-keeps-gradient", "linear-decays"):
        assert found[name].control_ok is True, found[name]
    for name in ("as-printed-e01-variance", "as-printed-e02", "as-printed-e03", "as-printed-e04"):
        assert found[name].verdict is Verdict.REFUTED, found[name]
    fig = study.draw(small, SMALL)
    assert plotting.smallest_text(fig) >= 6


@pytest.mark.jit_only
def test_noise_that_does_not_grow_is_a_control_gone_wrong(small):
    """Twins that training brought no further apart would show nothing about those that stay equal."""
    assert judged(small)["noise-breaks"].estimate > 1
    data = small.copy()
    paths = (data.arm == f"noise {SMALL.noise:g}") & (data.metric == "distance") & (data.seed == 1002)
    data.loc[paths, "value"] = data[paths].value.iloc[0]
    found = judged(data)
    assert found["noise-breaks"].control_ok is False
    assert found["twins-stay"].verdict is Verdict.VOID


@pytest.mark.jit_only
def test_units_that_part_by_one_bit_are_found(small):
    data = small.copy()
    chosen = (
        (data.arm == "twins, Adam") & (data.metric == "distance") & (data.x == data[data.metric == "distance"].x.max())
    )
    data.loc[chosen & (data.seed == 1002), "value"] = 2.0**-149
    assert judged(data)["twins-stay"].verdict is Verdict.REFUTED
