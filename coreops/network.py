"""A network: a list of layer specs, laid out once as a plan."""

import functools
import numbers

import numpy as np

from coreops.checks import cast, instance, integer, positive_integer, real_array, wrong
from coreops.initializers import HeNormal, Initializer
from coreops.layers.base import layer_specs
from coreops.losses import LABEL, TWO_VALUES, Loss
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
    default HeNormal(); dtype: "float32" (default) or "float64", of parameters, data and arithmetic; input_shape: what
    an example looks like, (n,), (length, channels) or (height, width, channels); may be left out if a layer states it.
    Raises TypeError for things that are no layers and ValueError for sizes that do not fit, naming both layers.

    theta is one flat vector: all weights in layer order, then all biases, then gains. `parameters(theta)` names its
    parts. What is kept but not learned (running statistics, fixed features) is a second vector, `stats`.
    """

    def __init__(self, *layers, loss, init=None, dtype="float32", input_shape=None):
        if not layers:
            raise wrong("layers", "none", "at least one layer")
        self.layers = layer_specs("layers", layers)
        self.loss = instance("loss", loss, Loss, "a loss such as SoftmaxCrossEntropy()")
        self.init = instance(
            "init", HeNormal() if init is None else init, Initializer, "an initializer such as HeNormal()"
        )
        name = getattr(dtype, "__name__", str(dtype))
        if name not in DTYPES:
            raise wrong("dtype", dtype, "'float32' or 'float64'")
        self.dtype = np.dtype(name)
        self.input_shape = self._input_shape(input_shape)
        self.plan = self._build()
        self.n_in = self.plan.input.width
        self.n_parameters = sum(p.size for p in self.plan.parameters)
        self.n_statistics = sum(p.size for p in self.plan.statistics)
        if self.n_parameters > MOST_PARAMETERS:
            raise wrong("layers", f"{self.n_parameters} parameters", f"at most {MOST_PARAMETERS}")
        self.lay_out = functools.lru_cache(maxsize=64)(self.plan.lay_out)

    def _input_shape(self, shape):
        if shape is not None:
            shape = (shape,) if isinstance(shape, numbers.Integral) else shape
            if not isinstance(shape, (tuple, list)) or not 1 <= len(shape) <= 3:
                raise wrong("input_shape", shape, "(n,), (length, channels) or (height, width, channels)")
            return tuple(positive_integer("input_shape", n) for n in shape)
        sizes = [layer.n_in for layer in self.layers if getattr(layer, "n_in", None) is not None]
        if not sizes:
            wanted = "at least one, such as Dense(64, 32), or input_shape=(height, width, channels)"
            raise wrong("layers", "no layer that states its size", wanted)
        return (sizes[0],)

    def _build(self):
        plan = Plan(self.input_shape, self.init)
        y = plan.stack(self.layers, plan.input)
        plan.current = str(self.loss)
        if len(y.shape) > 1:
            raise plan.misfit(f"outputs of shape {y.shape}", "a flat vector: put Flatten() between them")
        self.n_out = y.width
        self.loss.build(plan, y)
        if self.loss.targets == LABEL and self.n_out < 2:
            raise wrong(f"layers {plan.previous} and {self.loss}", "1 output", "at least 2 classes")
        return plan

    def __repr__(self):
        parts = ", ".join(repr(layer) for layer in self.layers)
        shape = f", input_shape={self.input_shape}" if len(self.input_shape) > 1 else ""
        return f"Network({parts}, loss={self.loss!r}, init={self.init!r}, dtype={self.dtype.name!r}{shape})"

    def __reduce__(self):
        # Pickled and copied as what it was built from: the memo of `lay_out` stays behind.
        again = functools.partial(
            Network, loss=self.loss, init=self.init, dtype=self.dtype.name, input_shape=self.input_shape
        )
        return again, self.layers

    def astype(self, dtype):
        """The same network in another precision."""
        return Network(*self.layers, loss=self.loss, init=self.init, dtype=dtype, input_shape=self.input_shape)

    def initialize(self, seed):
        """theta drawn for a seed in [0, 2^64): the same numbers in both precisions, up to rounding."""
        return self._drawn(self.plan.parameters, seed)

    def initial_statistics(self, seed):
        """stats before training: running statistics at their start, fixed features drawn for the seed."""
        return self._drawn(self.plan.statistics, seed)

    def _drawn(self, tensors, seed):
        integer("seed", seed, 0, 2**64 - 1)
        parts = [tensor.drawn(int(seed)).reshape(-1) for tensor in tensors]
        return np.concatenate([np.zeros(0), *parts]).astype(self.dtype)

    def parameters(self, theta):
        """dict from parameter name ("0.weight" of shape (n_in, n_out), "0.bias", ...) to a view into theta."""
        return self._named("theta", theta, self.plan.parameters)

    def statistics(self, stats):
        """dict from the name of what is kept but not learned ("1.running_mean", ...) to a view into stats."""
        return self._named("stats", stats, self.plan.statistics)

    def _named(self, name, values, tensors):
        values, position, views = np.asarray(values), 0, {}
        total = sum(tensor.size for tensor in tensors)
        if values.shape != (total,):
            raise wrong(name, f"shape {values.shape}", f"shape ({total},)")
        for tensor in tensors:
            views[tensor.name] = values[position : position + tensor.size].reshape(tensor.shape)
            position += tensor.size
        return views

    def check_variances(self, name, stats):
        """ValueError if a running variance in `stats` is negative: its root would be NaN."""
        for tensor, values in self.statistics(stats).items():
            if tensor.endswith("running_variance") and values.min() < 0:
                raise wrong(name, f"a least {tensor} of {values.min()}", "variances >= 0")

    # --- data ---

    def encode_inputs(self, X, name="X"):
        """X (n, n_in) or (n, *input_shape), a last axis of 1 optional, as rows (n, n_in) of the network's dtype."""
        X = real_array(name, X)
        shape, allowed = self.input_shape, [(self.n_in,)]
        if len(shape) > 1:
            allowed += [shape, shape[:-1]] if shape[-1] == 1 else [shape]
        if X.shape[1:] not in allowed or X.shape[0] == 0:
            wanted = " or ".join(str(("n", *s)).replace("'", "") for s in allowed)
            raise wrong(name, f"shape {X.shape}", f"shape {wanted} with n >= 1")
        return cast(name, X.reshape(len(X), self.n_in), self.dtype, KERNEL_READY)

    def encode_targets(self, y, n, name="y"):
        """y as the loss wants it: (n, 1) class numbers, (n, n_out) bits, signs or reals, in the network's dtype."""
        y = real_array(name, y)
        if len(y.shape) == 0 or y.shape[0] != n:
            raise wrong(name, f"shape {y.shape}", f"{n} targets, one per row of X")
        kind, two = self.loss.targets, TWO_VALUES.get(self.loss.targets)
        if kind == LABEL:
            return self._labels(y, name)[:, None].astype(self.dtype)
        if two and y.ndim == 1 and self.n_out > 1:
            return np.where(np.eye(self.n_out)[self._labels(y, name)], two[1], two[0]).astype(self.dtype)
        if y.ndim == 1 and self.n_out == 1:
            y = y[:, None]
        if y.shape != (n, self.n_out):
            raise wrong(name, f"shape {y.shape}", f"shape ({n}, {self.n_out})")
        if two and not np.isin(y, two).all():
            raise wrong(name, f"values {np.unique(y)[:5]}", f"targets {two[0]} or {two[1]}")
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
