"""How deep a plain net can be and still be trained, by rule: digits, width 32, tuned learning rates."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy import optimize

from coreops import SGD, Adam, Data, Dense, Network, ReLU, Run, SoftmaxCrossEntropy, Tanh
from studies.harness import datasets, statistics, tuning
from studies.harness.verdict import Verdict
from studies.initialization._signal_nets import RULES

PART, EDGE = "depth", "edge"
UNITS = {"ReLU": ReLU(), "tanh": Tanh()}
OPTIMIZERS = {"Adam": Adam, "SGD": SGD}
TRAINED = tuple(name for name in RULES if name != "lecun")  # Xavier's rule in square layers


@lru_cache(maxsize=256)
def _load(seed, n_train):
    split = datasets.digits(seed, n_train)
    return split, Data(split.X, split.y)


def row(p, rule, units, optimizer, depth, rate, seed):
    """A net with `depth` hidden layers, every weight drawn by the rule."""
    split, data = _load(seed, p.n_train)
    layers, n = [], 64
    for _ in range(depth):
        layers += [Dense(n, p.width), UNITS[units]]
        n = p.width
    network = Network(*layers, Dense(n, 10), loss=SoftmaxCrossEntropy(), init=RULES[rule].init)
    return Run(
        network, optimizer=OPTIMIZERS[optimizer](rate), batch_size=p.batch, epochs=p.epochs, seed=seed, data=data,
        train=split.train, evaluate_every=p.epochs,
    )  # fmt: skip


def _arm(p, rule, units, optimizer, depth):
    return lambda rate, seed: row(p, rule, units, optimizer, depth, rate, seed)


def accuracy(result):
    """On the training examples after the last epoch; 0 for a run that diverged."""
    return 0.0 if result.status == "diverged" else float(1 - result.error[-1])


def measure(p, seeds, sweep):
    """Records: arm the rule, metric "UNITS, OPTIMIZER", x the depth, value the training accuracy.

    And of the tuning, part `EDGE`, value 1 where most runs diverged at every rate, 0 where the best rate was the
    lowest or the highest of the last grid.
    """
    out = []
    for units in UNITS:
        for name in OPTIMIZERS:
            grid = tuning.grid(p.centre(name), points=p.grid_points, per_decade=p.grid_density)
            rates = {}
            for depth in p.layers(units):
                done = tuning.tune(
                    {r: _arm(p, r, units, name, depth) for r in TRAINED},
                    dict.fromkeys(TRAINED, grid),
                    accuracy,
                    sweep=sweep,
                    seeds=range(500, 500 + p.tuning_seeds),
                    maximise=True,
                    max_extensions=p.extensions,
                    name=f"rates: {units}, {name}, {depth} hidden layers",
                )
                rates |= {(r, depth): done.choice[r] for r in TRAINED}
                out += [(EDGE, r, f"{units}, {name}", depth, 500, float(r in done.diverged)) for r in done.edge]
            keys = [(r, d, s) for r, d in rates for s in seeds]
            results = sweep([row(p, r, units, name, d, rates[r, d], s) for r, d, s in keys])
            for (r, d, s), result in zip(keys, results, strict=True):
                out.append((PART, r, f"{units}, {name}", d, s, accuracy(result)))
    return out


def reach(depths, success):
    """log2 of the depth at which success ends: success (seeds, depths) -> (seeds,).

    Spearman-Karber: half the gap to each neighbour counts for a depth that succeeds; the mean over seeds estimates
    the centre of the success curve without a model. The last depth counts for as much beyond as before it, so a
    seed that succeeds there has reached at least what this says: see `at_ceiling`.
    """
    x = np.log2(depths)
    edges = np.concatenate([[x[0]], (x[1:] + x[:-1]) / 2, [x[-1] + (x[-1] - x[-2]) / 2]])
    return x[0] + success @ np.diff(edges)


def logistic_depth(depths, success):
    """(depth of success 1/2, slope per octave) of a logistic curve in log2 depth, by penalised likelihood.

    Success is smoothed by half a run of each kind per depth, so that a perfect step has a finite slope.
    """
    x, n = np.log2(depths), len(success)
    share = (success.sum(0) + 0.5) / (n + 1)

    def loss(a):
        z = a[1] * (a[0] - x)
        return np.sum(np.logaddexp(0, z) - share * z)

    centre, slope = optimize.minimize(loss, (x.mean(), 1.0), method="Nelder-Mead").x
    return 2**centre, slope


def fitted(depths, values, success):
    """`logistic_depth` in words: beyond the depths that were tried it is no number."""
    depth, _ = logistic_depth(depths, values > success)
    return f"{depth:.1f}" if depth <= depths[-1] else f"above {depths[-1]:g}"


def table(runs, setting, rule):
    """(depths, training accuracy (seeds, depths)); runs: the data of PART."""
    rows = runs[(runs.metric == setting) & (runs.arm == rule)]
    wide = rows.pivot(index="seed", columns="x", values="value")
    return wide.columns.to_numpy(), wide.to_numpy()


def depth50(runs, p, setting, rule):
    """log2 of the reached depth per seed."""
    depths, values = table(runs, setting, rule)
    return reach(depths, values > p.success)


def at_ceiling(runs, p, setting, rule):
    """Whether a seed of the rule still succeeds at the last depth: how deep it would go was not measured."""
    return bool((table(runs, setting, rule)[1][:, -1] > p.success).any())


def censored(outcome, high, low):
    """An outcome of a - b that claims no more than is known where a (`high`) or b (`low`) is at the ceiling.

    a reached at least what was measured, so the difference may be larger; with b it may be smaller. What says that
    the difference is large enough, or too small, survives one of the two; that it is near 0 survives neither.
    """
    equivalent = outcome.verdict is Verdict.CONFIRMED and outcome.p_value is None  # an equivalence has no p value
    away = outcome.verdict in (Verdict.CONFIRMED, Verdict.REFUTED) and not equivalent
    sound = away and not (low if outcome.estimate > 0 else high)
    return outcome if sound or not (high or low) else replace(outcome, verdict=Verdict.INCONCLUSIVE)


def edges(data):
    """What the tuning left at an edge of its grid, in words."""
    rows, text = data[data.part == EDGE], []
    for value, what in ((1, "most runs diverged at every rate"), (0, "best rate at an edge of the last grid")):
        groups = rows[rows.value == value].groupby(["metric", "arm"], sort=False).x
        found = [f"{setting}, {rule} {', '.join(f'{x:g}' for x in depths)}" for (setting, rule), depths in groups]
        text.append(f"{what}, at hidden layers: {'; '.join(found) or 'none'}")
    return ". ".join(text)


def judge(data, p):
    runs = data[data.part == PART]

    def compare(pairs, units="ReLU", test=None):
        """pairs of rules (deeper, shallower), each with every optimizer."""
        labels, outcomes, text = [], [], []
        for deep, shallow in pairs:
            for name in OPTIMIZERS:
                setting = f"{units}, {name}"
                a, b = (depth50(runs, p, setting, rule) for rule in (deep, shallow))
                ends = [at_ceiling(runs, p, setting, rule) for rule in (deep, shallow)]
                labels.append(f"{deep} over {shallow}, {name}")
                if test == "equal":
                    o = statistics.equivalence(a, b, delta=p.octaves)
                else:
                    o = statistics.paired(a, b, claimed="greater", delta=p.octaves)
                outcomes.append(censored(o, *ends))
                least = ["at least " if end else "" for end in ends]
                text.append(
                    f"{labels[-1]}: depth {least[0]}{2 ** a.mean():.1f} against {least[1]}{2 ** b.mean():.1f}, "
                    f"{o.estimate:.2f} octaves [{o.low:.2f}, {o.high:.2f}]"
                )
        return statistics.along_axis(labels, outcomes), "; ".join(text)

    shallow, text = [], []
    for units in UNITS:
        for name in OPTIMIZERS:
            ends = {r: table(runs, f"{units}, {name}", r)[1][:, 0] for r in TRAINED}
            for r in TRAINED:
                if r != "he":
                    label = f"{r}, {units}, {name}"
                    shallow.append((label, statistics.equivalence(ends[r], ends["he"], delta=p.shallow_tol)))
            text.append(f"{units}, {name}: {min(v.mean() for v in ends.values()):.3f} at least")
    worst = min(shallow, key=lambda o: (o[1].verdict.severity, -abs(o[1].estimate)))
    fits = "; ".join(
        f"{units}, {name}: "
        + ", ".join(f"{r} {fitted(*table(runs, f'{units}, {name}', r), p.success)}" for r in TRAINED)
        for units in UNITS
        for name in OPTIMIZERS
    )
    deeper, note = compare([("he", "xavier")])
    return {
        "he-over-xavier": (deeper, f"{note}. Logistic fits, depth of success 1/2: {fits}. Tuning: {edges(data)}"),
        "classical-below": compare([("he", "classical"), ("xavier", "classical")]),
        "he-over-wider": compare([("he", "e01-deviation"), ("he", "e03-variance"), ("he", "e01-variance")]),
        "xavier-over-heuristic": compare([("xavier", "heuristic")]),
        "tanh-xavier-over-heuristic": compare([("xavier", "heuristic")], "tanh"),
        "tanh-he-as-xavier": compare([("he", "xavier")], "tanh", "equal"),
        "tanh-orthogonal": compare([("orthogonal", "xavier")], "tanh"),
        "one-hidden-layer": (worst[1], f"worst of {len(shallow)}: {worst[0]}; mean accuracy: " + "; ".join(text)),
        "as-printed-e01-training": compare([("he", "e01-variance")], test="equal"),
        "as-printed-e02-training": compare([("heuristic", "classical")], test="equal"),
    }
