"""One easy feature that is usually right, and several that together always are."""

import itertools

import numpy as np

from coreops.checks import finite_number, integer, positive_integer, wrong
from coreops.rng import host_generator


def easy_and_hard(n, seed, *, hard="majority", bits=30, reliability=0.85):
    """X (n, 1 + bits) of -1 and +1, y (n,) of 0 and 1.   Made for the plateau of Shah et al. 2020 (simplicity bias).

    Column 0, the easy feature, agrees with the label with probability `reliability`; 1/2 removes it. The others
    determine the label: "majority": sign of their sum (ties are drawn anew), each bit weak; "parity": whether the
    number of +1 is odd, each bit and each smaller group useless. Example i depends on the seed and i alone.
    """
    positive_integer("n", n)
    integer("bits", bits, 1)
    finite_number("reliability", reliability, 0, 1)
    if hard not in ("majority", "parity"):
        raise wrong("hard", hard, "'majority' or 'parity'")
    X = np.where(host_generator(seed, "hard bits").random((n, bits)) < 0.5, -1.0, 1.0)
    if hard == "parity":
        y = (X > 0).sum(1) % 2
    else:
        attempts = itertools.count(1)
        while (tied := X.sum(1) == 0).any():
            redrawn = host_generator(seed, "hard bits", next(attempts)).random((n, bits))[tied]
            X[tied] = np.where(redrawn < 0.5, -1.0, 1.0)
        y = (X.sum(1) > 0).astype(np.int64)
    right = host_generator(seed, "easy bit").random(n) < reliability
    return np.column_stack([np.where(right, 2 * y - 1, 1 - 2 * y), X]), y
