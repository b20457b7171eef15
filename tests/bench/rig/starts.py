"""Whole processes: cold start, warm start over `import numpy`, and `claimlab --help`."""

import os
import shutil
import subprocess
from pathlib import Path
from time import perf_counter

from .process import HERE, ROOT, interleave, plain, spread
from .shapes import START_BARS

TRAIN = """
import sys
import numpy as np
from contenders.coreops_fit import coreops, network, settings
arrays = np.load(sys.argv[1])
task = {"batch": 32, "epochs": 5}
rule = coreops.Adam(lr=1e-3)
run = coreops.fit(network((64, 32, 10)), arrays["X"], arrays["y"], optimizer=rule, **settings(task))
assert run.status == "completed"
"""


def _seconds(command, cache):
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(HERE), str(ROOT)]),
        "CLAIMLAB_CACHE": str(cache),
    }
    start = perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    elapsed = perf_counter() - start
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["failed"])[-1])
    return elapsed


def _help(python):
    """The installed command, or the same program through -m."""
    script = Path(python).parent / "claimlab"
    return [str(script), "--help"] if script.exists() else [str(python), "-m", "studies", "--help"]


def measure(python, rounds, folder, arrays, say):
    """Seconds and bars; the cold start empties the cache of compiled kernels each time (3 times)."""
    cache = folder / "cache"
    commands = {
        "train": [str(python), "-c", TRAIN, arrays],
        "numpy": [str(python), "-c", "import numpy"],
        "help": _help(python),
    }
    cold, errors = [], {}
    for k in range(min(3, rounds)):
        say(f"cold start {k + 1}")
        shutil.rmtree(cache, ignore_errors=True)
        cold.append(_seconds(commands["train"], cache))
    try:
        _seconds(commands["help"], cache)
    except RuntimeError as error:
        errors["help"] = plain(error)
        del commands["help"]
    say("warm starts")
    times = interleave({k: lambda c=c: _seconds(c, cache) for k, c in commands.items()}, rounds)
    found = {
        "cold": spread(cold),
        "warm": spread([a - b for a, b in zip(times["train"], times["numpy"], strict=True)]),
        "help": spread(times["help"]) if "help" in times else None,
    }
    table = {name: _held(values, START_BARS[name]) for name, values in found.items()}
    return {**table, "numpy": spread(times["numpy"]), "errors": errors}


def _held(values, bar):
    if values is None:
        return {"bar": bar, "holds": None, "median": float("nan"), "low": float("nan"), "high": float("nan")}
    return {**values, "bar": bar, "holds": values["median"] <= bar}
