"""A sweep over architectures: each is traced and compiled anew (unroll 1 compiles quickest), then run."""

import itertools

from . import jax_scan
from .jax_scan import jax, jnp, np
from .worker import serve


class JaxArchitectures(jax_scan.JaxScan):
    def prepare(self, task, arrays):
        X, y, batch = arrays["X"], arrays["y"], task["batch"]
        self.task = task
        self.X = jnp.asarray(X.reshape(len(X) // batch, batch, -1))
        self.y = jnp.asarray(y.reshape(-1, batch).astype(np.int32))
        return {"compile_s": None, "variant": "unroll 1"}

    def run(self, architectures):
        for sizes in architectures:
            rng, theta = np.random.default_rng(0), {}
            for k, (a, b) in enumerate(itertools.pairwise(sizes)):
                theta[f"W{k}"] = (rng.standard_normal((a, b)) * np.sqrt(2 / a)).astype(np.float32)
                theta[f"b{k}"] = np.zeros(b, np.float32)
            train = jax.jit(jax_scan.training(self.task, 1))
            jax.block_until_ready(train(theta, np.float32(self.task["lr"]), self.X, self.y))


if __name__ == "__main__":
    serve(JaxArchitectures())
