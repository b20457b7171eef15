"""AdaGrad with the full matrix, for small networks."""

from dataclasses import dataclass

import numpy as np

from coreops.checks import wrong
from coreops.optimizers.base import FULL_MATRIX, Optimizer
from coreops.target import barrier, block_sum, kernel, lane, lanes

MOST_PARAMETERS = 50
SWEEPS = 40  # of Jacobi's method, which needs 2 to 6: it starts from the last step's rows


@dataclass(frozen=True)
class FullMatrixAdaGrad(Optimizer):
    """G <- G + g g^T;  w <- w - lr (G^(1/2) + eps I)^-1 g, with the pseudo-inverse if eps = 0; G from 0.

    lr >= 0; eps >= 0, default 1e-8; eps_inside=True: (G + eps I)^(-1/2) g. At most 50 parameters. A direction in which
    the gradients have stayed below P units in the last place of the largest is rounding error and does not move.
    Duchi, Hazan & Singer 2011, fig. 1 (full matrix). G is kept as B^T B with orthogonal rows: Hestenes 1958.
    """

    eps: float = 1e-8
    eps_inside: bool = False
    kind = FULL_MATRIX

    def state_size(self, p, network):
        return (p + 2) * p

    def check(self, network):
        if network.n_parameters > MOST_PARAMETERS:
            wanted = f"at most {MOST_PARAMETERS}: each step costs P^3"
            raise wrong("optimizer FullMatrixAdaGrad", f"a network of {network.n_parameters} parameters", wanted)


@kernel
def dot(x, y):
    total = 0.0
    for k in range(lane(), x.size, lanes()):
        total += np.float64(x[k]) * np.float64(y[k])
    return block_sum(total)


@kernel
def rotate(x, y, c, s):
    for k in range(lane(), x.size, lanes()):
        u, v = x[k], y[k]
        x[k], y[k] = c * u - s * v, s * u + c * v
    barrier()


@kernel
def clear_negligible(n, p, rows, ulp):
    """Rows shorter than n ulp of the longest become 0. Returns the number of a row that is 0, or the shortest."""
    longest, shortest, free = 0.0, np.inf, 0
    for i in range(n):
        square = dot(rows[i * p : i * p + p], rows[i * p : i * p + p])
        longest = max(longest, square)
        if square < shortest:
            shortest, free = square, i
    for i in range(n):
        row = rows[i * p : i * p + p]
        if dot(row, row) < (n * ulp) ** 2 * longest:
            for k in range(lane(), p, lanes()):
                row[k] = row.dtype.type(0)
            barrier()
    return free


@kernel
def orthogonalize(n, p, rows, ulp):
    """Rotate pairs of the n rows until all are orthogonal; B^T B stays.   Golub & Van Loan 2013, section 8.6."""
    rotations, sweep = 1, 0
    while rotations > 0 and sweep < SWEEPS:
        rotations, sweep = 0, sweep + 1
        clear_negligible(n, p, rows, ulp)
        for i in range(n - 1):
            for j in range(i + 1, n):
                x, y = rows[i * p : i * p + p], rows[j * p : j * p + p]
                xx, yy, xy = dot(x, x), dot(y, y), dot(x, y)
                if abs(xy) > 4 * n * ulp * np.sqrt(xx) * np.sqrt(yy):
                    zeta = (yy - xx) / (2.0 * xy)
                    t = (1.0 if zeta >= 0 else -1.0) / (abs(zeta) + np.sqrt(1.0 + zeta * zeta))
                    c = 1.0 / np.sqrt(1.0 + t * t)
                    rotate(x, y, rows.dtype.type(c), rows.dtype.type(c * t))
                    rotations += 1


@kernel
def full_matrix_update(n, eps, eps_inside, lr, theta, grad, state):
    """n: parameters; state: n + 1 rows b_i of theta.size with G = sum b_i b_i^T, then one vector for the step.

    With b_i = s_i u_i orthogonal, G^(-1/2) g = sum u_i (u_i g)/s_i = sum b_i (b_i g)/s_i^3.
    """
    p, zero = theta.size, theta.dtype.type(0)
    ulp = 2.0**-52 if theta.itemsize == 8 else 2.0**-23
    rows, step = state[: (n + 1) * p], state[(n + 1) * p : (n + 2) * p]
    # n + 1 orthogonal rows in n dimensions: one is 0, and takes the new gradient.
    free = clear_negligible(n + 1, p, rows, ulp)
    new = rows[free * p : free * p + p]
    for k in range(lane(), p, lanes()):
        new[k], step[k] = grad[k], zero
    barrier()
    orthogonalize(n + 1, p, rows, ulp)
    for i in range(n + 1):
        row = rows[i * p : i * p + p]
        square = dot(row, row)
        if square != 0:  # NaN is not 0, and must be seen
            size = np.sqrt(square + eps) if eps_inside else np.sqrt(square) + eps
            share = theta.dtype.type(dot(row, grad) / square / size)
            for k in range(lane(), p, lanes()):
                step[k] += share * row[k]
            barrier()
    a = theta.dtype.type(lr)
    for k in range(lane(), p, lanes()):
        theta[k] -= a * step[k]
    barrier()
