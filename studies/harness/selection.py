"""Model selection: splits, cross-validation shortcuts, searches over hyper-parameters, and how selection deceives.

Thin over scikit-learn and SciPy. Searches work on points of the unit cube, so that all of them see one space;
`settings` turns points into values. Splits are pairs of index arrays, for `train=` and `validation=` of a run.
"""

import itertools
import warnings

import numpy as np
from scipy import stats
from threadpoolctl import threadpool_limits

from coreops.checks import finite_number, integer, positive_integer, real_array, wrong
from coreops.rng import host_generator

# --- splits ---


def holdout(y, n_validation, seed, *, stratify=True):
    """(train, validation): index arrays, the second of n_validation examples, with the classes in proportion.

    y: (n,) class numbers, or targets with stratify=False.   Hastie, Tibshirani & Friedman 2009, section 7.2.
    """
    from sklearn.model_selection import train_test_split

    y = real_array("y", y, 1)
    integer("n_validation", n_validation, 1, len(y) - 1)
    shuffled = dict(test_size=n_validation, random_state=_state(seed, "hold-out"), stratify=y if stratify else None)
    return tuple(np.sort(part) for part in train_test_split(np.arange(len(y)), **shuffled))


def folds(y, k, seed, *, repeats=1, stratify=True):
    """[(train, validation), ...]: `repeats` times k folds, shuffled anew each time; k = n leaves one out, once.

    y: (n,) class numbers, or targets with stratify=False.   Stone 1974; Kohavi 1995, section 2.
    """
    from sklearn.model_selection import LeaveOneOut, RepeatedKFold, RepeatedStratifiedKFold

    y = real_array("y", y, 1)
    integer("k", k, 2, len(y))
    positive_integer("repeats", repeats)
    if k == len(y):
        splitter = LeaveOneOut()
    else:
        kind = RepeatedStratifiedKFold if stratify else RepeatedKFold
        splitter = kind(n_splits=k, n_repeats=repeats, random_state=_state(seed, "folds"))
    return list(splitter.split(np.zeros((len(y), 1)), y))


def leave_one_out_ridge(X, y, penalties, *, intercept=True):
    """Residuals (penalties, n) of ridge regression at each example, fitted to all others: r_i/(1 - H_ii), in one fit.

    Minimises |y - X w - b|^2 + penalty |w|^2, b unpenalised (without `intercept`: 0). penalties: numbers > 0.
    Source: Allen 1974 (PRESS); Golub, Heath & Wahba 1979, eq. 1.3 and section 2.
    """
    X, y = real_array("X", X, 2).astype(float), real_array("y", y, 1).astype(float)
    if len(X) != len(y):
        raise wrong("y", f"shape {y.shape}", f"{len(X)} targets, one per row of X")
    constant = 1 / len(y) if intercept else 0.0
    u, singular, _ = np.linalg.svd(X - X.mean(0) if intercept else X, full_matrices=False)
    out = []
    for penalty in np.atleast_1d(penalties):
        if finite_number("penalties", penalty) <= 0:
            raise wrong("penalties", penalty, "numbers > 0")
        smoother = (u * (singular**2 / (singular**2 + penalty))) @ u.T + constant
        out.append((y - smoother @ y) / (1 - np.diag(smoother)))
    return np.array(out)


# --- searches on the unit cube ---


def settings(points, space):
    """[{name: value}, ...] of points (n, axes): the quantiles of frozen scipy.stats distributions.

    space: name -> distribution, one per axis, in order, such as stats.loguniform(1e-4, 1) or stats.randint(1, 9).
    """
    points = real_array("points", points, 2)
    if points.shape[1] != len(space):
        raise wrong("points", f"shape {points.shape}", f"{len(space)} columns, for {', '.join(space)}")
    columns = [distribution.ppf(points[:, k]).tolist() for k, distribution in enumerate(space.values())]
    return [dict(zip(space, row, strict=True)) for row in zip(*columns, strict=True)]


def grid_points(axes, levels):
    """(levels^axes, axes): the centres of equal cells, all combinations."""
    positive_integer("axes", axes)
    positive_integer("levels", levels)
    return np.array(list(itertools.product((np.arange(levels) + 0.5) / levels, repeat=axes)))


def random_points(n, axes, seed):
    """(n, axes), uniform.   Bergstra & Bengio 2012: P(one of n in the best share q) = 1 - (1 - q)^n."""
    positive_integer("n", n)
    positive_integer("axes", axes)
    return host_generator(seed, "random search").random((n, axes))


def expected_improvement(mean, deviation, best):
    """E max(best - f, 0) for f ~ N(mean, s^2), small being good: (best - mean) Phi(z) + s phi(z), z = (best - mean)/s.

    mean, deviation: arrays of one shape; s = 0 gives max(best - mean, 0).   Jones, Schonlau & Welch 1998, eq. 15.
    """
    gain, deviation = best - np.asarray(mean, float), np.asarray(deviation, float)
    safe = np.where(deviation > 0, deviation, 1.0)
    smooth = gain * stats.norm.cdf(gain / safe) + deviation * stats.norm.pdf(gain / safe)
    return np.where(deviation > 0, smooth, np.maximum(gain, 0.0))


