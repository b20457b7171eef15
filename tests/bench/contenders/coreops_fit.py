"""coreops: fit for one row, fit_many for a sweep; run(threads=n) serves the paired rounds of efficiency."""

import itertools
from time import perf_counter

import numba
import numpy as np

import coreops

from .worker import serve


def network(sizes):
    layers = []
    for a, b in itertools.pairwise(sizes):
        layers += [coreops.Dense(a, b), coreops.ReLU()]
    return coreops.Network(*layers[:-1], loss=coreops.SoftmaxCrossEntropy(), init=coreops.HeNormal())


def layers_of(net, theta, sizes):
    """W0, b0, W1, ... as views of theta; every second layer is a ReLU."""
    named = net.parameters(theta)
    pairs = range(len(sizes) - 1)
    return {f"W{k}": named[f"{2 * k}.weight"] for k in pairs} | {f"b{k}": named[f"{2 * k}.bias"] for k in pairs}


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


def starting_theta(net, sizes, arrays, row=None):
    theta = np.zeros(net.n_parameters, np.float32)
    for name, view in layers_of(net, theta, sizes).items():
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
        self.net = network(task["sizes"])
        common = settings(task)
        if rows:
            rates = arrays["lr"].astype(float).tolist()
            self.rows = [
                coreops.Run(
                    self.net,
                    optimizer=optimizer(task, rates[i]),
                    theta0=starting_theta(self.net, task["sizes"], arrays, i),
                    **common,
                )
                for i in range(rows)
            ]
        else:
            self.rows = None
            self.theta0 = starting_theta(self.net, task["sizes"], arrays)
            self.common = common | {"optimizer": optimizer(task, task["lr"]), "theta0": self.theta0}
        short = common | {"optimizer": optimizer(task, task["lr"]), "epochs": 1}
        start = perf_counter()
        coreops.fit(self.net, self.X, self.y, **short)
        first = perf_counter() - start
        steps = len(self.X) // task["batch"] * task["epochs"] * (rows or 1)
        return {"compile_s": first, "variant": "fit_many" if rows else "fit", "steps": steps}

    def reset(self):
        pass

    def run(self, threads=None):
        if self.rows is None:
            self.results = [coreops.fit(self.net, self.X, self.y, **self.common)]
        else:
            threads = threads or self.task["threads"]
            self.results = list(coreops.fit_many(self.rows, self.X, self.y, threads=threads))

    def parameters(self):
        found = [layers_of(self.net, result.theta, self.task["sizes"]) for result in self.results]
        return found[0] if self.rows is None else {name: np.stack([f[name] for f in found]) for name in found[0]}


if __name__ == "__main__":
    serve(CoreopsFit())
