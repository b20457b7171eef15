"""The study normalization/batch_norm: every verdict and every control, on made-up measurements."""

import numpy as np
import pytest

from studies.harness import judging
from studies.harness.verdict import Verdict
from studies.normalization import _batch_norm_judge as judge
from studies.normalization import _batch_norm_mismatch as mismatch
from studies.normalization import _batch_norm_speed as speed
from studies.normalization import _batch_norm_trained_judge as trained
from studies.normalization import batch_norm as study
from studies.normalization._batch_norm_networks import frame

SMALL = study.QUICK.model_copy(update={"seeds": 8})
SEEDS = range(1000, 1012)


def rows(part, arms, metric, x, spread=0.002):
    """Made-up rows: arm -> level, or a function of the seed's noise."""
    rng = np.random.default_rng(11)
    return [(part, a, metric, x, s, v + spread * rng.normal()) for a, v in arms.items() for s in SEEDS]


def speed_frame(ratio, seconds=1.0):
    records = []
    for d in SMALL.depths:
        for b in (*SMALL.speed_batches, SMALL.small_batch):
            arms = {
                f"none {d}": 20 * ratio,
                f"batch norm {d}": 20.0,
                f"same rate {d}": 20.0,
                f"detached {d}": 40.0 * ratio,
            }
            records += rows("speed", arms, "epochs", b, 0.05)
            costs = ((f"none {d}", 1.0), (f"batch norm {d}", seconds))
            records += [("speed", a, "seconds per epoch", b, -1, c) for a, c in costs]
    records += rows(
        "speed", {f"none {SMALL.depths[0]}": 20.0, f"batch norm {SMALL.depths[0]}": 60.0}, "epochs", 2, 0.05
    )
    return frame(records)


def invariance_frame(**levels):
    """Identities that hold for "BN" and fail elsewhere by 1, but for `levels` such as none_gradient=0.0."""
    parts = (
        ("scale", "outputs"),
        ("scale", "gradient"),
        ("offset", "bias"),
        ("offset", "weight"),
        ("cosine", "0.weight"),
    )
    records = []
    for arm in ("BN", "eps", "none", "mean"):
        for part, metric in parts:
            right = arm == "BN" and metric != "weight"
            name = "cosine" if part == "cosine" else metric
            records.append((part, arm, metric, 0.1, -1, levels.get(f"{arm}_{name}", 0.0 if right else 1.0)))
    for strength in SMALL.decays:
        for step in (0, 1):
            for where, wrong in (("first", 0.0), ("output", 1.0)):
                for metric, value in (("measured", 2.0 + step), ("predicted", 2.0 + step + wrong)):
                    records.append(("norm", f"{where} {strength:g}", metric, step, 1000, value))
    return frame(records)


def settled(outcomes):
    """Findings of the declared criteria among `outcomes`, after the controls."""
    named = {n: o if isinstance(o, tuple) else (o, "") for n, o in outcomes.items()}
    chosen = [c for c in study.CRITERIA if c.name in named]
    found = [study.CRITERIA.finding(n, o, note=note) for n, (o, note) in named.items()]
    return {f.name: f for f in judging.settle(found, chosen)}


@pytest.mark.once
@pytest.mark.parametrize(
    ("level", "void"),
    [
        ("none_outputs", "output-invariant"),
        ("none_gradient", "gradient-inverse"),
        ("none_cosine", "orthogonal"),
        ("eps_outputs", "output-invariant"),
        ("eps_gradient", "gradient-inverse"),
    ],
)
def test_a_control_voids_the_identity_that_holds_without_its_cause(level, void):
    found = settled(judge.invariance(invariance_frame(**{level: 0.0}), SMALL))
    verdicts = {n: found[n].verdict for n in ("output-invariant", "gradient-inverse", "orthogonal")}
    assert verdicts == dict.fromkeys(verdicts, Verdict.EXACT) | {void: Verdict.VOID}


@pytest.mark.once
@pytest.mark.parametrize(("ratio", "verdict"), [(3.0, "confirmed"), (1.0, "null"), (0.5, "refuted")])
def test_ratios_of_epochs_reach_every_verdict(ratio, verdict):
    out = trained.speed(speed_frame(ratio), SMALL)
    assert out["fewer-epochs"][0].verdict == verdict
    assert out["detached-faster"][0].verdict is Verdict.REFUTED
    assert out["pairs-faster"].verdict is Verdict.REFUTED


@pytest.mark.once
def test_seconds_count_the_price_of_an_epoch():
    out = trained.speed(speed_frame(2.0, seconds=3.0), SMALL)
    assert out["fewer-epochs"][0].verdict is Verdict.CONFIRMED
    assert out["fewer-seconds"][0].verdict is Verdict.REFUTED


@pytest.mark.once
def test_a_wide_spread_of_ratios_is_inconclusive():
    data = speed_frame(1.2)
    chosen = data.arm.str.startswith("none") & (data.metric == "epochs")
    data.loc[chosen, "value"] *= np.where(data.seed[chosen] % 2, 4.0, 0.25)
    assert trained.speed(data, SMALL)["fewer-epochs"][0].verdict is Verdict.INCONCLUSIVE


