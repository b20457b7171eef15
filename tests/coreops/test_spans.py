"""Short runs of neighbouring elements, of every length around a vector's, against NumPy; nothing else is touched."""

import numpy as np
import pytest

from coreops.spans import (
    add_span,
    combine,
    combine_column,
    copy_span,
    dots,
    largest_window,
    rectify,
    rectify_gradient,
    route_window,
    scale_span,
    shift_span,
    sum_rows,
    sum_window,
)
from coreops.target import JIT, at, kernel
from tests.coreops.cases import DTYPES

LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 40]


@kernel
def all_spans(buffer, what, numbers, real):
    """One kernel for all, compiled once for each precision."""
    a, b, c, d, e = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    f, g, h, i = numbers[5], numbers[6], numbers[7], numbers[8]
    if what == 0:
        copy_span(buffer, a, b, c)
    elif what == 1:
        add_span(buffer, a, b, c)
    elif what == 2:
        largest_window(buffer, a, b, c, d, e, f)
    elif what == 3:
        route_window(buffer, a, b, c, d, e, f, g, h)
    elif what == 4:
        combine(buffer, a != 0, b, c, d, e, f, g, h, i)
    elif what == 5:
        dots(buffer, a != 0, b, c, d, e, f)
    elif what == 6:
        combine_column(buffer, a != 0, b, c, d, e, f, g, h, i)
    elif what == 7:
        sum_window(buffer, a, b, c, d, e, f, g, h)
    elif what == 8:
        shift_span(buffer, a, b, c, real)
    elif what == 9:
        scale_span(buffer, a, b, real)
    elif what == 10:
        rectify(buffer, a, b, c, real)
    elif what == 12:
        sum_rows(buffer, a != 0, b, c, d, e)
    else:
        rectify_gradient(buffer, a, b, c, d, real)


def changed(buffer, what, *numbers, real=0.0):
    """The buffer after the call."""
    after = buffer.copy()
    all_spans(after, np.int64(what), np.array([*numbers, *[0] * (9 - len(numbers))]), buffer.dtype.type(real))
    return after


def sea(dtype, size=3000):
    return np.random.default_rng(size).normal(size=size).astype(dtype)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_copied_and_added(dtype, n):
    buffer = sea(dtype)
    source, target = slice(100, 100 + n), slice(200, 200 + n)
    for what, want in enumerate((buffer[source], buffer[target] + buffer[source])):
        expected = buffer.copy()
        expected[target] = want
        np.testing.assert_array_equal(changed(buffer, what, 100, 200, n), expected)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_shifted_and_scaled(dtype, n):
    buffer, by = sea(dtype), np.dtype(dtype).type(0.3)
    source, target = slice(100, 100 + n), slice(200, 200 + n)
    expected = buffer.copy()
    expected[target] = buffer[source] - by
    np.testing.assert_array_equal(changed(buffer, 8, 100, 200, n, real=by), expected)
    expected = buffer.copy()
    expected[source] *= by
    np.testing.assert_array_equal(changed(buffer, 9, 100, n, real=by), expected)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("slope", [0.0, 0.3, -2.0])
def test_rectified(dtype, n, slope):
    """Into another place and in place; not a number is not hidden, and 0 is on the side of the slope."""
    buffer, slope = sea(dtype), np.dtype(dtype).type(slope)
    x, dy = slice(100, 100 + n), slice(200, 200 + n)
    buffer[100], buffer[100 + n - 1] = 0, np.nan
    for what, places, values in ((10, (100,), buffer[x]), (11, (100, 200), buffer[dy])):
        for to in (300, places[-1]):
            expected = buffer.copy()
            expected[to : to + n] = values * np.where(buffer[x] > 0, type(slope)(1), slope)
            np.testing.assert_array_equal(changed(buffer, what, *places, to, n, real=slope), expected)


WINDOWS = [(1, 1), (2, 2), (3, 2)]


def window(n, height, width, line, step):
    """Offsets of the n channels at each place of a window, (height width, n)."""
    places = line * np.arange(height)[:, None] + step * np.arange(width)
    return places.reshape(-1, 1) + np.arange(n)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("height", "width"), WINDOWS)
