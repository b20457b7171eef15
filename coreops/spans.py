"""Short runs of neighbouring elements of one flat buffer, given by offsets: rows of tiny products, copies, windows.

Beside each function stands what the CPU makes of it (`vectors.py`); on CUDA it is the loop that is written here.
"""

from numba.extending import overload

from coreops import vectors
from coreops.target import INLINED, at, lane, lanes

# --- rows of products too small for `gemm`, by all lanes; no barrier at the end; k >= 1, as layers and batches have ---


def combine(buffer, add, start, x, step, w, pitch, y, n, k):
    """y_j = S_j + sum over p < k of x_(p step) w_(p pitch + j), j < n; all are offsets. Unless add, S = 0."""
    for j in range(lane(), n, lanes()):
        total = buffer[at(start + j)] if add else buffer.dtype.type(0)
        for p in range(k):
            total += buffer[at(x + p * step)] * buffer[at(w + p * pitch + j)]
        buffer[at(y + j)] = total


def combine_column(buffer, add, x, step, w, pitch, y, stride, n, k):
    """The same down a column, with S = y: y_(j stride) = S_j + sum over p < k of x_(p step) w_(p pitch + j), j < n."""
    for j in range(lane(), n, lanes()):
        total = buffer[at(y + j * stride)] if add else buffer.dtype.type(0)
        for p in range(k):
            total += buffer[at(x + p * step)] * buffer[at(w + p * pitch + j)]
        buffer[at(y + j * stride)] = total


def dots(buffer, add, x, w, y, n, k):
    """y_j = S_j + sum over p < k of x_p w_(j k + p), j < n; all are offsets. S = y, or 0 unless add."""
    for j in range(lane(), n, lanes()):
        total = buffer[at(y + j)] if add else buffer.dtype.type(0)
        for p in range(k):
            total += buffer[at(x + p)] * buffer[at(w + j * k + p)]
        buffer[at(y + j)] = total


def sum_rows(buffer, add, x, y, n, k):
    """y_j = S_j + sum over p < k of x_(p n + j), j < n; all are offsets. S = y, or 0 unless add."""
    for j in range(lane(), n, lanes()):
        total = buffer[at(y + j)] if add else buffer.dtype.type(0)
        for p in range(k):
            total += buffer[at(x + p * n + j)]
        buffer[at(y + j)] = total


@overload(combine, target="generic", jit_options=INLINED)
def _combine(buffer, add, start, x, step, w, pitch, y, n, k):
    return lambda buffer, add, start, x, step, w, pitch, y, n, k: vectors.combine(
        buffer, start, w, y, n, add, x, step, k, pitch
    )


@overload(combine_column, target="generic", jit_options=INLINED)
def _combine_column(buffer, add, x, step, w, pitch, y, stride, n, k):
    return lambda buffer, add, x, step, w, pitch, y, stride, n, k: vectors.combine_column(
        buffer, w, n, add, x, step, k, pitch, y, stride
    )


@overload(dots, target="generic", jit_options=INLINED)
def _dots(buffer, add, x, w, y, n, k):
    return lambda buffer, add, x, w, y, n, k: vectors.dots(buffer, y, n, add, x, w, k)


@overload(sum_rows, target="generic", jit_options=INLINED)
def _sum_rows(buffer, add, x, y, n, k):
    return lambda buffer, add, x, y, n, k: vectors.sum_rows(buffer, x, y, n, add, k)


# --- elementwise, by all lanes; no barrier at the end ---


def rectify(buffer, x, y, n, slope):
    """y_j = x_j where x_j > 0, slope x_j elsewhere (so that NaN is not hidden), j < n."""
    one = buffer.dtype.type(1)
    for j in range(lane(), n, lanes()):
        buffer[at(y + j)] = buffer[at(x + j)] * (one if buffer[at(x + j)] > 0 else slope)


def rectify_gradient(buffer, x, dy, dx, n, slope):
    """dx_j = dy_j where x_j > 0, slope dy_j elsewhere, j < n."""
    one = buffer.dtype.type(1)
    for j in range(lane(), n, lanes()):
        buffer[at(dx + j)] = buffer[at(dy + j)] * (one if buffer[at(x + j)] > 0 else slope)


