"""Windows that slide over images: what convolutions, locally connected layers and pooling have in common.

An image is (height, width, channels), a sequence (length, channels) an image of height 1.
"""

from typing import NamedTuple

from coreops.checks import choice, positive_integer, wrong

PADDINGS = ("valid", "same", "circular")

# Places in an operation's dims: the fields of Window in their order, and what patches need besides.
HEIGHT, WIDTH, CHANNELS, KERNEL_HEIGHT, KERNEL_WIDTH, STRIDE_Y, STRIDE_X, PAD_Y, PAD_X, ROWS, COLUMNS = range(11)
CIRCULAR, BY_COLUMNS = 11, 12  # whether the frame wraps round; whether patches are stored by columns


class Window(NamedTuple):
    """An image, the window that visits it, and how many places it visits, in rows and columns."""

    height: int
    width: int
    channels: int
    kernel_height: int
    kernel_width: int
    stride_y: int
    stride_x: int
    pad_y: int
    pad_x: int
    rows: int
    columns: int

    @property
    def places(self):
        return self.rows * self.columns

    @property
    def size(self):
        """Values of one channel under the window."""
        return self.kernel_height * self.kernel_width

    def output(self, rank, channels):
        """Shape of what has `channels` values at every place."""
        return (self.rows, self.columns, channels)[2 - rank :]


def extents(name, value, rank=2):
    """`value`, a positive integer for all axes or one for each, as a tuple of `rank`."""
    if isinstance(value, (tuple, list)):
        if len(value) != rank:
            raise wrong(name, value, "a positive integer" + (", or (vertical, horizontal)" if rank == 2 else ""))
        return tuple(positive_integer(name, n) for n in value)
    return (positive_integer(name, value),) * rank


def keep_extents(spec, field, rank=2):
    """Extents of a frozen spec, checked and kept as Python's integers, a list as a tuple."""
    value = getattr(spec, field)
    checked = extents(f"{type(spec).__name__} {field}", value, rank)
    object.__setattr__(spec, field, checked if isinstance(value, (tuple, list)) else checked[0])


def padding(name, value, size):
    """Checks a padding against the window's extents."""
    choice(f"{name} padding", value, PADDINGS, "'valid', 'same' (zeros) or 'circular'")
    if value != "valid" and any(n % 2 == 0 for n in size):
        wanted = f"an odd size, so that padding={value!r} is as wide on both sides, or padding='valid'"
        raise wrong(f"{name} size", size if len(size) > 1 else size[0], wanted)
    return value


def slide(plan, x, size, stride, padding="valid"):
    """The Window of these extents over x, or the error of two layers that do not fit."""
    rank = len(size)
    if len(x.shape) != rank + 1:
        wanted = "an image (height, width, channels)" if rank == 2 else "a sequence (length, channels)"
        raise plan.misfit(f"outputs of shape {x.shape}", wanted)
    lengths, channels = x.shape[:-1], x.shape[-1]
    pads = tuple((k - 1) // 2 if padding != "valid" else 0 for k in size)
    room = lengths if padding == "circular" else tuple(n + 2 * p for n, p in zip(lengths, pads, strict=True))
    if any(k > n for k, n in zip(size, room, strict=True)):
        raise plan.misfit(f"a window of {_by(size)} on {_by(lengths)} positions", "a window within its input")
    places = tuple((n + 2 * p - k) // s + 1 for n, p, k, s in zip(lengths, pads, size, stride, strict=True))
    one = (1,) * (2 - rank)
    height, width = one + lengths
    return Window(height, width, channels, *one, *size, *one, *stride, *(0,) * (2 - rank), *pads, *one, *places)


def _by(extents):
    return " x ".join(map(str, extents))
