"""Interpolation with Fourier features on a regular grid, measured: identities, Monte Carlo, limits, map, spikes."""

import numpy as np
import pandas as pd

from studies.generalization import _benign_aliasing as aliasing
from studies.generalization._benign_features import COLUMNS
from studies.harness import statistics


def kinds(p):
    return ("isotropic", "bilevel", *(f"{a:g}" for a in p.powers), "exponential")


def weights(kind, n, copies, p):
    return aliasing.weights(kind, n, copies, low=p.low, light=float(copies) ** -p.tail_power)


def energy(a):
    """Squared norm over the last two axes."""
    return (a.real**2 + a.imag**2).sum((-2, -1))


def fits(errors, lam):
    """(risks, noise parts) of fits to sin(2 pi x) + errors (..., n), each (...).

    The fit is a_k = lam_k z_j, so its squared distance from a* is
    sum_j |z_j|^2 sum_k lam_k^2 - 2 Re sum_j z_j sum_k lam_k conj(a*_k) + |a*|^2, k in class j: no array of size d.
    """
    copies, n = lam.shape
    signal, squares, classes = aliasing.sine(n, copies), (lam**2).sum(0), lam.sum(0)
    noise = np.fft.fft(errors) / n / classes
    z = np.fft.fft(np.sin(2 * np.pi * np.arange(n) / n)) / n / classes + noise
    cross = (z @ (lam * signal.conj()).sum(0)).real
    return (z.real**2 + z.imag**2) @ squares - 2 * cross + 0.5, (noise.real**2 + noise.imag**2) @ squares


def draws(n, seeds, p):
    """Noise (seeds, sets, n) of variance 1."""
    return np.stack([np.random.default_rng([s, n]).standard_normal((p.grid_sets, n)) for s in seeds])


def measure(p, seeds, sweep):
    seeds = seeds[: p.grid_seeds]
    frames = [*identities(p), *long_powers(seeds, p), spikes(seeds[0], p), phase_map(seeds[: p.map_seeds], p)]
    for n in p.grid_points:
        errors = p.grid_noise * draws(n, seeds, p)
        cases = [("grid", kind, m) for m in p.copies for kind in kinds(p)]
        cases += [("sequence", kind, n) for kind in ("isotropic", "bilevel")]
        for part, kind, m in cases:
            both = fits(errors, weights(kind, n, m, p))
            for metric, v in zip(("risk", "noise"), both, strict=True):
                frames.append(per_seed(f"{part}-{metric}", kind, seeds, n, m, v.mean(1)))
    return pd.concat(frames, ignore_index=True)


def per_seed(part, arm, seeds, x, y, values):
    return pd.DataFrame({"part": part, "arm": arm, "seed": seeds, "x": float(x), "y": float(y), "value": values})


def identities(p):
    """Dense solves where they fit; fits of the signal and of one unit impulse by Fourier transform everywhere."""
    out = []
    for n in p.grid_points:
        for m in p.copies:
            for kind in kinds(p):
                lam, signal = weights(kind, n, m, p), aliasing.sine(n, m)
                impulse, clean = np.eye(1, n)[0], np.sin(2 * np.pi * np.arange(n) / n)
                a, unit = aliasing.fit(clean, lam), aliasing.fit(impulse, lam)
                y = clean + impulse
                found = {
                    "condition": aliasing.condition(lam),
                    "fft-bias": energy(a - signal),
                    "fft-variance": p.grid_noise**2 * n * energy(unit),  # the impulse's place does not matter
                    "through": np.abs(aliasing.values(a + unit)[::m] - y).max() / np.abs(y).max(),
                    "survival": abs(a[0, 1] / signal[0, 1]),
                }
                if n * lam.size <= p.dense_entries:
                    names = ("dense-bias", "dense-variance", "dense-residual")
                    found |= dict(zip(names, aliasing.dense(lam, signal, p.grid_noise), strict=True))
                out += [(f"grid-{k}", kind, 0, float(n), float(m), v) for k, v in found.items()]
                if kind == "bilevel":
                    out.append(("grid-ridge", kind, 0, float(n), float(m), ridge_error(y, lam, p)))
    return [pd.DataFrame(out, columns=COLUMNS)]


