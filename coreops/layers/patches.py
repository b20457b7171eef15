"""Patches: what each place of a window sees, as the rows of a matrix, and the way back of their gradients.

A convolution is one matrix product with them (Chellapilla, Puri & Simard 2006, section 4). They are made for as many
examples at a time as fit the second-level cache, so the scratch does not grow with the batch. If that is the whole
batch, the backward pass finds them there; otherwise it makes them again.
"""

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
from coreops.spans import add_span, copy_span
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
    """dx (+)= sum over all windows that see it, for images first ... first + m, from the gradient of their patches."""
    dims, image = op["dims"], op["dx"] + first * op["n_in"]
    framed = dims[PAD_Y] + dims[PAD_X] > 0
    sum_patches(op, m, arena, op["work"] + 1 if framed else image, add and not framed)
    if framed:
        unframe_images(op, m, arena, image, add)


@kernel
def sum_patches(op, m, arena, image, add):
    """The transpose of gathering, into framed images; a lane owns lines of theirs."""
    dims, zero, patches = op["dims"], arena.dtype.type(0), patch_gradients_at(op)
    c, rows, columns, step = dims[CHANNELS], dims[ROWS], dims[COLUMNS], dims[STRIDE_X] * dims[CHANNELS]
    height, n = dims[HEIGHT] + 2 * dims[PAD_Y], (dims[WIDTH] + 2 * dims[PAD_X]) * c
    across, size = dims[KERNEL_WIDTH] * c, patch_size(op)
    for r in range(lane(), m * height, lanes()):
        i, y, line = r // height, r % height, image + r * n
        if not add:
            for j in range(n):
                arena[line + j] = zero
        for k in range(dims[KERNEL_HEIGHT]):
            row = (y - k) // dims[STRIDE_Y]
            if y >= k and row < rows and row * dims[STRIDE_Y] == y - k:
                first = (i * rows + row) * columns
                if dims[BY_COLUMNS]:
                    for tap in range(k * across, k * across + across):  # neighbouring windows overlap: not all at once
                        source = patches + tap * m * rows * columns + first
                        add_span(arena, source, line + tap - k * across, columns)
                else:
                    for p in range(columns):
                        add_span(arena, patches + (first + p) * size + k * across, line + p * step, across)
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
