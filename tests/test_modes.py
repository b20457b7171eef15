"""Tests marked `once` are not run as plain Python, so none of them may call a kernel."""

import numpy as np
import pytest

from coreops.rng import uniform


@pytest.mark.once
def test_a_kernel_is_refused_in_a_test_marked_once():
    with pytest.raises(AssertionError, match=r"uniform.*once"):
        uniform(np.uint64(0))


@pytest.mark.jit_only
@pytest.mark.once
def test_but_not_in_one_that_needs_compiled_kernels():
    assert uniform(np.uint64(0)) < 1
