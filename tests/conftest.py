"""What all tests share: the two modes (compiled, plain Python) and how hypothesis behaves in them."""

import gc
import os
import signal
import sys

import hypothesis
import numba
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

JIT = not numba.config.DISABLE_JIT

# A shell lets what it starts in the background ignore Ctrl-C, and so would the processes that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Where PYTHONDONTWRITEBYTECODE is set, as in many containers, every worker and every process that tests start would
# compile all sources again, and pytest rewrite them: a tenth of the time.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What is imported and collected stays: looking through all of it again for garbage would take a twelfth of the time.
gc.disable()

# derandomize: the same examples in every run, so that a red test is red again; no deadline: the first call compiles.
hypothesis.settings.register_profile(
    "claimlab", deadline=None, derandomize=True, database=None, max_examples=25 if JIT else 8
)
hypothesis.settings.load_profile("claimlab")


def pytest_sessionstart(session):
    """With several workers (-n), compile once before they start, or each would compile everything for itself."""
    if getattr(session.config.option, "numprocesses", None):
        from coreops import precompile

        precompile()


def pytest_collection_modifyitems(items):
    for item in items:
        if JIT:
            continue
        if item.get_closest_marker("jit_only"):
            item.add_marker(pytest.mark.skip(reason="needs compiled kernels (NUMBA_DISABLE_JIT is set)"))
        elif item.get_closest_marker("once"):
            item.add_marker(pytest.mark.skip(reason="the same in both modes: the compiled one has it"))


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """A test marked `once` that calls a kernel fails: as plain Python that test would never run it."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker("once") and not item.get_closest_marker("jit_only"):
            patch.setattr(Dispatcher, "__call__", _refuse, raising=False)
        return (yield)


def _refuse(dispatcher, *_):
    raise AssertionError(f"{dispatcher.__name__} is compiled: a test that calls it cannot be marked `once`")


@pytest.fixture
def rng():
    """Random numbers, the same for each test."""
    return np.random.default_rng(0)
