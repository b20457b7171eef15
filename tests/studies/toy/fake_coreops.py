"""Stands in for coreops where a test is about the harness: rows are numbers, kept in a journal by content."""

import os
import sqlite3
import time
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Run:
    arm: str
    seed: int
    value: float = 0.0


@dataclass(frozen=True)
class Result:
    value: float
    status: str = "completed"


def source_hash(target):
    return "fake"


def uncompiled(abreast=True):
    return ()


def precompile(wait=True, abreast=True):
    pass


def compute(run):
    """The 'training': deterministic noise by seed, shared by the arms, plus the arm's value."""
    time.sleep(float(os.environ.get("TOY_DELAY", "0")))
    noise = np.random.default_rng(run.seed).normal()
    shift = np.random.default_rng([run.seed, 1]).normal() if run.arm == "treated" else 0.0
    return float(noise + run.value + 0.3 * shift)


def fit_many(rows, X=None, y=None, *, target="cpu", threads=None, journal=None, progress=None):
    database = sqlite3.connect(journal or ":memory:", isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing, only a power cut would
    database.execute("CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, value REAL)")
    out = []
    for done, run in enumerate(rows, 1):
        found = database.execute("SELECT value FROM rows WHERE key = ?", (repr(run),)).fetchone()
        if found is None:
            found = (compute(run),)
            database.execute("INSERT INTO rows VALUES (?, ?)", (repr(run), found[0]))
            if os.environ.get("TOY_LOG"):
                with open(os.environ["TOY_LOG"], "a", encoding="utf-8") as file:
                    file.write(f"{run!r}\n")
        out.append(Result(found[0]))
        if progress:
            progress(done, len(rows))
    database.close()
    return out
