"""train_row: one whole run - batches, forward, backward, update, evaluation, stopping, recording - in one call."""

import numpy as np

from coreops.extra_passes import penalised_gradient
from coreops.interpreter import backward, forward
from coreops.losses import LARGE_PRODUCT
from coreops.optimizers.phases import probe, readout, retreat, update
from coreops.penalties.phases import after_update, before_gradient
from coreops.records import (
    BATCH_LOSS,
    COLUMNS,
    COMPLETED,
    COUNT_ERRORS,
    DIVERGED,
    ERROR,
    LOSS,
    NONE,
    STOPPED,
    VALIDATION_ERROR,
    VALIDATION_LOSS,
)
from coreops.sampling.arrange import arrange
from coreops.sampling.gather import gather, gather_range
from coreops.schedules import CONSTANT, scheduled
from coreops.target import barrier, block_sum, flush_denormals, kernel, lane, lanes, restore_denormals


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
def norm(values):
    """||values||_2, summed in float64."""
    total = 0.0
    for i in range(lane(), values.size, lanes()):
        total += np.float64(values[i]) ** 2
    return np.sqrt(block_sum(total))


@kernel(merge=True)
def evaluate(row, ops, x, y, index, arena, mode):
    """(mean loss, share of wrong predictions) over examples `index`, in chunks of the plan's capacity.

    mode: bits besides COUNT_ERRORS, e.g. to normalise with each chunk's own statistics.
    """
    n, loss, errors = index.size, 0.0, 0
    step, unweighted = np.int64(0), np.int64(NONE)  # not literals: forward is compiled once
    for start in range(0, n, row["capacity"]):
        m = min(row["capacity"], n - start)
        gather_range(row, x, y, index, start, m, arena)
        chunk_loss, mass, chunk_errors = forward(ops, m, arena, mode | COUNT_ERRORS, row["seed"], step, unweighted)
        loss, errors = loss + chunk_loss + np.log(mass), errors + chunk_errors
    return loss / n, errors / n


@kernel
def train_row(
    rows, r, ops, x, y, weights, train, held_out, groups, arena, state, order, result, curves, step_loss, step_theta,
    outcomes,
):  # fmt: skip
    """Train row r of `rows` from result = theta | stats, and leave the trained ones there.

    ops: its plan; x, y: flat data; train, held_out: example numbers; weights: of the losses by position in train, or
    empty; groups: what its sampler was prepared with; arena, state, order: scratch; curves (epochs x 5), step_loss,
    step_theta (records x P), both flat, outcomes[r]: what is recorded, filled with NaN or 0 before.
    """
    saved = flush_denormals()
    run(
        rows[r], outcomes[r], ops, x, y, weights, train, held_out, groups, arena, state, order, result, curves,
        step_loss, step_theta,
    )  # fmt: skip
    restore_denormals(saved)


