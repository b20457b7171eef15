"""Which rows of a table are trained abreast, and their way through `train_abreast`."""

from operator import itemgetter

import numpy as np

from coreops import records
from coreops.abreast.spans import rows_abreast
from coreops.abreast.training import train_abreast
from coreops.optimizers.base import FIRST_OTHER
from coreops.products import TINY

LOSSES = {records.SQUARED_ERROR, records.LINEAR_LOSS, records.BINARY_CROSS_ENTROPY, records.SOFTMAX_CROSS_ENTROPY,
          records.SIGMOID_SQUARED_ERROR}  # fmt: skip
OFFSETS = ("x", "dx", "x2", "dx2", "y", "dy", "w", "dw", "b", "db", "work")
# What a row must not have: a step or an end that is not that of the others.
unusual = itemgetter("n_stats", "attack_steps", "penalty", "l1", "l2", "jacobian", "target_noise",
                     "gradient_tolerance", "record_theta_every", "patience")  # fmt: skip
# What a row may have for itself, besides its start, examples and targets.
OWN = ("seed", "lr", "schedule", "schedule_rate", "schedule_every", "warmup", "sampling")
common = itemgetter(*(name for name in records.ROW.names if name not in OWN))


def fewest(dtype):
    """Rows below which one after the other takes less time: abreast all lanes take 2 to 4 times less."""
    return rows_abreast(dtype) // 2


def tiny(ops, batch_size):
    """Whether `train_abreast` knows the plan, and all products are ones that are summed in the order of `dots`."""
    kinds, dense = ops["kind"], ops[ops["kind"] == records.DENSE]
    return (
        bool(np.all(kinds[:-1] <= records.LAST_FEATUREWISE))
        and kinds[-1] in LOSSES
        and bool(np.all(batch_size * dense["n_in"] * dense["n_out"] <= TINY))
    )


def is_usual(row):
    """Whether each step of the row is forward, backward and a rule for each element, up to its last epoch."""
    r = row.fields
    return (
        r["optimizer"] < FIRST_OTHER
        and r["epochs"] > 0
        and r["example_weights"] == records.NONE
        and row.groups.size == 0
        and not any(unusual(r))
    )


def bundles(rows):
    """Lists of row numbers, each to be trained in one go: abreast, or a row alone."""
    plans, alike, parts = {}, {}, []
    for i, row in enumerate(rows):
        key = id(row.ops), row.fields["batch_size"]
        if key not in plans:  # once for all rows of a network
            plans[key] = row.ops.tobytes() if tiny(row.ops, row.fields["batch_size"]) else None
        if plans[key] and is_usual(row):
            sizes = row.x.size, row.y.size, len(row.train), len(row.held_out), row.order_size
            likeness = common(row.fields), plans[key], row.x.ctypes.data, sizes, row.network.dtype
            alike.setdefault(likeness, []).append(i)
        else:
            parts.append([i])
    for (*_, dtype), numbers in alike.items():
        most = rows_abreast(dtype)
        for start in range(0, len(numbers), most):
            part = numbers[start : start + most]
            parts += [part] if len(part) >= fewest(dtype) else [[i] for i in part]
    return parts


def widened(ops, abreast):
    """The plan of `abreast` rows: as many times the features, and offsets that leave room for them."""
    wide = ops.copy()
    for name in OFFSETS:
        wide[name] = np.where(ops[name] == records.NONE, records.NONE, ops[name] * abreast)
    wide["n_in"], wide["n_out"] = ops["n_in"] * abreast, ops["n_out"] * abreast
    return wide


def lines(arrays):
    """A table of the arrays, or of one if all are the same: it stays in the cache."""
    same = all(array is arrays[0] for array in arrays)
    return np.array(arrays[:1] if same else arrays)


def train_bundle(tasks, scratch):
    """Train tasks of like rows abreast; those that diverge are left as they are, not done.

    scratch: gives buffers, `scratch(name, elements, dtype)`.
    """
    first, dtype = tasks[0].row, tasks[0].row.network.dtype
    abreast, r = rows_abreast(dtype), first.fields
    lanes = [*tasks, *[tasks[-1]] * (abreast - len(tasks))]  # the last one again where there are too few

    def stacked(arrays, kind):
        return np.array(list(arrays), kind)

    rows = np.empty(abreast, records.ROW)
    for k, task in enumerate(lanes):
        rows[k : k + 1] = task.row.record
    for task in tasks:
        task.start()
    theta = stacked((task.theta for task in lanes), dtype)
    curves = stacked((task.curves.reshape(-1) for task in lanes), np.float64)
    step_loss = stacked((task.step_loss for task in lanes), np.float64)
    finite = np.ones(abreast, np.int64)
    order = scratch("orders", abreast * first.order_size, np.dtype(np.int64)).reshape(abreast, -1)
    train_abreast(
        rows, first.ops, widened(first.ops, abreast), first.x,
        lines([task.row.y for task in lanes]),
        lines([task.row.train for task in lanes]),
        lines([task.row.held_out for task in lanes]),
        first.groups,
        scratch("arena", first.arena_size, dtype),
        scratch("wide", first.arena_size * abreast, dtype),
        scratch("states", r["n_state"] * abreast, dtype),
        scratch("sizes", r["n_theta"] * abreast, dtype),
        order, theta, curves, step_loss, np.zeros((4, abreast)), np.zeros(abreast, np.int64), finite,
    )  # fmt: skip
    for k, task in enumerate(tasks):
        if finite[k]:
            task.theta[:], task.step_loss[:] = theta[k], step_loss[k]
            task.curves[:] = curves[k].reshape(task.curves.shape)
            task.outcome["steps"], task.outcome["epochs_run"] = r["epochs"] * first.batches, r["epochs"]
            task.finish()
