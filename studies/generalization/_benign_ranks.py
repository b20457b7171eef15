"""Gaussian linear models with given spectra: variance of the interpolator against Bartlett's effective ranks."""

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import zeta

from studies.generalization._benign_random import frame
from studies.harness import Criterion, statistics

CLAIM = "benign-effective-ranks"
FALL = (
    "slope of ln variance by ln n minus {{{{ params.fall }}}}: 95 % interval over {{{{ params.rank_seeds }}}} seeds "
    "below 0{}"
)
CRITERIA = (
    Criterion(
        claim=CLAIM,
        name="ranks-scaling",
        statement="The noise that the interpolator passes on follows k*/n + n/R over spectra and sample sizes.",
        criterion=(
            "log-log correlation minus {{ params.correlation }}: 95 % interval over {{ params.rank_seeds }} seeds "
            "above 0"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="ranks-factor",
        statement="It agrees with k*/n + n/R up to a constant factor.",
        criterion="mean over bound between {{ params.within | join(' and ') }} for each spectrum and n",
    ),
    Criterion(
        claim=CLAIM,
        name="ranks-benign",
        statement="Where the tail's effective rank outgrows n (flat tails behind spikes or a fast decay) it vanishes.",
        criterion=FALL.format(", each spectrum"),
    ),
    Criterion(
        claim=CLAIM,
        name="ranks-tempered",
        statement="Where the rank grows in proportion to n (eigenvalues k^-a, a > 1) it stays.",
        criterion="slope 0 within {{ params.flat }}, 95 % interval over {{ params.rank_seeds }} seeds, each a",
    ),
    Criterion(
        claim=CLAIM,
        name="ranks-slow",
        role="secondary",
        statement="For eigenvalues 1/(k log^2 k), between the two, it falls as well.",
        criterion="slope plus {{ params.flat }}: 95 % interval below 0",
    ),
    Criterion(
        claim=CLAIM,
        name="ranks-equivalent",
        role="secondary",
        statement="The deterministic equivalent gives the constant as well: a - 1 for k^-a.",
        criterion="largest relative error of mean variances at most {{ params.equivalent_tol }}",
    ),
    Criterion(
        claim=CLAIM,
        name="ranks-isotropic",
        role="break",
        guards="ranks-benign",
        statement="Twice as many equal eigenvalues as examples are benign.",
        criterion=FALL.format("; must not pass"),
    ),
    Criterion(
        claim=CLAIM,
        name="ranks-inverse-wishart",
        role="null",
        guards=("ranks-scaling", "ranks-factor", "ranks-benign", "ranks-tempered"),
        statement="For those equal eigenvalues the mean variance is n/(d - n - 1).",
        criterion=(
            "equal within {{ params.monte_carlo }} relative at the worst n, two one-sided tests over "
            "{{ params.rank_seeds }} seeds"
        ),
    ),
)
CONTROL = "equal, d = 2n"


def spectra(n, p):
    """name -> (eigenvalues (d,), sum of those beyond, sum of their squares)."""
    k = np.arange(1.0, p.rank_features + 1)
    out = {f"k^-{a:g}": (k**-a, zeta(a, k.size + 1), zeta(2 * a, k.size + 1)) for a in p.tempered_powers}
    far = np.arange(k.size + 1.0, 300 * k.size)
    # the sum beyond d is the midpoint rule for 1/(t log^2 t), exact to d^-2
    out["log"] = (slow(k), 1 / np.log(k.size + 1.5), (slow(far) ** 2).sum())
    tail = np.arange(1.0, round(n**1.5 / 2) + 1)
    out["spikes"] = (np.where(tail <= p.spikes, 1.0, p.tail_energy * np.sqrt(n) / tail.size), 0.0, 0.0)
    out["exp"] = (np.exp(-tail) + p.floor_energy / tail.size, 0.0, 0.0)
    out[CONTROL] = (np.ones(2 * n), 0.0, 0.0)
    return out


def slow(k):
    return 1 / ((k + 1) * np.log(k + 1) ** 2)


def effective_ranks(spectrum, n, constant):
    """(k*, k*/n + n/R_k*): k* the least k with r_k >= constant n.   Bartlett, Long, Lugosi & Tsigler 2020.

    r_k = sum_(i>k) lam_i/lam_(k+1), R_k = (sum_(i>k) lam_i)^2/sum_(i>k) lam_i^2.
    """
    eigenvalues, beyond, squares = spectrum
    first = np.cumsum(eigenvalues[::-1])[::-1] + beyond
    second = np.cumsum(eigenvalues[::-1] ** 2)[::-1] + squares
    k = int(np.argmax(first / eigenvalues >= constant * n))
    return k, k / n + n * second[k] / first[k] ** 2


def equivalent(spectrum, n):
    """Deterministic equivalent s/(n - s) of the variance, s = sum (lam/(lam + t))^2 at sum lam/(lam + t) = n.

    Hastie, Montanari, Rosset & Tibshirani 2022; for lam = k^-a it tends to a - 1 (Mallinar et al. 2022).
    """
    eigenvalues, beyond, squares = spectrum

    def excess(log_t):
        return (eigenvalues / (eigenvalues + np.exp(log_t))).sum() + beyond / np.exp(log_t) - n

    t = np.exp(brentq(excess, -60, 30))
    s = ((eigenvalues / (eigenvalues + t)) ** 2).sum() + squares / t**2
    return s / (n - s)


def variance(z, spectrum):
    """Noise variance 1 passed on by the interpolator on x = z sqrt(lam), z (n, >= d): tr K^-1 X diag(lam) X' K^-1.

    The many weak coordinates beyond d enter by their mean, a multiple of the identity.
    """
    eigenvalues, beyond, squares = spectrum
    x, eye = z[:, : eigenvalues.size] * np.sqrt(eigenvalues), np.eye(len(z))
    weighted = x * np.sqrt(eigenvalues)
    inverse = np.linalg.inv(x @ x.T + beyond * eye)
    return float((inverse @ inverse * (weighted @ weighted.T + squares * eye)).sum())


def measure(p, seeds, sweep):
    out = []
    for n in p.rank_points:
        by_name = spectra(n, p)
        size = max(e.size for e, _, _ in by_name.values())
        for s in seeds[: p.rank_seeds]:
            z = np.random.default_rng([s, 7, n]).standard_normal((n, size))
            out += [("ranks", name, s, float(n), 0.0, variance(z, spectrum)) for name, spectrum in by_name.items()]
    return pd.DataFrame(out, columns=["part", "arm", "seed", "x", "y", "value"])


def predict(p):
    """Deterministic equivalents ("ranks") and k*/n + n/R ("ranks-bound") of each spectrum and n."""
    out = []
    for n in p.rank_points:
        for name, spectrum in spectra(n, p).items():
            values = {"ranks": equivalent(spectrum, n), "ranks-bound": effective_ranks(spectrum, n, p.rank_constant)[1]}
            out += [frame(part, name, [0], n, v) for part, v in values.items()]
    return pd.concat(out, ignore_index=True)


def judge(data, p):
    rows = data[data.part == "ranks"]
    measured = rows.pivot(index=["arm", "x"], columns="seed", values="value")
    guess = predict(p).pivot(index=["arm", "x"], columns="part", values="value").loc[measured.index]
    own = measured.index.get_level_values("arm") != CONTROL
    spectra_names = sorted({arm for arm, _ in measured.index[own]})
    slopes = {
        arm: statistics.slopes(measured.loc[arm].index, measured.loc[arm].to_numpy().T)
        for arm in (*spectra_names, CONTROL)
    }
    ratio = measured[own].mean(axis=1) / guess["ranks-bound"][own]
    bound = np.log(guess["ranks-bound"][own])
    correlations = [np.corrcoef(np.log(v), bound)[0, 1] for _, v in measured[own].items()]
    control = measured.loc[CONTROL]
    tempered = [f"k^-{a:g}" for a in p.tempered_powers]

    def falls(arm, level):
        return statistics.paired(slopes[arm], level, claimed="less", delta=0.0)

    low, high = p.within
    return {
        "ranks-scaling": (
            statistics.paired(correlations, p.correlation, claimed="greater", delta=0.0),
            f"correlation {np.mean(correlations):.3f}",
        ),
        "ranks-factor": (
            statistics.bound(max(ratio.max() / high, low / ratio.min()), at_most=1.0, n=len(ratio)),
            f"ratios from {ratio.min():.3g} to {ratio.max():.3g}",
        ),
        "ranks-benign": (
            statistics.along_axis(["spikes", "exp"], [falls(arm, p.fall) for arm in ("spikes", "exp")]),
            ", ".join(f"slope {slopes[arm].mean():.3g} ({arm})" for arm in ("spikes", "exp")),
        ),
        "ranks-tempered": (
            statistics.along_axis(
                tempered, [statistics.located(slopes[arm], expected=0.0, tol=p.flat) for arm in tempered]
            ),
            ", ".join(f"slope {slopes[arm].mean():.3g} ({arm})" for arm in tempered),
        ),
        "ranks-slow": (falls("log", -p.flat), f"slope {slopes['log'].mean():.3g}"),
        "ranks-equivalent": statistics.exact(measured.mean(axis=1), guess["ranks"], tol=p.equivalent_tol),
        "ranks-isotropic": falls(CONTROL, p.fall),
        "ranks-inverse-wishart": max(
            (statistics.equivalence(v * (k - 1) / k, 1.0, delta=p.monte_carlo) for k, v in control.iterrows()),
            key=lambda outcome: abs(outcome.estimate),
        ),
    }
