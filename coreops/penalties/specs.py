"""What each penalty is, for people."""

from dataclasses import dataclass

from coreops.checks import finite_number, flag, wrong

SUBGRADIENT, PROXIMAL, SHRINK_FIRST, MAX_NORM = 0, 1, 2, 3


@dataclass(frozen=True)
class Penalty:
    """l1 sum |w| + l2 sum w^2 + jacobian ||df/dx||^2; `kind` says how the kinked part is minimised."""

    kind = SUBGRADIENT
    l1 = l2 = jacobian = 0.0


@dataclass(frozen=True)
class NoPenalty(Penalty):
    """R(w) = 0: the plain loss, empirical risk minimisation.   Vapnik 1992."""


@dataclass(frozen=True)
class L2(Penalty):
    """R(w) = strength sum w^2 over all weights: the gradient gains 2 strength w ("coupled" weight decay).

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
    """R(w) = strength sum |w|.   strength: finite, >= 0.   Tibshirani 1996, eq. 1.

    proximal=True (default): after each step, w <- S(w, lr strength) with S(w, t) = sign(w) max(|w| - t, 0), which
    leaves exact zeros (Daubechies, Defrise & De Mol 2004, eq. 1.5; Beck & Teboulle 2009, eq. 1.4). For rules that
    rescale the gradient the threshold is still lr strength.
    proximal=False: the gradient gains strength sign(w), with sign(0) = 0; no weight becomes exactly 0.
    """

    strength: float
    proximal: bool = True

    def __post_init__(self):
        rule = type(self).__name__
        finite_number(f"{rule} strength", self.strength, 0)
        flag(f"{rule} proximal", self.proximal)

    @property
    def kind(self):
        return PROXIMAL if self.proximal else SUBGRADIENT

    @property
    def l1(self):
        return self.strength


@dataclass(frozen=True)
class ElasticNet(L1):
    """R(w) = strength sum |w| + ridge sum w^2.   strength, ridge: finite, >= 0; proximal: as in L1, for the first term.

    Zou & Hastie 2005, eq. 3 (the "naive" elastic net).
    """

    ridge: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        finite_number("ElasticNet ridge", self.ridge, 0)

    @property
    def l2(self):
        return self.ridge


@dataclass(frozen=True)
class MaxNorm(Penalty):
    """w_j <- w_j min(1, radius/||w_j||_2) after each step, w_j the weights into unit j: onto the ball of that radius.

    radius: finite, > 0. A unit is a column of a Dense or Maxout, an output channel of a convolution or of one place of
    a locally connected layer, one factor of a Scale; units of the last layer count, biases do not. For random weights
    it is the mean that is bounded, for WeightNorm the direction, on whose length nothing depends. The mean that
    AveragedSGD reads out is of the iterates before this.
    Srebro & Shraibman 2005, "Rank, trace-norm and max-norm"; Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov
    2014, section 5.1.
    """

    radius: float
    kind = MAX_NORM

    def __post_init__(self):
        if finite_number("MaxNorm radius", self.radius, 0) == 0:
            raise wrong("MaxNorm radius", self.radius, "a finite number > 0")

    @property
    def l1(self):
        return self.radius


@dataclass(frozen=True)
class JacobianPenalty(Penalty):
    """R = strength (1/m) sum_i ||df(x_i)/dx||_F^2, f the outputs before the loss.   strength: finite, >= 0.

    The Jacobian is taken by central differences of ordinary passes with steps of eps^(1/3), 6e-6 in float64 and 5e-3 in
    float32: the inputs should be of order 1. Its relative error is about 1e-10 and 1e-4, and a training step costs
    1 + 2.3 n_in times as much. It is what input noise of variance `strength` adds to a squared error, to second order.
    Refused with batch norm on the batch's own statistics, where an output depends on other examples' inputs.
    Bishop 1995, "Training with noise is equivalent to Tikhonov regularization"; Drucker & Le Cun 1992.
    """

    strength: float

    def __post_init__(self):
        finite_number("JacobianPenalty strength", self.strength, 0)

    @property
    def jacobian(self):
        return self.strength
