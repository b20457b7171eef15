"""Fixed first layers: Fourier, random Fourier and random ReLU features, drawn from the seed and never learned."""

from dataclasses import dataclass

import numpy as np

from coreops import records
from coreops.checks import finite_number, keep_integers, optional_instance, real_array, wrong
from coreops.initializers import Constant, Initializer, LecunNormal, Uniform
from coreops.layers.activation import ReLU
from coreops.layers.dense import add_dense
from coreops.records import ADD_DX, INPUT_GRADIENT, SKIP_DX
from coreops.target import barrier, kernel, lane, lanes


def add_fixed_dense(plan, x, n, init, bias_init, fan_in):
    """x W + b with W and b in stats."""
    w = plan.fixed("weight", (x.width, n), init, fan_in, n)
    b, z = plan.fixed("bias", (n,), bias_init), plan.value(n)
    add_dense(plan, x, w, b, z)
    return z


def add_cosine(plan, z, amplitude):
    """a cos(z), a drawn by an initializer."""
    a, y = plan.fixed("amplitude", (z.width,), amplitude), plan.value(z.width)
    plan.add(records.SINUSOID, x=z, y=y, w=a, n_in=z.width, n_out=z.width)
    return y


@dataclass(frozen=True)
class FourierFeatures:
    """y_j = sqrt(2/n) cos(w_j . x + b_j), j < n = n_features, w_j ~ N(0, scale^2 I), b_j ~ U(0, 2 pi), fixed.

    y(u) . y(v) tends to the Gaussian kernel exp(-scale^2 ||u - v||^2/2) as n grows. n_in, n_features: positive
    integers; scale: finite, >= 0, default 1.   Rahimi & Recht 2007, section 3 and algorithm 1.
    """

    n_in: int
    n_features: int
    scale: float = 1.0

    def __post_init__(self):
        keep_integers(self, "n_in", "n_features")
        finite_number("FourierFeatures scale", self.scale, 0)

    def build(self, plan, x):
        plan.expect_width(x, self.n_in)
        n = self.n_features
        z = add_fixed_dense(plan, x, n, LecunNormal(self.scale), Uniform(0.0, 2 * np.pi), fan_in=1)
        return add_cosine(plan, z, Constant(np.sqrt(2 / n)))


@dataclass(frozen=True)
class FourierSeries:
    """y = (a_0, ..., s a_k cos(2 pi k x), s a_k sin(2 pi k x), ...) for k = 1 ... K, s = sqrt(2).   x: (m, 1).

    order: K >= 0; weights: (a_0, ..., a_K), finite, default all 1. With weights 1 the 2K + 1 features are orthonormal
    on x = l/n, l < n, for n > 2K; in float32 their angles are off by some 4e-7 k |x|.
    Muthukumar, Vodrahalli, Subramanian & Sahai 2020.
    """

    order: int
    weights: tuple | None = None

    def __post_init__(self):
        keep_integers(self, "order", low=0)
        if self.weights is not None:
            weights = real_array("FourierSeries weights", self.weights, 1)
            if len(weights) != self.order + 1:
                raise wrong("FourierSeries weights", f"{len(weights)} numbers", f"{self.order + 1}: one per frequency")
            object.__setattr__(self, "weights", tuple(weights.tolist()))

    n_in = 1

    def build(self, plan, x):
        plan.expect_width(x, 1)
        k = np.arange(1, 2 * self.order + 2) // 2  # 0, 1, 1, 2, 2, ...
        sine = np.arange(len(k)) % 2 == 0  # sin t = cos(t - pi/2)
        sine[0] = False
        a = np.ones(self.order + 1) if self.weights is None else np.asarray(self.weights)
        z = add_fixed_dense(plan, x, len(k), Given.of(2 * np.pi * k), Given.of(np.where(sine, -np.pi / 2, 0.0)), 1)
        return add_cosine(plan, z, Given.of(a[k] * np.where(k > 0, np.sqrt(2), 1.0)))


@dataclass(frozen=True)
class RandomReLUFeatures:
    """y = max(0, x W + b), W: (n_in, n_features) and b drawn once and fixed.

    n_in, n_features: positive integers; init: of W, default the network's; bias_init: of b, default Uniform(-1, 1), as
    with b = 0 all kinks pass through x = 0.   Rahimi & Recht 2008, "Weighted sums of random kitchen sinks".
    """

    n_in: int
    n_features: int
    init: Initializer | None = None
    bias_init: Initializer | None = None

    def __post_init__(self):
        keep_integers(self, "n_in", "n_features")
        for name in ("init", "bias_init"):
            wanted = "an initializer such as HeNormal(), or None"
            optional_instance(f"RandomReLUFeatures {name}", getattr(self, name), Initializer, wanted)

    def build(self, plan, x):
        plan.expect_width(x, self.n_in)
        init, bias_init = self.init or plan.default_init, self.bias_init or Uniform(-1.0, 1.0)
        z = add_fixed_dense(plan, x, self.n_features, init, bias_init, self.n_in)
        return ReLU().build(plan, z)


@dataclass(frozen=True)
class Given(Initializer):
    """w = these values."""

    values: tuple

    @classmethod
    def of(cls, array):
        return cls(tuple(array.tolist()))

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        out[:] = self.values


@kernel
def sinusoid_forward(op, m, arena):
    n = op["n_out"]
    z, y, a = arena[op["x"] : op["x"] + m * n], arena[op["y"] : op["y"] + m * n], arena[op["w"] : op["w"] + n]
    for i in range(m):
        for j in range(lane(), n, lanes()):
            y[i * n + j] = a[j] * np.cos(z[i * n + j])
    barrier()


@kernel
def sinusoid_backward(op, m, arena, mode):
    """dz = -a sin(z) dy."""
    n, flags, zero = op["n_out"], op["flags"], arena.dtype.type(0)
    if flags & SKIP_DX and not mode & INPUT_GRADIENT:
        return
    z, dz = arena[op["x"] : op["x"] + m * n], arena[op["dx"] : op["dx"] + m * n]
    dy, a, add = arena[op["dy"] : op["dy"] + m * n], arena[op["w"] : op["w"] + n], flags & ADD_DX != 0
    for i in range(m):
        for j in range(lane(), n, lanes()):
            k = i * n + j
            dz[k] = (dz[k] if add else zero) - a[j] * np.sin(z[k]) * dy[k]
    barrier()
