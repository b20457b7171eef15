"""All 2^n masks with their probabilities, what they average to, and the study's frame."""

from itertools import product

import numpy as np
import pandas as pd

COLUMNS = ("part", "arm", "seed", "x", "metric")


def frame(part, arm, seed, x, metric, value, theory=np.nan):
    """Rows of the study's frame; `theory` is what `value` is compared with, where that is a number."""
    value, theory = np.broadcast_arrays(np.asarray(value, float).ravel(), np.asarray(theory, float).ravel())
    rows = pd.DataFrame({"value": value, "theory": theory})
    for name, content in zip(COLUMNS, (part, str(arm), int(seed), x, metric), strict=True):
        rows[name] = content
    return rows


def masks(n, rate):
    """((2^n, n) of 0 and 1, (2^n,) probabilities) when each entry is 0 with probability `rate`."""
    all_of_them = np.array(list(product((0.0, 1.0), repeat=n)))
    kept = all_of_them.sum(1)
    return all_of_them, (1 - rate) ** kept * rate ** (n - kept)


def normals(seed, purpose, *shape):
    """Standard normal numbers keyed by (seed, purpose): the inverse distribution function of raw Philox words."""
    from scipy.special import ndtri

    words = np.random.Philox(key=1000 * int(seed) + purpose).random_raw(int(np.prod(shape)))
    return ndtri(((words >> np.uint64(11)) + 0.5) * 2.0**-53).reshape(shape)
