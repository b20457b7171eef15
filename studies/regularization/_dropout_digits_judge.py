"""Criteria on the digits: gains of the best drop rate over none, and the regret of one half."""

import numpy as np

from studies.harness import statistics
from studies.harness.verdict import Verdict
from studies.regularization._dropout_digits import named

HALF = 0.5


def table(data, cell, metric):
    """(seeds, rates) of one setting, as a frame."""
    chosen = data[(data.part == "digits") & (data.arm == named(cell)) & (data.metric == metric)]
    return chosen.pivot(index="seed", columns="x", values="value")


def best(data, cell, rates):
    """The rate with the highest mean validation accuracy; on a tie the lowest. The test digits have no say."""
    means = table(data, cell, "validation")[list(rates)].mean()
    return float(means.idxmax())


def positive(p):
    return [q for q in p.hidden_rates if q > 0]


def gain(data, cell, rate, p):
    """Test accuracy at `rate` over that without dropout, by seed."""
    test = table(data, cell, "test")
    return (test[rate] - test[0.0]).to_numpy()


def gap(data, cell, rate):
    return (table(data, cell, "train")[rate] - table(data, cell, "test")[rate]).to_numpy()


def regret(data, cell, rate, p):
    """Test accuracy lost by `rate` against the best one, by seed."""
    test = table(data, cell, "test")
    return (test[best(data, cell, p.hidden_rates)] - test[rate]).to_numpy()


def near(losses, p):
    """Whether a regret is below the margin: the interval decides."""
    ((low, high),) = statistics.interval(losses)
    verdict = Verdict.CONFIRMED if high < p.margin else Verdict.REFUTED if low >= p.margin else Verdict.INCONCLUSIVE
    return statistics.Outcome(
        verdict, float(losses.mean()), low, high, n=len(losses), threshold=p.margin, tolerance=0.1
    )


def share(outcomes, p):
    """Of settings surely within the margin, and of those perhaps within it: an interval of the share."""
    verdicts = [o.verdict for o in outcomes]
    low = float(np.mean([v is Verdict.CONFIRMED for v in verdicts]))
    high = float(np.mean([v is not Verdict.REFUTED for v in verdicts]))
    estimate = float(np.mean([o.estimate < p.margin for o in outcomes]))
    verdict = (
        Verdict.CONFIRMED if low >= p.near_share
        else Verdict.REFUTED if high < p.near_share
        else Verdict.INCONCLUSIVE
    )  # fmt: skip
    note = (
        f"{verdicts.count(Verdict.CONFIRMED)} of {len(verdicts)} settings surely, low; {round(high * len(verdicts))} "
    )
    return statistics.Outcome(
        verdict, estimate, low, high, n=len(outcomes), threshold=p.near_share, note=note + "possibly, high"
    )


def outcomes(data, p):
    cells, labels = p.cells, [named(cell) for cell in p.cells]
    chosen = [best(data, cell, positive(p)) for cell in cells]
    gains = [gain(data, cell, q, p) for cell, q in zip(cells, chosen, strict=True)]
    clean = [cell[2] == 0 for cell in cells]

    def paired(values, claimed="greater"):
        return statistics.paired(values, 0.0, claimed=claimed, delta=p.margin)

    def pooled(flags):
        return paired(np.mean([g for g, flag in zip(gains, flags, strict=True) if flag], axis=0))

    gaps = [gap(data, cell, q) - gap(data, cell, 0.0) for cell, q in zip(cells, chosen, strict=True)]
    halves = [near(regret(data, cell, HALF, p), p) for cell in cells]
    masked = [(table(data, c, "masked")[HALF] - table(data, c, "test")[HALF]).to_numpy() for c in cells]
    tiny = [table(data, cells[0], metric) for metric in ("train", "validation", "test")]
    return {
        "accuracy": statistics.along_axis(labels, [paired(g) for g in gains]),
        "gap": statistics.along_axis(labels, [paired(g, "less") for g in gaps]),
        "half-gain": statistics.along_axis(labels, [paired(gain(data, cell, HALF, p)) for cell in cells]),
        "clean-gain": pooled(clean),
        "noisy-gain": pooled([not c for c in clean]),
        "masks-on": paired(np.mean(masked, axis=0)),
        "tiny-rate": statistics.exact(
            np.stack([t[p.tiny_rate] for t in tiny]), np.stack([t[0.0] for t in tiny]), tol=p.minimiser_tol
        ),
        "near-best": share(halves, p),
        "near-best-where": statistics.along_axis(labels, halves),
        "near-best-clean": share([o for o, c in zip(halves, clean, strict=True) if c], p),
        "near-best-noisy": share([o for o, c in zip(halves, clean, strict=True) if not c], p),
        "extreme": share([near(regret(data, cell, p.extreme_rate, p), p) for cell in cells], p),
    }
