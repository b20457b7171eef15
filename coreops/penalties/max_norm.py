"""The max-norm constraint: the weights into each unit stay in a ball."""

import numpy as np

from coreops import records
from coreops.layers.window import CHANNELS, COLUMNS, KERNEL_HEIGHT, KERNEL_WIDTH, ROWS
from coreops.target import barrier, kernel, lane, lanes


@kernel
def project_weights(row, ops, arena):
    """The incoming weights of every unit of the network, onto the ball of radius row["l1"]."""
    radius = arena.dtype.type(row["l1"])
    for k in range(ops.size):
        op = ops[k]
        kind, w, sums = op["kind"], op["w"], op["dw"]
        if w < 0 or w >= row["n_weights"]:  # none, fixed, computed in every pass, or a gain
            continue
        if kind == records.CONVOLUTION or kind == records.LOCALLY_CONNECTED:
            dims = op["dims"]
            places = dims[ROWS] * dims[COLUMNS]
            incoming, units = dims[KERNEL_HEIGHT] * dims[KERNEL_WIDTH] * dims[CHANNELS], op["n_out"] // places
            for place in range(places if kind == records.LOCALLY_CONNECTED else 1):
                start = place * incoming * units
                project(arena, w + start, sums + start, incoming, units, radius)
        elif kind == records.SCALE:
            project(arena, w, sums, np.int64(1), op["n_out"], radius)
        else:
            dense = op if kind == records.DENSE else ops[k + 1]  # or what writes the weights of the Dense behind it
            project(arena, w, sums, dense["n_in"], dense["n_out"], radius)


@kernel
def project(arena, w, sums, incoming, units, radius):
    """w_j <- w_j min(1, radius/||w_j||_2), w_j column j of the (incoming, units) at `w`.

    sums: where there is room for a number per unit; the gradient of these weights, which is not needed any more.
    Weights whose squares overflow stay as they are: the run diverges.
    """
    one, zero, most = arena.dtype.type(1), arena.dtype.type(0), radius * radius
    s = arena[sums : sums + units]
    for j in range(lane(), units, lanes()):
        s[j] = zero
    for i in range(incoming):
        row = arena[w + i * units : w + i * units + units]
        for j in range(lane(), units, lanes()):
            s[j] += row[j] * row[j]
    for j in range(lane(), units, lanes()):
        s[j] = radius / np.sqrt(s[j]) if most < s[j] and s[j] < np.inf else one
    for i in range(incoming):
        row = arena[w + i * units : w + i * units + units]
        for j in range(lane(), units, lanes()):
            row[j] *= s[j]
    barrier()
