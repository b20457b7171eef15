"""C = S + A op(B) by the lanes of a block, as `target.gemm` describes it. One source for the device and the simulator.

Every lane holds 4 x 4 elements of C in registers; a block of lanes works on a tile of C, for which it brings DEPTH
columns of A and rows of B at a time into shared memory. Of a lane's elements, neighbours are `down` rows and `across`
columns apart, so that neighbouring lanes read neighbouring words.   Volkov & Demmel 2008, "Benchmarking GPUs to tune
dense linear algebra", section 4.
"""

import numpy as np

from coreops.target import barrier, kernel, lane, lanes

SIDE = 4
DEPTH = 8
WIDEST = 64  # lanes along one side of a tile
TILE = DEPTH * (SIDE * WIDEST + 1 + SIDE * 4 + 1)  # elements that the most oblong tile of 256 lanes takes


@kernel(merge=True)
def spread(extent):
    """Lanes over a rectangle whose fast side has `extent` elements: first and step along it, first and step across.

    Without divisions, for which a GPU has no instruction; lanes() is a power of two.
    """
    fast, bits = np.int64(1), np.int64(0)
    while fast < extent and fast < lanes():
        fast, bits = fast << 1, bits + 1
    return lane() & (fast - 1), fast, lane() >> bits, lanes() >> bits


@kernel(merge=True)
def multiply_add(row, x, y):
    """row + x y, four elements."""
    return row[0] + x * y[0], row[1] + x * y[1], row[2] + x * y[2], row[3] + x * y[3]


@kernel(merge=True)
def quadruple(shared, first, step):
    return shared[first], shared[first + step], shared[first + 2 * step], shared[first + 3 * step]


@kernel
def stage(shared, place, side, buffer, first, step, depth_step, height, depth):
    """shared[place + p (side + 1) + i] = buffer[first + i step + p depth_step], and 0 beyond (height, depth)."""
    zero = buffer.dtype.type(0)
    if depth_step == 1:  # what lies side by side in memory is read by lanes side by side
        p0, p_step, i0, i_step = spread(DEPTH)
    else:
        i0, i_step, p0, p_step = spread(side)
    i = i0
    while i < side:  # a range of variable step divides
        p = p0
        while p < DEPTH:
            inside = i < height and p < depth
            shared[place + p * (side + 1) + i] = buffer[first + i * step + p * depth_step] if inside else zero
            p += p_step
        i += i_step


@kernel(merge=True)
def put(buffer, i, j, m, n, value, c, start, start_row):
    if i < m and j < n:
        if start >= 0:
            value += buffer[start + i * start_row + j]
        buffer[c + i * n + j] = value


@kernel(merge=True)
def put_row(buffer, i, j, step, m, n, row, c, start, start_row):
    put(buffer, i, j, m, n, row[0], c, start, start_row)
    put(buffer, i, j + step, m, n, row[1], c, start, start_row)
    put(buffer, i, j + 2 * step, m, n, row[2], c, start, start_row)
    put(buffer, i, j + 3 * step, m, n, row[3], c, start, start_row)


@kernel(merge=True)
def fours(n):
    """n / SIDE, rounded up."""
    return (n + 3) >> 2


@kernel
def tiled_product(shared, buffer, m, n, k, a, a_row, a_col, b, b_row, b_col, c, start, start_row):
    need_down, need_across = fours(m), fours(n)
    across = np.int64(1)
    while across * across < lanes():
        across *= 2
    down = lanes() // across
    if need_across < across:  # an oblong product gets oblong tiles, so that all lanes work
        across = need_across
        down = lanes() // across
    elif need_down < down:
        down = need_down
        across = lanes() // down
    across, down = min(across, need_across, WIDEST), min(down, need_down, WIDEST)
    height, width = SIDE * down, SIDE * across
    right = DEPTH * (height + 1)  # where in shared memory B's part begins
    ty, tx = lane() // across, lane() % across
    zero = buffer.dtype.type(0)
    i0 = np.int64(0)
    while i0 < m:
        j0 = np.int64(0)
        while j0 < n:
            r0 = r1 = r2 = r3 = (zero, zero, zero, zero)
            for p0 in range(0, k, DEPTH):
                stage(shared, np.int64(0), height, buffer, a + i0 * a_row + p0 * a_col, a_row, a_col, m - i0, k - p0)
                stage(shared, right, width, buffer, b + p0 * b_row + j0 * b_col, b_col, b_row, n - j0, k - p0)
                barrier()
                if ty < down:
                    for p in range(DEPTH):
                        x = quadruple(shared, p * (height + 1) + ty, down)
                        y = quadruple(shared, right + p * (width + 1) + tx, across)
                        r0, r1 = multiply_add(r0, x[0], y), multiply_add(r1, x[1], y)
                        r2, r3 = multiply_add(r2, x[2], y), multiply_add(r3, x[3], y)
                barrier()
            if ty < down:
                i, j = i0 + ty, j0 + tx
                put_row(buffer, i, j, across, m, n, r0, c, start, start_row)
                put_row(buffer, i + down, j, across, m, n, r1, c, start, start_row)
                put_row(buffer, i + 2 * down, j, across, m, n, r2, c, start, start_row)
                put_row(buffer, i + 3 * down, j, across, m, n, r3, c, start, start_row)
            j0 += width
        i0 += height
    barrier()


@kernel
def plain_product(buffer, m, n, k, a, a_row, a_col, b, b_row, b_col, c, start, start_row):
    """One element per lane at a time: for products with too few elements to give every lane sixteen."""
    j0, j_step, i0, i_step = spread(n)
    i = i0
    while i < m:
        j = j0
        while j < n:
            total = buffer[start + i * start_row + j] if start >= 0 else buffer.dtype.type(0)
            for p in range(k):
                total += buffer[a + i * a_row + p * a_col] * buffer[b + p * b_row + j * b_col]
            buffer[c + i * n + j] = total
            j += j_step
        i += i_step
    barrier()


@kernel
def product(shared, buffer, m, n, k, a, a_row, a_col, b, transposed, c, start, start_row):
    """shared: TILE elements of the buffer's type."""
    b_row, b_col = (np.int64(1), k) if transposed else (n, np.int64(1))
    if 2 * fours(m) * fours(n) >= lanes() and k >= SIDE:
        tiled_product(shared, buffer, m, n, k, a, a_row, a_col, b, b_row, b_col, c, start, start_row)
    else:
        plain_product(buffer, m, n, k, a, a_row, a_col, b, b_row, b_col, c, start, start_row)
