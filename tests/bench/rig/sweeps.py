"""256 rows on all cores, parallel efficiency, and 100 different architectures with compile time included."""

import os

import numpy as np

from .one_thread import ARITHMETIC, OURS, arithmetic, cell, check, size_epochs, task_of, verdict, write_problem
from .process import ContenderError, Contenders, interleave, ratio, spread
from .shapes import ARCHITECTURES_BAR, EFFICIENCY_BAR, SHAPES, SWEEP_BARS

ROWS = 256
ARCHITECTURE_EPOCHS = 20
SAMPLED = 5  # architectures that JAX compiles per round; its time is scaled to 100


def contenders_of(specs, name):
    """coreops, each JAX, each JAX with its chunks in threads (beside the bar), and scikit-learn for S1."""
    chosen, lanes = {OURS: specs[OURS], ARITHMETIC: (ARITHMETIC, specs[OURS][1])}, {}
    for key, spec in specs.items():
        if key.startswith("JAX"):
            chosen[key] = spec
            beside = f"chunks in threads, {key}"
            chosen[beside], lanes[beside] = spec, len(os.sched_getaffinity(0))
        elif key == "scikit-learn" and name == "S1":
            chosen[key] = spec
    return chosen, lanes


def measure(specs, shapes, rounds, seconds, folder, say):
    table, facts, threads = {}, {}, len(os.sched_getaffinity(0))
    for name in shapes:
        chosen, lanes = contenders_of(specs, name)
        with Contenders(chosen) as group:
            facts |= {contender: worker.facts for contender, worker in group.workers.items() if contender != ARITHMETIC}
            table[name] = _sweep(group, SHAPES[name], lanes, threads, rounds, seconds, folder, say)
    return table, facts


def _sweep(group, shape, lanes, threads, rounds, seconds, folder, say):
    arrays, path = write_problem(shape, folder, ROWS)
    names = [name for name in group.workers if name != ARITHMETIC]
    settings = {name: {"rows": ROWS, "threads": threads, "lanes": lanes.get(name, 1)} for name in names}
    cells, ready, starts = prepare(group, OURS, shape, arrays, path, folder, seconds, settings, say)
    measured = arithmetic(group, shape, path, ready[OURS][2], starts, rows=ROWS, threads=threads)
    times = interleave(starts, rounds)
    ours = np.asarray(times[OURS]) / ready[OURS][0]["steps"] * 1e6
    for name, parts in ready.items():
        cells[name] = cell(*parts, times[name], ours)
    bars = [verdict(cells, peer, *pair) for (row, peer), pair in SWEEP_BARS.items() if row == shape.name]
    return {
        "rows": ROWS,
        "threads": threads,
        "cells": cells,
        "bars": bars,
        ARITHMETIC: measured(times),
        "efficiency": _efficiency(group.workers[OURS], threads, rounds),
    }


def prepare(group, ours, shape, arrays, path, folder, seconds, settings, say):
    """({contender: its error}, {contender: (reply, first reply, epochs, deviation)}, {contender: start of one run}).

    Each contender of the group trains once with its settings, has its losses compared with those of the first, and its
    epochs sized to take about `seconds`. An error of `ours` is raised, that of a peer is its cell.
    """
    cells = {name: {"error": reason} for name, reason in group.failed.items()}
    ready, starts, reference = {}, {}, None
    for name, more in settings.items():
        worker = group.workers[name]
        say(f"{more['rows']} rows of {shape.name}: {name}")
        try:
            first, elapsed, losses = check(worker, shape, arrays, path, folder, 1, **more)
            reference = losses if reference is None else reference
            deviation = float(np.max(np.abs(losses / reference - 1)))
            choice = {"choice": first.get("choice")}
            reply, epochs = size_epochs(worker, shape, path, 1, elapsed, seconds, **more, **choice)
        except ContenderError as error:
            if name == ours:
                raise
            cells[name] = {"error": str(error)}
            continue
        ready[name] = reply, first, epochs, deviation
        starts[name] = lambda worker=worker: worker.ask(do="run")["seconds"]
    return cells, ready, starts


def _efficiency(worker, threads, rounds):
    """t1/(n tn) of the same rows in the same round; the order within a round alternates."""
    starts = {n: lambda n=n: worker.ask(do="run", options={"threads": n})["seconds"] for n in (1, threads)}
    times = interleave(starts, rounds)
    found = spread(np.asarray(times[1]) / (threads * np.asarray(times[threads])))
    return {**found, "threads": threads, "bar": EFFICIENCY_BAR, "holds": found["median"] >= EFFICIENCY_BAR}


def measure_architectures(specs, rounds, folder, say):
    """Seconds for 100 networks 64-h-10, h = 16..115, 20 epochs of batch 32 each, nothing prepared beforehand.

    coreops trains all 100 per round, JAX 5 spread over the range (others in each round), scaled by 20.
    """
    widths, shape = list(range(16, 116)), SHAPES["S1"]
    _, path = write_problem(shape, folder)
    task = task_of(shape, ARCHITECTURE_EPOCHS, threads=len(os.sched_getaffinity(0)))
    modules = {OURS: "coreops_architectures"} | {k: "jax_architectures" for k in specs if k.startswith("JAX")}
    with Contenders({name: (module, specs[name][1]) for name, module in modules.items()}) as group:
        starts = {}
        for name, worker in group.workers.items():
            say(f"100 architectures: {name}")
            worker.ask(do="prepare", arrays=path, task=task)
            starts[name] = _architectures(name, worker, widths)
        times = interleave(starts, rounds)
    cells = {
        name: {"seconds": spread(values), "ratio": ratio(times[OURS], values), "scaled": name != OURS}
        for name, values in times.items()
    }
    peer = min((n for n in cells if n != OURS), key=lambda n: cells[n]["seconds"]["median"], default=None)
    holds = None if peer is None else cells[peer]["ratio"]["median"] >= ARCHITECTURES_BAR
    return {"cells": cells, "errors": group.failed, "peer": peer, "bar": ARCHITECTURES_BAR, "holds": holds}


def _architectures(name, worker, widths):
    """A start for interleave: all widths for coreops, else every 20th, moved by one per round, times 20."""
    step = 1 if name == OURS else len(widths) // SAMPLED
    state = {"round": 0}

    def start():
        chosen = widths[state["round"] % step :: step]
        state["round"] += 1
        sizes = [(64, h, 10) for h in chosen]
        return worker.ask(do="run", options={"architectures": sizes})["seconds"] * len(widths) / len(chosen)

    return start
