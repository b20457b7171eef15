"""Real data that ships with scikit-learn, split so that pairs, tuning and the final test cannot leak.

The test part is fixed once for all studies: intervals are conditional on it. Each seed splits the rest anew,
stratified by class. Draws read the raw Philox bit stream, which NumPy keeps stable, not `Generator` methods.
"""

import hashlib
from dataclasses import dataclass
from functools import cache

import numpy as np

TEST_KEY = 797  # of the one fixed choice of test examples


@dataclass(frozen=True)
class Source:
    """A data set as it ships: loader, divisor of the values, sizes of the parts, hashes of the content."""

    loader: str
    divisor: float
    n_test: int
    n_validation: int
    sha256: str
    test_sha256: str
    regression: bool = False


SOURCES = {
    "digits": Source(
        "load_digits",
        16.0,
        500,
        297,
        "f6d9e39f37dc45d327f6db33428ee58970ccceabb2535a5c179de35886b70443",
        "b0e36de05eb3c1d2822ceaf95988bdac81222c540b8529d88ac079e678eba3b9",
    ),
    "breast_cancer": Source(
        "load_breast_cancer",
        1.0,
        114,
        91,
        "25e2eb7b7a8745b1bde5ba18bc4969983d2e2f403291ecd5bde4a29ef30c3859",
        "7056e36ad19e5ecd2bdaa239eba1dc53a29207ba351100a37d7cdd48bf2bfe4b",
    ),
    "wine": Source(
        "load_wine",
        1.0,
        36,
        28,
        "3a28849ef2366c4b9d4e382b3fa5624a66f693c04d7fdcf43c529bbb0bb338d7",
        "ee920587a1e21c02a8ffd5ca1b8762daa286c2944d5bd872a072a68d91be1090",
    ),
    "diabetes": Source(
        "load_diabetes",
        1.0,
        88,
        70,
        "84ec38030d0ff6dfdc32f475c5633e39e7ada9dbc328d3deb29bb757eec6a331",
        "781d2502ad355530571c909da5443f9acd94acb2d8b86bf1ca8ffcb2a1840b2d",
        regression=True,
    ),
}


@dataclass(frozen=True)
class Split:
    """One seed's view: X (n, d), y (n,), index arrays of its parts, constants of the standardisation."""

    X: np.ndarray
    y: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    seed: int
    _test: np.ndarray

    @property
    def test(self):
        """Indices of the test part; ValueError for a tuning seed, which may not see it."""
        if 500 <= self.seed <= 599:
            raise ValueError(f"seed {self.seed} is a tuning seed: it may not use the test examples")
        return self._test

    def part(self, name):
        """(X, y) of "train", "validation" or "test", contiguous."""
        rows = getattr(self, name)
        return np.ascontiguousarray(self.X[rows]), self.y[rows]


def digits(seed, n_train=200, *, standardise=True, dtype="float32") -> Split:
    """1797 handwritten digits, 64 pixels (/16), 10 classes: 500 test, 297 validation, `n_train` (<= 1000)
    training.

    The validation part depends on the seed alone and the training parts of one seed are nested. `standardise`
    subtracts the mean and divides by the standard deviation of the training part; constant pixels are only
    centred.
    """
    return _split("digits", seed, n_train, standardise, dtype)


def breast_cancer(seed, n_train=364, *, standardise=True, dtype="float32") -> Split:
    """569 tumours, 30 features, 2 classes: 114 test, 91 validation, `n_train` (<= 364) training."""
    return _split("breast_cancer", seed, n_train, standardise, dtype)


def wine(seed, n_train=114, *, standardise=True, dtype="float32") -> Split:
    """178 wines, 13 measurements, 3 cultivars: 36 test, 28 validation, `n_train` (<= 114) training."""
    return _split("wine", seed, n_train, standardise, dtype)


def diabetes(seed, n_train=284, *, standardise=True, dtype="float32") -> Split:
    """442 patients, 10 measurements, real y (progression of diabetes): 88 test, 70 validation, <= 284 training."""
    return _split("diabetes", seed, n_train, standardise, dtype)


@cache
def raw(name):
    """X float64 (n, d) over the source's divisor, y (n,) int64 or, of a regression, float64; checked by its hash."""
    from sklearn import datasets

    source = SOURCES[name]
    X, y = getattr(datasets, source.loader)(return_X_y=True)
    X, y = np.ascontiguousarray(X, "<f8"), np.ascontiguousarray(y, "<f8" if source.regression else "<i8")
    found = _hash(X, y)
    if found != source.sha256:
        raise RuntimeError(f"{name}: scikit-learn's copy has changed (SHA-256 {found}, wanted {source.sha256})")
    X = X / source.divisor
    X.flags.writeable = y.flags.writeable = False
    return X, y


def _strata(name):
    """What a split keeps in proportion: the classes, and of a regression nothing."""
    y = raw(name)[1]
    return np.zeros(y.size, np.int64) if SOURCES[name].regression else y


@cache
def _fixed(name):
    """Indices of the rest and of the test part."""
    source = SOURCES[name]
    y = _strata(name)
    order = _stratified(y, np.arange(y.size), source.n_test, TEST_KEY)
    test, rest = np.sort(order[: source.n_test]), np.sort(order[source.n_test :])
    found = _hash(test.astype("<i8"))
    if found != source.test_sha256:
        raise RuntimeError(f"{name}: the fixed test part has changed (SHA-256 {found}, wanted {source.test_sha256})")
    return rest, test


def _hash(*arrays):
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _stratified(y, rows, n_first, key):
    """`rows` in random order such that the first `n_first` hold the classes in proportion, and each longer
    prefix nearly so: within a class random ranks, between classes by (rank + u) / class size."""
    draw = np.random.Philox(key=key).random_raw(rows.size)
    position = np.empty(rows.size)
    for label in np.unique(y[rows]):
        mine = np.flatnonzero(y[rows] == label)
        ranks = np.argsort(np.argsort(draw[mine], kind="stable"), kind="stable")
        position[mine] = (ranks + 0.5) / mine.size
    return rows[np.lexsort((draw, position))]


def _split(name, seed, n_train, standardise, dtype):
    source, seed = SOURCES[name], int(seed)
    X, y = raw(name)
    rest, test = _fixed(name)
    largest = rest.size - source.n_validation
    if not 1 <= n_train <= largest:
        raise ValueError(f"n_train must be in 1..{largest} for {name}, got {n_train!r}")
    order = _stratified(_strata(name), rest, source.n_validation, 1_000_000 + seed)
    validation, pool = order[: source.n_validation], order[source.n_validation :]
    train = pool[:n_train]
    mean, scale = np.zeros(X.shape[1]), np.ones(X.shape[1])
    if standardise:
        part = X[train]
        constant = part.min(0) == part.max(0)  # a mean of equal numbers may be off by a rounding, to be divided by
        mean, scale = np.where(constant, part[0], part.mean(0)), np.where(constant, 1.0, part.std(0))
    X = np.ascontiguousarray((X - mean) / scale, dtype)
    return Split(X, y, np.sort(train), np.sort(validation), mean, scale, seed, test)
