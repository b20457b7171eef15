"""What all tests share: the two modes (compiled, plain Python) and how hypothesis behaves in them."""

import hypothesis
import numba
import numpy as np
import pytest

JIT = not numba.config.DISABLE_JIT

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
            item.add_marker(pytest.mark.skip(reason="runs no kernel as plain Python: the compiled mode has it"))


@pytest.fixture
def rng():
    """Random numbers, the same for each test."""
    return np.random.default_rng(0)
