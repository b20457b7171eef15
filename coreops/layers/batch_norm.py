"""Batch normalisation: statistics over the examples (and positions) of a batch, one mean and variance per channel.

A lane owns channels and the inner loops run over them, contiguous in memory, so nothing is summed across lanes.
"""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.checks import finite_number, flag
from coreops.layers.normalization import Normalization
from coreops.records import (
    ADD_DB,
    ADD_DW,
    ADD_DX,
    BATCH_STATISTICS,
    INPUT_GRADIENT,
    NO_PARAMETER_GRADIENT,
    RECALIBRATE,
    SKIP_DX,
    UPDATE_STATISTICS,
)
from coreops.target import barrier, kernel, lane, lanes

CHANNELS, DETACHED, CENTER_ONLY, BEGIN, END = range(5)  # of dims

# work holds eight vectors of one number per channel: mean | variance | inverse | rate | offset | factor | sums of the
# pass: two.   y = (x - mean) factor + gain offset + shift with factor = gain rate; inverse is the 1/sd of the batch
# through which the gradient of the variance goes, 0 if nothing is divided by it. (Slices are written out because a
# function may not return one on CUDA.)
VECTORS = 8


@dataclass(frozen=True, kw_only=True)
class BatchStatistics(Normalization):
    """What normalises with the statistics of a batch in training and with running ones otherwise."""

    decay: float = 0.9
    detached = center_only = False

    def __post_init__(self):
        super().__post_init__()
        finite_number(f"{type(self).__name__} decay", self.decay, 0, 1, high_open=True)

    def build(self, plan, x, dims=(), **numbers):
        channels = x.shape[-1]
        plan.positions[f"{'.'.join(map(str, plan.scope))} {type(self).__name__}"] = x.width // channels
        gain, shift = self.affine(plan, channels)
        stats = plan.running("running_mean", channels, 0.0)
        plan.running("running_variance", channels, 1.0)
        plan.running("batches", 1, 0.0)
        y = plan.value(*x.shape)
        plan.add(
            self.kind, x=x, y=y, w=gain, b=shift, stats=stats, n_in=x.width, n_out=x.width, work=VECTORS * channels,
            dims=(channels, self.detached, self.center_only, *dims), eps=self.eps, decay=self.decay, **numbers,
        )  # fmt: skip
        return y

    def folded(self, tensors):
        """(factor, offset) of y = factor x + offset, which evaluation computes; float64, (channels,).

        tensors: what the network keeps under this layer's names, learned and running.
        """
        parts = {name: np.asarray(values, float) for name, values in tensors.items()}
        factor = parts.get("gain", np.ones(parts["running_mean"].size))
        if not self.center_only:
            factor = factor / np.sqrt(parts["running_variance"] + self.eps)
        return factor, parts.get("shift", 0.0) - factor * parts["running_mean"]


@dataclass(frozen=True, kw_only=True)
class BatchNorm(BatchStatistics):
    """y = gain (x - mu)/sqrt(v + eps) + shift, per channel (last axis), mu and v over the batch and all positions.

    x, y: (m, channels) or (m, ..., channels); gain, shift: (channels,). Training takes mu and the biased variance v of
    the batch, the gradient flows through both, and running statistics move towards them by 1 - decay, the variance
    unbiased: v N/(N - 1) with N values per channel. Otherwise (evaluation, Run(frozen=True)) the running ones, as
    constants.
    eps >= 0, default 1e-5 (0: a channel that is constant over a batch gives NaN); decay in [0, 1), default 0.9; gain,
    shift: whether they exist; gain_init, shift_init: their start, default 1 and 0; detached: the gradient takes mu and
    v for constants; center_only: y = gain (x - mu) + shift. Setting up a run with batches of one value per channel
    raises ValueError.
    Ioffe & Szegedy 2015, algorithms 1 and 2.
    """

    detached: bool = False
    center_only: bool = False
    kind = records.BATCH_NORM

    def __post_init__(self):
        super().__post_init__()
        flag("BatchNorm detached", self.detached)
        flag("BatchNorm center_only", self.center_only)


