"""Optimizers through their dispatch, as the training loop calls it: probe and update of a real network's theta."""

from itertools import pairwise

import numba
import numpy as np

from coreops import (
    AcceleratedGradient,
    Adadelta,
    AdamW,
    AMSGrad,
    AveragedSGD,
    Dense,
    EMAMomentum,
    Nesterov,
    Network,
    PathSGD,
    ReLU,
    Run,
    SignDescent,
    SquaredError,
)
from coreops.data import Data
from coreops.inference import aligned_empty
from coreops.optimizers.phases import probe, update
from coreops.plan import aligned
from coreops.runs import encode

# Widths of networks with about as many parameters as the name says; the full matrix fits only the first.
NETWORKS = {"45": (8, 5), "2.4k": (64, 32, 10), "100k": (784, 127, 10), "10M": (2000, 4000, 500)}
# Beside the five whose kernels are timed alone; full-matrix AdaGrad is no matter of bandwidth.
RULES = {
    "Nesterov": Nesterov(1e-3, 0.9),
    "EMAMomentum": EMAMomentum(1e-3, 0.9),
    "AcceleratedGradient": AcceleratedGradient(1e-3),
    "Adadelta": Adadelta(),
    "AdamW": AdamW(),
    "AMSGrad": AMSGrad(),
    "SignDescent": SignDescent(1e-3),
    "AveragedSGD": AveragedSGD(1e-3),
    "PathSGD": PathSGD(1e-3),
}


@numba.njit(error_model="numpy")
def updates(row, ops, arena, before, calls, theta, grads, state):
    """Updates before + 1 ... before + calls."""
    power1, power2 = row["beta1"] ** before, row["beta2"] ** before
    for step in range(before + 1, before + calls + 1):
        power1, power2 = power1 * row["beta1"], power2 * row["beta2"]
        probe(row, step, theta, state)
        update(row, ops, arena, step, power1, power2, row["lr"], theta, grads[step % len(grads)], state)


class CoreopsRules:
    """Rules on one network, one after the other in the same memory.

    Those that see past gradients get 64 different ones where that fits the cache.
    """

    def __init__(self, rules, size):
        widths = NETWORKS[size]
        layers = [item for a, b in pairwise(widths) for item in (Dense(a, b), ReLU())]
        network = Network(*layers[:-1], loss=SquaredError())
        data = Data(np.zeros((1, widths[0])), np.zeros((1, widths[-1])))
        self.rows = {
            name: encode(Run(network, optimizer=rule, epochs=1, evaluate_every=0), data) for name, rule in rules.items()
        }
        row = next(iter(self.rows.values()))
        self.n, self.padded, self.start = network.n_parameters, int(row.record[0]["grad"]), network.initialize(0)
        self.arena = aligned_empty(aligned(row.arena_size), network.dtype)
        kept = max(int(row.record[0]["n_state"]) for row in self.rows.values())
        self.state, own = aligned_empty(aligned(kept), network.dtype), self.arena[self.padded : 2 * self.padded]
        self.grads = own.reshape(1, -1)
        if self.n < 100:
            self.grads = aligned_empty(64 * self.padded, network.dtype).reshape(64, self.padded)
        self.grads[:] = np.random.default_rng(0).standard_normal(self.grads.shape, np.float32)
        self.grads[:, self.n :] = 0
        own[:] = self.grads[0]
        for name in rules:
            self.reset()
            self.run(name, 2)  # compiles

    def reset(self):
        self.arena[: self.padded], self.arena[: self.n], self.state[:] = 0, self.start, 0

    def run(self, rule, calls, before=0):
        row, theta = self.rows[rule], self.arena[: self.padded]
        updates(row.record[0], row.ops, self.arena, before, calls, theta, self.grads, self.state)
