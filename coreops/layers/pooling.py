"""Pooling: the largest value, or the mean, of each channel under a window."""

from dataclasses import dataclass

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
    slide,
)
from coreops.records import ADD_DX, INPUT_GRADIENT, SKIP_DX
from coreops.target import barrier, kernel, lane, lanes


class Pooling:
    """A window without padding; places where it does not fit are left out."""

    kind: int

    def __post_init__(self):
        name = type(self).__name__
        for field in ("size", "stride"):
            value = getattr(self, field)
            if field == "stride" and value is None:
                continue
            both = extents(f"{name} {field}", value)
            if isinstance(value, list):
                object.__setattr__(self, field, both)  # a list would not be a frozen value

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
    """work_per_example: what is left of the gradient of each channel until a window's largest value is found."""
    work = window.channels if kind == records.MAX_POOL else 0
    plan.add(kind, x=x, y=y, n_in=x.width, n_out=y.width, dims=tuple(window), work_per_example=work)


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
    """A lane owns rows of the output; all channels of a place at once."""
    dims, largest = op["dims"], op["kind"] == records.MAX_POOL
    c, rows, columns, line = dims[CHANNELS], dims[ROWS], dims[COLUMNS], dims[WIDTH] * dims[CHANNELS]
    share = arena.dtype.type(1.0 / (dims[KERNEL_HEIGHT] * dims[KERNEL_WIDTH]))
    for r in range(lane(), m * rows, lanes()):
        top = (r // rows * dims[HEIGHT] + r % rows * dims[STRIDE_Y]) * line
        image = arena[op["x"] + top : op["x"] + top + dims[KERNEL_HEIGHT] * line]
        y = arena[op["y"] + r * columns * c : op["y"] + (r + 1) * columns * c]
        for s in range(columns):
            left = s * dims[STRIDE_X] * c
            for j in range(c):
                y[s * c + j] = image[left + j]
            for k in range(dims[KERNEL_HEIGHT] * dims[KERNEL_WIDTH]):
                corner = left + k // dims[KERNEL_WIDTH] * line + k % dims[KERNEL_WIDTH] * c
                if largest:
                    for j in range(c):
                        v, best = image[corner + j], y[s * c + j]
                        y[s * c + j] = v if v > best or v != v else best
                elif k > 0:
                    for j in range(c):
                        y[s * c + j] += image[corner + j]
            if not largest:
                for j in range(c):
                    y[s * c + j] *= share
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
    share = arena.dtype.type(1.0 / (dims[KERNEL_HEIGHT] * dims[KERNEL_WIDTH]))
    for i in range(lane(), m, lanes()):
        x, dx = (
            arena[op["x"] + i * n_in : op["x"] + (i + 1) * n_in],
            arena[op["dx"] + i * n_in : op["dx"] + (i + 1) * n_in],
        )
        y, dy = (
            arena[op["y"] + i * n_out : op["y"] + (i + 1) * n_out],
            arena[op["dy"] + i * n_out : op["dy"] + (i + 1) * n_out],
        )
        left = arena[op["work"] + i * c : op["work"] + (i + 1) * c]
        if not flags & ADD_DX:
            for j in range(n_in):
                dx[j] = zero
        for p in range(dims[ROWS] * dims[COLUMNS]):
            corner = p // dims[COLUMNS] * dims[STRIDE_Y] * line + p % dims[COLUMNS] * dims[STRIDE_X] * c
            if largest:
                for j in range(c):
                    left[j] = dy[p * c + j]
            for k in range(dims[KERNEL_HEIGHT] * dims[KERNEL_WIDTH]):
                place = corner + k // dims[KERNEL_WIDTH] * line + k % dims[KERNEL_WIDTH] * c
                if largest:
                    for j in range(c):
                        wins = x[place + j] == y[p * c + j]
                        dx[place + j] += left[j] if wins else zero
                        left[j] = zero if wins else left[j]
                else:
                    for j in range(c):
                        dx[place + j] += share * dy[p * c + j]
    barrier()
