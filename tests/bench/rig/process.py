"""Worker processes, interleaved rounds, and ratios of medians."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parents[1]
ROOT = HERE.parents[1]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class ContenderError(RuntimeError):
    """A contender that cannot do what was asked; the reason ends up in its cell."""


def plain(text):
    """One line without paths, fit for a committed table."""
    lines = [line for line in str(text).splitlines() if line.strip()]
    return re.sub(r"(/[\w.+-]+){2,}/?", "(path)", lines[0] if lines else "")[:200]


class Worker:
    """A contender in its own environment, alive until closed; `cores` pins it."""

    def __init__(self, module, python, cores=None):
        environment = {k: v for k, v in os.environ.items() if k not in ONE_THREAD}
        environment["PYTHONPATH"] = os.pathsep.join([str(HERE), str(ROOT)])
        if cores:
            environment |= ONE_THREAD | {"BENCH_CORES": ",".join(map(str, cores))}
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with the worker
        self.process = subprocess.Popen(
            [str(python), "-m", f"contenders.{module}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment,
            cwd=tempfile.gettempdir(),
            text=True,
        )

    def ask(self, **message):
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.errors.seek(0)
            raise ContenderError("worker ended: " + plain((self.errors.read().splitlines() or ["no message"])[-1]))
        reply = json.loads(line)
        if "error" in reply:
            raise ContenderError(plain(reply["error"]))
        return reply

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


class Contenders:
    """Named workers as a context: .workers, and in .failed the reasons of those that did not start."""

    def __init__(self, specs, cores=None):
        self.specs, self.cores, self.workers, self.failed = specs, cores, {}, {}

    def __enter__(self):
        for name, (module, python) in self.specs.items():
            worker = Worker(module, python, self.cores)
            try:
                worker.facts = worker.ask(do="facts")
                self.workers[name] = worker
            except ContenderError as error:
                self.failed[name] = str(error)
                worker.close()
        return self

    def __exit__(self, *_):
        for worker in self.workers.values():
            worker.close()


def interleave(starts, rounds):
    """name -> seconds per round; every round starts everybody once, each round beginning with another one."""
    names, times = list(starts), {name: [] for name in starts}
    for r in range(rounds):
        for i in range(len(names)):
            name = names[(i + r) % len(names)]
            times[name].append(starts[name]())
    return times


def spread(values):
    """Median and range."""
    values = np.asarray(values, float)
    return {"median": float(np.median(values)), "low": float(values.min()), "high": float(values.max())}


def ratio(ours, theirs):
    """The ratio of medians (what a bar is held against), and the range of the per-round ratios."""
    rounds = np.asarray(theirs, float) / np.asarray(ours, float)
    return {**spread(rounds), "median": float(np.median(theirs) / np.median(ours)), "rounds": rounds.tolist()}
