"""Layer, instance and group normalisation: statistics within one example, over groups of channels and all positions.

A lane owns examples. Sums are taken over positions first, for all channels at once, then over the channels of a group.
"""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.checks import keep_integers
from coreops.layers.normalization import Normalization
from coreops.records import ADD_DB, ADD_DW, ADD_DX, INPUT_GRADIENT, NO_PARAMETER_GRADIENT, SKIP_DX
from coreops.target import barrier, kernel, lane, lanes

# work holds seven vectors of one number per channel for each example:
# mean | inverse (1/sd) | factor (gain/sd) | sums of the pass: two | level | slope, of the input's gradient.
VECTORS = 7


@dataclass(frozen=True, kw_only=True)
class ExampleStatistics(Normalization):
    """What normalises every example by itself."""

    def build(self, plan, x):
        channels = x.shape[-1]
        groups = self.group_count(channels)
        if channels % groups:
            raise plan.misfit(f"{channels} channels in {groups} groups", "a number of groups that divides the channels")
        if x.width == groups:
            wanted = "at least 2 values to take a variance of: fewer groups, or images"
            raise plan.misfit(f"1 value per group of an example of shape {x.shape}", wanted)
        gain, shift = self.affine(plan, channels)
        y = plan.value(*x.shape)
        plan.add(
            records.GROUP_NORM, x=x, y=y, w=gain, b=shift, n_in=x.width, n_out=x.width, dims=(channels, groups),
            work_per_example=VECTORS * channels, eps=self.eps,
        )  # fmt: skip
        return y


@dataclass(frozen=True)
class GroupNorm(ExampleStatistics):
    """y = gain (x - mu)/sqrt(v + eps) + shift, mu and v over the positions and a group of channels of one example.

    x, y: (m, channels) or (m, ..., channels), a group being channels/groups consecutive channels; gain, shift:
    (channels,); v biased. The same in training and evaluation, whatever else is in the batch.
    groups: positive integer that divides the channels; eps >= 0, default 1e-5; gain, shift: whether they exist;
    gain_init, shift_init: their start, default 1 and 0. Raises ValueError if the channels do not divide or a group is
    a single value.
    Wu & He 2018, eq. 1, 2 and 7.
    """

    groups: int

    def __post_init__(self):
        super().__post_init__()
        keep_integers(self, "groups")

    def group_count(self, channels):
        return self.groups


@dataclass(frozen=True)
class LayerNorm(ExampleStatistics):
    """y = gain (x - mu)/sqrt(v + eps) + shift, mu and v over all values of one example: GroupNorm with one group.

    Settings as in GroupNorm. Raises ValueError for one value per example.
    Ba, Kiros & Hinton 2016, eq. 3; gain and shift are one per channel also for images, as in Wu & He 2018, section 3.1.
    """

    def group_count(self, channels):
        return 1


@dataclass(frozen=True)
class InstanceNorm(ExampleStatistics):
    """y = gain (x - mu)/sqrt(v + eps) + shift, mu and v over the positions of one channel of one example.

    GroupNorm with as many groups as channels; settings as there. Raises ValueError for outputs without positions.
    Ulyanov, Vedaldi & Lempitsky 2016, eq. 2.
    """

    def group_count(self, channels):
        return channels


