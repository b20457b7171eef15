"""One training of one shape, one thread, every contender; and what the sweeps share with it."""

import numpy as np

from .process import ContenderError, Contenders, interleave, ratio, spread
from .shapes import (
    AGREEMENT,
    BARS,
    BETA1,
    BETA2,
    EPSILON,
    LEARNING_RATE,
    SHAPES,
    loss,
    problem,
)

OURS = "coreops"
ARITHMETIC = "arithmetic"  # what no contender can do without, measured in the same rounds
CONVOLUTIONAL = ("coreops_fit", "torch_eager", "jax_scan")  # who has the shapes with convolutions


def task_of(shape, epochs, **more):
    return {
        "sizes": shape.sizes,
        "channels": shape.channels,
        "batch": shape.batch,
        "epochs": epochs,
        "lr": LEARNING_RATE,
        "beta1": BETA1,
        "beta2": BETA2,
        "eps": EPSILON,
        **more,
    }


def write_problem(shape, folder, rows=None):
    """The arrays, and the .npz in which every worker finds them."""
    arrays = problem(shape, rows)
    path = folder / f"{shape.name}-{rows or 1}.npz"
    np.savez(path, **arrays)
    return arrays, str(path)


def final_losses(worker, arrays, folder):
    """The losses that the worker's last weights reach, one per row."""
    to = folder / "weights.npz"
    worker.ask(do="parameters", to=str(to))
    with np.load(to) as saved:
        weights = dict(saved)
    if weights["b0"].ndim == 1:
        return np.array([loss(weights, arrays["X"], arrays["y"])])
    rows = range(len(weights["W0"]))
    return np.array([loss({k: a[i] for k, a in weights.items()}, arrays["X"], arrays["y"]) for i in rows])


def check(worker, shape, arrays, path, folder, epochs, **more):
    """Train for the epochs of the check: (reply of prepare, seconds, final losses)."""
    reply = worker.ask(do="prepare", arrays=path, task=task_of(shape, epochs, **more))
    seconds = worker.ask(do="run")["seconds"]
    return reply, seconds, final_losses(worker, arrays, folder)


def size_epochs(worker, shape, path, epochs, elapsed, target, **more):
    """Prepare with as many epochs as one run of about `target` seconds takes; returns (reply, epochs)."""
    reply = None
    for _ in range(3):  # the first guess includes a fixed cost per call
        epochs = max(1, round(epochs * target / max(elapsed, 1e-9)))
        reply = worker.ask(do="prepare", arrays=path, task=task_of(shape, epochs, **more))
        elapsed = worker.ask(do="run")["seconds"]
        if elapsed > target / 2 or epochs > 10**6:
            break
    return reply, epochs


def cell(reply, first, epochs, deviation, seconds, ours):
    """One cell of a table: microseconds per step, ratio against coreops, and how it came about."""
    micro = np.asarray(seconds) / reply["steps"] * 1e6
    return {
        "us_per_step": spread(micro),
        "ratio": ratio(ours, micro),
        "compile_s": first["compile_s"],
        "variant": reply["variant"],
        "epochs": epochs,
        "deviation": deviation,
        "agrees": deviation <= AGREEMENT,
    }


def best_of(cells, prefix):
    """The name of the fastest contender of a family whose final loss agrees, or None."""
    found = [name for name, c in cells.items() if name.startswith(prefix) and c.get("agrees")]
    return min(found, key=lambda name: cells[name]["us_per_step"]["median"], default=None)


def verdict(cells, family, bar, aim):
    """The family's best against its bar."""
    name = best_of(cells, family)
    if name is None:
        reasons = [c.get("error") or "its final loss differs" for n, c in cells.items() if n.startswith(family)]
        return {
            "peer": family,
            "bar": bar,
            "aim": aim,
            "holds": None,
            "reason": "; ".join(reasons) or "not run",
        }
    found = cells[name]["ratio"]
    return {
        "peer": name,
        "bar": bar,
        "aim": aim,
        "ratio": found,
        "holds": found["median"] >= bar,
        "reaches_aim": None if aim is None else found["median"] >= aim,
    }


def measure(specs, shapes, rounds, seconds, folder, core, say):
    """{shape: {"cells": {contender: cell}, "bars": [...]}} and the workers' facts."""
    table, facts = {}, {}
    with Contenders(specs | {ARITHMETIC: (ARITHMETIC, specs[OURS][1])}, [core]) as group:
        facts = {name: worker.facts for name, worker in group.workers.items() if name != ARITHMETIC}
        for name in shapes:
            table[name] = _shape(group, SHAPES[name], rounds, seconds, folder, say)
    return table, facts


def _shape(group, shape, rounds, seconds, folder, say):
    arrays, path = write_problem(shape, folder)
    cells = {name: {"error": reason} for name, reason in group.failed.items()}
    ready, starts, reference = {}, {}, None
    for name, worker in group.workers.items():
        if name == ARITHMETIC:
            continue
        if shape.channels and group.specs[name][0] not in CONVOLUTIONAL:
            continue
        say(f"{shape.name}: {name}")
        try:
            first, elapsed, losses = check(worker, shape, arrays, path, folder, shape.check_epochs)
            reference = losses if reference is None else reference
            deviation = float(np.max(np.abs(losses / reference - 1)))
            reply, epochs = size_epochs(worker, shape, path, shape.check_epochs, elapsed, seconds)
        except ContenderError as error:
            if name == OURS:
                raise
            cells[name] = {"error": str(error)}
            continue
        ready[name] = (reply, first, epochs, deviation)
        starts[name] = lambda worker=worker: worker.ask(do="run")["seconds"]
    measured = arithmetic(group, shape, path, ready[OURS][2], starts)
    times = interleave(starts, rounds)
    ours = np.asarray(times[OURS]) / ready[OURS][0]["steps"] * 1e6
    for name, parts in ready.items():
        cells[name] = cell(*parts, times[name], ours)
    bars = [
        verdict(cells, family, *by_shape[shape.name]) for family, by_shape in BARS.items() if shape.name in by_shape
    ]
    return {"loss_after_check": float(reference[0]), "cells": cells, "bars": bars, ARITHMETIC: measured(times)}


def arithmetic(group, shape, path, epochs, starts, **more):
    """Add the arithmetic alone to what is started; returns times -> microseconds per step."""
    worker = group.workers[ARITHMETIC]
    steps = worker.ask(do="prepare", arrays=path, task=task_of(shape, epochs, **more))["steps"]
    starts[ARITHMETIC] = lambda: worker.ask(do="run")["seconds"]
    return lambda times: spread(np.asarray(times[ARITHMETIC]) / steps * 1e6)
