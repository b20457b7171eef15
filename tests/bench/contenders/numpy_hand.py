"""NumPy by hand: preallocated buffers, `out=` everywhere, Adam on one flat vector."""

import math

import numpy as np

from .worker import serve


class NumpyHand:
    def facts(self):
        return {"numpy": np.__version__}

    def prepare(self, task, arrays):
        sizes, batch = task["sizes"], task["batch"]
        self.task, self.arrays = task, arrays
        self.depth = len(sizes) - 1
        self.names = [f"{kind}{k}" for k in range(self.depth) for kind in "Wb"]
        total = sum(arrays[name].size for name in self.names)
        self.theta, self.grad, self.m, self.v, self.t1, self.t2 = (np.zeros(total, np.float32) for _ in range(6))
        self.views, self.grads, start = {}, {}, 0
        for name in self.names:
            stop = start + arrays[name].size
            self.views[name] = self.theta[start:stop].reshape(arrays[name].shape)
            self.grads[name] = self.grad[start:stop].reshape(arrays[name].shape)
            start = stop
        self.h = [np.empty((batch, n), np.float32) for n in sizes[1:]]
        self.d = [np.empty((batch, n), np.float32) for n in sizes[1:]]
        X, y, classes = arrays["X"], arrays["y"], np.arange(sizes[-1])
        hot = (y[:, None] == classes).astype(np.float32)
        self.batches = [(X[i : i + batch], hot[i : i + batch]) for i in range(0, len(X) - batch + 1, batch)]
        return {"compile_s": None, "variant": "", "steps": len(self.batches) * task["epochs"]}

    def reset(self):
        for name in self.names:
            self.views[name][...] = self.arrays[name]
        self.m[:] = 0
        self.v[:] = 0

    def run(self):
        task, depth, h, d = self.task, self.depth, self.h, self.d
        W = [self.views[f"W{k}"] for k in range(depth)]
        b = [self.views[f"b{k}"] for k in range(depth)]
        gW = [self.grads[f"W{k}"] for k in range(depth)]
        gb = [self.grads[f"b{k}"] for k in range(depth)]
        theta, g, m, v, t1, t2 = self.theta, self.grad, self.m, self.v, self.t1, self.t2
        lr, beta1, beta2, eps = (task[name] for name in ("lr", "beta1", "beta2", "eps"))
        batch, last, t = task["batch"], depth - 1, 0
        for _ in range(task["epochs"]):
            for x, hot in self.batches:
                a = x
                for k in range(depth):
                    np.dot(a, W[k], out=h[k])
                    h[k] += b[k]
                    if k < last:
                        np.maximum(h[k], 0, out=h[k])
                    a = h[k]
                e = d[last]
                np.subtract(a, a.max(axis=1, keepdims=True), out=e)
                np.exp(e, out=e)
                e /= e.sum(axis=1, keepdims=True)
                e -= hot
                e /= batch
                for k in range(last, -1, -1):
                    np.dot((h[k - 1] if k else x).T, d[k], out=gW[k])
                    np.add.reduce(d[k], axis=0, out=gb[k])
                    if k:
                        np.dot(d[k], W[k].T, out=d[k - 1])
                        d[k - 1] *= h[k - 1] > 0
                t += 1
                c1, c2 = 1 - beta1**t, math.sqrt(1 - beta2**t)
                m *= beta1
                np.multiply(g, 1 - beta1, out=t1)
                m += t1
                v *= beta2
                np.multiply(g, g, out=t1)
                t1 *= 1 - beta2
                v += t1
                np.sqrt(v, out=t1)
                t1 /= c2
                t1 += eps
                np.multiply(m, lr / c1, out=t2)
                t2 /= t1
                theta -= t2

    def parameters(self):
        return {name: view.copy() for name, view in self.views.items()}


if __name__ == "__main__":
    serve(NumpyHand())
