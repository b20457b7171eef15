"""Sweeps of S1 on one GPU: against JAX's jit(vmap(scan)) there and against this project's own CPU target."""

import os

import numpy as np

from .one_thread import check, size_epochs, write_problem
from .process import ContenderError, Contenders, interleave, ratio, spread
from .report import interval, number, rows
from .shapes import AGREEMENT, SHAPES

OURS, CPU, JAX = "coreops, GPU", "coreops, CPU", "JAX, GPU"
# rows of the table -> (bar against JAX on the same GPU, aim)
BARS = {4096: (2.5, 5), 512: (8, 20), 132: (8, 20)}
CPU_BAR, STEPS_BAR = 50, 20e6
LANES_PER_MULTIPROCESSOR, SHARED_BYTES_PER_CLOCK = 128, 128  # of float32, NVIDIA sm_80 and sm_90


def hardware():
    """What a figure must be printed with: the GPU's name and its two peaks."""
    from numba import cuda

    device = cuda.get_current_device()
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    clocks = device.MULTIPROCESSOR_COUNT * device.CLOCK_RATE * 1e3
    return {
        "gpu": name,
        "multiprocessors": device.MULTIPROCESSOR_COUNT,
        "clock_ghz": device.CLOCK_RATE / 1e6,
        "fp32_flops": 2 * LANES_PER_MULTIPROCESSOR * clocks,
        "shared_bytes": SHARED_BYTES_PER_CLOCK * clocks,
    }


def measure(specs, sizes, rounds, seconds, folder, say, shape="S1"):
    """{rows: {contender: cell}}; the clock runs around fit_many, transfers to the GPU and back included."""
    os.environ["BENCH_PLATFORM"] = "cuda"
    table = {}
    for n in sizes:
        with Contenders(specs) as group:
            table[n] = _sweep(group, SHAPES[shape], n, rounds, seconds, folder, say)
    return table


def _sweep(group, shape, n, rounds, seconds, folder, say):
    arrays, path = write_problem(shape, folder, n)
    cells = {name: {"error": reason} for name, reason in group.failed.items()}
    ready, starts, reference = {}, {}, None
    for name, worker in group.workers.items():
        say(f"{n} rows of {shape.name}: {name}")
        more = {"rows": n, "threads": None if name == OURS else len(os.sched_getaffinity(0)),
                "processor": "cuda" if name == OURS else "cpu",
                "widths": sorted({min(n, width) for width in (64, 256, 1024, 4096)}, reverse=True)}  # fmt: skip
        try:
            first, elapsed, losses = check(worker, shape, arrays, path, folder, 1, **more)
            reference = losses if reference is None else reference
            more["choice"] = first.get("choice")
            reply, epochs = size_epochs(worker, shape, path, 1, elapsed, seconds, **more)
        except ContenderError as error:
            if name == OURS:
                raise
            cells[name] = {"error": str(error)}
            continue
        ready[name] = reply, first, epochs, float(np.max(np.abs(losses / reference - 1)))
        starts[name] = lambda worker=worker: worker.ask(do="run")["seconds"]
    times = interleave(starts, rounds)
    for name, (reply, first, epochs, deviation) in ready.items():
        micro = np.asarray(times[name]) / reply["steps"] * 1e6
        ours = np.asarray(times[OURS]) / ready[OURS][0]["steps"] * 1e6
        cells[name] = {"us_per_step": spread(micro), "ratio": ratio(ours, micro), "compile_s": first["compile_s"],
                       "variant": reply["variant"], "epochs": epochs, "deviation": deviation,
                       "agrees": deviation <= AGREEMENT}  # fmt: skip
    return cells


def roofline(cell, peaks, shape="S1"):
    """Shares of the GPU's float32 peak, and of its shared memory's bandwidth: a register tile of 4 x 4 reads 8 words
    for 16 multiply-adds, one byte per FLOP."""
    per_second = SHAPES[shape].flops_per_step / (cell["us_per_step"]["median"] * 1e-6)
    return per_second / peaks["fp32_flops"], per_second / peaks["shared_bytes"]


def markdown(table, peaks, rounds):
    """Every cell, the losing ones marked; one roofline per figure of ours."""
    lines = []
    for n, cells in table.items():
        for name, cell in cells.items():
            if "error" in cell:
                lines.append((n, name, "skipped: " + cell["error"], "", "", "", "", ""))
                continue
            off = f"{cell['deviation']:.0e}" + ("" if cell["agrees"] else " **differs: not counted**")
            faster = "" if name == OURS else interval(cell["ratio"])
            faster += " **peer is faster**" if cell["ratio"]["median"] < 1 else ""
            shares = [f"{share:.1%}" for share in roofline(cell, peaks)] if name == OURS else ["", ""]
            steps = number(1 / cell["us_per_step"]["median"])
            lines.append((n, name, cell["variant"], steps, faster, *shares, off))
    head = ("rows", "contender", "variant", "M net-steps/s", "x coreops' time on the GPU", "of FP32 peak",
            "of shared-memory bandwidth", "loss off by")  # fmt: skip
    verdicts = []
    for n, (bar, aim) in BARS.items():
        cell = table.get(n, {}).get(JAX, {})
        found = number(cell["ratio"]["median"]) if "ratio" in cell else "not measured"
        verdicts.append((f"{n} rows against JAX", found, f"{bar}x, aim {aim}x"))
    most = table.get(4096, {})
    found = number(most[CPU]["ratio"]["median"]) if "ratio" in most.get(CPU, {}) else "not measured"
    verdicts.append(("4096 rows against this project's CPU target", found, f"{CPU_BAR}x"))
    steps = f"{number(1 / most[OURS]['us_per_step']['median'])} M" if OURS in most else "not measured"
    verdicts.append(("net-steps per second, 4096 rows", steps, f"{number(STEPS_BAR / 1e6)} M"))
    title = f"# S1 on one {peaks['gpu']}\n\nMedians of {rounds} interleaved rounds [range]; the clock runs around the"
    title += " whole sweep, transfers included; TF32 off. Generated by `tests/bench/on_gpu.py`.\n\n"
    return title + rows(head, lines) + "\n" + rows(("what", "measured", "bar"), verdicts)
