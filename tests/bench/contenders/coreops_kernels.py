"""The optimizers' kernels alone, and the STREAM triad in the same process; loops over calls are compiled.

Where a task names `rules`, those run too, through the dispatch, on a network of that many parameters.
"""

import numba
import numpy as np

import coreops
from coreops.optimizers.adagrad import adagrad_update
from coreops.optimizers.adam import adam_update
from coreops.optimizers.momentum import heavy_ball_update
from coreops.optimizers.rmsprop import rmsprop_update
from coreops.optimizers.sgd import sgd_update

from . import coreops_rules
from .worker import serve

# A short vector takes less time than a call from Python, so the calls are repeated in compiled code.


@numba.njit(error_model="numpy")
def triad(calls, theta, grad, first, second):
    scale = np.float32(1e-3)
    for _ in range(calls):
        for i in range(theta.size):
            theta[i] = grad[i] + scale * first[i]


@numba.njit(error_model="numpy")
def sgd(calls, theta, grad, first, second):
    for _ in range(calls):
        sgd_update(1e-3, theta, grad)


@numba.njit(error_model="numpy")
def momentum(calls, theta, grad, first, second):
    for _ in range(calls):
        heavy_ball_update(0.9, 1e-3, theta, grad, first)


@numba.njit(error_model="numpy")
def adagrad(calls, theta, grad, first, second):
    for _ in range(calls):
        adagrad_update(1e-8, False, 1e-3, theta, grad, first)


@numba.njit(error_model="numpy")
def rmsprop(calls, theta, grad, first, second):
    for _ in range(calls):
        rmsprop_update(0.9, 1e-8, False, 1e-3, theta, grad, first)


@numba.njit(error_model="numpy")
def adam(calls, theta, grad, first, second):
    power1, power2 = 1.0, 1.0
    for _ in range(calls):
        power1, power2 = power1 * 0.9, power2 * 0.999
        adam_update(theta.size, 0.9, 0.999, power1, power2, 1e-8, False, 1.0, 1e-3, theta, grad, first, second)


RULES = {
    "triad": triad,
    "SGD": sgd,
    "momentum": momentum,
    "AdaGrad": adagrad,
    "RMSProp": rmsprop,
    "Adam": adam,
}


def vectors(n, seed=0):
    """theta, grad, first, second: 64-byte aligned, as the engine's are."""
    rng, out = np.random.default_rng(seed), []
    for k in range(4):
        raw = np.empty(n + 16, np.float32)
        start = -raw.ctypes.data % 64 // 4
        out.append(raw[start : start + n])
        out[k][:] = rng.standard_normal(n, np.float32) if k < 2 else 0
    return out


class CoreopsKernels:
    def facts(self):
        return {"coreops": coreops.__version__, "numba": numba.__version__}

    def prepare(self, task, arrays):
        self.vectors = vectors(task["n"])
        for rule in RULES.values():
            rule(1, *self.vectors)
        self.dispatched = None
        if task.get("rules"):
            chosen = {rule: coreops_rules.RULES[rule] for rule in task["rules"]}
            self.dispatched = coreops_rules.CoreopsRules(chosen, task["size"])
        return {"compile_s": None, "variant": "", "steps": task["n"]}

    def reset(self):
        for vector in self.vectors[2:]:
            vector[:] = 0
        if self.dispatched:
            self.dispatched.reset()

    def run(self, rule, calls):
        if rule in RULES:
            RULES[rule](calls, *self.vectors)
        else:
            self.dispatched.run(rule, calls, before=1)  # the first update of some rules also sets up their state

    def parameters(self):
        return {"theta": self.vectors[0]}


if __name__ == "__main__":
    serve(CoreopsKernels())
