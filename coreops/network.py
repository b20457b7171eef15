"""A network: a list of layer specs, laid out once as a plan."""

import functools

import numpy as np

from coreops.checks import cast, instance, integer, real_array, wrong
from coreops.initializers import HeNormal, Initializer
from coreops.losses import BITS, LABEL, Loss
from coreops.plan import Plan

DTYPES = ("float32", "float64")
MOST_PARAMETERS = 2**31
KERNEL_READY = (
    "C",
    "A",
    "W",
)  # a read-only or strided array is another type to Numba, and would compile everything anew


class Network:
    """Layers in order, closed by a loss: y = f_L(... f_1(x)), E = mean loss over the examples.

    layers: specs such as Dense(64, 32), ReLU(); loss: a Loss; init: the Initializer of layers that name none,
    default HeNormal(); dtype: "float32" (default) or "float64", of parameters, data and arithmetic.
    Raises TypeError for things that are no layers and ValueError for sizes that do not fit, naming both layers.

    theta is one flat vector: all weights in layer order, then all biases. `parameters(theta)` names its parts.
    """

    def __init__(self, *layers, loss, init=None, dtype="float32"):
        if not layers:
            raise wrong("layers", "none", "at least one layer")
        for layer in layers:
            if isinstance(layer, Loss):
                raise wrong("loss", f"{layer!r} among the layers", "it as the argument loss=", TypeError)
            if isinstance(layer, type) or not hasattr(layer, "build"):
                raise wrong("layers", layer, "layer specs such as Dense(64, 32) or ReLU()", TypeError)
        self.layers = tuple(layers)
        self.loss = instance("loss", loss, Loss, "a loss such as SoftmaxCrossEntropy()")
        self.init = instance(
            "init", HeNormal() if init is None else init, Initializer, "an initializer such as HeNormal()"
        )
        name = getattr(dtype, "__name__", str(dtype))
        if name not in DTYPES:
            raise wrong("dtype", dtype, "'float32' or 'float64'")
        self.dtype = np.dtype(name)
        self.plan = self._build()
        self.n_in = self.plan.n_in
        self.n_parameters = sum(p.size for p in self.plan.parameters)
        if self.n_parameters > MOST_PARAMETERS:
            raise wrong("layers", f"{self.n_parameters} parameters", f"at most {MOST_PARAMETERS}")
        self.lay_out = functools.lru_cache(maxsize=64)(self.plan.lay_out)

    def _build(self):
        sizes = [layer.n_in for layer in self.layers if hasattr(layer, "n_in")]
        if not sizes:
            raise wrong("layers", "no layer that states its size", "at least one, such as Dense(64, 32)")
        plan = Plan(sizes[0], self.init)
        x, previous = plan.input, "the input"
        for plan.layer, layer in enumerate(self.layers):
            expected = getattr(layer, "n_in", x.width)
            if expected != x.width:
                raise wrong(
                    f"layers {previous} and {plan.layer} {layer}",
                    f"{x.width} outputs into {expected} inputs",
                    "as many outputs as the next layer has inputs",
                )
            x, previous = layer.build(plan, x), f"{plan.layer} {layer}"
        self.n_out = x.width
        self.loss.build(plan, x)
        if self.loss.targets == LABEL and self.n_out < 2:
            raise wrong(f"layers {previous} and {self.loss}", "1 output", "at least 2 classes")
        return plan

    def __repr__(self):
        parts = ", ".join(repr(layer) for layer in self.layers)
        return f"Network({parts}, loss={self.loss!r}, init={self.init!r}, dtype={self.dtype.name!r})"

    def __reduce__(self):
        # Pickled and copied as what it was built from: the memo of `lay_out` stays behind.
        return functools.partial(Network, loss=self.loss, init=self.init, dtype=self.dtype.name), self.layers

    def astype(self, dtype):
        """The same network in another precision."""
        return Network(*self.layers, loss=self.loss, init=self.init, dtype=dtype)

    def initialize(self, seed):
        """theta drawn for a seed in [0, 2^64): the same numbers in both precisions, up to rounding."""
        integer("seed", seed, 0, 2**64 - 1)
        theta, position = np.zeros(self.n_parameters), 0
        for p in self.plan.weights:
            p.init.fill(theta[position : position + p.size].reshape(p.shape), int(seed), p.ordinal, p.fan_in, p.fan_out)
            position += p.size
        return theta.astype(self.dtype)

    def parameters(self, theta):
        """dict from parameter name ("0.weight" of shape (n_in, n_out), "0.bias", ...) to a view into theta."""
        theta = np.asarray(theta)
        if theta.shape != (self.n_parameters,):
            raise wrong("theta", f"shape {theta.shape}", f"shape ({self.n_parameters},)")
        views, position = {}, 0
        for p in self.plan.parameters:
            views[p.name] = theta[position : position + p.size].reshape(p.shape)
            position += p.size
        return views

    # --- data ---

    def encode_inputs(self, X, name="X"):
        """X (n, n_in) as contiguous rows of the network's dtype."""
        X = real_array(name, X)
        if X.ndim != 2 or X.shape[1] != self.n_in or X.shape[0] == 0:
            raise wrong(name, f"shape {X.shape}", f"shape (n, {self.n_in}) with n >= 1")
        return cast(name, X, self.dtype, KERNEL_READY)

    def encode_targets(self, y, n, name="y"):
        """y as the loss wants it: (n, 1) class numbers, (n, n_out) bits or (n, n_out) reals, in the network's dtype."""
        y = real_array(name, y)
        if len(y.shape) == 0 or y.shape[0] != n:
            raise wrong(name, f"shape {y.shape}", f"{n} targets, one per row of X")
        kind = self.loss.targets
        if kind == LABEL or (kind == BITS and y.ndim == 1 and self.n_out > 1):
            y = self._labels(y, name)
            return np.eye(self.n_out, dtype=self.dtype)[y] if kind == BITS else y[:, None].astype(self.dtype)
        if y.ndim == 1 and self.n_out == 1:
            y = y[:, None]
        if y.shape != (n, self.n_out):
            raise wrong(name, f"shape {y.shape}", f"shape ({n}, {self.n_out})")
        if kind == BITS and not np.isin(y, (0, 1)).all():
            raise wrong(name, f"values {np.unique(y)[:5]}", "targets 0 or 1")
        return cast(name, y, self.dtype, KERNEL_READY)

    def _labels(self, y, name):
        wanted = f"integer class labels in [0, {self.n_out})"
        if y.ndim != 1:
            raise wrong(name, f"shape {y.shape}", f"one-dimensional {wanted}")
        if y.dtype.kind == "b" or not np.array_equal(y, np.trunc(y)):
            raise wrong(name, f"dtype {y.dtype}, values {y[:3]}", wanted)
        if y.min() < 0 or y.max() >= self.n_out:
            raise wrong(name, f"labels from {y.min()} to {y.max()}", wanted)
        return y.astype(np.int64)
