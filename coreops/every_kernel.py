"""The calls that compile every kernel of one precision, in one process or shared by two."""

import sys

import numpy as np

from coreops import kernel_cache
from coreops.compiler import signature
from coreops.data import Data
from coreops.inference import evaluate_network, loss_and_gradient
from coreops.interpreter import backward
from coreops.journal import Journal
from coreops.layers import Dense
from coreops.losses import SquaredError
from coreops.network import Network
from coreops.optimizers import SGD
from coreops.optimizers.phases import other_update
from coreops.runs import Run, encode
from coreops.sweep import train_encoded
from coreops.target import JIT
from coreops.training import train_row


def smallest(dtype):
    """A network, its data, and a row that trains it."""
    network, data = Network(Dense(1, 1), loss=SquaredError(), dtype=dtype), Data(np.ones((2, 1)), np.ones((2, 1)))
    return network, data, encode(Run(network, optimizer=SGD(0.1), epochs=1), data)


def share(dtype):
    """(kernel, its types) of what `train_row` calls and takes as long to compile as all that is compiled before it."""
    row = smallest(dtype)[2]
    record, vector, step, number = row.record[0], np.zeros(1, dtype), np.int64(1), 1.0
    return (
        (backward, signature(row.ops, step, vector, step, record["seed"], step)),
        (other_update, signature(record, row.ops, vector, step, number, number, number, vector, vector, vector)),
    )


def compile_share(dtype):
    """Leave in the cache what `compile_all(dtype, shared=True)`, in another process, waits for."""
    for kernel, types in share(dtype):
        kernel.compile(types)


def compile_all(dtype, shared=False):
    """Train and differentiate a small network: the training loop and the passes hold every kernel.

    shared: the share is compiled by another process, which has ended when the standard input of this one ends.
    """
    network, data, row = smallest(dtype)
    evaluate_network(network, np.ones(2), data.X, data.y)
    if shared:
        for kernel, _ in share(dtype):
            kernel._cache.before_loading = sys.stdin.read
    else:
        loss_and_gradient(network, np.ones(2), data.X, data.y)
    train_encoded(row, Journal(None))
    if JIT and train_row.stats.cache_misses:
        for kernel, types in share(dtype):
            if kernel.signatures != [types]:
                raise TypeError(
                    f"{kernel}: train_row wants {kernel.signatures}, the share that was compiled is {types}"
                )
    kernel_cache.compiled_mark(dtype).touch()
