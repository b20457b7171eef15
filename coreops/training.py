"""train_row: one whole run - batches, forward, backward, update, evaluation, stopping, recording - in one call."""

import numpy as np

from coreops.interpreter import backward, forward
from coreops.optimizers.phases import probe, update
from coreops.records import (
    BATCH_LOSS,
    COMPLETED,
    COUNT_ERRORS,
    DIVERGED,
    ERROR,
    LOSS,
    STOPPED,
    TRAIN,
    VALIDATION_ERROR,
    VALIDATION_LOSS,
)
from coreops.sampling import arrange, gather, gather_range
from coreops.schedules import scheduled
from coreops.target import barrier, block_sum, kernel, lane, lanes


@kernel
def assign(target, source):
    for i in range(lane(), target.size, lanes()):
        target[i] = source[i]
    barrier()


@kernel
def fill(target, value):
    for i in range(lane(), target.size, lanes()):
        target[i] = value
    barrier()


@kernel
def all_finite(values):
    bad = 0
    for i in range(lane(), values.size, lanes()):
        bad += not np.isfinite(values[i])
    return block_sum(bad) == 0


@kernel
def evaluate(row, ops, x, y, index, arena):
    """(mean loss, share of wrong predictions) over examples `index`, in chunks of the plan's capacity."""
    n, loss, errors = index.size, 0.0, 0
    for start in range(0, n, row["capacity"]):
        m = min(row["capacity"], n - start)
        gather_range(row, x, y, index, start, m, arena)
        chunk_loss, chunk_errors = forward(ops, m, arena, COUNT_ERRORS)
        loss, errors = loss + chunk_loss, errors + chunk_errors
    return loss / n, errors / n


@kernel
def train_row(
    rows, r, ops, x, y, train, held_out, arena, state, order, result, curves, step_loss, step_theta, outcomes
):
    """Train row r of `rows` from theta = result, and leave the trained theta there.

    ops: its plan; x, y: flat data; train, held_out: example numbers; arena, state, order: scratch;
    curves (epochs, 5), step_loss, step_theta (records, P), outcomes[r]: what is recorded, filled with NaN or 0 before.
    """
    row, outcome = rows[r], outcomes[r]
    p, grad_at, n = row["n_theta"], row["grad"], train.size
    theta, grad = arena[:p], arena[grad_at : grad_at + p]
    assign(theta, result)
    fill(state, state.dtype.type(0))
    size, every_loss, every_theta = row["batch_size"], row["record_loss_every"], row["record_theta_every"]
    batches = order.size // size if row["drop_last"] else (order.size + size - 1) // size
    if every_theta:
        assign(step_theta[0], theta)
    status, step, epochs_run, best, best_epoch, waited = COMPLETED, 0, 0, np.inf, 0, 0
    for epoch in range(row["epochs"]):
        arrange(row, epoch, n, order)
        epoch_loss, epoch_examples = 0.0, 0
        for batch in range(batches):
            start = batch * size
            m = min(size, order.size - start)
            gather(row, x, y, train, order, start, m, arena)
            rate = scheduled(row, step, epoch)
            step += 1
            probe(row, theta, state)
            batch_loss, _ = forward(ops, m, arena, TRAIN)
            if every_loss and (step - 1) % every_loss == 0 and lane() == 0:
                step_loss[(step - 1) // every_loss] = batch_loss / m
            if not np.isfinite(batch_loss):
                status = DIVERGED
                break
            epoch_loss, epoch_examples = epoch_loss + batch_loss, epoch_examples + m
            backward(ops, m, arena, TRAIN)
            update(row, step, rate, theta, grad, state)
            if every_theta and step % every_theta == 0:
                assign(step_theta[step // every_theta], theta)
        epochs_run = epoch + 1
        if status != DIVERGED:
            last = epochs_run == row["epochs"]
            if row["evaluate_every"] and (epochs_run % row["evaluate_every"] == 0 or last):
                loss, error = evaluate(row, ops, x, y, train, arena)
                held_out_loss, held_out_error = np.nan, np.nan
                if held_out.size:
                    held_out_loss, held_out_error = evaluate(row, ops, x, y, held_out, arena)
                if lane() == 0:
                    curves[epoch, LOSS], curves[epoch, ERROR] = loss, error
                    curves[epoch, VALIDATION_LOSS], curves[epoch, VALIDATION_ERROR] = (
                        held_out_loss,
                        held_out_error,
                    )
                if not np.isfinite(loss):
                    status = DIVERGED
                elif row["patience"]:
                    watched = held_out_loss if row["monitor"] == VALIDATION_LOSS else held_out_error
                    if watched < best - row["min_delta"]:
                        best, best_epoch, waited = watched, epochs_run, 0
                        assign(result, theta)
                    else:
                        waited += 1
                        if waited >= row["patience"]:
                            status = STOPPED
            elif last and not all_finite(theta):
                status = DIVERGED
        if lane() == 0 and epoch_examples:
            curves[epoch, BATCH_LOSS] = epoch_loss / epoch_examples
        if status != COMPLETED:
            break
    if best_epoch == 0:
        assign(result, theta)
    if lane() == 0:
        outcome["status"], outcome["steps"], outcome["epochs_run"] = status, step, epochs_run
        outcome["diverged_step"], outcome["best_epoch"] = step if status == DIVERGED else 0, best_epoch
    barrier()
