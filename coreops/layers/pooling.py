"""Pooling: the largest value, or the mean, of each channel under a window."""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.layers.window import (
    CHANNELS,
    COLUMNS,
    HEIGHT,
    KERNEL_HEIGHT,
    KERNEL_WIDTH,
    ROWS,
    STRIDE_X,
    STRIDE_Y,
    WIDTH,
    extents,
    keep_extents,
    slide,
)
from coreops.records import ADD_DX, INPUT_GRADIENT, NONE, SKIP_DX
from coreops.spans import add_span, copy_span, largest_window, route_window, sum_window
from coreops.target import barrier, kernel, lane, lanes


class Pooling:
    """A window without padding; places where it does not fit are left out."""

    kind: int

    def __post_init__(self):
        keep_extents(self, "size")
        if self.stride is not None:
            keep_extents(self, "stride")

    def build(self, plan, x):
        rank = max(1, min(2, len(x.shape) - 1))
        if isinstance(self.size, tuple) or isinstance(self.stride, tuple):
            rank = 2
        size = extents("size", self.size, rank)
        window = slide(plan, x, size, size if self.stride is None else extents("stride", self.stride, rank))
        y = plan.value(*window.output(rank, window.channels))
        add_pooling(plan, self.kind, x, y, window)
        return y


class GlobalPooling:
    """One window over all positions."""

    kind: int

    def build(self, plan, x):
        if len(x.shape) == 1:
            raise plan.misfit(f"outputs of shape {x.shape}", "an image or a sequence, with positions to pool over")
        window = slide(plan, x, x.shape[:-1], (1,) * (len(x.shape) - 1))
        y = plan.value(window.channels)
        add_pooling(plan, self.kind, x, y, window)
        return y


def add_pooling(plan, kind, x, y, window):
    """work_per_example: what a place has to give to the gradient of each channel."""
    dims, work = tuple(window), window.channels
    plan.add(kind, x=x, y=y, n_in=x.width, n_out=y.width, dims=dims, work_per_example=work)


@dataclass(frozen=True)
class MaxPool(Pooling):
    """y_rsc = max over 0 <= k, l < size of x_{r t + k, s t + l, c}, t the stride.

    x: (m, height, width, channels) or (m, length, channels), y: (m, rows, columns, channels) with rows = (height -
    size)//stride + 1. The first of equal values has the gradient; NaN is not hidden. size: positive integer or a pair
    (vertical, horizontal); stride: the same, default size; smaller ones overlap. Raises ValueError for a window larger
    than its input. Ranzato, Huang, Boureau & LeCun 2007, section 2; overlapping: Krizhevsky et al. 2012, section 3.4.
    """

    size: int | tuple
    stride: int | tuple | None = None
    kind = records.MAX_POOL


@dataclass(frozen=True)
class AveragePool(Pooling):
    """y_rsc = 1/size^2 sum over 0 <= k, l < size of x_{r t + k, s t + l, c}, t the stride; settings as in MaxPool.

    LeCun, Bottou, Bengio & Haffner 1998, section II.B (without a coefficient and a bias per map).
    """

    size: int | tuple
    stride: int | tuple | None = None
    kind = records.AVERAGE_POOL


@dataclass(frozen=True)
class GlobalMaxPool(GlobalPooling):
    """y_c = max over all positions of x_c.   x: (m, ..., channels), y: (m, channels).

    Oquab, Bottou, Laptev & Sivic 2015, section 3.
    """

    kind = records.MAX_POOL


@dataclass(frozen=True)
class GlobalAveragePool(GlobalPooling):
    """y_c = mean over all positions of x_c.   x: (m, ..., channels), y: (m, channels).

    Lin, Chen & Yan 2014, section 3.2.
    """

    kind = records.AVERAGE_POOL


@kernel
def pool_forward(op, m, arena):
    """A lane owns rows of the output; one window after the other, for all channels at once."""
    dims, largest, none = op["dims"], op["kind"] == records.MAX_POOL, np.int64(NONE)
    c, rows, columns, line = dims[CHANNELS], dims[ROWS], dims[COLUMNS], dims[WIDTH] * dims[CHANNELS]
    height, width = dims[KERNEL_HEIGHT], dims[KERNEL_WIDTH]
    share, step = arena.dtype.type(1.0 / (height * width)), dims[STRIDE_X] * c
    for r in range(lane(), m * rows, lanes()):
        corner = op["x"] + (r // rows * dims[HEIGHT] + r % rows * dims[STRIDE_Y]) * line
        first = op["y"] + r * columns * c
        for to in range(first, first + columns * c, c):
            if largest:
                largest_window(arena, corner, to, c, height, width, line)
            else:
                sum_window(arena, none, corner, to, c, height, width, line, c)
            corner += step
        if not largest:
            out = arena[first : first + columns * c]
            for j in range(columns * c):
                out[j] *= share
    barrier()


@kernel
def pool_backward(op, m, arena, mode):
    """Of the largest: dx = dy at the first value equal to y. Of the mean: dx = dy/size^2. Windows may overlap, so a
    lane owns examples.
    """
    dims, largest, flags, zero = op["dims"], op["kind"] == records.MAX_POOL, op["flags"], arena.dtype.type(0)
    if flags & SKIP_DX and not mode & INPUT_GRADIENT:
        return
    c, n_in, n_out, line = dims[CHANNELS], op["n_in"], op["n_out"], dims[WIDTH] * dims[CHANNELS]
    height, width, columns = dims[KERNEL_HEIGHT], dims[KERNEL_WIDTH], dims[COLUMNS]
    share = arena.dtype.type(1.0 / (height * width))
    for i in range(lane(), m, lanes()):
        image, left = i * n_in, op["work"] + i * c
        dx, rest = arena[op["dx"] + image : op["dx"] + image + n_in], arena[left : left + c]
        if not flags & ADD_DX:
            for j in range(n_in):
                dx[j] = zero
        y, dy = op["y"] + i * n_out, op["dy"] + i * n_out
        for row in range(dims[ROWS]):
            corner = image + row * dims[STRIDE_Y] * line
            for _ in range(columns):
                if largest:
                    route_window(arena, op["x"] + corner, y, dy, op["dx"] + corner, c, height, width, line)
                else:
                    copy_span(arena, dy, left, c)
                    for j in range(c):
                        rest[j] *= share
                    for k in range(height):
                        for column in range(width):
                            add_span(arena, left, op["dx"] + corner + k * line + column * c, c)
                y, dy, corner = y + c, dy + c, corner + dims[STRIDE_X] * c
    barrier()