@kernel(merge=True)
def run(
    row,
    outcome,
    ops,
    x,
    y,
    weights,
    train,
    held_out,
    groups,
    arena,
    state,
    order,
    result,
    curves,
    step_loss,
    step_theta,
):
    # The optimizer sees theta and its gradient padded with zeros to full vectors: short loops need no remainder.
    p, padded, n = row["n_theta"], row["grad"], train.size
    theta, theta_padded, grad_padded = arena[:p], arena[:padded], arena[padded : 2 * padded]
    stats = arena[row["stats"] : row["stats"] + row["n_stats"]]
    best_theta, best_stats = result[:p], result[p:]
    extra, state = state[row["n_state"] :], state[: row["n_state"]]
    fill(arena[: 2 * padded], arena.dtype.type(0))
    assign(theta, best_theta)
    assign(stats, best_stats)
    fill(state, state.dtype.type(0))
    size, every_loss, every_theta = row["batch_size"], row["record_loss_every"], row["record_theta_every"]
    batches = order.size // size if row["drop_last"] else (order.size + size - 1) // size
    plain = row["attack_steps"] == 0 and row["jacobian"] == 0 and row["l1"] == 0 and row["l2"] == 0
    steady = row["schedule"] == CONSTANT and row["warmup"] == 0
    if every_theta:
        assign(step_theta[:p], theta)
    status, epochs_run, best, best_epoch, waited = COMPLETED, 0, np.inf, 0, 0
    power1, power2 = 1.0, 1.0  # beta1^t, beta2^t
    step, training, evaluation = np.int64(0), row["mode"], np.int64(0)  # not literals: callees are compiled once
    for epoch in range(row["epochs"]):
        arrange(row, epoch, n, groups, order)
        epoch_loss, epoch_mass, epoch_examples = 0.0, 1.0, 0  # losses are a + log b
        for batch in range(batches):
            start = batch * size
            m = min(size, order.size - start)
            gather(row, x, y, weights, train, order, start, m, step, arena)
            rate = row["lr"] if steady else scheduled(row, step, epoch)
            step += 1
            power1, power2 = power1 * row["beta1"], power2 * row["beta2"]
            if not plain:
                before_gradient(row, theta_padded)
            probe(row, step, theta_padded, state)
            if plain:
                batch_loss, batch_mass, _ = forward(ops, m, arena, training, row["seed"], step, row["example_weights"])
                backward(ops, m, arena, training, row["seed"], step)
            else:
                batch_loss, batch_mass = penalised_gradient(
                    row, ops, m, arena, training, step, theta_padded, grad_padded, extra
                )
            if every_loss and (step - 1) % every_loss == 0 and lane() == 0:
                step_loss[(step - 1) // every_loss] = (batch_loss + np.log(batch_mass)) / m
            if not np.isfinite(batch_loss + batch_mass):
                retreat(row, step, theta_padded, state)
                status = DIVERGED
                break
            epoch_examples += m
            epoch_loss, epoch_mass = epoch_loss + batch_loss, epoch_mass * batch_mass
            if epoch_mass > LARGE_PRODUCT:
                epoch_loss, epoch_mass = epoch_loss + np.log(epoch_mass), 1.0
            small = row["gradient_tolerance"] > 0 and norm(grad_padded) <= row["gradient_tolerance"]
            update(row, ops, arena, step, power1, power2, rate, theta_padded, grad_padded, state)
            if not plain:
                after_update(row, ops, arena, rate, theta_padded)
            if every_theta and step % every_theta == 0:
                assign(step_theta[step // every_theta * p : (step // every_theta + 1) * p], theta)
            if small:
                status = STOPPED
                break
        epochs_run, record = epoch + 1, curves[epoch * COLUMNS : (epoch + 1) * COLUMNS]
        if status != DIVERGED:
            last = status == STOPPED or epochs_run == row["epochs"]
            if row["evaluate_every"] and (epochs_run % row["evaluate_every"] == 0 or last):
                readout(row, theta_padded, state)
                loss, error = evaluate(row, ops, x, y, train, arena, evaluation)
                held_out_loss, held_out_error = np.nan, np.nan
                if held_out.size:
                    held_out_loss, held_out_error = evaluate(row, ops, x, y, held_out, arena, evaluation)
                if lane() == 0:
                    record[LOSS], record[ERROR] = loss, error
                    record[VALIDATION_LOSS], record[VALIDATION_ERROR] = held_out_loss, held_out_error
                if not np.isfinite(loss):
                    status = DIVERGED
                elif row["patience"]:
                    watched = held_out_loss if row["monitor"] == VALIDATION_LOSS else held_out_error
                    if watched < best - row["min_delta"]:
                        best, best_epoch, waited = watched, epochs_run, 0
                        assign(best_theta, theta)
                        assign(best_stats, stats)
                    else:
                        waited += 1
                        if waited >= row["patience"]:
                            status = STOPPED
                readout(row, theta_padded, state)
            elif last and not all_finite(theta):
                status = DIVERGED
        if lane() == 0 and epoch_examples:
            record[BATCH_LOSS] = (epoch_loss + np.log(epoch_mass)) / epoch_examples
        if status != COMPLETED:
            break
    if best_epoch == 0:
        if step:
            readout(row, theta_padded, state)
        assign(best_theta, theta)
        assign(best_stats, stats)
    if lane() == 0:
        outcome["status"], outcome["steps"], outcome["epochs_run"] = status, step, epochs_run
        outcome["diverged_step"], outcome["best_epoch"] = step if status == DIVERGED else 0, best_epoch
    barrier()
