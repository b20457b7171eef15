"""A given sequence of gradients: what the velocity is made of."""

import numpy as np
import pandas as pd

from coreops import Cyclic, Data, HeavyBall, LinearLoss, Network, Run, Scale
from studies.harness import statistics
from studies.momentum._modes import COLUMNS

SLIDES = {"plus": "E05", "exponent": "E22", "shrink": "E21"}  # wrong forms, and the erratum of each


def stream(gradients, lr, momentum):
    """A row that is fed the gradients (t, n) one by one from w = 0; every w is kept."""
    steps, n = gradients.shape
    return Run(
        Network(Scale(n), loss=LinearLoss(), dtype="float64"),
        optimizer=HeavyBall(lr, momentum),
        batch_size=1,
        sampling=Cyclic(),
        epochs=1,
        evaluate_every=0,
        record_theta_every=1,
        theta0=np.zeros(n),
        data=Data(np.ones((steps, n)), gradients),
    )


def unrolled(v, g, lr, b, k, sign=-1.0):
    """b^(k+1) v_(t-k-1) + sign sum_{i=0..k} b^i lr g_(t-i) for t = k+1 .. T; v, g: (T + 1, n), g_0 unused."""
    total = np.zeros_like(v[k + 1 :])
    for i in range(k + 1):
        total += b**i * lr * g[k + 1 - i : len(g) - i]
    return b ** (k + 1) * v[: len(v) - k - 1] + sign * total


def printed_exponent(g, lr, b, t):
    """-lr sum_{j=1..t} b^(j-t) g_j, as slide 002 prints the weights."""
    j = np.arange(1, t + 1)
    return -lr * b ** (j - float(t)) @ g[1 : t + 1]


def errors(w, g, p, b):
    """form -> {k: largest error relative to the rms of what is predicted}; w, g: (T + 1, n)."""
    v = np.vstack([np.zeros_like(w[:1]), np.diff(w, axis=0)])
    size = np.sqrt(np.mean(v**2))

    def worst(predicted, true, scale=size):
        return np.abs(predicted - true).max() / scale

    out = {"unrolled": {}, "plus": {}}
    for k in p.memories:
        out["unrolled"][k] = worst(unrolled(v, g, p.rate, b, k), v[k + 1 :])
        out["plus"][k] = worst(unrolled(v, g, p.rate, b, k, sign=1.0), v[k + 1 :])
    t = p.exponent_steps
    out["exponent"] = {t: worst(printed_exponent(g, p.rate, b, t), v[t])}
    out["shrink"] = {0: worst(b * w[:-1] + v[1:], w[1:], np.sqrt(np.mean(w**2)))}
    return out


def measure(p, seeds, sweep):
    shape = (p.stream_steps, p.streams)
    gradients = {s: np.random.default_rng([s, 2]).standard_normal(shape) for s in seeds}
    cases = [(b, s) for b in p.momenta for s in seeds]
    constant, impulse = np.ones((p.constant_steps, 1)), np.zeros((p.ages, 1))
    impulse[0] = 1.0
    rows = [stream(gradients[s], p.rate, b) for b, s in cases]
    rows += [stream(constant, p.rate, b) for b in p.momenta]
    table = sweep([*rows, stream(impulse, p.rate, p.momentum)])
    out = []
    for i, (b, s) in enumerate(cases):
        w = table[i].step_theta
        g = np.vstack([np.zeros_like(w[:1]), gradients[s]])
        for form, by_k in errors(w, g, p, b).items():
            out += [(f"stream-{form}", "hb", s, b, float(k), e) for k, e in by_k.items()]
        v = np.diff(w, axis=0)[p.warm_up :]
        out.append(("stream-variance", "hb", s, b, 0.0, np.mean(((1 - b) * v / p.rate) ** 2)))
    for b, result in zip(p.momenta, table[len(cases) : -1], strict=True):
        total = -np.diff(result.step_theta[:, 0]) / p.rate
        times = np.unique(np.geomspace(1, p.constant_steps, 40).astype(int))
        out += [("stream-total", "hb", 0, b, float(t), total[t - 1]) for t in times]
    weights = -np.diff(table[-1].step_theta[:, 0]) / p.rate
    out += [("stream-weight", "hb", 0, p.momentum, float(i), v) for i, v in enumerate(weights)]
    return pd.DataFrame(out, columns=COLUMNS)


def judge(data, p):
    def values(form):
        return data[data.part == f"stream-{form}"]

    def identity(errors):
        return statistics.exact(errors, np.zeros(len(errors)), tol=p.rounding, scale=1.0)

    total = values("total")
    last = total[total.y == total.y.max()]
    every = values("variance").pivot(index="seed", columns="x", values="value")
    memory = every[p.momentum]
    mildest = min(SLIDES, key=lambda form: values(form).value.min())
    return {
        "unrolled": identity(values("unrolled").value),
        "total-weight": (
            statistics.exact(total.value, (1 - total.x**total.y) / (1 - total.x), tol=p.total_tol),
            "sums after the last step: "
            + ", ".join(f"{v:.5g} (b = {b:g})" for b, v in zip(last.x, last.value, strict=True)),
        ),
        "memory": (
            statistics.monte_carlo(
                memory.mean(),
                memory.std(ddof=1) / np.sqrt(len(memory)),
                (1 - p.momentum) / (1 + p.momentum),
                n=len(memory),
                relative=p.memory_tol,
            ),
            f"the average of {1 / memory.mean():.3g} independent gradients would vary as much",
        ),
        "slide-forms": (
            identity(values(mildest).value.nsmallest(1)),
            f"the mildest of all: {SLIDES[mildest]}",
        ),
        "as-printed-e05": identity(values("plus").value),
        "as-printed-e06": statistics.exact(last.value, np.ones(len(last)), tol=p.total_tol),
        "as-printed-e21": identity(values("shrink").value),
        "as-printed-e22": identity(values("exponent").value),
    }
