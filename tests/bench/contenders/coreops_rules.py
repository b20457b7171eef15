"""Every optimizer through its dispatch, as the training loop calls it: probe and update of a real network's theta."""

from itertools import pairwise

import numba
import numpy as np

from coreops import Dense, Network, ReLU, SquaredError
from coreops.inference import aligned_empty
from coreops.optimizers.phases import probe, update
from coreops.plan import aligned
from coreops.runs import Data, Run, encode

# Widths of networks with about as many parameters as the name says; the full matrix fits only the first.
NETWORKS = {"45": (8, 5), "2.4k": (64, 32, 10), "100k": (784, 127, 10), "10M": (1000, 10000)}


@numba.njit(error_model="numpy")
def updates(row, ops, arena, calls, theta, grads, state):
    power1, power2 = 1.0, 1.0
    for step in range(1, calls + 1):
        power1, power2 = power1 * row["beta1"], power2 * row["beta2"]
        probe(row, step, theta, state)
        update(row, ops, arena, step, power1, power2, row["lr"], theta, grads[step % len(grads)], state)


class CoreopsRule:
    """One rule on one network. Rules that see past gradients get 64 different ones where that fits the cache."""

    def __init__(self, rule, size):
        widths = NETWORKS[size]
        layers = [item for a, b in pairwise(widths) for item in (Dense(a, b), ReLU())]
        network = Network(*layers[:-1], loss=SquaredError())
        data = Data(np.zeros((1, widths[0])), np.zeros((1, widths[-1])))
        self.row = encode(Run(network, optimizer=rule, epochs=1, evaluate_every=0), data)
        self.record, self.n = self.row.record[0], network.n_parameters
        self.start, padded = network.initialize(0), int(self.record["grad"])
        self.arena = aligned_empty(aligned(self.row.arena_size), network.dtype)
        self.state = aligned_empty(aligned(int(self.record["n_state"])), network.dtype)
        count = 64 if self.n < 100 else 1
        self.grads = aligned_empty(count * padded, network.dtype).reshape(count, padded)
        self.grads[:] = np.random.default_rng(0).standard_normal((count, padded), np.float32)
        self.grads[:, self.n :] = 0
        self.padded = padded
        self.reset()
        self.run(2)  # compiles

    def reset(self):
        self.arena[: self.padded], self.arena[: self.n], self.state[:] = 0, self.start, 0
        self.arena[self.padded : 2 * self.padded] = self.grads[0]

    def run(self, calls):
        updates(self.record, self.row.ops, self.arena, calls, self.arena[: self.padded], self.grads, self.state)
