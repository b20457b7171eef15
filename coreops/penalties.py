"""Penalties on the weights, added to the loss that is minimised (never to the losses that are reported).

They act on the first n_weights values of theta: biases and gains are left out.
"""

from dataclasses import dataclass

from coreops.checks import finite_number
from coreops.target import barrier, kernel, lane, lanes

SUBGRADIENT, PROXIMAL, CLIP_FIRST = 0, 1, 2


@dataclass(frozen=True)
class Penalty:
    """l1 sum |w| + l2 sum w^2; `kind` says how the kinked part is minimised."""

    kind = SUBGRADIENT
    l1 = l2 = jacobian = 0.0


@dataclass(frozen=True)
class NoPenalty(Penalty):
    """l1 = l2 = 0: the plain loss, empirical risk minimisation (Vapnik 1991)."""


@dataclass(frozen=True)
class L2(Penalty):
    """E + strength sum w^2 over all weights: the gradient gains 2 strength w ("coupled" weight decay).

    strength: finite, >= 0. For SGD one step is w <- (1 - 2 lr strength) w - lr g.   Krogh & Hertz 1992, eq. 2;
    Hoerl & Kennard 1970 (ridge). For decay that an adaptive optimizer does not rescale see AdamW.
    """

    strength: float

    def __post_init__(self):
        finite_number("L2 strength", self.strength, 0)

    @property
    def l2(self):
        return self.strength


@dataclass(frozen=True)
class L1(Penalty):
    """E + strength sum |w|.   strength: finite, >= 0. Tibshirani 1996.

    proximal=True (default): after each step, w <- S(w, lr strength) with S(w, t) = sign(w) max(|w| - t, 0), which
    leaves exact zeros (Daubechies, Defrise & De Mol 2004, eq. 1.5; Beck & Teboulle 2009, eq. 1.4). For rules that
    rescale the gradient the threshold is still lr strength.
    proximal=False: the gradient gains strength sign(w), with sign(0) = 0; no weight becomes exactly 0.
    """

    strength: float
    proximal: bool = True

    def __post_init__(self):
        finite_number("L1 strength", self.strength, 0)

    @property
    def kind(self):
        return PROXIMAL if self.proximal else SUBGRADIENT

    @property
    def l1(self):
        return self.strength


@dataclass(frozen=True)
class ElasticNet(L1):
    """E + strength sum |w| + ridge sum w^2; strength, ridge: finite, >= 0.   Zou & Hastie 2005, eq. 3 (naive)."""

    ridge: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        finite_number("ElasticNet ridge", self.ridge, 0)

    @property
    def l2(self):
        return self.ridge


@dataclass(frozen=True)
class ShrinkFirst(L1):
    """ERRATUM E41, as printed in deck 004: w <- S(w, strength) before the gradient step, which leaves no exact zeros.

    S(w, t) = sign(w) max(|w| - t, 0) with t = strength, not lr strength. Right: L1 (Beck & Teboulle 2009, eq. 1.4).
    """

    kind = CLIP_FIRST


@dataclass(frozen=True)
class JacobianPenalty(Penalty):
    """E + strength mean_i ||df(x_i)/dx||_F^2, f the outputs before the loss.   strength: finite, >= 0.

    The Jacobian is taken by central differences of ordinary passes, step h = eps^(1/3) (relative error about 1e-9 in
    float64, 1e-4 in float32), so a training step costs 1 + 2.5 n_in times as much. It is what input noise of variance
    `strength` adds to a squared error, to second order.   Bishop 1995, "Training with noise is equivalent to Tikhonov
    regularization", eq. 16; Drucker & Le Cun 1992.
    """

    strength: float

    def __post_init__(self):
        finite_number("JacobianPenalty strength", self.strength, 0)

    @property
    def jacobian(self):
        return self.strength


@kernel
def add_gradient(row, theta, grad):
    """grad += 2 l2 w + l1 sign(w): what of the penalty is differentiated."""
    zero, two_l2 = theta.dtype.type(0), theta.dtype.type(2.0 * row["l2"])
    l1 = theta.dtype.type(row["l1"] if row["penalty"] == SUBGRADIENT else 0.0)
    for i in range(lane(), row["n_weights"], lanes()):
        w = theta[i]
        grad[i] += two_l2 * w + (l1 if w > zero else (-l1 if w < zero else zero))
    barrier()


@kernel
def soft_threshold(row, threshold, theta):
    """w <- sign(w) max(|w| - t, 0); NaN stays NaN."""
    t, zero = theta.dtype.type(threshold), theta.dtype.type(0)
    for i in range(lane(), row["n_weights"], lanes()):
        w = theta[i]
        theta[i] = zero if abs(w) <= t else (w - t if w > zero else w + t)
    barrier()


@kernel
def before_gradient(row, theta):
    """What a penalty does to theta before the gradient is taken."""
    if row["penalty"] == CLIP_FIRST:
        soft_threshold(row, row["l1"], theta)


@kernel
def after_update(row, lr, theta):
    """What a penalty does to theta after the update."""
    if row["penalty"] == PROXIMAL:
        soft_threshold(row, lr * row["l1"], theta)