@pytest.mark.once
def test_speed_in_part_of_the_axis_is_qualified():
    data = speed_frame(3.0)
    data.loc[(data.arm == f"none {SMALL.depths[0]}") & (data.metric == "epochs"), "value"] /= 3
    assert trained.speed(data, SMALL)["fewer-epochs"][0].verdict is Verdict.QUALIFIED


@pytest.mark.once
@pytest.mark.parametrize(("factor", "verdict"), [(10.0, "confirmed"), (1.0, "null"), (0.1, "refuted")])
def test_highest_rates_reach_every_verdict(factor, verdict):
    records = []
    for d in SMALL.depths:
        for b in SMALL.rate_batches:
            records += rows("rate", {f"none {d}": 0.3, f"batch norm {d}": 0.3 * factor}, "highest", b, 1e-4)
        records += rows("rate loss", {f"batch norm {d}": 2.0}, "100", 30.0)
    records += rows("rate", {f"none {SMALL.depths[0]}": 0.1, f"batch norm {SMALL.depths[0]}": 0.01}, "highest", 2, 1e-4)
    out = trained.rates(frame(records), SMALL)
    assert out["higher-rate"][0].verdict == verdict
    assert out["pairs-higher"].verdict is Verdict.REFUTED
    assert out["still-limited"].verdict == ("confirmed" if len(SEEDS) * len(SMALL.depths) >= 35 else "inconclusive")


@pytest.mark.once
def test_seeds_without_any_rate_are_counted_and_the_median_stands_beside_the_mean():
    d, b = SMALL.depths[-1], SMALL.rate_batches[0]
    records = []
    for depth_ in SMALL.depths:
        arms = {f"none {depth_}": 0.3, f"batch norm {depth_}": 0.9}
        records += rows("rate", arms, "highest", b, 0.0)
        records += rows("rate loss", {f"batch norm {depth_}": 2.0}, f"{b}", 30.0)
    records += rows("rate", {f"none {SMALL.depths[0]}": 0.1, f"batch norm {SMALL.depths[0]}": 0.01}, "highest", 2)
    data = frame(records)
    assert trained.rates(data, SMALL)["higher-rate"][1].endswith("no rate works for no seed")
    grid = speed.rates(SMALL)
    lost = (data.arm == f"none {d}") & (data.x == b) & (data.seed < 1004)
    data.loc[lost, "value"] = speed.highest(np.full(len(grid), 9.0), grid, SMALL.rate_loss)
    note = trained.rates(data, SMALL)["higher-rate"][1]
    assert f"no rate works for 4 of 12 seeds without at ({d} layers, batch {b})" in note
    assert "medians 3.0, 3.0" in note
    assert "ratios 3.0, 3.0" not in note


def mismatch_frame(exponent, lost):
    records = []
    for B in SMALL.formula_batches:
        for arm, theory in (("variance", (B - 1) / B), ("inverse", mismatch.inflation(B))):
            records += [("moments", arm, "mean", B, -1, theory), ("moments", arm, "error", B, -1, 1e-3)]
    metrics = [f"{f} {r:g}" for f in ("epochs", "steps") for r in (SMALL.gap_rate, *SMALL.gap_rates)]
    for B in (*SMALL.gap_batches, SMALL.n_train):
        for m in metrics:
            records += rows("gap", {"batch norm": float(B) ** exponent}, m, B, 1e-5)
            records += rows("training loss", {"batch norm": 0.3, "layer norm": 0.3}, m, B)
            records += rows("gap", {"layer norm": 0.0}, m, B, 0.0)
    for arm in ("full", "batches"):
        records += rows("gap", {arm: SMALL.gap_batches[0] ** exponent}, "recalibrated", SMALL.gap_batches[0], 1e-5)
        records += rows("gap", {arm: 0.0}, "recalibrated", SMALL.n_train, 0.0)
    for B in (2, *SMALL.large):
        arms = {"batch norm": 0.9 - (lost if B == 2 else 0), "none": 0.9, "layer norm": 0.9}
        records += rows("accuracy", arms, "test", B)
    return frame(records)


@pytest.mark.once
@pytest.mark.parametrize(
    ("exponent", "lost", "verdicts"),
    [(-1.0, 0.5, ("confirmed", "confirmed")), (-0.1, 0.0, ("refuted", "null")), (-1.5, -0.1, ("confirmed", "refuted"))],
)
def test_gap_and_collapse_reach_every_verdict(exponent, lost, verdicts):
    out = trained.mismatch(mismatch_frame(exponent, lost), SMALL)
    assert (out["gap-slope"][0].verdict, out["collapse"].verdict) == verdicts
    assert out["moments"].verdict is Verdict.CONFIRMED
    assert out["layer-norm-slope"][0].verdict is Verdict.REFUTED
    assert not out["layer-norm-collapse"].verdict.passes
    assert out["layer-norm-gap"].verdict.passes and out["full-batch-gap"][0].verdict.passes


