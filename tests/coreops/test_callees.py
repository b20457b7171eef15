"""Kernels called by name: compiled after their caller, in another process, and loaded before it."""

import os
import shutil
import subprocess
import sys

import pytest

from coreops import compiling

pytestmark = pytest.mark.jit_only

PROGRAM = """
import subprocess, sys
import numpy as np
from coreops import callees
from coreops.compiler import only_compile, signature
from coreops.target import kernel
if not sys.argv[1].startswith("plain"):
    only_compile()

@kernel
def double(x):
    x[0] += x[0]

@kernel
def quadruple(x):
    double(x)
    double(x)

@kernel
def octuple(x):
    quadruple(x)
    double(x)

@kernel
def one(x):
    return x[0]

@kernel
def ignores(x):
    one(x)

x = np.ones(1)
if sys.argv[1] == "callee":
    callees.name(double, signature(x))
    double.compile(signature(x))
elif sys.argv[1] == "caller":
    def wait():
        print("now", end=" ", flush=True)
        subprocess.run([sys.executable, sys.argv[0], "callee"], check=True, stdout=subprocess.DEVNULL)
    double._cache.before_loading = wait
    callees.call_by_name(double, signature(x))
    quadruple(x)
elif sys.argv[1] == "plain callee":
    double(x)
elif sys.argv[1] == "plain caller of the caller":
    octuple(x)
elif sys.argv[1] == "wrong":
    callees.call_by_name(one, signature(x))
    ignores(x)
else:
    quadruple(x)
print(x[0], *(len(f.stats.cache_hits) for f in (double, quadruple)), *(len(f.signatures) for f in (double, quadruple)))
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """One for all tests, as Numba looks for kernels by the path and time of their source."""
    path = tmp_path_factory.mktemp("callees") / "program.py"
    path.write_text(PROGRAM)
    return path


def start(program, what, cache):
    env = os.environ | {"PYTHONPATH": str(compiling.ROOT), "CLAIMLAB_CACHE": str(cache)}
    done = subprocess.run([sys.executable, program, what], env=env, capture_output=True, text=True, timeout=300)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@pytest.fixture
def run(program, tmp_path):
    """Runs the program with a cache of the test's own, and gives its last word."""
    return lambda what: start(program, what, tmp_path / "cache")


@pytest.fixture(scope="module")
def called(program):
    """What the caller says where nothing is compiled; the cache that it leaves."""
    cache = program.parent / "cache"
    cache.mkdir()
    return start(program, "caller", cache), cache


@pytest.fixture
def run_again(run, called, tmp_path):
    """As `run`, after the caller."""
    shutil.copytree(called[1], tmp_path / "cache")
    return run


def files(folder, kernel):
    return [path for path in folder.rglob(f"*.{kernel}-*") if path.suffix == ".nbc"]


def test_a_caller_is_complete_before_its_callee_is_compiled_elsewhere(called, run_again, tmp_path):
    assert called[0] == "now 4.0 1 0 1 1"
    assert len(files(tmp_path, "double")) == len(files(tmp_path, "quadruple")) == 1
    assert run_again("plain") == "4.0 1 1 1 1", "both are found, though only one is called from Python"


def test_a_caller_is_compiled_again_if_its_callee_is_not_as_it_was(run_again, tmp_path):
    """As when half of the cache is lost, or another process has compiled the callee by itself."""
    for path in files(tmp_path, "double"):
        path.unlink()
    assert run_again("plain") == "4.0 0 0 1 1"
    assert run_again("plain").split()[2] == "1"


def test_a_callee_that_was_compiled_by_itself_is_compiled_again(run, tmp_path):
    assert run("plain callee") == "2.0 0 0 1 0"
    assert run("caller") == "now 4.0 1 0 1 1"
    assert run("plain") == "4.0 1 1 1 1"


def test_a_caller_from_the_cache_waits_for_its_callee_too(run_again):
    assert run_again("caller") == "now 4.0 1 1 1 1"


def test_what_calls_a_caller_from_the_cache_is_complete_in_the_next_process_too(run):
    """Numba forgets what a function from its cache needs, when another one is compiled that calls it."""
    run("caller")
    assert run("plain caller of the caller") == "8.0 1 1 1 1"
    assert run("plain caller of the caller").startswith("8.0")


def test_a_callee_that_turns_out_to_return_something(run):
    said = run("wrong")
    assert "-> float64, wanted" in said and said.endswith("-> none")