@kernel
def spread(values, size, share):
    """Each group of `size` values becomes share sum(values), its mean, in every place.

    Sums are float64, in four parts so that the additions overlap.
    """
    for g in range(values.size // size):
        group = values[g * size : (g + 1) * size]
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for k in range(size // 4):
            a, b = a + np.float64(group[4 * k]), b + np.float64(group[4 * k + 1])
            c, d = c + np.float64(group[4 * k + 2]), d + np.float64(group[4 * k + 3])
        for k in range(size // 4 * 4, size):
            a += np.float64(group[k])
        mean = values.dtype.type(share * ((a + b) + (c + d)))
        for k in range(size):
            group[k] = mean


@kernel
def group_norm_forward(op, m, arena):
    n, c, size = op["n_in"], op["dims"][0], op["dims"][0] // op["dims"][1]
    gain, shift = arena[op["w"] : op["w"] + c], arena[op["b"] : op["b"] + c]
    has_gain, has_shift, share = op["w"] >= 0, op["b"] >= 0, 1.0 / (n // c * size)
    zero, one, eps = arena.dtype.type(0), arena.dtype.type(1), arena.dtype.type(op["eps"])
    for i in range(lane(), m, lanes()):
        w = op["work"] + i * VECTORS * c
        x, y = arena[op["x"] + i * n : op["x"] + (i + 1) * n], arena[op["y"] + i * n : op["y"] + (i + 1) * n]
        mean, inverse = arena[w : w + c], arena[w + c : w + 2 * c]
        factor, constant = arena[w + 2 * c : w + 3 * c], arena[w + 3 * c : w + 4 * c]
        for j in range(c):
            mean[j], inverse[j] = x[j], zero
        for p in range(1, n // c):
            for j in range(c):
                mean[j] += x[p * c + j]
        spread(mean, size, share)
        for p in range(n // c):
            for j in range(c):
                deviation = x[p * c + j] - mean[j]
                inverse[j] += deviation * deviation
        spread(inverse, size, share)
        for j in range(c):
            inverse[j] = one / np.sqrt(inverse[j] + eps)
            factor[j] = gain[j] * inverse[j] if has_gain else inverse[j]
            constant[j] = shift[j] if has_shift else zero
        for p in range(n // c):
            for j in range(c):
                y[p * c + j] = (x[p * c + j] - mean[j]) * factor[j] + constant[j]
    barrier()


@kernel
def group_norm_backward(op, m, arena, mode):
    """dshift = sum dy, dgain = sum dy xh over examples and positions; dx = (dh - mean dh - xh mean(dh xh))/sd,
    dh = gain dy, means over a group.   Ioffe & Szegedy 2015, section 3, for the statistics of Wu & He 2018.
    """
    n, c, size, flags = op["n_in"], op["dims"][0], op["dims"][0] // op["dims"][1], op["flags"]
    wanted, add = mode & INPUT_GRADIENT != 0 or flags & SKIP_DX == 0, flags & ADD_DX != 0
    share = 1.0 / (n // c * size)
    zero = arena.dtype.type(0)
    for i in range(lane(), m, lanes()):
        w = op["work"] + i * VECTORS * c
        x, dy = arena[op["x"] + i * n : op["x"] + (i + 1) * n], arena[op["dy"] + i * n : op["dy"] + (i + 1) * n]
        mean, inverse = arena[w : w + c], arena[w + c : w + 2 * c]
        total, product, factor = (
            arena[w + 3 * c : w + 4 * c],
            arena[w + 4 * c : w + 5 * c],
            arena[w + 2 * c : w + 3 * c],
        )
        for j in range(c):
            total[j], product[j] = zero, zero
        for p in range(n // c):
            for j in range(c):
                total[j] += dy[p * c + j]
                product[j] += dy[p * c + j] * ((x[p * c + j] - mean[j]) * inverse[j])
        if wanted:
            dx = arena[op["dx"] + i * n : op["dx"] + (i + 1) * n]
            level, slope = arena[w + 5 * c : w + 6 * c], arena[w + 6 * c : w + 7 * c]
            for j in range(c):  # factor = gain/sd: both means come out divided by sd
                level[j], slope[j] = total[j] * factor[j], product[j] * factor[j]
            spread(level, size, share)
            spread(slope, size, share)
            for j in range(c):
                slope[j] *= inverse[j]
            for p in range(n // c):
                for j in range(c):
                    k = p * c + j
                    through = factor[j] * dy[k] - level[j] - (x[k] - mean[j]) * slope[j]
                    dx[k] = (dx[k] if add else zero) + through
    barrier()
    if not mode & NO_PARAMETER_GRADIENT:
        if op["dw"] >= 0:
            sum_over_examples(op, m, arena, op["work"] + 4 * c, op["dw"], flags & ADD_DW != 0)
        if op["db"] >= 0:
            sum_over_examples(op, m, arena, op["work"] + 3 * c, op["db"], flags & ADD_DB != 0)


@kernel
def sum_over_examples(op, m, arena, first, out, add):
    """out (+)= sum over examples of a vector of theirs, `first` being that of example 0."""
    c, zero = op["dims"][0], arena.dtype.type(0)
    step = VECTORS * c
    vectors, target = arena[first : first + (m - 1) * step + c], arena[out : out + c]
    for j in range(lane(), c, lanes()):
        target[j] = (target[j] if add else zero) + vectors[j]
    for i in range(1, m):
        for j in range(lane(), c, lanes()):
            target[j] += vectors[i * step + j]
    barrier()