@pytest.mark.once
def test_slopes_and_growths_are_told_as_such_beside_their_bounds():
    out = trained.mismatch(mismatch_frame(-1.0, 0.5), SMALL) | trained.deep(deep_frame(1.2, 0.3), SMALL)
    told = {
        "gap-slope": (-1.0, SMALL.gap_slope),
        "gap-slope-steps": (-1.0, SMALL.gap_slope),
        "layer-norm-slope": (0.0, SMALL.gap_slope),
        "tanh-growth": (1.07, 1.0),
    }
    told |= {"no-vanishing": (1.02, 1 - SMALL.level_tol), "plain-vanishes": (0.24, 1 - SMALL.level_tol)}
    outcomes = {n: out[n][0] if isinstance(out[n], tuple) else out[n] for n in told}
    for name, (value, bound) in told.items():
        o = outcomes[name]
        assert (o.estimate, o.threshold) == (pytest.approx(value, abs=0.01), pytest.approx(bound)), name
        assert o.low <= o.estimate <= o.high, name
    for _, point in out["gap-slope-rates"][0].points:
        assert (point.estimate, point.threshold) == (pytest.approx(-1.0, abs=0.01), SMALL.gap_slope)


@pytest.mark.once
def test_a_gap_that_is_no_power_law_shows_both_local_slopes():
    data = mismatch_frame(-1.0, 0.5)
    chosen = (data.part == "gap") & (data.arm == "batch norm") & (data.metric == f"epochs {SMALL.gap_rate:g}")
    data.loc[chosen & (data.x > 16), "value"] = 1 / 16 * (data.x[chosen & (data.x > 16)] / 16) ** -0.5
    x, sizes = trained.gap_sizes(data, SMALL, "batch norm", f"epochs {SMALL.gap_rate:g}")
    middle, (first, then) = trained.local_slopes(x, sizes)
    assert (middle, first.mean(), then.mean()) == (16, pytest.approx(-1, abs=0.01), pytest.approx(-0.5, abs=0.01))
    note = trained.mismatch(data, SMALL)["gap-slope"][1]
    assert "-1.00 [" in note and "over 4 to 16" in note and "-0.50 [" in note and "over 16 to 64" in note


@pytest.mark.once
def test_large_batches_are_part_of_the_registered_criterion():
    (declared,) = (c for c in study.CRITERIA if c.name == "large-batches")
    assert declared.role == "primary" and declared.extendable
    data = mismatch_frame(-1.0, 0.5)
    chosen = (data.part == "accuracy") & (data.arm == "batch norm") & np.isin(data.x, SMALL.large)
    data.loc[chosen, "value"] += np.where(data.seed[chosen] % 2, 0.1, -0.09)
    found = settled(trained.mismatch(data, SMALL))
    assert found["large-batches"].verdict is Verdict.INCONCLUSIVE
    assert judging.wants_more_seeds([found["large-batches"]])


def deep_frame(growth, residual):
    records, x = [], np.arange(1, SMALL.deep + 1)
    factors = {
        "relu BN": growth,
        "relu none": 1.0,
        "linear BN": 1.0,
        "tanh BN": 1.07,
        "sigmoid BN": 1.02,
        "sigmoid none": 0.24,
    }
    for arm, factor in factors.items():
        for size in ((SMALL.deep_width, SMALL.deep_batch), *SMALL.deep_sizes):
            for s in SEEDS:
                rms = (factor + 1e-3 * (s % 3 - 1)) ** (SMALL.deep - x)
                records += [("stack", arm, "{} {}".format(*size), k, s, v) for k, v in zip(x, rms, strict=True)]
    for d in SMALL.train_depths:
        gain = residual if d == SMALL.checked_depth else 0.0
        arms = {"none": 0.5, "batch norm": 0.5, "residual": 0.8, "residual + batch norm": 0.5 + gain}
        records += rows("depth", arms, "test", d)
    return frame(records)


@pytest.mark.once
@pytest.mark.parametrize(
    ("growth", "residual", "verdicts"),
    [(1.21, 0.3, ("confirmed", "confirmed")), (1.0, 0.0, ("refuted", "null")), (1.4, -0.3, ("refuted", "refuted"))],
)
def test_growth_and_residual_reach_every_verdict(growth, residual, verdicts):
    out = trained.deep(deep_frame(growth, residual), SMALL)
    assert (out["explodes"].verdict, out["residual-needed"].verdict) == verdicts
    assert out["no-vanishing"].verdict is Verdict.CONFIRMED and not out["plain-vanishes"].verdict.passes
    assert out["linear-level"].verdict is Verdict.CONFIRMED
    assert out["he-grows"].verdict is Verdict.REFUTED
    assert not out["shallow-residual"].verdict.passes


@pytest.mark.once
def test_vanishing_gradients_under_batch_norm_would_be_seen():
    data = deep_frame(1.2, 0.3)
    chosen = data.arm == "sigmoid BN"
    data.loc[chosen, "value"] = 0.8 ** (SMALL.deep - data.x[chosen])
    assert trained.deep(data, SMALL)["no-vanishing"].verdict is Verdict.REFUTED
