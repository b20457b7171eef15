"""The calls that compile every kernel of one precision, in one process or shared by two."""

import sys
from functools import partial

import numpy as np

from coreops import callees, compiler, kernel_cache
from coreops.abreast.spans import rows_abreast
from coreops.compiler import signature
from coreops.data import Data
from coreops.inference import evaluate_network, loss_and_gradient
from coreops.interpreter import backward, forward, other_forward
from coreops.journal import Journal
from coreops.layers import Dense
from coreops.losses import SquaredError
from coreops.network import Network
from coreops.optimizers import SGD
from coreops.optimizers.phases import other_update
from coreops.runs import Run, encode
from coreops.sweep import train_all, train_encoded

SHARE = 2  # so many of `called_by_name` take as long to compile as all the rest


def smallest(dtype):
    """A network, its data, and a row that trains it."""
    network, data = Network(Dense(1, 1), loss=SquaredError(), dtype=dtype), Data(np.ones((2, 1)), np.ones((2, 1)))
    return network, data, encode(Run(network, optimizer=SGD(0.1), epochs=1), data)


def called_by_name(dtype):
    """(kernel, its types) of the largest parts of `train_row`, which stay out of its code.

    First those of the share, the one before all others that is wanted first (by `forward`).
    """
    row = smallest(dtype)[2]
    record, vector, step, number = row.record[0], np.zeros(1, dtype), np.int64(1), 1.0
    return (
        (other_forward, signature(row.ops[0], step, vector, step, record["seed"], step)),
        (backward, signature(row.ops, step, vector, step, record["seed"], step)),
        (other_update, signature(record, row.ops, vector, step, number, number, number, vector, vector, vector)),
        (forward, signature(row.ops, step, vector, step, record["seed"], step, step)),
    )


def compile_share(dtype):
    """Leave in the cache what `compile_all(dtype, shared=True)`, in another process, leaves out; say what is there."""
    for kernel, types in called_by_name(dtype)[:SHARE]:
        callees.name(kernel, types)
        kernel.compile(types)
        print(kernel.__name__, flush=True)


def wait_for(name):
    """Read standard input until the other process has said that the kernel is there, or has ended."""
    for line in sys.stdin:
        if line.strip() == name:
            return


def compile_all(dtype, shared=False, abreast=False):
    """Train and differentiate a small network: the training loop and the passes hold every kernel.

    shared: the share is compiled by another process, whose output is the standard input of this one. Each kernel of it
    is waited for when a caller is complete. abreast: then also compile the loop for rows abreast.
    """
    network, data, row = smallest(dtype)
    called = called_by_name(dtype) if compiler.alone else ()
    for k, (kernel, types) in enumerate(called):
        if shared and k < SHARE:
            kernel._cache.before_loading = partial(wait_for, kernel.__name__)
        else:
            callees.name(kernel, types)
            kernel.compile(types)
        callees.call_by_name(kernel, types)
    evaluate_network(network, np.ones(2), data.X, data.y)
    train_encoded(row, Journal(None))
    if not shared:
        loss_and_gradient(network, np.ones(2), data.X, data.y)
    check(called)
    kernel_cache.compiled_mark(dtype).touch()
    if abreast:
        _compile_abreast(dtype, row, called)


def check(called):
    """That nobody called kernels for other types than those they are called for by name."""
    for kernel, types in called:
        if kernel.signatures != [types]:
            raise TypeError(f"{kernel}: called for {kernel.signatures}, compiled for {types}")


def compile_abreast(dtype):
    """The loop for rows abreast, where all else is in the cache."""
    called = called_by_name(dtype) if compiler.alone else ()
    for kernel, types in called:
        callees.name(kernel, types)
        kernel.compile(types)
        callees.call_by_name(kernel, types)
    _compile_abreast(dtype, smallest(dtype)[2], called)


def _compile_abreast(dtype, row, called):
    train_all([row] * rows_abreast(dtype), Journal(None))
    check(called)
    kernel_cache.compiled_mark(dtype, abreast=True).touch()
