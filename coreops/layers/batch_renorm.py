"""Batch renormalisation: batch norm, corrected towards the running statistics without a gradient."""

import math
from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.checks import finite_number, keep_integers, number, wrong
from coreops.layers.batch_norm import (
    BEGIN,
    CHANNELS,
    END,
    BatchStatistics,
    batch_moments,
    move_running,
    normalize,
    running_moments,
)
from coreops.records import BATCH_STATISTICS, TRAIN, UPDATE_STATISTICS
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True, kw_only=True)
class BatchRenorm(BatchStatistics):
    """y = gain ((x - mu_B)/sd_B r + d) + shift,  r = clip(sd_B/sd, 1/R, R),  d = clip((mu_B - mu)/sd, -D, D).

    mu_B, sd_B: of the batch, sd = sqrt(v + eps); mu, sd: running, as they are before the batch moves them; no gradient
    flows through r and d. R, D are 1, 0 (batch norm) up to step `begin`, grow linearly, and are r_max, d_max from step
    `end` on; begin = end = 0: from the start. Not clipped at all, training computes what evaluation does. Evaluation
    with batch statistics and recalibration leave r, d out. r_max >= 1, default 3; d_max >= 0, default 5, infinite
    only if begin = end; begin, end: defaults 5000, 25000; the rest as in BatchNorm.
    Ioffe 2017, "Batch renormalization", algorithm 1 and section 3 (which moves sd where this moves the variance, so
    that evaluation is BatchNorm's, and lets R grow until step 40000).
    """

    r_max: float = 3.0
    d_max: float = 5.0
    begin: int = 5000
    end: int = 25000
    kind = records.BATCH_RENORM

    def __post_init__(self):
        super().__post_init__()
        keep_integers(self, "begin", low=0)
        keep_integers(self, "end", low=self.begin, wanted=f"an integer >= begin = {self.begin}")
        for name, low in (("r_max", 1.0), ("d_max", 0.0)):
            bound = getattr(self, name)
            if number(f"BatchRenorm {name}", bound) != math.inf:
                finite_number(f"BatchRenorm {name}", bound, low)
            elif self.begin != self.end:
                raise wrong(f"BatchRenorm {name}", bound, "a finite number, or begin = end: infinity is not grown to")

    def build(self, plan, x):
        return super().build(plan, x, (self.begin, self.end), slope=self.r_max, rate=self.d_max)


@kernel
def batch_renorm_forward(op, m, arena, mode, step):
    if mode & BATCH_STATISTICS:
        batch_moments(op, m, arena)
        if mode & TRAIN:
            correct(op, arena, step)
        if mode & UPDATE_STATISTICS:
            move_running(op, m, arena, mode)
    else:
        running_moments(op, arena)
    normalize(op, m, arena)


@kernel
def correct(op, arena, step):
    """rate = r/sd_B and offset = d; its backward pass is that of batch norm, which takes both for constants."""
    c, w, begin, end = op["dims"][CHANNELS], op["work"], op["dims"][BEGIN], op["dims"][END]
    if step >= end:
        r_max, d_max = op["slope"], op["rate"]
    elif step <= begin:
        r_max, d_max = 1.0, 0.0
    else:
        grown = (step - begin) / (end - begin)
        r_max, d_max = 1.0 + (op["slope"] - 1.0) * grown, op["rate"] * grown
    stats = arena[op["stats"] : op["stats"] + 2 * c]
    mean, inverse = arena[w : w + c], arena[w + 2 * c : w + 3 * c]
    rate, offset = arena[w + 3 * c : w + 4 * c], arena[w + 4 * c : w + 5 * c]
    eps, one = arena.dtype.type(op["eps"]), arena.dtype.type(1)
    low, high, bound = arena.dtype.type(1.0 / r_max), arena.dtype.type(r_max), arena.dtype.type(d_max)
    for j in range(lane(), c, lanes()):
        own = one / np.sqrt(stats[c + j] + eps)
        rate[j] = inverse[j] * min(max(own / inverse[j], low), high)
        offset[j] = min(max((mean[j] - stats[j]) * own, -bound), bound)
    barrier()
