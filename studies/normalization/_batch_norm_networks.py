"""Networks and runs that the parts of the study `batch_norm` share."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pandas as pd

from coreops import SGD, Data, Dense, HeNormal, Network, ReLU, Run, SoftmaxCrossEntropy
from studies.harness import datasets

FAILED = 100 * np.log(10.0)  # loss of a diverged run: a hundred times that of guessing
COLUMNS = ["part", "arm", "metric", "x", "seed", "value"]


def frame(records):
    """Records (part, arm, metric, x, seed, value) as the study's tidy frame."""
    return pd.DataFrame(records, columns=COLUMNS).astype({"x": float, "seed": int, "value": float})


def mlp(norm, depth, width, dtype="float32", bias=False):
    """64-width-...-10 with ReLU; `norm` is the layer before each ReLU, or None. bias: also before a norm."""
    layers = []
    for n_in, n_out in pairwise((64, *(width,) * depth)):
        layers.append(Dense(n_in, n_out, bias=bias or norm is None))
        layers += [ReLU()] if norm is None else [norm, ReLU()]
    return Network(*layers, Dense(width, 10), loss=SoftmaxCrossEntropy(), init=HeNormal(), dtype=dtype)


@lru_cache(maxsize=1024)
def load(seed, n_train, dtype="float32"):
    split = datasets.digits(seed, n_train, dtype=dtype)
    return split, Data(split.X, split.y)


def train(network, rate, seed, batch, epochs, n_train, **settings):
    """A run of SGD on the digits that leaves out a last short batch."""
    split, data = load(seed, n_train, network.dtype.name)
    return Run(
        network, optimizer=SGD(rate), batch_size=batch, epochs=epochs, seed=seed, data=data, train=split.train,
        drop_last=True, **settings,
    )  # fmt: skip


def last_loss(result):
    """Training loss at the end."""
    loss = result.loss[result.epochs_run - 1]
    return float(loss) if result.status != "diverged" and np.isfinite(loss) else FAILED


def accuracy(result, part, seed, n_train):
    """On the validation or test part; a diverged run knows nothing."""
    if result.status == "diverged":
        return 0.0
    return 1 - result.evaluate(*load(seed, n_train)[0].part(part)).error