def ridge_error(y, lam, p):
    """Relative distance of the interpolator's low coefficients from dense ridge regression on them, ridge T."""
    copies, n = lam.shape
    low = np.arange(-p.low, p.low + 1)
    phi = np.exp(2j * np.pi * np.outer(np.arange(n) / n, low))
    tail = (copies - 1) * float(copies) ** -p.tail_power
    ridge = np.linalg.solve(phi.conj().T @ phi / n + tail * np.eye(low.size), phi.conj().T @ y / n)
    return float(np.abs(aliasing.fit(y, lam).ravel()[low] - ridge).max() / np.abs(ridge).max())


def long_powers(seeds, p):
    """Noise factors of power weights with very many features: exact for each power, and measured for a = 2."""
    n, m = p.long_points, p.long_copies
    for a in p.law_powers:
        unit = aliasing.fit(np.eye(1, n)[0], weights(f"{a:g}", n, m, p))
        yield per_seed("long-fft", f"{a:g}", [0], n, m, [n * energy(unit)])
    errors = draws(n, seeds, p)
    for copies in (1, m):
        noise = fits(errors, weights("2", n, copies, p))[1].mean(1)
        yield per_seed("long-noise", "2", seeds, n, copies, noise)


def phase_map(seeds, p):
    """Mean risk of bilevel fits over the light weight g (x) and M (y)."""
    n, out = p.map_points, []
    errors = p.grid_noise * draws(n, seeds, p)
    low, high, count = p.map_weights
    for m in p.map_copies:
        for g in np.geomspace(low, high, int(count)):
            lam = aliasing.weights("bilevel", n, m, low=p.low, light=g)
            out.append(("map", "bilevel", 0, g, float(m), fits(errors, lam)[0].mean()))
    return pd.DataFrame(out, columns=COLUMNS)


def spikes(seed, p):
    """One interpolating fit with its best tail, twice as fine as its features, and the data."""
    n, m = p.points, p.spike_copies
    tail = aliasing.best_tail(n, p.low, 0.5, p.noise)
    lam = aliasing.weights("bilevel", n, m, low=p.low, light=tail / (m - 1))
    x = np.arange(n) / n
    y = np.sin(2 * np.pi * x) + p.noise * np.random.default_rng([seed, 2]).standard_normal(n)
    half = n * m // 2 + 1
    spectrum = aliasing.fit(y, lam).ravel()[:half]
    fine = np.fft.irfft(spectrum, 2 * n * m) * 2 * n * m
    curve = pd.DataFrame({"part": "spikes", "arm": "fit", "x": np.arange(fine.size) / fine.size, "value": fine})
    data = pd.DataFrame({"part": "spikes", "arm": "data", "x": x, "value": y})
    return pd.concat([curve, data]).assign(seed=seed, y=0.0)[COLUMNS]


def table(data, part, arm=None):
    """Values indexed by (arm, x, y), or by (x, y) of one arm; a column per seed."""
    rows = data[data.part == part]
    rows = rows if arm is None else rows[rows.arm == arm]
    wide = rows.pivot(index=["arm", "x", "y"], columns="seed", values="value")
    return wide if arm is None else wide.droplevel("arm")


def closed(index, p):
    """Closed forms (squared bias, variance) at (arm, n, M)."""
    pairs = [
        aliasing.risk(weights(kind, int(n), int(m), p), aliasing.sine(int(n), int(m)), p.grid_noise)
        for kind, n, m in index
    ]
    return np.array(pairs).reshape(-1, 2)


