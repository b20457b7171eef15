"""Benchmarks over time: run by pytest-benchmark, kept per machine class and commit, asv's rule."""

import json
import re
import subprocess
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from studies.harness import paths, provenance
from studies.harness.files import write_atomic

P_VALUE, RATIO = 0.002, 1.1  # a slowdown passes both


class BenchError(Exception):
    """Benchmarks cannot be run or compared here; the message says why."""


def machine_class() -> dict:
    """What decides speed, and nothing that names the machine."""
    return {"cpu": provenance.cpu_model(), "cores": provenance.cores()}


def folder(save=False) -> Path:
    """Where results of this class of machine lie."""
    machine = machine_class()
    name = re.sub(r"[^a-z0-9]+", "-", f"{machine['cpu']}-{machine['cores']}-cores".lower()).strip("-")
    return paths.tree() / ("reports" if save else "build") / "bench" / name


def measure(expression=None) -> dict:
    """Runs tests/bench; returns machine, commit, dirty, created, versions and benchmarks: {name: {...}}."""
    place = paths.tree() / "tests" / "bench"
    if not paths.in_checkout() or not place.is_dir():
        raise BenchError("benchmarks need a checkout of the repository, with tests/bench: run this in its root folder")
    with tempfile.TemporaryDirectory() as scratch:
        raw = Path(scratch) / "bench.json"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "tests/bench",
            "-m",
            "bench",
            "--benchmark-only",
            "-q",
            "-p",
        ]
        command += [
            "no:cacheprovider",
            f"--benchmark-json={raw}",
            "-W",
            "ignore:Not saving anything",  # said below, in one line
            *(["-k", expression] if expression else []),
        ]
        done = subprocess.run(command, cwd=paths.tree(), stdout=sys.stderr, check=False)
        if not raw.is_file() or not raw.stat().st_size:
            if expression and done.returncode == 5:  # pytest's "no tests collected"
                raise BenchError(f"no benchmark matches {expression!r}")
            if expression and done.returncode == 4:  # "usage error": it has said what is wrong with it
                raise BenchError(f"-k: got {expression!r}, wanted an expression as pytest takes it")
            raise BenchError(
                f"pytest ended with code {done.returncode} and without results (is the extra 'test' there?)"
            )
        data = json.loads(raw.read_text(encoding="utf-8"))
    if done.returncode:
        raise BenchError(f"a benchmark failed: pytest ended with code {done.returncode}")
    state = provenance.commit()
    return {
        "machine": machine_class(),
        "commit": state["commit"],
        "dirty": state["dirty"],
        "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "versions": provenance.versions(("numpy", "scipy", "numba")),
        "benchmarks": {
            b["fullname"]: {"median": median(b["stats"]["data"]), "seconds": _thinned(b["stats"]["data"])}
            for b in data["benchmarks"]
        },
    }


def _thinned(seconds, most=500):
    """Evenly spaced rounds: enough for the test, and neighbours in time are not independent."""
    return seconds[:: -(-len(seconds) // most)]


def store(result, save=False) -> str:
    """Writes a result under its commit; returns the path from the working tree.

    Benchmarks that are stored for the same sources and versions stay: `-k` measures some of them.
    """
    name = f"{(result['commit'] or 'no-commit')[:12]}{'-dirty' if result['dirty'] else ''}.json"
    path = folder(save) / name
    if result["commit"] and not result["dirty"] and path.is_file():
        with suppress(BenchError):
            old = _read(path)
            if old.get("versions") == result["versions"]:
                result = result | {"benchmarks": old["benchmarks"] | result["benchmarks"]}
    write_atomic(path, json.dumps(result, indent=1) + "\n")
    return path.relative_to(paths.tree()).as_posix()


def baseline(commit="latest") -> dict:
    """The stored result of a commit (a prefix will do), or the one stored last on this class of machine."""
    found = [p for save in (False, True) for p in folder(save).glob("*.json")]
    results = [(p, _read(p)) for p in found]
    if commit != "latest":
        full = provenance.git("rev-parse", "--verify", f"{commit}^{{commit}}") or commit
        results = [(p, r) for p, r in results if (r["commit"] or "").startswith(full)]
    if not results:
        raise BenchError(f"nothing is stored for {commit!r} on this class of machine: run `claimlab bench` there first")
    return max(results, key=lambda pair: pair[1]["created"])[1]


def _read(path) -> dict:
    """A stored result; BenchError for one that is damaged."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        result["commit"], result["created"]
        for timed in result["benchmarks"].values():
            timed["median"], timed["seconds"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BenchError(f"{path.relative_to(paths.tree()).as_posix()} is damaged: remove it") from None
    return result


def writable(save=False):
    """BenchError, before anything is measured, when results cannot be stored; `measure` refuses without a checkout."""
    place = folder(save)
    if not paths.in_checkout():
        return
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise BenchError(f"the folder {place} cannot be written ({error.strerror}): make it writable") from None


def compare(old, new) -> list[dict]:
    """[{name, ratio, p, verdict}] of the benchmarks in both: slower, faster or same.

    Two-sided Mann-Whitney on the rounds, p < 0.002, and a ratio of medians beyond 1.1.
    """
    from scipy.stats import mannwhitneyu

    rows = []
    for name, now in new["benchmarks"].items():
        before = old["benchmarks"].get(name)
        if before is None:
            continue
        ratio = now["median"] / before["median"]
        p = float(mannwhitneyu(before["seconds"], now["seconds"]).pvalue)
        verdict = "same"
        if p < P_VALUE:
            verdict = "slower" if ratio > RATIO else "faster" if ratio < 1 / RATIO else "same"
        rows.append({"name": name, "ratio": ratio, "p": p, "verdict": verdict})
    return rows