def bayesian_search(objective, axes, trials, seed, *, initial=5, candidates=None, pool=500):
    """(points (trials, axes), losses (trials,)) in the order tried: Gaussian process and expected improvement.

    objective: point (axes,) -> finite loss. The first `initial` points are random. Then a process with Matern 5/2
    covariance, one length per axis, and noise is fitted by maximum likelihood, and the candidate of largest expected
    improvement over the best mean at a tried point is tried. candidates: (m, axes), each tried at most once, for the
    replay of a table; None: `pool` uniform points and `pool` around the best one, drawn anew for each trial.
    Source: Snoek, Larochelle & Adams 2012, sections 2 and 3.
    """
    integer("initial", initial, 2)
    for name, value in (("axes", axes), ("trials", trials), ("pool", pool)):
        positive_integer(name, value)
    generator, free = host_generator(seed, "bayesian search"), None
    if candidates is not None:
        free = real_array("candidates", candidates, 2)
        if free.shape[1] != axes or len(free) < trials:
            raise wrong("candidates", f"shape {free.shape}", f"at least {trials} points of {axes} axes")
        free = free[generator.permutation(len(free))]
    points, losses = [], []
    for trial in range(trials):
        if trial < initial:
            offered, chosen = (generator.random((1, axes)), 0) if free is None else (free, 0)
        else:
            posterior = _fit_process(np.array(points), np.array(losses))
            best = posterior(np.array(points))[0].min()
            offered = free if free is not None else _offer(generator, points[np.argmin(losses)], pool)
            chosen = int(np.argmax(expected_improvement(*posterior(offered), best)))
        points.append(offered[chosen])
        free = None if free is None else np.delete(free, chosen, axis=0)
        losses.append(finite_number("objective", objective(points[-1])))
    return np.array(points), np.array(losses)


def successive_halving(evaluate, n, least, most, *, factor=3):
    """(best, rungs): n settings are run at the smallest budget, the best 1/factor of them at the next, and so on.

    evaluate: (indices, budget) -> losses, one per index, so that a rung is one table of runs; NaN counts as worst.
    Each rung passes on ceil(size/factor) settings and multiplies the budget by `factor`; there are 1 + min(a, b), a
    and b the largest with factor^a <= n and least factor^b <= most. rungs: [(budget, indices, losses), ...].
    Source: Jamieson & Talwalkar 2016, section 3; the schedule of scikit-learn's HalvingGridSearchCV.
    """
    integer("n", n, 2)
    integer("most", most, positive_integer("least", least))
    integer("factor", factor, 2)
    alive, budget, rungs = np.arange(n), least, []
    while True:
        losses = np.array([float(loss) for loss in evaluate(alive, budget)])
        if losses.shape != alive.shape:
            raise wrong("evaluate", f"{losses.size} losses", f"{alive.size}, one per setting")
        rungs.append((budget, alive, losses))
        order = np.argsort(np.where(np.isnan(losses), np.inf, losses), kind="stable")
        if factor ** len(rungs) > n or budget * factor > most:
            return int(alive[order[0]]), rungs
        alive, budget = np.sort(alive[order[: -(-alive.size // factor)]]), budget * factor


# --- how selection deceives ---


def leakage(n, features, keep, k, seed):
    """(leaky, honest): accuracy in k folds on n examples of pure noise with fair labels, so the truth is 1/2.

    `keep` of the features are chosen by their F statistic, once on all examples (leaky) or inside each training
    fold (honest), then the nearest neighbour is asked.   Hastie, Tibshirani & Friedman 2009, section 7.10.2.
    """
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.model_selection import cross_val_score
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline

    integer("n", n, 4)
    integer("keep", keep, 1, positive_integer("features", features))
    generator = host_generator(seed, "leakage")
    X, y = generator.standard_normal((n, features)), generator.permutation(np.arange(n) % 2)
    select, classifier, splits = SelectKBest(f_classif, k=keep), KNeighborsClassifier(1), folds(y, k, seed)
    with threadpool_limits(1):  # threads cost more than they save on arrays of this size
        leaky = cross_val_score(classifier, select.fit_transform(X, y), y, cv=splits)
        honest = cross_val_score(make_pipeline(select, classifier), X, y, cv=splits)
    return float(leaky.mean()), float(honest.mean())


def _state(seed, use):
    """scikit-learn wants NumPy's older generator."""
    return np.random.RandomState(host_generator(seed, use).bit_generator)


def _fit_process(points, losses):
    """points -> (mean, deviation) of the function without noise, in units of the losses' own spread."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    smooth = ConstantKernel(1.0, (0.01, 100.0)) * Matern(np.full(points.shape[1], 0.5), (0.05, 20.0), nu=2.5)
    process = GaussianProcessRegressor(smooth + WhiteKernel(1e-3, (1e-6, 1.0)))
    with threadpool_limits(1), warnings.catch_warnings():
        # A length at its bound means an axis that does not matter. Threads cost more than they save at this size.
        warnings.simplefilter("ignore", ConvergenceWarning)
        process.fit(points, (losses - losses.mean()) / (losses.std() or 1.0))

    def posterior(offered):
        with threadpool_limits(1):
            mean, deviation = process.predict(offered, return_std=True)
        return mean, np.sqrt(np.maximum(deviation**2 - process.kernel_.k2.noise_level, 0))

    return posterior


def _offer(generator, best, pool):
    near = np.clip(best + 0.05 * generator.standard_normal((pool, best.size)), 0, 1)
    return np.concatenate([generator.random((pool, best.size)), near])