def test_the_largest_of_a_window_and_nan_is_not_hidden(dtype, n, height, width):
    buffer, x, y, line = sea(dtype), 100, 1100, 5 * n
    at = x + window(n, height, width, line, n)
    buffer[at[-1, 0]], buffer[at[0, -1]] = np.nan, -np.inf
    if n > 5:
        buffer[at[0, 5]] = np.nan
    expected = buffer.copy()
    expected[y : y + n] = buffer[at].max(axis=0)  # NaN where one of them is
    np.testing.assert_array_equal(changed(buffer, 2, x, y, n, height, width, line), expected)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("height", "width"), [*WINDOWS, (0, 2), (2, 0), (2, -1)])
@pytest.mark.parametrize("start", [-1, 1200])
def test_sums_over_a_window(dtype, n, height, width, start):
    """Lines and steps may lead backwards; a window without places sums to where it starts."""
    buffer, x, y, line, step = sea(dtype), 500, 1100, -2 * n, n + 3
    expected = buffer.copy()
    total = buffer[start : start + n].copy() if start >= 0 else np.zeros(n, dtype)
    for row in buffer[x + window(n, max(height, 0), max(width, 0), line, step)]:
        total += row
    expected[y : y + n] = total
    np.testing.assert_array_equal(changed(buffer, 7, start, x, y, n, height, width, line, step), expected)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("height", "width"), WINDOWS)
def test_the_gradient_goes_to_the_first_place_that_is_largest(dtype, n, height, width):
    buffer, line = sea(dtype), 5 * n
    x, y, dy, dx = 100, 1100, 1200, 1300
    at = window(n, height, width, line, n)
    buffer[x + at] = np.random.default_rng(n).integers(0, 2, at.shape)  # many ties
    buffer[y : y + n] = buffer[x + at].max(axis=0)
    buffer[y + n - 1] = np.nan  # equal to nothing
    expected = buffer.copy()
    for j in range(n - 1):
        first = np.flatnonzero(buffer[x + at[:, j]] == buffer[y + j])[0]
        expected[dx + at[first, j]] += buffer[dy + j]
    np.testing.assert_array_equal(changed(buffer, 3, x, y, dy, dx, n, height, width, line), expected)


def total(buffer, add, start, terms):
    """What is at `start` if add, and the terms in their order, so that the sums round alike."""
    first = buffer[start].copy() if add else np.zeros_like(buffer[start])
    return sum(terms, start=first)


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("add", [False, True])
def test_rows_of_small_products(dtype, n, k, add):
    buffer, start, x, w, y, step, pitch = sea(dtype), 2000, 100, 200, 700, 3, 50
    rows = [slice(w + p * pitch, w + p * pitch + n) for p in range(k)]
    terms, row = [buffer[x + p * step] * buffer[rows[p]] for p in range(k)], slice(y, y + n)
    expected = buffer.copy()
    expected[row] = total(buffer, add, slice(start, start + n), terms)
    np.testing.assert_array_equal(changed(buffer, 4, add, start, x, step, w, pitch, y, n, k), expected)
    for stride in (1, 7):
        column, expected = slice(y, y + stride * n, stride), buffer.copy()
        expected[column] = total(buffer, add, column, terms)
        np.testing.assert_array_equal(changed(buffer, 6, add, x, step, w, pitch, y, stride, n, k), expected)
    expected = buffer.copy()
    expected[row] = total(buffer, add, row, [buffer[x + p] * buffer[w + p : w + p + n * k : k] for p in range(k)])
    np.testing.assert_array_equal(changed(buffer, 5, add, x, w, y, n, k), expected)
    expected = buffer.copy()
    expected[row] = total(buffer, add, row, [buffer[x + p * n : x + p * n + n] for p in range(k)])
    np.testing.assert_array_equal(changed(buffer, 12, add, x, y, n, k), expected)


@pytest.mark.skipif(JIT, reason="compiled, an offset is unsigned")
def test_an_offset_never_counts_from_the_end():
    assert at(0) == 0
    with pytest.raises(IndexError, match="an offset is -1"):
        at(-1)
