"""JAX: one jit over a scan of all epochs (an inner scan over the batches, unroll in {1, 4, 8}), best of.

Convolutions are XLA's, or a product with patches that are cut out beforehand; maxima over windows are XLA's, or over an
axis of a reshaped image: four programs, best of, then the unrolls.

A sweep is jit(vmap(that)), cut into chunks of 16, 64 or 256 rows, best of; with `lanes` > 1 the chunks are
started from that many Python threads, which is no longer one vmap(scan) but is what a careful user could
still try.
"""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

if os.environ.get("BENCH_CORES"):  # one-thread table
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_PLATFORMS"] = os.environ.get("BENCH_PLATFORM", "cpu")

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np

from .worker import fastest, serve

jax.config.update("jax_default_matmul_precision", "highest")  # no TF32 on a GPU; the same as the default on a CPU
UNROLLS, WIDTHS = (1, 4, 8), (16, 64, 256)
PROGRAMS = [(a, b) for a in ("convolution", "patches") for b in ("windows", "reshaped")]


def _convolved(h, W, way):
    """3x3 on (batch, side, side, channels), framed with zeros."""
    if way == "convolution":
        return jax.lax.conv_general_dilated(h, W, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    side, framed = h.shape[1], jnp.pad(h, ((0, 0), (1, 1), (1, 1), (0, 0)))
    patches = [framed[:, i : i + side, j : j + side] for i in range(3) for j in range(3)]
    return jnp.concatenate(patches, axis=3) @ W.reshape(-1, W.shape[-1])


def _pooled(h, way):
    """The maximum of 2x2."""
    if way == "windows":
        return jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    n, side, _, c = h.shape
    return h.reshape(n, side // 2, 2, side // 2, 2, c).max(axis=(2, 4))


def _loss(theta, x, y, program=None):
    h, depth = x, len(theta) // 2
    for k in range(depth):
        W, b = theta[f"W{k}"], theta[f"b{k}"]
        if W.ndim == 4:
            side = math.isqrt(h[0].size // W.shape[2])
            h = _convolved(h.reshape(len(h), side, side, -1), W, program[0]) + b
            h = _pooled(jax.nn.relu(h), program[1])  # its slope at 0, where blank pixels start, is 0 as everybody's
        else:
            h = h.reshape(len(h), -1) @ W + b
            h = jnp.maximum(h, 0) if k < depth - 1 else h
    picked = jnp.take_along_axis(h, y[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(h, axis=1) - picked)


def training(task, unroll, program=None):
    """f(theta, lr, X, y) -> theta after all epochs; X: (steps, batch, n_in), y: (steps, batch)."""
    beta1, beta2, eps = task["beta1"], task["beta2"], task["eps"]
    log1, log2 = math.log(beta1), math.log(beta2)

    def step(carry, batch):
        theta, m, v, t, lr = carry
        g = jax.grad(_loss)(theta, *batch, program)
        t = t + 1
        m = jax.tree_util.tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, m, g)
        v = jax.tree_util.tree_map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, g)
        # 1 - beta^t; 1 - 0.999 in float32 would be off by 5e-5 and fail the agreement check
        c1, c2 = -jnp.expm1(t * log1), jnp.sqrt(-jnp.expm1(t * log2))
        theta = jax.tree_util.tree_map(lambda p, m, v: p - (lr / c1) * m / (jnp.sqrt(v) / c2 + eps), theta, m, v)
        return (theta, m, v, t, lr), None

    def train(theta, lr, X, y):
        zeros = jax.tree_util.tree_map(jnp.zeros_like, theta)
        carry = (theta, zeros, zeros, jnp.float32(0), lr)

        def epoch(carry, _):
            return jax.lax.scan(step, carry, (X, y), unroll=unroll)

        return jax.lax.scan(epoch, carry, None, length=task["epochs"])[0][0]

    return train


class JaxScan:
    def facts(self):
        return {"jax": jax.__version__, "jaxlib": jaxlib.__version__, "devices": len(jax.devices())}

    def prepare(self, task, arrays):
        batch, rows = task["batch"], task.get("rows")
        X, y = arrays["X"], arrays["y"]
        steps = len(X) // batch
        self.task = task
        self.X = jnp.asarray(X.reshape(steps, batch, -1))
        self.y = jnp.asarray(y.reshape(steps, batch).astype(np.int32))
        self.start = {name: array for name, array in arrays.items() if name[0] in "Wb"}
        self.rates = arrays.get("lr", np.float32(task["lr"]))
        self.pool = ThreadPoolExecutor(task.get("lanes", 1))
        if task.get("choice"):
            best = self._choose([tuple(task["choice"])])
        elif rows:
            widths = task.get("widths") or WIDTHS
            best = self._choose([(unroll, widths[0]) for unroll in UNROLLS])
            best = self._choose([(best[0], width) for width in widths])
        elif task["channels"]:
            best = self._choose([(1, None, *program) for program in PROGRAMS])
            best = self._choose([(unroll, None, *best[2:]) for unroll in UNROLLS])
        else:
            best = self._choose([(unroll, None) for unroll in UNROLLS])
        self.compiled, self.chunks = self.options[best]
        name = f"unroll {best[0]}" + (f", vmap {best[1]}" if rows else "") + "".join(f", {way}" for way in best[2:])
        return {
            "compile_s": self.compile_s[best],
            "variant": name,
            "choice": best,
            "steps": steps * task["epochs"] * (rows or 1),
        }

    def _choose(self, names):
        self.options, self.compile_s = {}, {}
        for name in names:
            unroll, width, *program = name
            function = training(self.task, unroll, program)
            if width:
                function = jax.vmap(function, in_axes=(0, 0, None, None))
            chunks = self._chunks(width)
            begin = perf_counter()
            compiled = jax.jit(function).lower(*chunks[0], self.X, self.y).compile()
            self.compile_s[name] = perf_counter() - begin
            self.options[name] = (compiled, chunks)
        return names[0] if len(names) == 1 else fastest(self.options, self._try)

    def _chunks(self, width):
        if width is None:
            return [({k: jnp.asarray(a) for k, a in self.start.items()}, jnp.asarray(self.rates))]
        cuts = range(0, len(self.rates), width)
        pieces = [{k: jnp.asarray(a[i : i + width]) for k, a in self.start.items()} for i in cuts]
        return [(piece, jnp.asarray(self.rates[i : i + width])) for piece, i in zip(pieces, cuts, strict=True)]

    def _try(self, option):
        self.compiled, self.chunks = option
        self.run()

    def reset(self):
        pass

    def run(self):
        def one(chunk):
            return jax.block_until_ready(self.compiled(*chunk, self.X, self.y))

        if self.task.get("lanes", 1) > 1:
            self.results = list(self.pool.map(one, self.chunks))
        else:
            self.results = [one(chunk) for chunk in self.chunks]

    def parameters(self):
        if not self.task.get("rows"):
            return {k: np.asarray(a) for k, a in self.results[0].items()}
        return {k: np.concatenate([np.asarray(r[k]) for r in self.results]) for k in self.results[0]}


if __name__ == "__main__":
    serve(JaxScan())
