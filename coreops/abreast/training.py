"""train_abreast: the steps of several rows at a time, one row in each lane of a vector."""

import numpy as np

from coreops import records
from coreops.abreast.layers import dense_backward_abreast, dense_forward_abreast, loss_abreast
from coreops.abreast.spans import width
from coreops.interpreter import featurewise_backward, featurewise_forward
from coreops.losses import LARGE_PRODUCT
from coreops.optimizers.base import NESTEROV
from coreops.optimizers.momentum import nesterov_probe
from coreops.optimizers.phases import first_update
from coreops.records import BATCH_LOSS, COLUMNS, ERROR, LOSS, VALIDATION_ERROR, VALIDATION_LOSS
from coreops.sampling.arrange import arrange
from coreops.schedules import CONSTANT, scheduled
from coreops.target import at, flush_denormals, kernel, restore_denormals
from coreops.training import all_finite, assign, evaluate, fill


@kernel(inline=True)
def forward_abreast(ops, m, arena, losses, products):
    """`interpreter.forward` for kinds up to LAST_FEATUREWISE, in training."""
    for k in range(ops.size - 1):
        op = ops[k]
        if op["kind"] == records.DENSE:
            dense_forward_abreast(op, m, arena)
        else:
            featurewise_forward(op, m, arena)
    loss_abreast(ops[ops.size - 1], m, arena, losses, products)


@kernel(inline=True)
def backward_abreast(ops, m, arena, mode):
    for k in range(ops.size - 2, -1, -1):
        op = ops[k]
        if op["kind"] == records.DENSE:
            dense_backward_abreast(op, m, arena)
        else:
            featurewise_backward(op, m, arena, mode)


@kernel(inline=True)
def its(r, table):
    """Row r's line of a table, which has one line if all rows share it."""
    return at(min(r, table.shape[0] - 1))


@kernel(inline=True)
def gather_abreast(row, x, y, train, order, start, m, examples, arena):
    """Example i of row r's batch is train[r, order[r, start + i]]; examples: scratch, WIDTH numbers."""
    d, t, step = row["n_in"], row["n_target"], width(arena)
    inputs, targets = row["inputs"] * step, row["targets"] * step
    for i in range(m):
        for r in range(step):
            examples[r] = train[its(r, train), at(order[at(r), at(start + i)])]
        for j in range(d):
            for r in range(step):
                arena[at(inputs + (i * d + j) * step + r)] = x[at(examples[r] * d + j)]
        for j in range(t):
            for r in range(step):
                arena[at(targets + (i * t + j) * step + r)] = y[its(r, y), at(examples[r] * t + j)]


@kernel(inline=True)
def put(source, r, step, to):
    """Row r's numbers into its lane."""
    for i in range(source.size):
        to[at(i * step + r)] = source[i]


@kernel(inline=True)
def take(source, r, step, to):
    for i in range(to.size):
        to[i] = source[at(i * step + r)]


@kernel
def train_abreast(
    rows, ops, wide_ops, x, y, train, held_out, groups, arena, wide, state, sizes, order, theta, curves, step_loss,
    numbers, examples, finite,
):  # fmt: skip
    """Train rows of one plan, batch size and rule, which differ in seed, rate, schedule, start, targets and examples.

    As `train_row`, with a first axis over rows, of length 1 where they share it: y, train, held_out; order, theta,
    curves, step_loss. wide_ops: the plan with offsets and features times WIDTH; wide, state, sizes, numbers (4, WIDTH),
    examples (WIDTH,): scratch; finite[r]: set to 0 when row r diverges, whose results count no more.
    """
    saved = flush_denormals()
    step_abreast(
        rows, ops, wide_ops, x, y, train, held_out, groups, arena, wide, state, sizes, order, theta, curves,
        step_loss, numbers, examples, finite,
    )  # fmt: skip
    restore_denormals(saved)


@kernel(merge=True)
def step_abreast(
    rows, ops, wide_ops, x, y, train, held_out, groups, arena, wide, state, sizes, order, theta, curves, step_loss,
    numbers, examples, finite,
):  # fmt: skip
    row, abreast = rows[0], width(arena)
    p, padded, n = row["n_theta"], row["grad"], train.shape[1]
    size, every_loss, epochs = row["batch_size"], row["record_loss_every"], row["epochs"]
    positions = order.shape[1]
    batches = positions // size if row["drop_last"] else (positions + size - 1) // size
    losses, products, masses, rates = numbers[0], numbers[1], numbers[2], numbers[3]
    theta_wide, grad_wide = wide[: p * abreast], wide[padded * abreast : (padded + p) * abreast]
    fill(state, arena.dtype.type(0))
    steady = True
    for r in range(abreast):
        put(theta[r], r, abreast, theta_wide)
        rates[r] = rows[r]["lr"]
        steady = steady and rows[r]["schedule"] == CONSTANT and rows[r]["warmup"] == 0
    step, power1, power2, plain = np.int64(0), 1.0, 1.0, np.int64(0)
    for epoch in range(epochs):
        for r in range(abreast):
            arrange(rows[r], epoch, n, groups, order[r])
            curves[r, epoch * COLUMNS + BATCH_LOSS], masses[r] = 0.0, 1.0
        for batch in range(batches):
            start = batch * size
            m = min(size, positions - start)
            gather_abreast(row, x, y, train, order, start, m, examples, wide)
            if not steady:
                for r in range(abreast):
                    rates[r] = scheduled(rows[r], step, epoch)
            step += 1
            power1, power2 = power1 * row["beta1"], power2 * row["beta2"]
            if row["optimizer"] == NESTEROV:
                nesterov_probe(row["beta1"], theta_wide, state)
            forward_abreast(wide_ops, m, wide, losses, products)
            backward_abreast(wide_ops, m, wide, row["mode"])
            for r in range(abreast):
                finite[r] &= np.isfinite(losses[r] + products[r])
                curves[r, epoch * COLUMNS + BATCH_LOSS] += losses[r]
                masses[r] *= products[r]
                if masses[r] > LARGE_PRODUCT:
                    curves[r, epoch * COLUMNS + BATCH_LOSS] += np.log(masses[r])
                    masses[r] = 1.0
            if every_loss and (step - 1) % every_loss == 0:
                for r in range(abreast):
                    step_loss[r, (step - 1) // every_loss] = (losses[r] + np.log(products[r])) / m
            first_update(row, power1, power2, (rates, sizes), theta_wide, grad_wide, state)
        done, last = epoch + 1, epoch + 1 == epochs
        due = row["evaluate_every"] and (done % row["evaluate_every"] == 0 or last)
        for r in range(abreast):
            record = curves[r, epoch * COLUMNS : (epoch + 1) * COLUMNS]
            record[BATCH_LOSS] = (record[BATCH_LOSS] + np.log(masses[r])) / min(batches * size, positions)
            if (due or last) and finite[r]:
                take(theta_wide, r, abreast, theta[r])
            if due and finite[r]:
                fill(arena[: 2 * padded], arena.dtype.type(0))
                assign(arena[:p], theta[r])
                own, index, others = y[its(r, y)], train[its(r, train)], held_out[its(r, held_out)]
                record[LOSS], record[ERROR] = evaluate(row, ops, x, own, index, arena, plain)
                if others.size:
                    held_out_loss, held_out_error = evaluate(row, ops, x, own, others, arena, plain)
                    record[VALIDATION_LOSS], record[VALIDATION_ERROR] = held_out_loss, held_out_error
                finite[r] &= np.isfinite(record[LOSS])
            elif last:
                finite[r] &= all_finite(theta[r])
        if not finite.any():
            break
