"""The gradient of a step with everything that asks for more passes than one, or adds to the gradient."""

from coreops.adversaries import begin_attack, climb
from coreops.interpreter import backward, forward
from coreops.penalties.jacobian import accumulate, begin_lower, begin_upper, keep, shift_inputs
from coreops.penalties.phases import add_gradient
from coreops.records import (
    INPUT_GRADIENT,
    NO_LOSS,
    NO_PARAMETER_GRADIENT,
    RECALIBRATE,
    TRAIN,
    UPDATE_STATISTICS,
)
from coreops.target import kernel, lane, lanes


@kernel(merge=True)
def penalised_gradient(row, ops, m, arena, mode, step, theta, grad, extra):
    """Attack the batch, then the gradient of its loss and of the penalties; returns the summed loss of the batch.

    extra: scratch, what Row.state_size says. One kernel calls forward and backward for all of it, since each that does
    takes another five seconds to compile.
    """
    seed, weights, d, padded = row["seed"], row["example_weights"], row["n_in"], row["grad"]
    extra_pass = (mode | TRAIN) & ~(UPDATE_STATISTICS | RECALIBRATE)
    if row["attack_steps"]:
        uphill, clean = extra_pass | INPUT_GRADIENT | NO_PARAMETER_GRADIENT, extra[: m * d]
        begin_attack(row, m, arena, step, clean)
        for _ in range(row["attack_steps"]):
            forward(ops, m, arena, uphill, seed, step, weights)
            backward(ops, m, arena, uphill, seed, step)
            climb(row, m, arena, clean)
    if row["jacobian"]:
        last, quiet = ops[ops.size - 1], extra_pass | NO_LOSS
        total, clean = extra[: theta.size], extra[padded : padded + m * d]
        column = extra[padded + m * d : padded + m * d + m * last["n_in"]]
        for i in range(lane(), total.size, lanes()):
            total[i] = arena.dtype.type(0)
        keep(arena, row["inputs"], clean)
        for k in range(d):
            shift_inputs(row, m, arena, clean, k, 1.0)
            forward(ops, m, arena, quiet, seed, step, weights)
            keep(arena, last["x"], column)
            shift_inputs(row, m, arena, clean, k, -1.0)
            forward(ops, m, arena, quiet, seed, step, weights)
            begin_lower(row, last, m, arena, column)
            backward(ops, m, arena, quiet, seed, step)
            accumulate(1.0, grad, total)
            shift_inputs(row, m, arena, clean, k, 1.0)
            forward(ops, m, arena, quiet, seed, step, weights)
            begin_upper(row, last, m, arena, column)
            backward(ops, m, arena, quiet, seed, step)
            accumulate(1.0, grad, total)
            shift_inputs(row, m, arena, clean, k, 0.0)
    loss, mass, _ = forward(ops, m, arena, mode, seed, step, weights)
    backward(ops, m, arena, mode, seed, step)
    if row["jacobian"]:
        accumulate(row["jacobian"], extra[: theta.size], grad)
    add_gradient(row, theta, grad)
    return loss, mass
