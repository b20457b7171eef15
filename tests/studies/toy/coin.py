"""A toy study: an arm with an effect against one without.   Claims: toy-effect, toy-identity."""

import numpy as np
import pandas as pd

from coreops import Run
from studies.harness import Criteria, Criterion, Field, FrozenModel, plotting, statistics, tuning

TITLE = "A toy effect"
CLAIMS = ("toy-effect", "toy-identity")
VERSION = 2
CHANGES = ("the margin was halved",)
EXPECTED_SECONDS = {"quick": 1, "full": 2}
ALT = "The paired differences of the toy arms, and their mean."
THEORY = "The expected difference is {{ params.effect }}."
PROTOCOL = "{{ params.seeds }} seeds; the measured difference is {{ finding['effect'].estimate }}."
SCOPE = "Toys."


class Params(FrozenModel):
    seeds: int = Field(12, ge=2, description="reporting seeds")
    max_doublings: int = Field(2, ge=0, le=2, description="doublings of the seeds")
    effect: float = Field(1.0, ge=-5, le=5, description="effect put in")
    margin: float = Field(0.1, gt=0, description="smallest difference that counts")


FULL = Params()
QUICK = Params(seeds=8, max_doublings=0)

CRITERIA = Criteria(
    Criterion(
        claim="toy-effect",
        name="effect",
        statement="The treated arm is higher",
        criterion="paired difference above 0, at least {{ params.margin }}",
        unit="points",
        extendable=True,
    ),
    Criterion(claim="toy-identity", name="identity", statement="1 + 1 = 2", criterion="relative error <= 1e-10"),
    Criterion(
        claim="toy-effect",
        name="swapped",
        role="break",
        guards="effect",
        statement="The arms swapped",
        criterion="the same, with the arms exchanged; must not pass",
    ),
    Criterion(
        claim="toy-effect",
        name="same-arm",
        role="null",
        guards="effect",
        statement="An arm against itself",
        criterion="equivalence within {{ params.margin }}",
    ),
    Criterion(
        claim="toy-effect",
        name="as-printed-t1",
        role="as-printed",
        erratum="T1",
        statement="The difference is 100, as printed",
        criterion="mean difference 100 within 1",
    ),
)


def measure(p, seeds, sweep):
    arms = {"control": lambda v, s: Run("control", s, v), "treated": lambda v, s: Run("treated", s, v)}
    tuned = tuning.tune(
        arms,
        dict.fromkeys(arms, (0.1, 1.0, 10.0, 100.0, 1000.0)),
        lambda r: abs(r.value - 10),
        sweep=sweep,
        seeds=range(500, 503),
    )
    assert tuned.choice == {"control": 10.0, "treated": 10.0}
    keys = [(arm, s) for arm in ("control", "treated") for s in seeds]
    table = sweep([Run(arm, s, p.effect if arm == "treated" else 0.0) for arm, s in keys])
    return pd.DataFrame({"arm": [a for a, _ in keys], "seed": [s for _, s in keys], "value": [r.value for r in table]})


def judge(data, p):
    wide = data.pivot(index="seed", columns="arm", values="value")
    a, b = wide["treated"].to_numpy(), wide["control"].to_numpy()
    return [
        CRITERIA.finding("effect", statistics.paired(a, b, claimed="greater", delta=p.margin)),
        CRITERIA.finding("identity", statistics.exact(np.array([1 + 1]), np.array([2]))),
        CRITERIA.finding("swapped", statistics.paired(b, a, claimed="greater", delta=p.margin)),
        CRITERIA.finding("same-arm", statistics.equivalence(a, a, delta=p.margin)),
        CRITERIA.finding("as-printed-t1", statistics.located(a - b, expected=100, tol=1), note="printed so"),
    ]


def draw(data, p):
    fig, ax = plotting.figure()
    wide = data.pivot(index="seed", columns="arm", values="value")
    plotting.line(ax, wide.index, wide["treated"] - wide["control"], 0, ["difference"])
    plotting.theory(ax, wide.index, np.full(len(wide), p.effect))
    ax.set(xlabel="seed", ylabel="difference (points)")
    plotting.label_ends(ax)
    return fig
