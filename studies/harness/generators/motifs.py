"""Images with one small motif at any place: the class is the motif, the place carries nothing."""

import numpy as np

from coreops.checks import finite_number, integer, positive_integer, wrong
from coreops.rng import host_generator

# Four 3 x 3 motifs of five pixels each, so that counting pixels tells nothing: plus, cross, corner, T.
MOTIFS = np.array(
    [
        [[0, 1, 0], [1, 1, 1], [0, 1, 0]],
        [[1, 0, 1], [0, 1, 0], [1, 0, 1]],
        [[1, 0, 0], [1, 0, 0], [1, 1, 1]],
        [[1, 1, 1], [0, 1, 0], [0, 1, 0]],
    ],
    float,
)
REGIONS = ("anywhere", "left", "right")


def motifs(n, seed, *, side=12, region="anywhere", noise=0.1):
    """Images X (n, side, side), classes y (n,) in 0..3, corners (n, 2) of the motif: row and column of its first pixel.

    Pixels are 1 on the motif, 0 elsewhere, plus N(0, noise^2). The corner is uniform over the places where the whole
    motif lies inside the region: all of the image, or its left or right half. Classes take turns.
    Source: the translated-pattern task of LeCun 1989, section 3, with motifs of our own.
    """
    positive_integer("n", n)
    integer("side", side, 6)
    finite_number("noise", noise, 0)
    if region not in REGIONS:
        raise wrong("region", region, f"one of {REGIONS}")
    low = side - side // 2 if region == "right" else 0
    high = (side // 2 if region == "left" else side) - 3
    y = np.arange(n) % len(MOTIFS)
    generator = host_generator(seed, "motif places")
    corners = generator.integers((0, low), (side - 3, high), (n, 2), endpoint=True)
    X = noise * host_generator(seed, "motif noise").standard_normal((n, side, side))
    rows, columns = corners[:, :1] + np.arange(3), corners[:, 1:] + np.arange(3)
    X[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]] += MOTIFS[y]
    return X, y, corners