@kernel
def batch_norm_forward(op, m, arena, mode):
    if mode & BATCH_STATISTICS:
        batch_moments(op, m, arena)
        if mode & UPDATE_STATISTICS:
            move_running(op, m, arena, mode)
    else:
        running_moments(op, arena)
    normalize(op, m, arena)


@kernel
def batch_moments(op, m, arena):
    """Mean and biased variance in two passes; the second also finds what rounding left out of the mean in the first."""
    c, w = op["dims"][CHANNELS], op["work"]
    rows = m * (op["n_in"] // c)
    x = arena[op["x"] : op["x"] + rows * c]
    mean, variance, left = arena[w : w + c], arena[w + c : w + 2 * c], arena[w + 6 * c : w + 7 * c]
    inverse, rate, offset = arena[w + 2 * c : w + 3 * c], arena[w + 3 * c : w + 4 * c], arena[w + 4 * c : w + 5 * c]
    zero, one, eps = arena.dtype.type(0), arena.dtype.type(1), arena.dtype.type(op["eps"])
    share = arena.dtype.type(1.0 / rows)
    for j in range(lane(), c, lanes()):
        mean[j], variance[j], left[j] = zero, zero, zero
    for i in range(rows):
        for j in range(lane(), c, lanes()):
            mean[j] += x[i * c + j]
    for j in range(lane(), c, lanes()):
        mean[j] *= share
    for i in range(rows):
        for j in range(lane(), c, lanes()):
            deviation = x[i * c + j] - mean[j]
            left[j] += deviation
            variance[j] += deviation * deviation
    for j in range(lane(), c, lanes()):
        mean[j] += left[j] * share
        variance[j] *= share
        inverse[j] = one / np.sqrt(variance[j] + eps)
        rate[j], offset[j] = inverse[j], zero
    if op["dims"][CENTER_ONLY]:
        for j in range(lane(), c, lanes()):
            inverse[j], rate[j] = zero, one
    barrier()


@kernel
def running_moments(op, arena):
    """What evaluation takes for them."""
    c, w = op["dims"][CHANNELS], op["work"]
    stats = arena[op["stats"] : op["stats"] + 2 * c]
    mean, inverse = arena[w : w + c], arena[w + 2 * c : w + 3 * c]
    rate, offset = arena[w + 3 * c : w + 4 * c], arena[w + 4 * c : w + 5 * c]
    zero, one, eps = arena.dtype.type(0), arena.dtype.type(1), arena.dtype.type(op["eps"])
    for j in range(lane(), c, lanes()):
        mean[j], inverse[j], offset[j] = stats[j], zero, zero
        rate[j] = one / np.sqrt(stats[c + j] + eps)
        if op["dims"][CENTER_ONLY]:
            rate[j] = one
    barrier()


@kernel
def move_running(op, m, arena, mode):
    """running <- decay running + (1 - decay) batch; decay = 1 - 1/k in the k-th batch of a cumulative average."""
    c, w = op["dims"][CHANNELS], op["work"]
    n = m * (op["n_in"] // c)
    stats = arena[op["stats"] : op["stats"] + 2 * c + 1]
    mean, variance = arena[w : w + c], arena[w + c : w + 2 * c]
    batches = np.float64(stats[2 * c]) + 1.0
    keep = 1.0 - 1.0 / batches if mode & RECALIBRATE else op["decay"]
    kept, moved = arena.dtype.type(keep), arena.dtype.type(1.0 - keep)
    unbiased = arena.dtype.type((1.0 - keep) * n / max(n - 1.0, 1.0))
    for j in range(lane(), c, lanes()):
        stats[j] = kept * stats[j] + moved * mean[j]
        stats[c + j] = kept * stats[c + j] + unbiased * variance[j]
    barrier()
    if lane() == 0:
        stats[2 * c] = arena.dtype.type(batches)
    barrier()


@kernel
def normalize(op, m, arena):
    c, w = op["dims"][CHANNELS], op["work"]
    rows = m * (op["n_in"] // c)
    x, y = arena[op["x"] : op["x"] + rows * c], arena[op["y"] : op["y"] + rows * c]
    mean, rate, offset = arena[w : w + c], arena[w + 3 * c : w + 4 * c], arena[w + 4 * c : w + 5 * c]
    factor, constant = arena[w + 5 * c : w + 6 * c], arena[w + 6 * c : w + 7 * c]
    gain, shift = arena[op["w"] : op["w"] + c], arena[op["b"] : op["b"] + c]
    has_gain, has_shift, zero = op["w"] >= 0, op["b"] >= 0, arena.dtype.type(0)
    for j in range(lane(), c, lanes()):
        factor[j] = gain[j] * rate[j] if has_gain else rate[j]
        constant[j] = (gain[j] * offset[j] if has_gain else offset[j]) + (shift[j] if has_shift else zero)
    for i in range(rows):
        for j in range(lane(), c, lanes()):
            y[i * c + j] = (x[i * c + j] - mean[j]) * factor[j] + constant[j]
    barrier()


@kernel
def batch_norm_backward(op, m, arena, mode):
    """dshift = sum dy, dgain = sum dy xh, dx = (gain/sd) (dy - mean dy - xh mean(dy xh)); without the means where mu
    and v are constants. Sums are over what mu and v are taken over.   Ioffe & Szegedy 2015, section 3.
    """
    c, w, flags = op["dims"][CHANNELS], op["work"], op["flags"]
    rows = m * (op["n_in"] // c)
    x, dy = arena[op["x"] : op["x"] + rows * c], arena[op["dy"] : op["dy"] + rows * c]
    mean, inverse, factor = arena[w : w + c], arena[w + 2 * c : w + 3 * c], arena[w + 5 * c : w + 6 * c]
    total, product = arena[w + 6 * c : w + 7 * c], arena[w + 7 * c : w + 8 * c]
    zero = arena.dtype.type(0)
    for j in range(lane(), c, lanes()):
        total[j], product[j] = zero, zero
    for i in range(rows):
        for j in range(lane(), c, lanes()):
            d = dy[i * c + j]
            total[j] += d
            product[j] += d * (x[i * c + j] - mean[j])
    if not mode & NO_PARAMETER_GRADIENT:
        if op["dw"] >= 0:
            rate, offset = arena[w + 3 * c : w + 4 * c], arena[w + 4 * c : w + 5 * c]
            dw, add = arena[op["dw"] : op["dw"] + c], flags & ADD_DW != 0
            for j in range(lane(), c, lanes()):
                dw[j] = (dw[j] if add else zero) + rate[j] * product[j] + offset[j] * total[j]
        if op["db"] >= 0:
            db, add = arena[op["db"] : op["db"] + c], flags & ADD_DB != 0
            for j in range(lane(), c, lanes()):
                db[j] = (db[j] if add else zero) + total[j]
    if mode & INPUT_GRADIENT or not flags & SKIP_DX:
        dx, add = arena[op["dx"] : op["dx"] + rows * c], flags & ADD_DX != 0
        attached = mode & BATCH_STATISTICS != 0 and op["dims"][DETACHED] == 0
        share = arena.dtype.type(1.0 / rows if attached else 0.0)
        for j in range(lane(), c, lanes()):
            total[j] *= share
            product[j] *= share * inverse[j] * inverse[j]
        for i in range(rows):
            for j in range(lane(), c, lanes()):
                k = i * c + j
                through = dy[k] - total[j] - (x[k] - mean[j]) * product[j]
                dx[k] = (dx[k] if add else zero) + factor[j] * through
    barrier()
