"""XOR and parity: what no single threshold unit can represent."""

import numpy as np

from coreops.checks import integer


def parity(bits):
    """All 2^d points X (2^d, d) of {-1, +1}^d and y (2^d,): 1 where the number of +1 is odd.   Minsky & Papert 1969.

    The label is uncorrelated with every function of fewer than d bits. bits: d in [1, 16].
    """
    integer("bits", bits, 1, 16)
    codes = np.arange(2**bits)[:, None] >> np.arange(bits)[::-1] & 1
    return 2.0 * codes - 1, codes.sum(1) % 2


def xor():
    """The four points of {-1, +1}^2, label 1 where the signs differ.   Minsky & Papert 1969; Rumelhart et al. 1986."""
    return parity(2)
