"""Locally connected layers: windows as in a convolution, with weights of their own at every place."""

from coreops import records
from coreops.layers.patches import patch_gradients_at, patch_size, patches_at
from coreops.layers.sliding import Sliding
from coreops.layers.window import COLUMNS, ROWS
from coreops.records import ADD_DB
from coreops.target import barrier, kernel, lane, lanes


class LocallyConnected(Sliding):
    def build(self, plan, x):
        window = self.window(plan, x)
        shape = (window.rows, window.columns)[2 - self.rank :]
        return self.add(plan, x, records.LOCALLY_CONNECTED, window, shape, window.places)


class LocallyConnected2D(LocallyConnected):
    """y_rsf = b_rsf + sum_{k,l,c} x_{r t + k, s t + l, c} W_rsklcf: Conv2D without shared weights.

    W: (rows, columns, size, size, in_channels, out_channels), b: (rows columns out_channels,), one place after the
    other; all else as in Conv2D. LeCun 1989, section 5 (local connections without weight sharing).
    """

    rank = 2


class LocallyConnected1D(LocallyConnected):
    """y_rf = b_rf + sum_{k,c} x_{r t + k, c} W_rkcf: Conv1D without shared weights.

    W: (places, size, in_channels, out_channels), b: (places out_channels,); all else as in Conv1D. LeCun 1989,
    section 5.
    """

    rank = 1


@kernel
def local_outputs(op, first, m, arena):
    """y_p = b_p + patch_p W_p at each place p of examples first ... first + m; a lane owns places of an example."""
    k, zero, patches = patch_size(op), arena.dtype.type(0), patches_at(op)
    places = op["dims"][ROWS] * op["dims"][COLUMNS]
    f = op["n_out"] // places
    for r in range(lane(), m * places, lanes()):
        p, b, w, start = r % places, op["b"], op["w"], op["y"] + first * op["n_out"] + r * f
        y, patch = arena[start : start + f], arena[patches + r * k : patches + (r + 1) * k]
        weights, bias = arena[w + p * k * f : w + (p + 1) * k * f], arena[b + p * f : b + (p + 1) * f]
        for j in range(f):
            y[j] = bias[j] if b >= 0 else zero
        for q in range(k):
            for j in range(f):
                y[j] += patch[q] * weights[q * f + j]
    barrier()


@kernel
def weight_gradients(op, first, m, arena, add):
    """dW_p = sum over examples of patch_p^T dy_p; a lane owns places."""
    k, n_out, zero = patch_size(op), op["n_out"], arena.dtype.type(0)
    places = op["dims"][ROWS] * op["dims"][COLUMNS]
    f = n_out // places
    for p in range(lane(), places, lanes()):
        dw = arena[op["dw"] + p * k * f : op["dw"] + (p + 1) * k * f]
        if not add:
            for j in range(k * f):
                dw[j] = zero
        for i in range(m):
            start, patch = op["dy"] + (first + i) * n_out + p * f, patches_at(op) + (i * places + p) * k
            dy, values = arena[start : start + f], arena[patch : patch + k]
            for q in range(k):
                for j in range(f):
                    dw[q * f + j] += values[q] * dy[j]
    barrier()


@kernel
def bias_gradients(op, m, arena):
    """db_p = sum over examples of dy_p."""
    n, add, zero = op["n_out"], op["flags"] & ADD_DB != 0, arena.dtype.type(0)
    db, dy = arena[op["db"] : op["db"] + n], arena[op["dy"] : op["dy"] + m * n]
    for j in range(lane(), n, lanes()):
        total = db[j] if add else zero
        for i in range(m):
            total += dy[i * n + j]
        db[j] = total
    barrier()


@kernel
def patch_gradients(op, first, m, arena):
    """dpatch_p = dy_p W_p^T."""
    k, n_out, zero = patch_size(op), op["n_out"], arena.dtype.type(0)
    places = op["dims"][ROWS] * op["dims"][COLUMNS]
    f = n_out // places
    for r in range(lane(), m * places, lanes()):
        start, w, to = op["dy"] + first * n_out + r * f, op["w"] + r % places * k * f, patch_gradients_at(op) + r * k
        dy, weights, patch = arena[start : start + f], arena[w : w + k * f], arena[to : to + k]
        for q in range(k):
            total = zero
            for j in range(f):
                total += dy[j] * weights[q * f + j]
            patch[q] = total
    barrier()