def judge(data, p):
    condition = table(data, "grid-condition")[0]
    both = closed(condition.index, p)
    theory = pd.DataFrame(both, columns=["bias", "variance"], index=condition.index)
    total = theory.sum(axis=1)
    dense = pd.concat({k: table(data, f"grid-dense-{k}")[0] for k in ("bias", "variance", "residual")}, axis=1)
    fine = dense[condition[dense.index] < p.dense_condition]
    fft = pd.concat({k: table(data, f"grid-fft-{k}")[0] for k in theory}, axis=1)
    scale = {"scale": 1e-3}  # bias and variance that vanish are compared absolutely
    residual = (dense.residual / condition[dense.index]).max()
    risks = table(data, "grid-risk")
    sequence = {kind: table(data, "sequence-risk", kind) for kind in ("bilevel", "isotropic")}
    slopes = {k: statistics.slopes(v.index.get_level_values("x"), v.to_numpy().T) for k, v in sequence.items()}
    long = table(data, "long-noise", "2").droplevel("x")
    tempered = {"expected": p.tempered, "tol": p.tempered_tol}
    law = table(data, "long-fft")[0]
    single = fft[fft.index.get_level_values("y") == 1].sum(axis=1)
    n, m = max(p.grid_points), max(p.copies)
    through = table(data, "grid-through")[0]
    return {
        "grid-dense": (
            statistics.exact(fine[["bias", "variance"]], theory.loc[fine.index], tol=p.dense_tol, **scale),
            f"{len(fine)} of {len(theory)} cases",
        ),
        "grid-dense-through": statistics.bound(residual, at_most=p.residual_tol, n=len(dense), tolerance=1.0),
        "grid-fft": statistics.exact(fft, theory.loc[fft.index], tol=p.identity, **scale),
        "grid-bilevel": bilevel_terms(data, fft, p),
        "grid-interpolates": (
            statistics.exact(through, np.zeros(len(through)), tol=p.identity, scale=1.0),
            f"condition numbers up to {condition.max():.1e}",
        ),
        "grid-monte-carlo": statistics.monte_carlo(
            risks.mean(axis=1),
            risks.std(axis=1, ddof=1) / np.sqrt(risks.shape[1]),
            total.loc[risks.index],
            n=risks.shape[1],
            relative=p.monte_carlo,
        ),
        "grid-benign": (
            statistics.paired(slopes["bilevel"], p.benign_slope, claimed="less", delta=0.0),
            f"slope {slopes['bilevel'].mean():.3g}; mean risks "
            + ", ".join(f"{v:.3g} (n = {x:g})" for (x, _), v in sequence["bilevel"].mean(axis=1).items()),
        ),
        "grid-tempered": statistics.located(long.loc[p.long_copies], **tempered),
        "grid-power-law": statistics.exact(
            law, [aliasing.limit_noise(float(a)) for a, _, _ in law.index], tol=p.tempered_tol
        ),
        "grid-slow-powers": slow_powers(fft.variance, p),
        "grid-tail-is-ridge": statistics.exact(
            table(data, "grid-ridge")[0], np.zeros(len(table(data, "grid-ridge"))), tol=p.identity, scale=1.0
        ),
        "grid-best-tail": best_tail(p),
        "grid-single-copy": statistics.exact(single, np.full(len(single), p.grid_noise**2), tol=p.identity),
        "grid-isotropic-null": statistics.equivalence(risks.loc["isotropic", n, m].to_numpy(), 0.5, delta=p.null_tol),
        "grid-isotropic-slope": statistics.paired(slopes["isotropic"], p.benign_slope, claimed="less", delta=0.0),
        "grid-single-level": statistics.located(long.loc[1], **tempered),
    }


def bilevel_terms(data, fft, p):
    """Survival, bias and noise of bilevel fits against the formulas in T."""
    survival = table(data, "grid-survival", "bilevel")[0]
    found, expected = [], []
    for (n, m), kept in survival.items():
        own = fft.loc["bilevel", n, m]
        found.append((kept, own.bias / 0.5, own.variance / p.grid_noise**2))
        expected.append(aliasing.bilevel(int(n), int(m), p.low, m**-p.tail_power))
    return statistics.exact(found, expected, tol=p.identity, scale=1e-3)


def slow_powers(variance, p):
    """Steps of ln noise factor for the powers up to 1: down with M, up with n."""
    steps = []
    for a in (a for a in p.powers if a <= 1):
        grid = np.log(variance.loc[f"{a:g}"].unstack("y").sort_index().sort_index(axis=1).to_numpy())
        steps += [*-np.diff(grid, axis=1).ravel(), *np.diff(grid[:, 1:], axis=0).ravel()]
    return statistics.bound(min(steps), at_least=0.0, n=len(steps))


def best_tail(p):
    """Risk at the predicted tail over the least risk of a search, the worst over n."""
    worst, notes = 0.0, []
    for n in p.grid_points:
        m, predicted = p.optimum_copies, aliasing.best_tail(n, p.low, 0.5, p.grid_noise)

        def risk(tail, n=n, m=m):
            _, bias, noise = aliasing.bilevel(n, m, p.low, tail / (m - 1))
            return 0.5 * bias + p.grid_noise**2 * noise

        tails = predicted * np.geomspace(0.1, 10, 2001)
        least = int(np.argmin([risk(t) for t in tails]))
        worst = max(worst, risk(predicted) / risk(tails[least]))
        notes.append(f"n = {n}: T = {tails[least]:.3g} (predicted {predicted:.3g})")
    return statistics.bound(worst, at_most=1 + p.optimum_tol, n=len(p.grid_points)), "; ".join(notes)