@overload(rectify, target="generic", jit_options=INLINED)
def _rectify(buffer, x, y, n, slope):
    return lambda buffer, x, y, n, slope: vectors.rectify(buffer, x, y, n, slope)


@overload(rectify_gradient, target="generic", jit_options=INLINED)
def _rectify_gradient(buffer, x, dy, dx, n, slope):
    return lambda buffer, x, dy, dx, n, slope: vectors.rectify_gradient(buffer, x, dy, dx, n, slope)


# --- runs of neighbouring elements, by one lane ---


def copy_span(buffer, source, to, n):
    """buffer[to + j] = buffer[source + j], j < n."""
    for j in range(n):
        buffer[to + j] = buffer[source + j]


def add_span(buffer, source, to, n):
    """buffer[to + j] += buffer[source + j], j < n."""
    for j in range(n):
        buffer[to + j] += buffer[source + j]


def shift_span(buffer, source, to, n, by):
    """buffer[to + j] = buffer[source + j] - by, j < n."""
    for j in range(n):
        buffer[to + j] = buffer[source + j] - by


def scale_span(buffer, to, n, by):
    """buffer[to + j] *= by, j < n."""
    for j in range(n):
        buffer[to + j] *= by


def sum_window(buffer, start, x, y, n, height, width, line, step):
    """y_j = S_j + sum over k < height, l < width of x_(k line + l step + j), j < n; start < 0: S = 0."""
    for j in range(n):
        total = buffer[start + j] if start >= 0 else buffer.dtype.type(0)
        for k in range(height):
            for column in range(width):
                total += buffer[x + k * line + column * step + j]
        buffer[y + j] = total


def largest_window(buffer, x, y, n, height, width, line):
    """y_j = the largest x_(k line + l n + j) over k < height, l < width, j < n channels; NaN is not hidden."""
    for j in range(n):
        best = buffer[x + j]
        for k in range(height):
            for column in range(width):
                new = buffer[x + k * line + column * n + j]
                if new > best or new != new:
                    best = new
        buffer[y + j] = best


def route_window(buffer, x, y, dy, dx, n, height, width, line):
    """dx += dy at the first place of the window where x = y, for each of n channels.

    y and dy name n elements; the window's rows lie `line` apart in x and dx, its columns n.
    """
    for j in range(n):
        left = buffer[dy + j]
        for k in range(height):
            for column in range(width):
                place = k * line + column * n + j
                if buffer[x + place] == buffer[y + j]:
                    buffer[dx + place] += left
                    left = buffer.dtype.type(0)


@overload(copy_span, target="generic", jit_options=INLINED)
def _copy_span(buffer, source, to, n):
    return lambda buffer, source, to, n: vectors.copy(buffer, source, to, n)


@overload(add_span, target="generic", jit_options=INLINED)
def _add_span(buffer, source, to, n):
    return lambda buffer, source, to, n: vectors.add(buffer, source, to, n)


@overload(shift_span, target="generic", jit_options=INLINED)
def _shift_span(buffer, source, to, n, by):
    return lambda buffer, source, to, n, by: vectors.shift(buffer, source, to, n, by)


@overload(scale_span, target="generic", jit_options=INLINED)
def _scale_span(buffer, to, n, by):
    return lambda buffer, to, n, by: vectors.scale(buffer, to, n, by)


@overload(sum_window, target="generic", jit_options=INLINED)
def _sum_window(buffer, start, x, y, n, height, width, line, step):
    return lambda buffer, start, x, y, n, height, width, line, step: vectors.sum_window(
        buffer, max(start, 0), x, y, n, start, height, width, line, step
    )


@overload(largest_window, target="generic", jit_options=INLINED)
def _largest_window(buffer, x, y, n, height, width, line):
    return lambda buffer, x, y, n, height, width, line: vectors.largest_window(buffer, x, y, n, height, width, line)


@overload(route_window, target="generic", jit_options=INLINED)
def _route_window(buffer, x, y, dy, dx, n, height, width, line):
    return lambda buffer, x, y, dy, dx, n, height, width, line: vectors.route(
        buffer, x, y, dy, dx, n, height, width, line
    )
