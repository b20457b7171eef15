"""The criteria on trained networks and deep stacks, as statistics of the frame."""

from dataclasses import replace

import numpy as np

from studies.harness import statistics
from studies.normalization._batch_norm_depth import LIMIT
from studies.normalization._batch_norm_mismatch import inflation
from studies.normalization._batch_norm_speed import rates as rate_grid


def per_seed(data, part, arm, metric, x):
    """Values in the order of the seeds."""
    rows = data[(data.part == part) & (data.arm == arm) & (data.metric == metric) & np.isclose(data.x, x)]
    return rows.sort_values("seed").value.to_numpy()


def wide(data, part, arm, metric):
    """(x (k,), values (n, k)), a row per seed."""
    rows = data[(data.part == part) & (data.arm == arm) & (data.metric == metric)]
    table = rows.pivot(index="seed", columns="x", values="value")
    return table.columns.to_numpy(), table.to_numpy()


def against(values, bound, claimed):
    """Values per seed against a number, all of it in their own unit: `paired` reports what is above the bound."""
    above = statistics.paired(values, bound, claimed=claimed, delta=0.0)
    return replace(
        above, estimate=above.estimate + bound, low=above.low + bound, high=above.high + bound, threshold=bound
    )


def gap_sizes(data, p, arm, metric):
    """(batches, |gap| (n, k)), never below the floor."""
    x, gap = wide(data, "gap", arm, metric)
    chosen = np.isin(x, p.gap_batches)
    return x[chosen], np.maximum(np.abs(gap[:, chosen]), p.gap_floor)


def local_slopes(x, sizes):
    """The middle batch, and the slope of each seed's gap from the smallest to it and from it to the largest."""
    middle = len(x) // 2
    halves = (slice(None, middle + 1), slice(middle, None))
    return x[middle], [statistics.slopes(x[half], sizes[:, half]) for half in halves]


def told(values):
    """Mean and 95 % interval over seeds, in words."""
    ((low, high),) = statistics.interval(values)
    return f"{values.mean():.2f} [{low:.2f}, {high:.2f}]"


def trained(data, p):
    return mismatch(data, p) | speed(data, p) | rates(data, p) | deep(data, p)


def mismatch(data, p):
    def gap_slope(arm, metric):
        slopes = statistics.slopes(*gap_sizes(data, p, arm, metric))
        return against(slopes, p.gap_slope, "less"), f"slope {slopes.mean():.2f}"

    def curved(metric):
        x, sizes = gap_sizes(data, p, "batch norm", metric)
        middle, (low, high) = local_slopes(x, sizes)
        note = f"local slopes {told(low)} over {x[0]:g} to {middle:g}, {told(high)} over {middle:g} to {x[-1]:g}"
        return gap_slope("batch norm", metric)[0], note

    def better(a, b, x, delta):
        a, b = (per_seed(data, "accuracy", arm, "test", x) for arm in (a, b))
        return statistics.paired(a, b, claimed="greater", delta=delta)

    def relative(values, metric, x):
        return np.abs(values) / per_seed(data, "training loss", metric[0], metric[1], x)

    B, main = np.array(p.formula_batches, float), f"epochs {p.gap_rate:g}"
    theory = np.concatenate([(B - 1) / B, inflation(B)])
    mean, error = (
        np.concatenate([data[(data.part == "moments") & (data.arm == a) & (data.metric == m)].sort_values("x").value
                        for a in ("variance", "inverse")])
        for m in ("mean", "error")
    )  # fmt: skip
    others = [f"{fixed} {rate:g}" for rate in p.gap_rates for fixed in ("epochs", "steps")]
    slopes = [gap_slope("batch norm", m) for m in others]
    smallest = min(p.gap_batches)
    gap = per_seed(data, "gap", "batch norm", main, smallest)
    layer = [relative(per_seed(data, "gap", "layer norm", main, b), ("layer norm", main), b)
             for b in wide(data, "gap", "layer norm", main)[0]]  # fmt: skip
    full = relative(per_seed(data, "gap", "full", "recalibrated", p.n_train), ("batch norm", main), p.n_train)

    def narrowed(arm):
        rest = per_seed(data, "gap", arm, "recalibrated", smallest)
        share = 1 - np.abs(rest) / np.abs(gap)
        outcome = statistics.paired(share, 0.0, claimed="greater", delta=p.recalibration_margin)
        return outcome, f"gap {gap.mean():.3f} -> {rest.mean():.3f}"

    large = [better("batch norm", "none", b, p.benefit) for b in p.large]
    stored = per_seed(data, "gap", "batch norm", main, p.n_train)
    return {
        "moments": statistics.monte_carlo(mean, error, theory, n=p.formula_draws),
        "gap-slope": curved(main),
        "gap-slope-steps": curved(f"steps {p.gap_rate:g}"),
        "gap-slope-rates": (
            statistics.along_axis(others, [o for o, _ in slopes]),
            "at rates and what is fixed, " + ", ".join(f"{m}: {n}" for m, (_, n) in zip(others, slopes, strict=True)),
        ),
        "layer-norm-slope": gap_slope("layer norm", main),
        "collapse": better("none", "batch norm", 2, p.collapse),
        "layer-norm-collapse": better("none", "layer norm", 2, p.collapse),
        "large-batches": statistics.along_axis(p.large, large),
        "recalibrated-full": narrowed("full"),
        "recalibrated-batches": narrowed("batches"),
        "layer-norm-gap": statistics.exact(np.concatenate(layer), 0.0, tol=1e-5),
        "full-batch-gap": (statistics.exact(full, 0.0, tol=1e-5),
                           f"with the running statistics of training {stored.mean():.2g}"),
    }  # fmt: skip


