"""coreops: fit for one row, fit_many for a sweep on either target; run(threads=n) serves the rounds of efficiency."""

import itertools
import math
from time import perf_counter

import numba
import numpy as np

import coreops

from .worker import serve


def network(sizes, channels=()):
    layers, shape = [], None
    if channels:
        side = math.isqrt(sizes[0] // channels[-1]) << len(channels)  # every pool halves it
        shape = (side, side, 1)
        for a, b in itertools.pairwise((1, *channels)):
            layers += [coreops.Conv2D(a, b, 3, padding="same"), coreops.ReLU(), coreops.MaxPool(2)]
        layers.append(coreops.Flatten())
    for a, b in itertools.pairwise(sizes):
        layers += [coreops.Dense(a, b), coreops.ReLU()]
    loss, init = coreops.SoftmaxCrossEntropy(), coreops.HeNormal()
    return coreops.Network(*layers[:-1], loss=loss, init=init, input_shape=shape)


def layers_of(net, theta):
    """W0, b0, W1, ... as views of theta."""
    named, found = net.parameters(theta), {}
    for letter, kind in (("W", "weight"), ("b", "bias")):
        views = [view for name, view in named.items() if name.endswith(kind)]
        found |= {f"{letter}{k}": view for k, view in enumerate(views)}
    return found


def settings(task):
    """What fit and Run take, save the optimizer and theta0: given order, whole batches, nothing evaluated."""
    return {
        "batch_size": task["batch"],
        "epochs": task["epochs"],
        "seed": 0,
        "sampling": coreops.Cyclic(),
        "drop_last": True,
        "evaluate_every": 0,
    }


def optimizer(task, lr):
    return coreops.Adam(lr=lr, beta1=task["beta1"], beta2=task["beta2"], eps=task["eps"])


def starting_theta(net, arrays, row=None):
    theta = np.zeros(net.n_parameters, np.float32)
    for name, view in layers_of(net, theta).items():
        view[...] = arrays[name] if row is None else arrays[name][row]
    return theta


class CoreopsFit:
    def facts(self):
        return {
            "coreops": coreops.__version__,
            "numba": numba.__version__,
            "source": coreops.source_hash()[:16],
        }

    def prepare(self, task, arrays):
        self.task, self.X, self.y = task, arrays["X"], arrays["y"]
        rows = task.get("rows")
        self.net = network(task["sizes"], task["channels"])
        common = settings(task)
        if rows:
            rates = arrays["lr"].astype(float).tolist()
            self.rows = [
                coreops.Run(
                    self.net,
                    optimizer=optimizer(task, rates[i]),
                    theta0=starting_theta(self.net, arrays, i),
                    **common,
                )
                for i in range(rows)
            ]
        else:
            self.rows = None
            self.theta0 = starting_theta(self.net, arrays)
            self.common = common | {"optimizer": optimizer(task, task["lr"]), "theta0": self.theta0}
        short = common | {"optimizer": optimizer(task, task["lr"]), "epochs": 1}
        start = perf_counter()
        coreops.precompile("float32")
        coreops.fit_many([coreops.Run(self.net, **short)], self.X, self.y, target=task.get("processor", "cpu"))
        first = perf_counter() - start
        steps = len(self.X) // task["batch"] * task["epochs"] * (rows or 1)
        return {"compile_s": first, "variant": "fit_many" if rows else "fit", "steps": steps}

    def reset(self):
        pass

    def run(self, threads=None):
        if self.rows is None:
            self.results = [coreops.fit(self.net, self.X, self.y, **self.common)]
        else:
            target = self.task.get("processor", "cpu")
            threads = threads or self.task["threads"]
            self.results = list(coreops.fit_many(self.rows, self.X, self.y, target=target, threads=threads))

    def parameters(self):
        found = [layers_of(self.net, result.theta) for result in self.results]
        return found[0] if self.rows is None else {name: np.stack([f[name] for f in found]) for name in found[0]}


if __name__ == "__main__":
    serve(CoreopsFit())
