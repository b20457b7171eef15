"""Initializers whose weights depend on each other: orthogonal, duplicated units, unbalanced gauge.

The last axis of a tensor are the outputs, the one before it (if any) the inputs, the rest the positions of a kernel.
"""

import math
from dataclasses import dataclass

import numpy as np

from coreops.checks import finite_number, instance, integer, keep_integers, wrong
from coreops.initializers.base import Initializer, normal
from coreops.initializers.scaling import HeNormal
from coreops.rng import INITIALIZE, draw, uniform

GAUGE_STEP = 1  # weights are drawn at step 0 of the initialisation streams
WIDEST = 30  # powers of ten: what float32 can hold of a factor and of its inverse
HE, BASE = HeNormal(), "an initializer such as HeNormal()"


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """W^T W = gain^2 I (as many inputs as outputs or more) or W W^T = gain^2 I, W the (inputs, outputs) matrix.

    Q of the QR decomposition of independent normals, its columns signed so that R has a positive diagonal: uniform
    (Haar) over orthogonal matrices. gain: number >= 0. A network refuses it for a tensor of one dimension.
    Source: Saxe, McClelland & Ganguli 2014, section 3; Mezzadri 2007, section 5 for the signs.
    """

    gain: float = 1.0
    needs_inputs = True

    def __post_init__(self):
        finite_number("Orthogonal gain", self.gain, 0)

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        matrix = out.reshape(-1, out.shape[-1])
        normals = np.empty((max(matrix.shape), min(matrix.shape)))
        normal(normals, seed, ordinal, 1.0)
        q, r = np.linalg.qr(normals)
        q *= np.copysign(self.gain, np.diag(r))
        matrix[:] = q if q.shape == matrix.shape else q.T


@dataclass(frozen=True)
class Duplicated(Initializer):
    """Groups of `outputs` neighbouring outputs share their weights, and of `inputs` neighbouring inputs theirs.

    Units with equal incoming weights (outputs=2 in their layer) and equal outgoing ones (inputs=2 in the next) stay
    equal under any deterministic training. base: draws one of each group, with the fans of the whole tensor, so the
    variance of a weight is that of `base`. inputs, outputs: positive integers; the last group may be smaller.
    Source: the symmetry of Goodfellow et al. 2016, section 8.4; duplicated units: Fukumizu & Amari 2000, section 3.
    """

    base: Initializer = HE
    outputs: int = 2
    inputs: int = 1

    def __post_init__(self):
        instance("Duplicated base", self.base, Initializer, BASE)
        keep_integers(self, "outputs", "inputs")

    @property
    def needs_inputs(self):
        return self.inputs > 1 or self.base.needs_inputs

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        groups = {-1: self.outputs} if self.inputs == 1 else {-1: self.outputs, -2: self.inputs}
        shape = list(out.shape)
        for axis, copies in groups.items():
            shape[axis] = math.ceil(shape[axis] / copies)
        different = np.empty(shape)
        self.base.fill(different, seed, ordinal, fan_in, fan_out)
        for axis, copies in groups.items():
            different = np.repeat(different, copies, axis)
        out[:] = different[tuple(slice(n) for n in out.shape)]


@dataclass(frozen=True)
class GaugeImbalanced(Initializer):
    """w_ij c_j/c_i: the weights of `base` in another gauge, with factors c = 10^u, u ~ U(-spread, spread), per unit.

    outputs: number of the set of units that this tensor feeds, inputs: number of the set it reads; None: none, c = 1.
    The factors of a set depend on the seed and its number, so a network whose hidden layer k is `outputs=k` in one
    layer and `inputs=k` in the next is, with rectifiers and biases at 0, the same function as with `base`. A bias
    follows with `outputs=k`. spread: number in [0, 30]; at 0 exactly `base`. The numbers: integers in [0, 2^16).
    Source: Neyshabur, Salakhutdinov & Srebro 2015, section 2 (unbalanced networks).
    """

    base: Initializer = HE
    spread: float = 1.0
    outputs: int | None = None
    inputs: int | None = None

    def __post_init__(self):
        instance("GaugeImbalanced base", self.base, Initializer, BASE)
        finite_number("GaugeImbalanced spread", self.spread, 0, WIDEST)
        if self.outputs is None and self.inputs is None:
            raise wrong("GaugeImbalanced outputs, inputs", "neither", "the number of a set of units for at least one")
        for name in ("outputs", "inputs"):
            if getattr(self, name) is not None:
                integer(f"GaugeImbalanced {name}", getattr(self, name), 0, 2**16 - 1)

    @property
    def needs_inputs(self):
        return self.inputs is not None or self.base.needs_inputs

    def fill(self, out, seed, ordinal, fan_in, fan_out):
        self.base.fill(out, seed, ordinal, fan_in, fan_out)
        if self.outputs is not None:
            out *= self.factors(seed, self.outputs, out.shape[-1])
        if self.inputs is not None:
            out /= self.factors(seed, self.inputs, out.shape[-2])[:, None]

    def factors(self, seed, units, n):
        """The factors of set `units` of n units."""
        words = [draw(np.uint64(seed), INITIALIZE, units, GAUGE_STEP, k // 4)[k % 4] for k in range(n)]
        return 10.0 ** (self.spread * (2 * np.array([uniform(word) for word in words]) - 1))
