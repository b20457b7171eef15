"""The Jacobian penalty's arithmetic: central differences of the outputs in one input after the other.

R = (1/m) sum_k sum_i ||v_ik||^2 with v_ik = (f(x_i + h e_k) - f(x_i - h e_k))/2h, and its gradient, exactly, is that of
f(x + h e_k) times v/(m h) minus that of f(x - h e_k) times the same. `extra_passes` runs the passes in between.
"""

from coreops.target import barrier, kernel, lane, lanes


@kernel
def shift_inputs(row, m, arena, clean, k, sign):
    """Input k of every example becomes the clean one plus sign h."""
    d, h = row["n_in"], arena.dtype.type(sign * row["jacobian_step"])
    x = arena[row["inputs"] : row["inputs"] + m * d]
    for i in range(lane(), m, lanes()):
        x[i * d + k] = clean[i * d + k] + h
    barrier()


@kernel
def keep(source, start, kept):
    """kept <- the elements of source from `start` on."""
    values = source[start : start + kept.size]
    for i in range(lane(), kept.size, lanes()):
        kept[i] = values[i]
    barrier()


@kernel
def begin_lower(row, op, m, arena, column):
    """At x - h e_k: column, which held f(x + h e_k), becomes v, and the gradient of f(x - h e_k) is -v/(m h)."""
    n, h = m * op["n_in"], arena.dtype.type(row["jacobian_step"])
    z, dz = arena[op["x"] : op["x"] + n], arena[op["dx"] : op["dx"] + n]
    scale = arena.dtype.type(1.0 / m) / h
    for i in range(lane(), n, lanes()):
        v = (column[i] - z[i]) / (h + h)
        column[i], dz[i] = v, -scale * v
    barrier()


@kernel
def begin_upper(row, op, m, arena, column):
    """At x + h e_k again: the gradient of f is v/(m h)."""
    n = m * op["n_in"]
    dz = arena[op["dx"] : op["dx"] + n]
    scale = arena.dtype.type(1.0 / m) / arena.dtype.type(row["jacobian_step"])
    for i in range(lane(), n, lanes()):
        dz[i] = scale * column[i]
    barrier()


@kernel
def accumulate(factor, source, total):
    """total += factor source."""
    c = total.dtype.type(factor)
    for i in range(lane(), total.size, lanes()):
        total[i] += c * source[i]
    barrier()
