"""No contender, but what none can do without: the step's multiply-adds, and Adam's root and division per parameter.

The multiply-adds are those of one product whose operands lie in the first-level cache, the fastest that is known here;
the others run over vectors of the network's size. One after the other, on each core its share.
"""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from rig.shapes import Shape

import coreops
from coreops.target import gemm

from .worker import serve

M, N, K = 96, 16, 128  # one panel of 8 KB that stays in the cache, and sixteen tiles of A, read in order
FLOPS = 2 * M * N * K


@numba.njit(error_model="numpy", nogil=True)
def products(calls, buffer):
    for _ in range(calls):
        gemm(buffer, M, N, K, 0, K, 1, M * K, False, M * K + K * N, -1, 0)


@numba.njit(error_model="numpy", nogil=True)
def roots_and_divisions(calls, theta, first, second):
    eps = np.float32(1e-8)
    for _ in range(calls):
        for i in range(theta.size):
            theta[i] -= first[i] / (np.sqrt(second[i]) + eps)


class Arithmetic:
    def facts(self):
        return {"coreops": coreops.__version__, "numba": numba.__version__}

    def prepare(self, task, arrays):
        shape = Shape("", tuple(task["sizes"]), task["batch"], 0, tuple(task["channels"]))
        steps = len(arrays["X"]) // task["batch"] * task["epochs"] * (task.get("rows") or 1)
        threads = task.get("threads") or 1
        self.products = max(1, round(steps * shape.flops_per_step / FLOPS / threads))
        steps = threads * self.products * FLOPS / shape.flops_per_step
        self.calls = max(1, round(steps / threads))
        rng = np.random.default_rng(0)
        self.shares = [
            (rng.random(M * K + K * N + M * N + 64, np.float32), rng.random((3, shape.n_parameters), np.float32))
            for _ in range(threads)
        ]
        self.run()
        return {"compile_s": None, "variant": "", "steps": steps}

    def reset(self):
        pass

    def run(self):
        with ThreadPoolExecutor(len(self.shares)) as pool:
            list(pool.map(self._share, self.shares))

    def _share(self, share):
        buffer, vectors = share
        products(self.products, buffer)
        roots_and_divisions(self.calls, *vectors)


if __name__ == "__main__":
    serve(Arithmetic())
