"""The layer itself: what it computes, and its gradient by three routes."""

import numpy as np

from coreops import (
    BatchNorm,
    Dense,
    Network,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    input_gradient,
    loss_and_gradient,
)
from coreops.inference import network_outputs

EPS, CLASSES, KEY = 1e-5, 3, 4001


def case(batch, units):
    """(X, labels, tensors) of a small problem, drawn for this batch size."""
    rng = np.random.default_rng([KEY, batch])
    X = rng.normal(size=(batch, units)) * np.linspace(0.5, 3.0, units) + rng.normal(size=units)
    shapes = {"0.gain": (units,), "0.shift": (units,), "2.weight": (units, CLASSES), "2.bias": (CLASSES,)}
    tensors = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    tensors["0.gain"] = 1 + 0.3 * tensors["0.gain"]
    return X, rng.integers(0, CLASSES, batch), tensors


def network(units, detached=False):
    layers = BatchNorm(eps=EPS, detached=detached), Tanh(), Dense(units, CLASSES)
    return Network(*layers, loss=SoftmaxCrossEntropy(), dtype="float64", input_shape=(units,))


def theta_of(net, tensors):
    theta = np.zeros(net.n_parameters)
    for name, view in net.parameters(theta).items():
        view[:] = tensors[name]
    return theta


def summed_loss(X, y, t):
    """The definition, in complex numbers too: the square of a deviation, not of its modulus."""
    centred = X - X.mean(0)
    xh = centred / np.sqrt((centred * centred).mean(0) + EPS)
    logits = np.tanh(t["0.gain"] * xh + t["0.shift"]) @ t["2.weight"] + t["2.bias"]
    return np.sum(np.log(np.exp(logits).sum(1)) - logits[np.arange(len(y)), y])


def complex_step(X, y, t, step=1e-30):
    """d summed loss by X, gain and shift, to rounding: Im E(x + i h)/h.   Squire & Trapp 1998."""
    values = {"input": X, "gain": t["0.gain"], "shift": t["0.shift"]}

    def derivative(name, index):
        moved = {k: v.astype(complex) for k, v in values.items()}
        moved[name][index] += 1j * step
        return summed_loss(moved["input"], y, t | {"0.gain": moved["gain"], "0.shift": moved["shift"]}).imag / step

    return {k: np.array([derivative(k, i) for i in np.ndindex(v.shape)]).reshape(v.shape) for k, v in values.items()}


def closed_form(X, y, t):
    """df = (gain/sd) (g - mean g - xh mean(g xh)), with g the gradient by gain xh + shift."""
    sd = np.sqrt(X.var(0) + EPS)
    xh = (X - X.mean(0)) / sd
    h = np.tanh(t["0.gain"] * xh + t["0.shift"])
    logits = h @ t["2.weight"] + t["2.bias"]
    e = np.exp(logits - logits.max(1, keepdims=True))
    error = e / e.sum(1, keepdims=True) - np.eye(CLASSES)[y]
    g = (error @ t["2.weight"].T) * (1 - h * h)
    return {
        "input": t["0.gain"] / sd * (g - g.mean(0) - xh * (g * xh).mean(0)),
        "gain": (g * xh).sum(0),
        "shift": g.sum(0),
    }


def engine(net, X, y, t):
    """The same three from the engine."""
    theta = theta_of(net, t)
    gradient = net.parameters(loss_and_gradient(net, theta, X, y)[1] * len(X))
    by_input = input_gradient(net, theta, X, y, training=True)
    return {"input": by_input, "gain": gradient["0.gain"], "shift": gradient["0.shift"]}


def central_differences(net, X, y, t, step=6e-6):
    """Of the loss that the engine reports."""
    values = {"input": X, "gain": t["0.gain"], "shift": t["0.shift"]}

    def loss(moved):
        theta = theta_of(net, t | {"0.gain": moved["gain"], "0.shift": moved["shift"]})
        return loss_and_gradient(net, theta, moved["input"], y)[0] * len(X)

    def derivative(name, index):
        sides = []
        for sign in (1, -1):
            moved = {k: v.copy() for k, v in values.items()}
            moved[name][index] += sign * step
            sides.append(loss(moved))
        return (sides[0] - sides[1]) / (2 * step)

    return {k: np.array([derivative(k, i) for i in np.ndindex(v.shape)]).reshape(v.shape) for k, v in values.items()}


def measure(p):
    """Part "gradient": error by group and batch (x); part "outputs": mean and variance against v/(v + eps)."""
    out = []
    for batch in p.gradient_batches:
        X, y, t = case(batch, p.units)
        right, net = complex_step(X, y, t), network(p.units)
        found = {
            "engine": engine(net, X, y, t),
            "formula": closed_form(X, y, t),
            "detached": engine(network(p.units, detached=True), X, y, t),
            "differences": central_differences(net, X, y, t),
        }
        largest = max(np.abs(v).max() for v in right.values())
        for arm, groups in found.items():
            for group, value in groups.items():
                size = largest if arm == "differences" else np.abs(right[group]).max()
                error = np.abs(value - right[group]).max() / size
                out.append(("gradient", arm, group, batch, -1, error))
    return out + _outputs(p)


def _outputs(p):
    plain = Network(
        BatchNorm(eps=EPS, gain=False, shift=False), loss=SquaredError(), dtype="float64", input_shape=(p.units,)
    )
    out = []
    for batch in p.gradient_batches:
        X = case(batch, p.units)[0] * np.logspace(-4, 0, p.units)  # of the first unit, the variance is below eps
        expected = X.var(0) / (X.var(0) + EPS)
        found = {
            "engine": network_outputs(plain, np.zeros(0), X, batch_statistics=True),
            "uncentred": X / np.sqrt((X * X).mean(0) + EPS),
        }
        for arm, y in found.items():
            for k in range(p.units):
                out.append(("outputs", arm, f"mean {k}", batch, -1, y[:, k].mean()))
                out.append(("outputs", arm, f"variance {k}", batch, -1, y[:, k].var() / expected[k] - 1))
    return out
