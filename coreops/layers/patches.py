"""Patches: what each place of a window sees, as the rows of a matrix, and the way back of their gradients.

A convolution is one matrix product with them (Chellapilla, Puri & Simard 2006, section 4). They are made for as many
examples at a time as fit the second-level cache, so the scratch does not grow with the batch. If that is the whole
batch, the backward pass finds them there; otherwise it makes them again.
"""

import numpy as np

from coreops.layers.window import (
    BY_COLUMNS,
    CHANNELS,
    CIRCULAR,
    COLUMNS,
    HEIGHT,
    KERNEL_HEIGHT,
    KERNEL_WIDTH,
    PAD_X,
    PAD_Y,
    ROWS,
    STRIDE_X,
    STRIDE_Y,
    WIDTH,
)
from coreops.records import NONE
from coreops.spans import add_span, copy_span, sum_window
from coreops.target import barrier, kernel, lane, lanes

CACHED = 65536  # elements of the patches of one pass: a quarter of a megabyte in float32, for second-level caches


def patch_scratch(window):
    """Scratch for Plan.add: one element; framed images, patches and their gradients of some examples."""
    size = window.places * window.size * window.channels
    framed = (window.height + 2 * window.pad_y) * (window.width + 2 * window.pad_x) * window.channels
    framed = framed if window.pad_y or window.pad_x else 0
    return dict(work=1, work_per_example=framed + 2 * size, most_examples=max(1, CACHED // size))


@kernel
def patch_size(op):
    """Values in a patch."""
    dims = op["dims"]
    return dims[KERNEL_HEIGHT] * dims[KERNEL_WIDTH] * dims[CHANNELS]


@kernel
def patches_at(op):
    """Where the patches lie in the arena."""
    dims = op["dims"]
    if dims[PAD_Y] + dims[PAD_X] == 0:
        return op["work"] + 1
    framed = (dims[HEIGHT] + 2 * dims[PAD_Y]) * (dims[WIDTH] + 2 * dims[PAD_X]) * dims[CHANNELS]
    return op["work"] + 1 + op["examples"] * framed


@kernel
def patch_gradients_at(op):
    dims = op["dims"]
    return patches_at(op) + op["examples"] * dims[ROWS] * dims[COLUMNS] * patch_size(op)


@kernel
def gather_patches(op, first, m, arena):
    """Patches of images first ... first + m: row i places + p is the window (row, column, channel) at place p.

    By columns, the transpose: of one channel, neighbouring places see neighbouring values.
    """
    dims, image, to = op["dims"], op["x"] + first * op["n_in"], patches_at(op)
    if dims[PAD_Y] + dims[PAD_X] > 0:
        frame_images(op, image, m, arena)
        image = op["work"] + 1
    rows, columns, step = dims[ROWS], dims[COLUMNS], dims[STRIDE_X] * dims[CHANNELS]
    height, n = dims[HEIGHT] + 2 * dims[PAD_Y], (dims[WIDTH] + 2 * dims[PAD_X]) * dims[CHANNELS]
    across, size = dims[KERNEL_WIDTH] * dims[CHANNELS], patch_size(op)
    for r in range(lane(), m * rows, lanes()):
        line = image + (r // rows * height + r % rows * dims[STRIDE_Y]) * n
        for k in range(dims[KERNEL_HEIGHT]):
            if dims[BY_COLUMNS]:
                for j in range(across):
                    copy_span(arena, line + k * n + j, to + ((k * across + j) * m * rows + r) * columns, columns)
            else:
                for p in range(columns):
                    copy_span(arena, line + k * n + p * step, to + (r * columns + p) * size + k * across, across)
    barrier()


@kernel
def frame_images(op, image, m, arena):
    """Copies of m images within a frame of zeros, or of what lies on the opposite side."""
    dims, zero, to = op["dims"], arena.dtype.type(0), op["work"] + 1
    height, pad, n, frame = dims[HEIGHT], dims[PAD_Y], dims[WIDTH] * dims[CHANNELS], dims[PAD_X] * dims[CHANNELS]
    framed, width, circular = height + 2 * pad, n + 2 * frame, dims[CIRCULAR] != 0
    if not circular:
        everything = arena[to : to + m * framed * width]
        for j in range(lane(), everything.size, lanes()):
            everything[j] = zero
        barrier()
    for r in range(lane(), m * framed, lanes()):
        i, y = r // framed, r % framed - pad
        line, row = to + r * width, image + (i * height + y % height) * n
        if circular or 0 <= y < height:
            copy_span(arena, row, line + frame, n)
        if circular:
            copy_span(arena, row + n - frame, line, frame)
            copy_span(arena, row, line + frame + n, frame)
    barrier()


@kernel
def scatter_patches(op, first, m, arena, add):
    """dx (+)= sum over all windows that see it, for images first ... first + m, from the gradient of their patches.

    A frame of zeros has no gradient that anyone wants; one that wraps round has its own, and gives it on.
    """
    dims, image = op["dims"], op["dx"] + first * op["n_in"]
    if dims[CIRCULAR]:
        sum_patches(op, m, arena, op["work"] + 1, dims[PAD_Y], dims[PAD_X], False)
        unframe_images(op, m, arena, image, add)
    else:
        sum_patches(op, m, arena, image, np.int64(0), np.int64(0), add)


@kernel
def sum_patches(op, m, arena, image, frame_y, frame_x, add):
    """The transpose of gathering, into images within as much of their frame as is wanted; a lane owns lines of theirs.

    From one window that sees a place to the next, the place is an earlier one in the window.
    """
    dims, patches, none = op["dims"], patch_gradients_at(op), np.int64(NONE)
    c, rows, columns, stride_y, stride_x = dims[CHANNELS], dims[ROWS], dims[COLUMNS], dims[STRIDE_Y], dims[STRIDE_X]
    tall, wide = dims[KERNEL_HEIGHT], dims[KERNEL_WIDTH]
    height, width = dims[HEIGHT] + 2 * frame_y, dims[WIDTH] + 2 * frame_x
    tap, window = (m * rows * columns, np.int64(1)) if dims[BY_COLUMNS] else (c, patch_size(op))
    down, across = columns * window - stride_y * wide * tap, window - stride_x * tap
    for r in range(lane(), m * height, lanes()):
        y = r % height + dims[PAD_Y] - frame_y
        top = max(0, (y - tall) // stride_y + 1)
        seen_y, left, right = min(rows - 1, y // stride_y) - top + 1, 0, 0
        first = patches + (r // height * rows + top) * columns * window + (y - top * stride_y) * wide * tap
        to, x = image + r * width * c, dims[PAD_X] - frame_x
        for _ in range(width):
            while left * stride_x + wide <= x:  # windows left ... right - 1 see x; no division for each place
                left += 1
            while right < columns and right * stride_x <= x:
                right += 1
            source = first + left * window + (x - left * stride_x) * tap
            sum_window(arena, to if add else none, source, to, c, seen_y, right - left, down, across)
            to, x = to + c, x + 1
    barrier()


@kernel
def unframe_images(op, m, arena, image, add):
    """The transpose of framing: the frame's gradient is dropped, or goes to the opposite side."""
    dims, start = op["dims"], op["work"] + 1
    height, pad, n, frame = dims[HEIGHT], dims[PAD_Y], dims[WIDTH] * dims[CHANNELS], dims[PAD_X] * dims[CHANNELS]
    framed, circular = height + 2 * pad, dims[CIRCULAR] != 0
    for r in range(lane(), m * height, lanes()):
        i, y, row = r // height, r % height, image + r * n
        own = start + (i * framed + y + pad) * (n + 2 * frame)
        if add:
            add_span(arena, own + frame, row, n)
        else:
            copy_span(arena, own + frame, row, n)
        if circular:
            # The row is shown again beyond either side of the image, if it is that near to the other one.
            for line in range((y + pad) % height, framed, height):
                shown = start + (i * framed + line) * (n + 2 * frame)
                if shown != own:
                    add_span(arena, shown + frame, row, n)
                add_span(arena, shown, row + n - frame, frame)
                add_span(arena, shown + frame + n, row, frame)
    barrier()
