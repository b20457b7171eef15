"""scikit-learn's MLPClassifier on the same weights and batches; a sweep is joblib over processes.

The class is told its initial weights, and two classes get two softmax outputs (its own choice would be one
logistic output, a different network). Its Adam folds the bias correction into the rate, which leaves
epsilon uncorrected; it is given an epsilon scaled by sqrt(1 - beta2^t), which makes the update the paper's
(one square root per step, nothing more). It also adds up its batch losses; that cannot be switched off.
"""

import math
import warnings

import joblib
import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, _multilayer_perceptron

from .worker import serve


class PaperAdam(_multilayer_perceptron.AdamOptimizer):
    def _get_updates(self, grads):
        self.outside = getattr(self, "outside", self.epsilon)
        self.epsilon = self.outside * math.sqrt(1 - self.beta_2 ** (self.t + 1))
        return super()._get_updates(grads)


class GivenStart(MLPClassifier):
    def _init_coef(self, fan_in, fan_out, dtype):
        k = self._next_layer = getattr(self, "_next_layer", -1) + 1
        return self.start[f"W{k}"].astype(dtype), self.start[f"b{k}"].astype(dtype)

    def _validate_input(self, X, y, *args, **kwargs):
        X, y = super()._validate_input(X, y, *args, **kwargs)
        return X, (np.hstack([1 - y, y]) if y.shape[1] == 1 else y)

    def _initialize(self, y, layer_units, dtype):
        super()._initialize(y, layer_units, dtype)
        self.out_activation_ = "softmax"


def train(task, X, y, start, lr):
    model = GivenStart(
        hidden_layer_sizes=tuple(task["sizes"][1:-1]),
        solver="adam",
        alpha=0.0,
        batch_size=task["batch"],
        learning_rate_init=lr,
        beta_1=task["beta1"],
        beta_2=task["beta2"],
        epsilon=task["eps"],
        max_iter=task["epochs"],
        shuffle=False,
        tol=0.0,
        n_iter_no_change=10**9,
        early_stopping=False,
    )
    model.start = start
    _multilayer_perceptron.AdamOptimizer = PaperAdam  # here, so that joblib's processes get it too
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    arrays = {f"W{k}": W for k, W in enumerate(model.coefs_)}
    return arrays | {f"b{k}": b for k, b in enumerate(model.intercepts_)}


class SklearnMlp:
    def facts(self):
        return {"scikit-learn": sklearn.__version__, "joblib": joblib.__version__, "numpy": np.__version__}

    def prepare(self, task, arrays):
        self.task, self.X, self.y, rows = task, arrays["X"], arrays["y"], task.get("rows")
        start = {name: array for name, array in arrays.items() if name[0] in "Wb"}
        self.jobs = [(start, task["lr"])]
        self.parallel = None
        if rows:
            rates = arrays["lr"].tolist()
            self.jobs = [({name: a[i] for name, a in start.items()}, rates[i]) for i in range(rows)]
            self.parallel = joblib.Parallel(n_jobs=task["threads"])
            short = {**task, "epochs": 1}  # starts the worker processes
            self.parallel(joblib.delayed(train)(short, self.X, self.y, *job) for job in self.jobs[:4])
        steps = len(self.X) // task["batch"] * task["epochs"] * len(self.jobs)
        return {"compile_s": None, "variant": "joblib, processes" if rows else "", "steps": steps}

    def reset(self):
        pass

    def run(self):
        if self.parallel is None:
            self.results = [train(self.task, self.X, self.y, *self.jobs[0])]
        else:
            work = (joblib.delayed(train)(self.task, self.X, self.y, *job) for job in self.jobs)
            self.results = self.parallel(work)

    def parameters(self):
        if self.parallel is None:
            return self.results[0]
        return {name: np.stack([result[name] for result in self.results]) for name in self.results[0]}


if __name__ == "__main__":
    serve(SklearnMlp())
