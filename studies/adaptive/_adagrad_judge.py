"""The criteria of the study `adagrad_decay`, as statistics of its frame."""

import numpy as np

from studies.adaptive._adagrad_streams import ZETA_HALF, crossing_time, path_length
from studies.harness import statistics


def pick(data, part, metric=None, **columns):
    for name, value in columns.items():
        data = data[data[name] == value]
    data = data[data.part == part]
    return data if metric is None else data[data.metric == metric]


def curves(data, part, arm, metric, kind=None, index="seed"):
    """(x (k,), values (n, k)) of one arm, a row per seed or per kind."""
    chosen = pick(data, part, metric, arm=arm) if kind is None else pick(data, part, metric, arm=arm, kind=kind)
    wide = chosen.pivot(index=index, columns="x", values="value")
    return wide.columns.to_numpy(), wide.to_numpy()


def furthest(x, y, *, expected, tol):
    """The curve whose slope is furthest from `expected` decides."""
    s = statistics.slopes(x, y)
    return statistics.located([s[np.argmax(np.abs(s - expected))]], expected=expected, tol=tol)


def last(data, part, kind, arm, metric, x=None):
    """Value per seed at the largest x (or at `x`), ordered by seed."""
    chosen = pick(data, part, metric, kind=kind, arm=arm)
    return chosen[chosen.x == (chosen.x.max() if x is None else x)].sort_values("seed")["value"].to_numpy()


def outcomes(data, p):
    return decay(data, p) | stall(data, p) | trained(data, p) | rare(data, p)


def decay(data, p):
    expect = {"expected": p.step_slope, "tol": p.constant_tol}
    by_size = {"metric": "length", "index": "kind"}
    x, path = curves(data, "constant", "AdaGrad", "path", index="kind")
    late = x >= p.path_from
    t, length = curves(data, "constant", "running mean", **by_size)
    mean_path = np.tile(t * length[:, -1:], 1)[:, t >= p.path_from]  # its steps are all equal
    noise = {"expected": p.step_slope, "tol": p.noisy_tol}
    slower = {"expected": -(1 - 2 * p.power) / 2, "tol": p.decaying_tol}

    def decaying(arm, metric, power):
        return curves(data, "decaying", arm, metric, f"{power:g}")

    def noisy(arm, metric, kind="zero mean"):
        return statistics.slope(*curves(data, "noisy", arm, metric, kind), **noise)

    out = {
        "constant-step": furthest(*curves(data, "constant", "AdaGrad", **by_size), **expect),
        "constant-path": statistics.exact(
            path[:, late], np.tile(path_length(x[late], p.rate), (len(path), 1)), tol=p.path_tol
        ),
        "two-terms": statistics.located(
            path[:1, -1] / p.rate, expected=2 * np.sqrt(p.steps) + ZETA_HALF, tol=p.two_term_tol
        ),
        "noisy-effective": noisy("AdaGrad", "effective"),
        "noisy-length": noisy("AdaGrad", "length"),
        "biased-length": noisy("AdaGrad", "length", "biased"),
        "decaying-effective": statistics.slope(*decaying("AdaGrad", "effective", p.power), **slower),
        "decaying-length": statistics.slope(
            *decaying("AdaGrad", "length", p.power), expected=p.step_slope, tol=p.decaying_tol
        ),
        "finite-sum": statistics.slope(
            *decaying("AdaGrad", "effective", p.fast_power), expected=0.0, tol=p.decaying_tol
        ),
        "as-printed-e24": furthest(t, length, **expect),
        "rmsprop-constant": furthest(*curves(data, "constant", "RMSProp", **by_size), **expect),
        "mean-path": statistics.exact(
            mean_path, np.tile(path_length(t[t >= p.path_from], p.rate), (len(mean_path), 1)), tol=p.path_tol
        ),
        "mean-noisy": noisy("running mean", "effective"),
        "mean-decaying": statistics.slope(*decaying("running mean", "effective", p.power), **slower),
    }
    for name, arm in (("epsilon-outside", "outside"), ("as-printed-e13", "inside")):
        each = [
            statistics.slope(*curves(data, "constant", f"AdaGrad, eps {arm}", "length", f"{size:g}"), **expect)
            for size in p.small_sizes
        ]
        out[name] = statistics.along_axis(p.small_sizes, each)
    return out


def times(data, p, arm, number=None, distance=None, metric="time"):
    """Arrival time by burst size."""
    number, distance = number or p.number, distance or p.distance
    chosen = pick(data, "burst", metric, arm=arm, kind=f"{number},{distance:g}")
    return dict(zip(chosen.x, chosen["value"], strict=True))


def notes(data, p):
    """What belongs beside an estimate: the slowdown of each rule by the largest burst, and `floors`."""
    parts = []
    for arm in ("AdaGrad", "Adam", "RMSProp"):
        time = times(data, p, arm)
        parts.append(f"{arm} {time[max(p.bursts)] / time[0.0]:.3g}")
    return {"burst-slowdown": f"slowdowns: {', '.join(parts)} times"} | floors(data, p)


