"""Path-SGD: the gradient in the geometry of paths through a rectifier network."""

from dataclasses import dataclass

from coreops import records
from coreops.checks import wrong
from coreops.optimizers.base import PATH, Optimizer
from coreops.target import barrier, kernel, lane, lanes


@dataclass(frozen=True)
class PathSGD(Optimizer):
    """w_e <- w_e - lr g_e/gamma_e,  gamma_e = sum over paths through e of the product of the other weights, squared.

    lr >= 0; gamma_e <- max(gamma_e, eps), eps >= 0, default 0: an edge with gamma_e = 0 has no gradient and stays.
    Paths run from an input to an output; a bias is an edge from a constant input. Scaling the weights into a rectifier
    by c > 0 and those out of it by 1/c changes nothing (where eps binds nowhere). Dense and (leaky) ReLU layers only.
    Neyshabur, Salakhutdinov & Srebro 2015, section 4, with p = 2.
    """

    eps: float = 0.0
    kind = PATH

    def state_size(self, p, network):
        layers = [operation for operation in network.plan.operations if operation["kind"] == records.DENSE]
        return 2 * (sum(layer["n_in"] for layer in layers) + layers[-1]["n_out"])

    def check(self, network):
        rectifiers_only("optimizer PathSGD", network)


def rectifiers_only(name, network):
    """Raise ValueError for a network in which paths are no chains of weights."""
    kinds = {operation["kind"] for operation in network.plan.operations}
    others = any(kind < records.SQUARED_ERROR for kind in kinds - {records.DENSE, records.RECTIFIER})
    if others or records.DENSE not in kinds:
        layers = ", ".join(map(repr, network.layers))
        raise wrong(name, f"the layers {layers}", "only Dense, ReLU and LeakyReLU, and at least one Dense")


@kernel
def squared_paths_in(op, arena, units, sums):
    """Over paths from the inputs to output j: sums_j = b_j^2 + sum_i units_i w_ij^2.

    Four rows at a time, for a quarter of the traffic of the sums.
    """
    n_in, n_out, zero, last = op["n_in"], op["n_out"], arena.dtype.type(0), op["n_in"] - 1
    w = arena[op["w"] : op["w"] + n_in * n_out]
    for j in range(lane(), n_out, lanes()):
        bias = arena[op["b"] + j] if op["b"] >= 0 else zero
        sums[j] = bias * bias
    for i in range(0, n_in, 4):
        i1, i2, i3 = min(i + 1, last), min(i + 2, last), min(i + 3, last)
        row, row1, row2, row3 = w[i * n_out :], w[i1 * n_out :], w[i2 * n_out :], w[i3 * n_out :]
        u, u1, u2, u3 = units[i], units[i1], units[i2], units[i3]
        u1, u2, u3 = u1 if i1 > i else zero, u2 if i2 > i1 else zero, u3 if i3 > i2 else zero
        for j in range(lane(), n_out, lanes()):
            pair = u * (row[j] * row[j]) + u1 * (row1[j] * row1[j])
            sums[j] += pair + (u2 * (row2[j] * row2[j]) + u3 * (row3[j] * row3[j]))
    barrier()


@kernel
def squared_paths_out(op, arena, units, sums):
    """Over paths from input i to the network's outputs: sums_i = sum_j w_ij^2 units_j.

    Four sums at a time, as each addition to one waits for the last.
    """
    n_in, n_out, zero = op["n_in"], op["n_out"], arena.dtype.type(0)
    w, whole = arena[op["w"] : op["w"] + n_in * n_out], n_out - n_out % 4
    for i in range(lane(), n_in, lanes()):
        row, a, b, c, d = w[i * n_out : i * n_out + n_out], zero, zero, zero, zero
        for j in range(0, whole, 4):
            a += row[j] * row[j] * units[j]
            b += row[j + 1] * row[j + 1] * units[j + 1]
            c += row[j + 2] * row[j + 2] * units[j + 2]
            d += row[j + 3] * row[j + 3] * units[j + 3]
        for j in range(whole, n_out):
            a += row[j] * row[j] * units[j]
        sums[i] = (a + b) + (c + d)
    barrier()


@kernel
def path_step(op, arena, floor, lr, before, after):
    """gamma_ij = before_i after_j; for a bias before = 1."""
    n_in, n_out, b, db = op["n_in"], op["n_out"], op["b"], op["db"]
    a, zero, one = arena.dtype.type(lr), arena.dtype.type(0), arena.dtype.type(1)
    for i in range(0 if op["dw"] >= 0 else n_in, n_in + (db >= 0)):  # what is not learned stays
        unit, w, dw = (before[i], op["w"] + i * n_out, op["dw"] + i * n_out) if i < n_in else (one, b, db)
        weights, gradients = arena[w : w + n_out], arena[dw : dw + n_out]
        for j in range(lane(), n_out, lanes()):
            gamma, g = unit * after[j], gradients[j]
            step = a * g / (floor if gamma < floor else gamma)
            weights[j] -= zero if g == 0 else step
    barrier()


@kernel
def path_update(ops, arena, eps, lr, state):
    """state: sums over the paths into every unit, inputs first, then over the paths out of every unit.

    Nobody asks for the sums into the network's outputs or out of its inputs.
    """
    half, one, floor = state.size // 2, state.dtype.type(1), state.dtype.type(eps)
    into, out_of = state[:half], state[half:]
    units = final = 0
    for k in range(ops.size):
        if ops[k]["kind"] == records.DENSE:
            final = k
    for k in range(final + 1):
        op = ops[k]
        if op["kind"] == records.DENSE:
            n_in, n_out = op["n_in"], op["n_out"]
            if units == 0:
                for i in range(lane(), n_in, lanes()):
                    into[i] = one
                barrier()
            if k < final:
                squared_paths_in(op, arena, into[units : units + n_in], into[units + n_in : units + n_in + n_out])
            units += n_in
    for j in range(lane(), ops[final]["n_out"], lanes()):
        out_of[units + j] = one
    barrier()
    for k in range(final, -1, -1):
        op = ops[k]
        if op["kind"] == records.DENSE:
            n_in, n_out = op["n_in"], op["n_out"]
            before, after = units - n_in, out_of[units : units + n_out]
            # theta changes layer by layer, from the last: the sums out of a layer's inputs come first
            if before > 0:
                squared_paths_out(op, arena, after, out_of[before:units])
            path_step(op, arena, floor, lr, into[before:units], after)
            units = before
