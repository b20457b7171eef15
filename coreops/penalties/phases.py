"""The moments at which a penalty acts. The Jacobian penalty, which needs passes of its own, is in extra_passes."""

from coreops.penalties.max_norm import project_weights
from coreops.penalties.specs import MAX_NORM, PROXIMAL, SHRINK_FIRST, SUBGRADIENT
from coreops.target import barrier, kernel, lane, lanes


@kernel
def add_gradient(row, theta, grad):
    """grad += 2 l2 w + l1 sign(w): what of the penalty is differentiated."""
    n, zero, two_l2 = row["n_weights"], theta.dtype.type(0), theta.dtype.type(2.0 * row["l2"])
    l1 = theta.dtype.type(row["l1"] if row["penalty"] == SUBGRADIENT else 0.0)
    w, g = theta[:n], grad[:n]
    for i in range(lane(), n, lanes()):
        g[i] += two_l2 * w[i] + (l1 if w[i] > zero else (-l1 if w[i] < zero else zero))
    barrier()


@kernel
def soft_threshold(row, threshold, theta):
    """w <- sign(w) max(|w| - threshold, 0); NaN stays NaN."""
    n, t, zero = row["n_weights"], theta.dtype.type(threshold), theta.dtype.type(0)
    w = theta[:n]
    for i in range(lane(), n, lanes()):
        v = w[i]
        w[i] = zero if abs(v) <= t else (v - t if v > zero else v + t)
    barrier()


@kernel
def before_gradient(row, theta):
    """What a penalty does to theta before the gradient is taken."""
    if row["penalty"] == SHRINK_FIRST:
        soft_threshold(row, row["l1"], theta)


@kernel
def after_update(row, ops, arena, lr, theta):
    """What a penalty does to theta, the start of the arena, after the update."""
    if row["penalty"] == PROXIMAL:
        soft_threshold(row, lr * row["l1"], theta)
    elif row["penalty"] == MAX_NORM:
        project_weights(row, ops, arena)