def floors(data, p):
    """Where a rival's loss is at the floor, so that AdaGrad's distance to it is a lower bound."""
    out = {}
    for rival in ("RMSProp", "Adam"):
        for kind in ("shallow", "deep", "short"):
            loss = last(data, "digits", kind, rival, "log loss")
            floored = int((loss <= np.log(p.loss_floor) + 1e-12).sum())
            if floored:
                out[f"{kind}-vs-{rival.lower()}"] = f"at least: {floored} of {loss.size} seeds of {rival} at the floor"
    return out


def stall(data, p):
    sizes = np.array(p.bursts)
    by_setting = {s: np.array([times(data, p, "AdaGrad", *s)[x] for x in sizes]) for s in p.settings}
    theory = {(m, d): crossing_time(d, sizes, m) for m, d in p.settings}
    main = (p.number, p.distance)
    slopes = []
    for (m, d), measured in by_setting.items():
        regime = sizes * np.sqrt(m) > p.regime * d / 4
        slopes.append(statistics.slope(sizes[regime], measured[regime], expected=1.0, tol=p.stall_slope_tol))
    forgetting = {arm: times(data, p, arm) for arm in ("RMSProp", "Adam")}
    slowdown = {arm: t[sizes.max()] / t[0.0] for arm, t in forgetting.items()}
    own = times(data, p, "AdaGrad")
    far = times(data, p, "AdaGrad", distance=p.far)
    points = [(m, d, x) for m, d in p.settings for x in p.bursts]
    each = [
        statistics.exact([by_setting[m, d][i]], [theory[m, d][i]], tol=p.stall_tol)
        for m, d in p.settings
        for i in range(sizes.size)
    ]
    return {
        "stall-time": statistics.exact(by_setting[main], theory[main], tol=p.stall_tol),
        "stall-slope": worst_of(slopes),
        "burst-slowdown": statistics.bound(
            own[sizes.max()] / own[0.0] / max(slowdown.values()), at_least=p.slowdown_factor
        ),
        "stall-everywhere": statistics.along_axis([f"(m {m}, D {d:g}, M {x:g})" for m, d, x in points], each),
        "stall-steps": statistics.located(
            [times(data, p, "AdaGrad", metric="whole")[p.checked_burst]],
            expected=crossing_time(p.distance, p.checked_burst, p.number), tol=1.0,
        ),
        "forgetting-formula": statistics.exact(
            [forgetting["RMSProp"][x] for x in sizes], theory[main], tol=p.stall_tol
        ),
        "unit-burst": statistics.located([far[1.0] / far[0.0]], expected=1.0, tol=p.unit_tol),
    }  # fmt: skip


def worst_of(outcomes):
    """The outcome furthest from its threshold: it decides for all."""
    return max(outcomes, key=lambda o: abs(o.estimate - o.threshold))


def trained(data, p):
    def behind(part, kind, rival):
        own, other = (last(data, part, kind, arm, "log loss") for arm in ("AdaGrad", rival))
        return statistics.paired(own, other, claimed="greater", delta=p.log_loss_margin)

    out = {}
    for rival in ("RMSProp", "Adam"):
        for kind in ("shallow", "deep", "short"):
            out[f"{kind}-vs-{rival.lower()}"] = behind("digits", kind, rival)
        out[f"convex-vs-{rival.lower()}"] = behind("sparse loss", "zipf", rival)
    out["same-error"] = statistics.equivalence(
        last(data, "digits", "shallow", "AdaGrad", "error"),
        last(data, "digits", "shallow", "RMSProp", "error"),
        delta=p.error_margin,
    )
    return out


def rare(data, p):
    short, long = p.sparse_sizes
    gain = {"claimed": "greater", "delta": p.accuracy_margin}

    def score(kind, arm, n=long):
        return last(data, "sparse", kind, arm, "accuracy", n)

    def beats(kind, rival, n=long):
        return statistics.paired(score(kind, "AdaGrad", n), score(kind, rival, n), **gain)

    f, steps = curves(data, "periodic", "AdaGrad", "length", index="kind")
    at_size = {
        n: statistics.paired(score("zipf", "AdaGrad", n), score("zipf", "SGD", n), **gain) for n in (short, long)
    }
    law = {"expected": p.frequency_slope, "tol": p.frequency_tol}
    return {
        "step-ratio": statistics.exact(steps[0] / steps[0, -1], np.sqrt(f[-1] / f), tol=p.ratio_tol),
        "step-frequency": statistics.slope(*curves(data, "sparse step", "AdaGrad", "effective"), **law),
        "sparse-accuracy": statistics.along_axis(list(at_size), list(at_size.values())),
        "short-gain": at_size[short],
        "long-gain": at_size[long],
        "vs-decaying": beats("zipf", "decaying SGD"),
        "frequency-share": statistics.paired(
            score("zipf", "AdaGrad") - score("zipf", "SGD"),
            score("permuted", "AdaGrad") - score("permuted", "SGD"),
            **gain,
        ),
        "dense-short": beats("dense", "SGD", short),
        "sgd-frequency": statistics.slope(*curves(data, "sparse step", "SGD", "effective"), **law),
        "permuted-gain": beats("permuted", "SGD"),
        "permuted-equal": statistics.equivalence(
            score("permuted", "AdaGrad"), score("permuted", "decaying SGD"), delta=p.equal_margin
        ),
        "dense-equal": statistics.equivalence(score("dense", "AdaGrad"), score("dense", "SGD"), delta=p.equal_margin),
    }
