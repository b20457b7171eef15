"""The worker's side of the pipe: JSON lines in, JSON lines out; the clock runs around `run` alone.

A contender is an object with
    facts() -> dict                     versions, threads
    prepare(task, arrays) -> dict       builds and compiles; returns {"compile_s", "variant", "steps"}
    reset()                             back to the initial weights, outside the clock
    run(**options)                      the whole training; returns when the result is there
    parameters() -> dict                W0, b0, W1, ... after the last run
"""

import gc
import json
import os
import sys
from time import perf_counter

import numpy as np

# One core for the one-thread tables, set before the libraries size their thread pools.
if os.environ.get("BENCH_CORES"):
    os.sched_setaffinity(0, [int(c) for c in os.environ["BENCH_CORES"].split(",")])


def pools():
    """threadpoolctl's view of this process, without paths."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return []
    keep = ("user_api", "internal_api", "version", "num_threads", "threading_layer", "architecture")
    return [{k: pool[k] for k in keep if k in pool} for pool in threadpool_info()]


def seconds(contender, **options):
    contender.reset()
    gc.collect()
    gc.disable()
    try:
        start = perf_counter()
        contender.run(**options)
        return perf_counter() - start
    finally:
        gc.enable()


def fastest(variants, start, rounds=3):
    """The variant (a dict of name -> anything) with the smallest median time of start(variant)."""
    times = {name: [] for name in variants}
    for _ in range(rounds):
        for name, variant in variants.items():
            begin = perf_counter()
            start(variant)
            times[name].append(perf_counter() - begin)
    return min(times, key=lambda name: float(np.median(times[name])))


def _answer(contender, message):
    match message["do"]:
        case "facts":
            return {**contender.facts(), "cores": len(os.sched_getaffinity(0)), "pools": pools()}
        case "prepare":
            if "arrays" not in message:
                return contender.prepare(message["task"], {})
            with np.load(message["arrays"]) as arrays:
                return contender.prepare(message["task"], dict(arrays))
        case "run":
            return {"seconds": seconds(contender, **message.get("options", {}))}
        case "parameters":
            np.savez(message["to"], **contender.parameters())
            return {}
    raise ValueError(f"unknown request {message['do']!r}")


def serve(contender):
    """Answer requests until the pipe closes; what the libraries print goes to stderr."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            reply = _answer(contender, json.loads(line))
        except Exception as error:  # the driver turns it into a plainly marked cell
            reply = {"error": f"{type(error).__name__}: {error}"}
        channel.write(json.dumps(reply) + "\n")
        channel.flush()
