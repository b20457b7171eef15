"""What a training step draws: words of Philox keyed by (seed, use, step, block), and the masks and normals of them."""

import numpy as np

from tests.oracles.philox import WORD, philox4x32

MASK_BITS, INPUT_NOISE, WEIGHT_BITS, WEIGHT_NOISE, DRIFT = 3, 4, 7, 8, 9  # the purposes


def words(seed, purpose, ordinal, step, n):
    """n words: block i // 4, word i % 4.   Salmon, Moraes, Dror & Shaw 2011, section 3.3."""
    key, use = (seed % WORD, seed // WORD), purpose * 2**16 + ordinal
    late = step // WORD * 2**16
    blocks = [philox4x32((i % WORD, step % WORD, use, i // WORD + late), key) for i in range(-(-n // 4))]
    return np.array(blocks).reshape(-1)[:n]


def mask(seed, purpose, ordinal, step, shape, rate):
    """0 where a word is below rate 2^32, else 1: Bernoulli(1 - rate).   Srivastava et al. 2014, section 4."""
    return (words(seed, purpose, ordinal, step, int(np.prod(shape))) >= round(rate * 2**32)).reshape(shape) * 1.0


def normals(seed, purpose, ordinal, step, shape):
    """(r cos t, r sin t) with r = sqrt(-2 log u), t = 2 pi v, for each pair of uniforms u, v.   Box & Muller 1958."""
    n = int(np.prod(shape))
    u = (words(seed, purpose, ordinal, step, n + n % 2) + 0.5) / 2**32
    r, t = np.sqrt(-2 * np.log(u[::2])), 2 * np.pi * u[1::2]
    return np.stack([r * np.cos(t), r * np.sin(t)], axis=1).reshape(-1)[:n].reshape(shape)
