"""The optimizers' kernels alone: nanoseconds per value, and bandwidth against the process's own triad."""

import numpy as np

from .process import Contenders, interleave, ratio, spread
from .shapes import KERNEL_BARS

SIZES = {"2.4k": 2410, "100k": 100_000, "10M": 10_000_000}
# Bytes moved per float32 value. The triad writes lines it has not read, which the processor reads first: 16.
# STREAM counts 12; 16 is the stricter yardstick.
TRAFFIC = {"triad": 16, "SGD": 12, "momentum": 20, "AdaGrad": 20, "RMSProp": 20, "Adam": 28}
# Of the other rules, through the dispatch at the largest size: every vector once in each pass that the rule cannot do
# without. Look-ahead takes a pass before the gradient (12) and one after (20); paths are summed over all weights (4)
# before any can move (12). What a kernel passes over beyond that counts against it.
DISPATCHED = {
    "Nesterov": 32,
    "EMAMomentum": 20,
    "AcceleratedGradient": 32,
    "Adadelta": 28,
    "AdamW": 28,
    "AMSGrad": 36,
    "SignDescent": 12,
    "AveragedSGD": 20,
    "PathSGD": 16,
}
LARGEST, PEER = "10M", "torch"


def measure(specs, rounds, core, say):
    """{size: {rule: cell}} and the bars; one thread, one pinned core, all rules in every round."""
    chosen = {"coreops": ("coreops_kernels", specs["coreops"][1])}
    if "torch eager" in specs:
        chosen[PEER] = ("torch_kernels", specs["torch eager"][1])
    with Contenders(chosen, [core]) as group:
        table = {}
        for size, n in SIZES.items():
            say(f"optimizer kernels: {size}")
            table[size] = _size(group, size, n, rounds)
    return {"sizes": SIZES, "cells": table, "bars": _bars(table), "errors": group.failed}


def _size(group, size, n, rounds):
    starts, variants = {}, {}
    others = DISPATCHED if size == LARGEST else {}
    for name, worker in group.workers.items():
        own = {"size": size, "rules": list(others)} if name == "coreops" else {}
        variants[name] = worker.ask(do="prepare", task={"n": n, **own})["variant"]
        calls = max(1, int((2e7 if name == "coreops" else 4e6) / n))  # about 10 ms
        for rule in TRAFFIC:
            if rule != "triad" or name == "coreops":
                starts[name, rule] = _start(worker, rule, calls, n)
        if name == "coreops":
            starts |= {(name, rule): _start(worker, rule, calls, n) for rule in others}
    times = interleave(starts, rounds)
    triad, cells = np.asarray(times["coreops", "triad"]) / TRAFFIC["triad"], {}
    for rule, traffic in (TRAFFIC | others).items():
        ours = np.asarray(times["coreops", rule])
        cells[rule] = {
            "ns_per_value": spread(ours),
            "gb_per_s": spread(traffic / ours),
            "of_triad": spread(triad * traffic / ours),
        }
        if (PEER, rule) in times:
            theirs = np.asarray(times[PEER, rule])
            cells[rule] |= {
                "torch_ns": spread(theirs),
                "ratio": ratio(ours, theirs),
                "variant": variants[PEER][rule],
            }
    return cells


def _start(worker, rule, calls, n):
    """Nanoseconds per value of one run."""
    options = {"rule": rule, "calls": calls}
    return lambda: worker.ask(do="run", options=options)["seconds"] / (calls * n) * 1e9


def _bars(table):
    """At 10M each rule holds 0.85 of the triad; at 2.4k ten times torch."""
    bars = []
    for rule, cell in table[LARGEST].items():
        if rule == "triad":
            continue
        found = cell["of_triad"]
        bar = KERNEL_BARS["bandwidth"]
        bars.append(
            {
                "what": f"{rule} at 10M, share of triad",
                "value": found,
                "bar": bar,
                "holds": found["median"] >= bar,
            }
        )
    for rule in ("SGD", "Adam"):
        found, bar = table["2.4k"][rule].get("ratio"), KERNEL_BARS["torch"]
        holds = None if found is None else found["median"] >= bar
        bars.append({"what": f"{rule} at 2.4k, against torch fused", "value": found, "bar": bar, "holds": holds})
    return bars
