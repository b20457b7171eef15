"""The study normalization/batch_norm: formulas by other routes, identities, a small run."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from coreops import BatchNorm, Dense, LinearLoss, Network, ReLU, fit_many, loss_and_gradient
from studies.harness import judging
from studies.harness.study import load, problems_of, seeds_of
from studies.harness.sweep import Sweep
from studies.harness.verdict import Verdict
from studies.normalization import _batch_norm_depth as depth
from studies.normalization import _batch_norm_invariance as invariance
from studies.normalization import _batch_norm_judge as judge
from studies.normalization import _batch_norm_layer as layer
from studies.normalization import _batch_norm_mismatch as mismatch
from studies.normalization import _batch_norm_speed as speed
from studies.normalization import batch_norm as study
from studies.normalization._batch_norm_networks import frame

SMALL = study.QUICK.model_copy(update={"seeds": 8})


def test_module_keeps_the_contract():
    assert problems_of(study) == []
    assert {c.claim for c in study.CRITERIA} == set(study.CLAIMS)
    assert {c.erratum for c in study.CRITERIA} - {None} == {"E15"}


@pytest.mark.parametrize("batch", [3, 4, 8, 33])
def test_inflation_is_the_mean_of_the_inverse_deviation(batch):
    """B v_B is chi-squared with B - 1 degrees of freedom."""
    density = stats.chi2(batch - 1).pdf
    expected, _ = integrate.quad(lambda u: 2 * np.sqrt(batch) * density(u * u), 0, np.inf)
    assert mismatch.inflation(batch) == pytest.approx(expected, rel=1e-7)


def test_inflation_is_the_number_of_the_catalogue():
    assert mismatch.inflation(4) == pytest.approx(1.596, abs=5e-4)


@pytest.mark.parametrize("batch", [2, 5])
def test_closed_form_is_the_complex_step_of_the_definition(batch):
    X, y, t = layer.case(batch, 4)
    right, found = layer.complex_step(X, y, t), layer.closed_form(X, y, t)
    h = 1e-6
    for name in right:
        np.testing.assert_allclose(found[name], right[name], rtol=1e-8, atol=1e-8 * np.abs(right[name]).max())
    moved = [t | {"0.shift": t["0.shift"] + sign * h * np.eye(4)[1]} for sign in (1, -1)]
    slope = (layer.summed_loss(X, y, moved[0]) - layer.summed_loss(X, y, moved[1])) / (2 * h)
    assert right["shift"][1] == pytest.approx(slope, rel=1e-7)


@pytest.mark.jit_only
def test_identities_and_their_controls():
    out = judge.layer(frame(layer.measure(SMALL)), SMALL)
    for name in ("standardises", "gradient", "formula", "finite-differences"):
        assert out[name].verdict is Verdict.EXACT, name
    for name in ("uncentred", "detached"):
        assert out[name].verdict is Verdict.REFUTED, name
    assert out["wrong-size"][0].verdict is Verdict.CONFIRMED


def test_backward_through_a_stack_is_the_engines():
    """dE/df of the first layer, through its weights: dE/dW = x^T dE/df."""
    n, batch, rng = 5, 7, np.random.default_rng(3)
    weights = [rng.normal(size=(n, n)) for _ in range(3)]
    x, g = rng.normal(size=(batch, n)), rng.normal(size=(batch, n))
    parts = [
        part for _ in weights for part in (Dense(n, n, bias=False), BatchNorm(eps=0.0, gain=False, shift=False), ReLU())
    ]
    net = Network(*parts, loss=LinearLoss(), dtype="float64")
    theta = np.concatenate([W.ravel() for W in weights])
    gradient = loss_and_gradient(net, theta, x, g)[1] * batch
    by_weights = net.parameters(gradient)["0.weight"]
    rms = depth.gradient_rms(x, weights, "relu", True, g)
    full = _first_gradient(x, weights, g)
    np.testing.assert_allclose(x.T @ full, by_weights, rtol=1e-9, atol=1e-12)
    assert rms[0] == pytest.approx(np.sqrt((full**2).mean()))
    assert rms.shape == (3,)


def _first_gradient(x, weights, g):
    """By the Jacobian of each normalised unit, written out as a matrix over the batch."""
    m, kept = len(x), []
    for W in weights:
        f = x @ W
        z = (f - f.mean(0)) / f.std(0)
        kept.append((W, z, f.std(0)))
        x = np.maximum(z, 0)
    for i, (W, z, sd) in reversed(list(enumerate(kept))):
        g = g * (z > 0)
        jacobians = [(np.eye(m) - 1 / m - np.outer(c, c) / m) / s for c, s in zip(z.T, sd, strict=True)]
        g = np.stack([J @ column for J, column in zip(jacobians, g.T, strict=True)], axis=1)
        if i:
            g = g @ W.T
    return g


def test_linear_batch_norm_keeps_gradients_and_relu_lets_them_grow():
    def growth(activation, norm):
        rms = depth.stack(7, activation, norm, 20, 96, 96)
        return np.exp(-np.polyfit(np.arange(15), np.log(rms[:15]), 1)[0])

    assert growth("linear", True) == pytest.approx(1, abs=0.03)
    assert growth("relu", True) == pytest.approx(depth.LIMIT, rel=0.04)
    assert growth("relu", False) == pytest.approx(1, abs=0.06)
    assert growth("sigmoid", False) < 0.3


def test_epochs_and_rates_are_read_off():
    assert speed.epochs_to([1.0, 0.1, 0.01], 0.1) == pytest.approx(2.0)
    assert speed.epochs_to([1.0, 0.01], 0.1) == pytest.approx(1.5)
    assert speed.epochs_to([0.05], 0.1) == 1.0
    assert np.isnan(speed.epochs_to([1.0, np.nan], 0.1))
    grid = (0.1, 0.2, 0.4)
    assert speed.highest([0.3, 9.0, 0.4], grid, 0.5) == 0.4
    assert speed.highest([9.0, 9.0, 9.0], grid, 0.5) == pytest.approx(0.05)
    assert speed.rates(SMALL)[-1] == pytest.approx(SMALL.rate_low * 10 ** ((SMALL.rate_points - 1) / 4), rel=1e-3)


@pytest.mark.jit_only
def test_every_seed_trains_on_its_own_split_and_both_gaps_read_the_same_batches():
    p = SMALL.model_copy(update={"gap_batches": (4, 16, 64), "gap_epochs": 2, "gap_passes": 2, "gap_rates": (0.2,)})
    data = frame(mismatch.gaps(p.model_copy(update={"gap_steps": 20}), [1000, 1001], Sweep(threads=1)))
    full = judge.pick(data, "gap", "full")
    assert np.abs(full[full.x == p.n_train].value).max() < 1e-5
    assert np.abs(judge.pick(data, "gap", "layer norm").value).max() < 1e-5
    assert judge.pick(data, "gap", "batch norm").value.abs().min() > 1e-6


def test_folding_formula_notices_a_wrong_factor():
    p = SMALL.model_copy(update={"norm_epochs": 1})
    net = invariance.mlp(BatchNorm(), 2, 6, "float64", bias=True)
    (result,) = fit_many([invariance.train(net, 0.1, 1000, 20, 1, p.n_train)], threads=1)
    folded = invariance.fold_batch_norm(result)
    assert invariance.formula_error(result, folded) < 1e-12
    folded.theta[:] *= 1.01
    assert invariance.formula_error(result, folded) == pytest.approx(0.01, rel=1e-6)


@pytest.mark.jit_only
def test_a_small_run_from_measure_to_figure():
    p = study.QUICK.model_copy(
        update={"seeds": 3, "tuning_seeds": 1, "extensions": 0, "grid_points": 3, "gap_epochs": 6,
                "norm_arm_epochs": 3, "speed_epochs": 6, "rate_epochs": 4, "deep_epochs": 2, "norm_epochs": 3}
    )  # fmt: skip
    data = study.measure(p, seeds_of(p), Sweep(threads=1))
    assert isinstance(data, pd.DataFrame) and np.isfinite(data["value"]).all()
    loaded = load("normalization/batch_norm")
    found = {f.name: f for f in judging.settle(loaded.judge(data, p), loaded.CRITERIA)}
    exact = ("standardises", "gradient", "output-invariant", "gradient-inverse", "orthogonal", "norm-growth",
             "bias-gradient", "bias-effect", "folded")  # fmt: skip
    assert {n: found[n].verdict for n in exact} == dict.fromkeys(exact, Verdict.EXACT)
    assert found["as-printed-e15"].verdict is Verdict.REFUTED
    primary = ("bn-scale-invariance", "bn-bias-useless", "bn-merge", "bn-forward-backward")
    assert all(f.control_ok is not False for f in found.values() if f.claim in primary)
    assert len(loaded.draw(data, p).axes) == 10


def test_folding_is_timed_in_rounds_that_begin_with_either(monkeypatch):
    called = []
    cost = {"before": 3.0, "after": 2.0}
    monkeypatch.setattr(invariance, "seconds", lambda call: cost[call()])
    calls = [lambda name=name: called.append(name) or name for name in ("before", "after")]
    assert invariance.speed_ups(study.QUICK, *calls) == [1.5] * study.QUICK.timing_rounds
    assert called[2:6] == ["before", "after", "after", "before"]


@pytest.mark.parametrize(("speed_up", "verdict"), [(1.2, "confirmed"), (0.8, "refuted"), (1.0, "inconclusive")])
def test_folding_may_turn_out_slower(monkeypatch, speed_up, verdict):
    ratios = speed_up * np.exp(np.random.default_rng(0).permutation(np.linspace(-0.1, 0.1, study.QUICK.timing_rounds)))
    rows = pd.DataFrame({"value": ratios})
    monkeypatch.setattr(judge, "pick", lambda *names: rows)
    outcome, note = judge.folding(None, study.QUICK)["fold-faster"]
    assert outcome.verdict == verdict and note.startswith(f"{speed_up:.3g} times as fast")
