"""Patches: what each place of a window sees, as the rows of a matrix, and the way back of their gradients.

A convolution is one matrix product with them (Chellapilla, Puri & Simard 2006, section 4). They are made for as many
examples at a time as fit the first-level cache, and made again in the backward pass: the scratch does not grow with
the batch, and nothing is kept between passes.
"""

from coreops.layers.window import (
    CHANNELS,
    CIRCULAR,
    COLUMNS,
    HEIGHT,
    KERNEL_HEIGHT,
    KERNEL_WIDTH,
    PAD_X,
    PAD_Y,
    PASS,
    ROWS,
    STRIDE_X,
    STRIDE_Y,
    WIDTH,
)
from coreops.target import barrier, kernel, lane, lanes

CACHED = 4096  # elements of the patches of one pass: half a first-level cache in float32


def patch_scratch(window, circular):
    """(dims of an operation, elements of scratch): one element, framed images, then their patches."""
    size = window.size * window.channels
    images = max(1, CACHED // (window.places * size))
    framed = (window.height + 2 * window.pad_y) * (window.width + 2 * window.pad_x) * window.channels
    framed = framed if window.pad_y or window.pad_x else 0
    return (*window, circular, images), 1 + images * (framed + window.places * size)


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
    return op["work"] + 1 + dims[PASS] * framed


@kernel
def gather_patches(op, first, m, arena):
    """Patches of images first ... first + m: row i places + p is the window (row, column, channel) at place p."""
    dims, image, to = op["dims"], op["x"] + first * op["n_in"], patches_at(op)
    if dims[PAD_Y] + dims[PAD_X] > 0:
        frame_images(op, image, m, arena)
        image = op["work"] + 1
    c, rows, columns, step = dims[CHANNELS], dims[ROWS], dims[COLUMNS], dims[STRIDE_X] * dims[CHANNELS]
    height, n = dims[HEIGHT] + 2 * dims[PAD_Y], (dims[WIDTH] + 2 * dims[PAD_X]) * c
    across = dims[KERNEL_WIDTH] * c
    size = dims[KERNEL_HEIGHT] * across
    for r in range(lane(), m * rows, lanes()):
        i, row = r // rows, r % rows
        patches = arena[to + r * columns * size : to + (r + 1) * columns * size]
        for k in range(dims[KERNEL_HEIGHT]):
            start = image + (i * height + row * dims[STRIDE_Y] + k) * n
            line = arena[start : start + n]
            for p in range(columns):
                for j in range(across):
                    patches[p * size + k * across + j] = line[p * step + j]
    barrier()


@kernel
def frame_images(op, image, m, arena):
    """Copies of m images within a frame of zeros, or of what lies on the opposite side."""
    dims, zero, to = op["dims"], arena.dtype.type(0), op["work"] + 1
    height, pad, n, frame = dims[HEIGHT], dims[PAD_Y], dims[WIDTH] * dims[CHANNELS], dims[PAD_X] * dims[CHANNELS]
    framed, circular = height + 2 * pad, dims[CIRCULAR] != 0
    for r in range(lane(), m * framed, lanes()):
        i, y = r // framed, r % framed - pad
        line = arena[to + r * (n + 2 * frame) : to + (r + 1) * (n + 2 * frame)]
        if circular or 0 <= y < height:
            source = image + (i * height + y % height) * n
            row = arena[source : source + n]
            for j in range(frame):
                line[j] = row[n - frame + j] if circular else zero
                line[frame + n + j] = row[j] if circular else zero
            for j in range(n):
                line[frame + j] = row[j]
        else:
            for j in range(n + 2 * frame):
                line[j] = zero
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
    dims, zero, patches = op["dims"], arena.dtype.type(0), patches_at(op)
    c, rows, columns, step = dims[CHANNELS], dims[ROWS], dims[COLUMNS], dims[STRIDE_X] * dims[CHANNELS]
    height, n = dims[HEIGHT] + 2 * dims[PAD_Y], (dims[WIDTH] + 2 * dims[PAD_X]) * c
    across = dims[KERNEL_WIDTH] * c
    size = dims[KERNEL_HEIGHT] * across
    for r in range(lane(), m * height, lanes()):
        i, y = r // height, r % height
        line = arena[image + r * n : image + (r + 1) * n]
        if not add:
            for j in range(n):
                line[j] = zero
        for k in range(dims[KERNEL_HEIGHT]):
            row = (y - k) // dims[STRIDE_Y]
            if y >= k and row < rows and row * dims[STRIDE_Y] == y - k:
                start = patches + (i * rows + row) * columns * size
                windows = arena[start : start + columns * size]
                for p in range(columns):
                    for j in range(across):
                        line[p * step + j] += windows[p * size + k * across + j]
    barrier()


@kernel
def unframe_images(op, m, arena, image, add):
    """The transpose of framing: the frame's gradient is dropped, or goes to the opposite side."""
    dims, zero, start = op["dims"], arena.dtype.type(0), op["work"] + 1
    height, pad, n, frame = dims[HEIGHT], dims[PAD_Y], dims[WIDTH] * dims[CHANNELS], dims[PAD_X] * dims[CHANNELS]
    framed, circular = height + 2 * pad, dims[CIRCULAR] != 0
    for r in range(lane(), m * height, lanes()):
        i, y = r // height, r % height
        row = arena[image + r * n : image + (r + 1) * n]
        if not add:
            for j in range(n):
                row[j] = zero
        # Lines of the framed image that show this row: its own and, wrapped round, one beyond either side.
        for line in range((y + pad) % height if circular else y + pad, framed, height if circular else framed):
            place = start + (i * framed + line) * (n + 2 * frame)
            source = arena[place : place + n + 2 * frame]
            for j in range(n):
                row[j] += source[frame + j]
            if circular:
                for j in range(frame):
                    row[n - frame + j] += source[j]
                    row[j] += source[frame + n + j]
    barrier()
