"""exp, tanh, sigmoid and softplus of the engine: a few units in the last place, exact limits, NaN stays NaN."""

import numpy as np
import pytest

from coreops import elementary
from tests.coreops.cases import EPS, JIT

REFERENCE = {"exp": np.exp, "tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x))}
REFERENCE["softplus"] = lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
RANGE = {"float32": (-86.0, 88.0), "float64": (-700.0, 709.0)}


@pytest.mark.parametrize("dtype", RANGE)
@pytest.mark.parametrize("name", REFERENCE)
def test_accuracy(name, dtype):
    """Against the long double result; small arguments too, where tanh must keep its relative precision."""
    n = 4000 if JIT else 300
    generator = np.random.default_rng(0)
    x = np.concatenate(
        [generator.uniform(*RANGE[dtype], n), generator.normal(size=n), 10.0 ** generator.uniform(-12, 0, n)]
    )
    x = x.astype(dtype)
    got = np.array([getattr(elementary, name)(v) for v in x])
    np.testing.assert_array_equal(got, got.astype(dtype))  # a compiled function returns Python floats
    want = REFERENCE[name](x.astype(np.longdouble))
    error = np.abs(got.astype(np.longdouble) - want) / np.abs(want)
    assert error.max() <= 4 * EPS[dtype], x[error.argmax()]


@pytest.mark.parametrize("dtype", RANGE)
def test_limits(dtype):
    real = np.dtype(dtype).type
    cases = {
        "exp": {-np.inf: 0, -1e4: 0, 0.0: 1, 1e4: np.inf, np.inf: np.inf},
        "tanh": {-np.inf: -1, -1e4: -1, 0.0: 0, 1e4: 1, np.inf: 1},
        "sigmoid": {-np.inf: 0, -1e4: 0, 0.0: 0.5, 1e4: 1, np.inf: 1},
        "softplus": {-np.inf: 0, -1e4: 0, 1e4: 1e4, np.inf: np.inf},
    }
    for name, table in cases.items():
        for x, y in table.items():
            assert getattr(elementary, name)(real(x)) == real(y), (name, x)
        assert np.isnan(getattr(elementary, name)(real(np.nan)))
