"""TN: every arm gets the same budget, tuned on the endpoint itself, on seeds that report nothing."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd

TUNING_SEEDS = range(500, 510)


@dataclass(frozen=True)
class Tuning:
    """Best value per arm, the grids as they ended up, and the table that the report prints."""

    choice: dict
    grids: dict
    extensions: int
    edge: tuple  # arms whose winner is still at an edge after the last extension allowed
    diverged: tuple  # those of them that have no winner: at every value half of the runs or more diverged
    table: pd.DataFrame = field(repr=False)  # arm, value, median, diverged, seeds, round, chosen


def grid(centre, *, points=7, per_decade=4):
    """Logarithmic grid of `points` values around `centre`, `per_decade` to a decade."""
    steps = np.arange(points) - (points - 1) / 2
    return tuple(float(f"{v:.6g}") for v in centre * 10.0 ** (steps / per_decade))


def tune(
    arms,
    grids,
    endpoint,
    *,
    sweep,
    X=None,
    y=None,
    seeds=TUNING_SEEDS,
    maximise=False,
    max_extensions=3,
    extend_by=2,
    name="tuning",
):
    """Tunes one number per arm.

    arms: name -> callable(value, seed) -> a row for `sweep`; grids: name -> increasing log-spaced values, all
    of one length (see `grid`); endpoint: callable(result) -> float, small is good (large with `maximise`);
    seeds: within 500..599. A run that diverged, or whose endpoint is not finite, counts as the worst. The
    best value of an arm has the best median over seeds; on a tie the one nearest to the middle of its grid.
    Where half of the runs or more diverged at every value of an arm there is no best one: the lowest is taken, which
    is an edge.
    While some arm's winner sits at an edge, *every* arm's grid grows by `extend_by` points on that side, at
    most `max_extensions` times. What is at an edge then is named in `edge`, and in `diverged`.

    Only new points are run. Returns a `Tuning`; its table goes into the report through `sweep`.
    """
    seeds = [int(s) for s in seeds]
    if not seeds or not all(500 <= s <= 599 for s in seeds):
        raise ValueError(f"seeds must be tuning seeds, within 500..599, got {seeds}")
    grids = {arm: [float(v) for v in grids[arm]] for arm in arms}
    sizes = {arm: len(g) for arm, g in grids.items()}
    if len(set(sizes.values())) != 1 or min(sizes.values()) < 3:
        raise ValueError(f"every arm needs a grid of the same length, at least 3: got {sizes}")
    for arm, g in grids.items():
        if g[0] <= 0 or any(b <= a for a, b in pairwise(g)):
            raise ValueError(f"grids[{arm!r}] must be positive and increasing, got {g}")

    runs, worst, extensions = {}, np.inf, 0
    while True:
        todo = [(arm, v, s) for arm in arms for v in grids[arm] for s in seeds if (arm, v, s) not in runs]
        results = sweep([arms[arm](v, s) for arm, v, s in todo], X, y) if todo else ()
        for key, result in zip(todo, results, strict=True):
            value = float(endpoint(result)) * (-1 if maximise else 1)
            good = str(result.status) != "diverged" and np.isfinite(value)
            runs[key] = (value if good else worst, str(result.status) == "diverged", extensions)
        medians = {arm: [float(np.median([runs[arm, v, s][0] for s in seeds])) for v in grids[arm]] for arm in arms}
        lost = [arm for arm in arms if all(_mostly(runs[arm, v, s][1] for s in seeds) for v in grids[arm])]
        best = {arm: 0 if arm in lost else _best(medians[arm]) for arm in arms}
        low = any(i == 0 for i in best.values())
        high = any(i == len(grids[arm]) - 1 for arm, i in best.items())
        if not (low or high) or extensions == max_extensions:
            break
        extensions += 1
        for g in grids.values():
            ratio = (g[-1] / g[0]) ** (1 / (len(g) - 1))
            if low:
                g[:0] = [float(f"{g[0] / ratio**k:.6g}") for k in range(extend_by, 0, -1)]
            if high:
                g += [float(f"{g[-1] * ratio**k:.6g}") for k in range(1, extend_by + 1)]

    table = pd.DataFrame(
        [
            {
                "arm": arm,
                "value": v,
                "median": medians[arm][i] * (-1 if maximise else 1),
                "diverged": int(sum(runs[arm, v, s][1] for s in seeds)),
                "seeds": len(seeds),
                "round": runs[arm, v, seeds[0]][2],
                "chosen": i == best[arm],
            }
            for arm in arms
            for i, v in enumerate(grids[arm])
        ]
    )
    edge = tuple(arm for arm, i in best.items() if i in (0, len(grids[arm]) - 1))
    tuning = Tuning({a: grids[a][best[a]] for a in arms}, grids, extensions, edge, tuple(lost), table)
    record = getattr(sweep, "record", None)
    if record:
        record(name, table)
    return tuning


def _mostly(flags):
    return np.mean(list(flags)) >= 0.5  # of an even number half is enough to make their median the worst


def _best(medians):
    least, middle = min(medians), (len(medians) - 1) / 2
    return min((i for i, m in enumerate(medians) if m == least), key=lambda i: (abs(i - middle), i))
