"""Criteria on the digits: gains of the best drop rate over none, and the regret of one half."""

from dataclasses import replace

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
    """The rate with the highest mean validation accuracy on tuning seeds, which report nothing; on a tie the lowest."""
    means = table(data, cell, "choice")[list(rates)].mean()
    return float(means.idxmax())


def positive(p):
    return [q for q in p.hidden_rates if q > 0]


def gain(data, cell, rate, p):
    """Test accuracy at `rate` over that without dropout, by seed."""
    test = table(data, cell, "test")
    return (test[rate] - test[0.0]).to_numpy()


def gap(data, cell, rate):
    """Accuracy on the training labels over that to expect on test digits whose labels are wrong as often, by seed.

    A wrong label is one of the nine others, each as likely: a right answer meets its label with probability
    1 - noise, a wrong one with noise / 9. So 0 is what a network without any overfitting has, at every noise.
    """
    test, noise = table(data, cell, "test")[rate], cell[2]
    return (table(data, cell, "train")[rate] - test * (1 - noise) - (1 - test) * noise / 9).to_numpy()


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
    """Share of settings within the margin. It is decided by those surely within it and those perhaps within it: these
    two shares are no confidence interval, so they are in the note."""
    verdicts = [o.verdict for o in outcomes]
    surely = verdicts.count(Verdict.CONFIRMED)
    possibly = len(verdicts) - verdicts.count(Verdict.REFUTED)
    verdict = (
        Verdict.CONFIRMED if surely / len(verdicts) >= p.near_share
        else Verdict.REFUTED if possibly / len(verdicts) < p.near_share
        else Verdict.INCONCLUSIVE
    )  # fmt: skip
    estimate = float(np.mean([o.estimate < p.margin for o in outcomes]))
    note = f"{surely} of {len(verdicts)} settings surely, {possibly} possibly"
    return statistics.Outcome(verdict, estimate, n=len(outcomes), threshold=p.near_share, note=note)


def by_width(halves, p):
    """The share at each width, and in words how it is without the settings of one width."""
    groups = {w: [o for o, cell in zip(halves, p.cells, strict=True) if cell[1] == w] for w in p.widths}
    joined = statistics.along_axis([f"width={w}" for w in groups], [share(g, p) for g in groups.values()])
    notes = [f"width {w}: {o.note}" for w, (_, o) in zip(groups, joined.points, strict=True)]
    if len(groups) > 1:
        for width in groups:
            rest = share([o for w, g in groups.items() if w != width for o in g], p)
            notes.append(f"all but width {width}: {rest.note}, {rest.verdict}")
    return replace(joined, note="; ".join([joined.note, *notes]))


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
        "near-best-by-width": by_width(halves, p),
        "near-best-where": statistics.along_axis(labels, halves),
        "near-best-clean": share([o for o, c in zip(halves, clean, strict=True) if c], p),
        "near-best-noisy": share([o for o, c in zip(halves, clean, strict=True) if not c], p),
        "extreme": share([near(regret(data, cell, p.extreme_rate, p), p) for cell in cells], p),
    }