def speed(data, p):
    def faster(depth, batch, other="batch norm", base="none", seconds=False):
        logs = []
        for arm in (base, other):
            values = np.log(per_seed(data, "speed", f"{arm} {depth}", "epochs", batch))
            if seconds:
                values = values + np.log(per_seed(data, "speed", f"{arm} {depth}", "seconds per epoch", batch))
            logs.append(values)
        return statistics.paired(*logs, claimed="greater", delta=np.log(p.speed_factor))

    def axis(batches, **settings):
        points = [(d, b) for b in batches for d in p.depths]
        found = [faster(d, b, **settings) for d, b in points]
        ratios = ", ".join(f"{np.exp(o.estimate):.2f}" for o in found)
        joined = statistics.along_axis([f"({d} layers, batch {b})" for d, b in points], found)
        return joined, f"ratios {ratios}"

    cost = [
        np.exp(np.diff(np.log([per_seed(data, "speed", f"{arm} {d}", "seconds per epoch", b)[0]
                               for arm in ("none", "batch norm")])))[0]
        for b in p.speed_batches for d in p.depths
    ]  # fmt: skip
    seconds, note = axis(p.speed_batches, seconds=True)
    return {
        "fewer-epochs": axis(p.speed_batches),
        "fewer-small": axis((p.small_batch,)),
        "fewer-seconds": (seconds, f"{note}; an epoch costs {min(cost):.2f} to {max(cost):.2f} times as much"),
        "same-rate": axis(p.speed_batches, other="same rate"),
        "detached-faster": axis((min(p.speed_batches),), other="detached"),
        "pairs-faster": faster(p.depths[0], 2),
    }


def rates(data, p):
    def higher(depth, batch):
        logs = [np.log10(per_seed(data, "rate", f"{arm} {depth}", "highest", batch)) for arm in ("batch norm", "none")]
        return statistics.paired(*logs, claimed="greater", delta=p.rate_margin)

    def none_works(arm, depth, batch):
        return int((per_seed(data, "rate", f"{arm} {depth}", "highest", batch) < rate_grid(p)[0]).sum())

    def median(depth, batch):
        arms = (per_seed(data, "rate", f"{arm} {depth}", "highest", batch) for arm in ("batch norm", "none"))
        return np.median(np.divide(*arms))

    points = [(d, b) for b in p.rate_batches for d in p.depths]
    labels = [f"({d} layers, batch {b})" for d, b in points]
    found = [higher(d, b) for d, b in points]
    floor = [
        f"{n} of {o.n} seeds {words} at {label}"
        for (d, b), label, o in zip(points, labels, found, strict=True)
        for arm, words in (("none", "without"), ("batch norm", "with batch norm"))
        if (n := none_works(arm, d, b))
    ]
    rows = data[(data.part == "rate loss") & data.arm.str.startswith("batch norm") & (data.metric != "2")]
    top = rows[rows.x == rows.x.max()].value.to_numpy()
    return {
        "higher-rate": (
            statistics.along_axis(labels, found),
            "ratios "
            + ", ".join(f"{10**o.estimate:.1f}" for o in found)
            + "; medians "
            + ", ".join(f"{median(d, b):.1f}" for d, b in points)
            + "; no rate works for "
            + (", ".join(floor) or "no seed"),
        ),
        "still-limited": statistics.proportion(int((top > p.rate_loss).sum()), top.size, at_least=0.9),
        "pairs-higher": higher(p.depths[0], 2),
    }


def growths(data, p, arm, size=None):
    """Growth of the gradient per layer towards the input, one number per stack."""
    x, rms = wide(data, "stack", arm, "{} {}".format(*(size or (p.deep_width, p.deep_batch))))
    keep = x <= p.deep - p.deep_skip
    return np.exp(-statistics.slopes(x[keep], rms[:, keep], "semilog-y"))


def deep(data, p):
    def at(arm, expected, tol):
        return statistics.located(growths(data, p, arm), expected=expected, tol=tol)

    def better(a, b, depth):
        a, b = (per_seed(data, "depth", arm, "test", depth) for arm in (a, b))
        return statistics.paired(a, b, claimed="greater", delta=p.residual_margin)

    least = 1 - p.level_tol
    kept, lost = growths(data, p, "sigmoid BN"), growths(data, p, "sigmoid none")
    sizes = [(p.deep_width, p.deep_batch), *p.deep_sizes]
    close = []
    for size in sizes:
        mean = growths(data, p, "relu BN", size).mean()
        close.append(statistics.exact([mean], [LIMIT], tol=p.limit_tol))
    arm, other = "residual + batch norm", "batch norm"
    pairs = zip(sizes, close, strict=True)
    return {
        "no-vanishing": against(kept, least, "greater"),
        "plain-vanishes": against(lost, least, "greater"),
        "explodes": at("relu BN", p.growth, p.growth_tol),
        "limit": (
            statistics.along_axis([f"({w}, {b})" for w, b in sizes], close),
            f"limit {LIMIT:.4f}, relative errors " + ", ".join(f"{o.estimate:.3f}" for _, o in pairs),
        ),
        "tanh-growth": against(growths(data, p, "tanh BN"), 1.0, "greater"),
        "linear-level": at("linear BN", 1.0, p.level_tol),
        "he-grows": at("relu none", p.growth, p.growth_tol),
        "residual-needed": better(arm, other, p.checked_depth),
        "shallow-residual": better(arm, other, p.train_depths[0]),
        "residual-alone": better(arm, "residual", p.checked_depth),
        "deeper-better": statistics.along_axis(p.train_depths, [better(other, "none", d) for d in p.train_depths]),
    }
