"""Every number of the protocol of `signal_propagation`."""

from itertools import pairwise

from pydantic import model_validator

from studies.harness import Distinct, Field, FrozenModel, Natural, Positive


class Params(FrozenModel):
    seeds: int = Field(20, ge=3, description="seeds of the trained networks")
    max_doublings: int = Field(
        2, ge=0, description="doublings of the seeds while an extendable finding is inconclusive"
    )
    mc_level: float = Field(0.995, gt=0, lt=1, description="level of a Monte Carlo finding, 95 % for all ten together")
    gain_tol: float = Field(0.05, gt=0, description="relative tolerance of a mean gain or mean level")
    orthogonal_tol: float = Field(1e-12, gt=0, description="relative tolerance of an exact gain")
    # gain per layer
    gain_widths: Distinct[Natural] = Field((64, 256), min_length=1, description="widths of the gain table")
    gain_depth: int = Field(20, ge=2, description="layers of the gain table")
    gain_draws: int = Field(50, ge=4, description="random networks per rule and width")
    # fluctuation
    widths: Distinct[Natural] = Field((16, 64, 256), min_length=1, description="widths of the ReLU nets, increasing")
    short_depths: tuple[Natural, ...] = Field((3, 10, 20), description="largest depth of the variance, per width")
    short_draws: tuple[Natural, ...] = Field((40000, 20000, 1500), description="networks of the variance, per width")
    inputs: int = Field(8, ge=1, le=16, description="orthogonal inputs averaged per network of the variance")
    variance_tol: float = Field(0.10, gt=0, description="relative tolerance of a variance")
    long_depth: int = Field(50, ge=2, description="layers of the quantiles and of the drift")
    long_draws: tuple[Natural, ...] = Field((4000, 1000, 120), description="networks of the quantiles, per width")
    log_depths: Distinct[Natural] = Field((5, 10, 20, 50), min_length=1, description="depths at which ln q is judged")
    log_widths: Distinct[Natural] = Field(
        (16, 64), min_length=1, description="widths at which the variance of ln q is judged"
    )
    drift_draws: int = Field(500, ge=10, le=1000, description="most networks of the paired test of the drift")
    wide: int = Field(2048, ge=64, description="width at which the spread must have gone")
    wide_depth: int = Field(5, ge=1, description="layers of the wide networks")
    wide_draws: int = Field(12, ge=3, description="wide networks")
    wide_spread: float = Field(0.2, gt=0, description="largest standard deviation of q_L/q_0 that counts as gone")
    # decay
    decay_widths: Distinct[Natural] = Field((1000,), min_length=1, description="widths; the first is judged")
    decay_depth: int = Field(60, ge=6, description="layers of the decay")
    decay_from: int = Field(5, ge=1, description="first layer of the slope")
    decay_draws: int = Field(60, ge=3, description="random networks of the decay")
    decay_tol: float = Field(0.05, gt=0, description="tolerance of the slope of ln q in ln l")
    first_tol: float = Field(0.03, gt=0, description="relative tolerance in the first layer")
    merged: float = Field(0.999, gt=0, lt=1, description="least cosine of what were orthogonal inputs of sigmoid nets")
    # backward
    narrow: int = Field(64, ge=4, description="width of the narrow layers, and of all when widths are equal")
    width_ratio: int = Field(4, ge=2, description="wide over narrow")
    backward_depth: int = Field(8, ge=4, description="layers of the nets of unequal width")
    backward_draws: int = Field(200, ge=4, description="random networks of unequal width, per rule and unit")
    # trained networks
    n_train: int = Field(200, ge=20, le=1000, description="training digits")
    batch: int = Field(20, ge=1, description="batch size")
    width: int = Field(32, ge=2, description="units per hidden layer")
    hidden_layers: tuple[Natural, ...] = Field(
        (1, 2, 4, 6, 8, 12, 16, 24, 32), min_length=3, description="depths, increasing from 1"
    )
    deeper_tanh: tuple[Natural, ...] = Field((48, 64), description="further depths of tanh nets")
    epochs: int = Field(30, ge=1, description="epochs of a training")
    success: float = Field(0.9, gt=0, lt=1, description="training accuracy above which a net counts as trained")
    octaves: float = Field(0.25, gt=0, description="least difference in log2 of the reached depth that counts")
    shallow_tol: float = Field(0.01, gt=0, description="largest difference of training accuracy at one hidden layer")
    tuning_seeds: int = Field(3, ge=1, le=100, description="tuning seeds, 500 and up")
    grid_points: int = Field(7, ge=3, description="learning rates tried in every arm, at first")
    grid_density: int = Field(2, ge=1, description="learning rates per decade")
    extensions: int = Field(3, ge=0, description="most extensions of all grids of a depth, two rates each")
    centre_adam: float = Field(3.16e-3, gt=0, description="middle of Adam's grid")
    centre_sgd: float = Field(3.16e-2, gt=0, description="middle of plain descent's grid")
    # symmetry
    symmetry_units: int = Field(16, ge=4, description="hidden units; a square of a power of two keeps scaling exact")
    symmetry_epochs: int = Field(30, ge=1, description="epochs on the digits")
    symmetry_every: int = Field(10, ge=1, description="steps between records of the distance")
    symmetry_rate: float = Field(0.1, gt=0, description="rate of plain descent on the digits")
    symmetry_adam_rate: float = Field(0.01, gt=0, description="rate of Adam on the digits")
    dropout: float = Field(0.5, gt=0, lt=1, description="share of hidden units dropped by the control")
    noises: Distinct[Positive] = Field(
        (1e-12, 1e-10, 1e-8, 1e-6, 1e-4), min_length=2, description="noise on the incoming weights, float64"
    )
    noise: float = Field(1e-6, gt=0, description="noise of the control, one of noises")
    linear_noise: float = Field(1e-8, gt=0, description="largest noise whose effect is judged to be proportional to it")
    parted: float = Field(0.1, gt=0, description="distance from which twins count as parted")
    proportional_tol: float = Field(0.05, gt=0, description="tolerance of the slope of ln distance in ln noise")
    single_tol: float = Field(1e-9, gt=0, description="relative tolerance between all units alike and one unit")
    flat_steps: Distinct[Positive] = Field((0.1, 1.0, 10.0), min_length=1, description="steps along the flat direction")
    flat_tol: float = Field(1e-10, gt=0, description="relative change of the loss that counts as rounding")
    xor_units: int = Field(4, ge=2, description="hidden units on XOR")
    xor_steps: int = Field(1000, ge=1, description="full-batch steps on XOR")
    xor_rate: float = Field(0.5, gt=0, description="rate of plain descent on XOR")
    xor_adam_rate: float = Field(0.05, gt=0, description="rate of Adam on XOR")
    constants: tuple[Positive, Positive] = Field((0.1, 1.5), description="range of the constant start on XOR")

    @property
    def symmetry_steps(self):
        return self.symmetry_epochs * -(-self.n_train // self.batch)

    def centre(self, optimizer):
        return {"Adam": self.centre_adam, "SGD": self.centre_sgd}[optimizer]

    def layers(self, units):
        """Numbers of hidden layers that are trained with these units."""
        return (*self.hidden_layers, *(self.deeper_tanh if units == "tanh" else ()))

    def depths(self, n):
        """Depths at which the variance is judged at width n: L/n < 0.2, at width 256 only as far as it is cheap."""
        most = self.short_depths[self.widths.index(n)]
        return sorted({max(1, most // 2), most})

    @model_validator(mode="after")
    def _together(self):
        for name in ("short_depths", "short_draws", "long_draws"):
            if len(getattr(self, name)) != len(self.widths):
                raise ValueError(f"{name} must hold one number per width, got {getattr(self, name)}")
        if not set(self.log_widths) <= set(self.widths):
            raise ValueError(f"log_widths must be among widths, {self.widths}, got {self.log_widths}")
        if max(self.log_depths) > self.long_depth:
            raise ValueError(f"log_depths must not exceed long_depth, {self.long_depth}, got {self.log_depths}")
        if self.hidden_layers[0] != 1 or list(self.hidden_layers) != sorted(set(self.hidden_layers)):
            raise ValueError(f"hidden_layers must increase from 1, got {self.hidden_layers}")
        if any(b <= a for a, b in pairwise(self.layers("tanh"))):
            raise ValueError(f"deeper_tanh must go on from hidden_layers, got {self.deeper_tanh}")
        if self.noise not in self.noises:
            raise ValueError(f"noise must be one of noises, {self.noises}, got {self.noise}")
        if sum(noise <= self.linear_noise for noise in self.noises) < 2:
            raise ValueError(f"noises must hold two of at most linear_noise, {self.linear_noise}, got {self.noises}")
        if self.symmetry_steps % self.symmetry_every:
            raise ValueError(f"symmetry_every must divide the {self.symmetry_steps} steps, got {self.symmetry_every}")
        return self


FULL = Params()
QUICK = Params(
    seeds=6, max_doublings=0, gain_widths=(64,), gain_depth=10, gain_draws=20,
    short_depths=(3, 10, 10), short_draws=(4000, 1000, 40),
    long_depth=20, long_draws=(1000, 200, 20), log_depths=(5, 10, 20), wide=1024, wide_draws=4, decay_widths=(256,),
    decay_depth=30, decay_draws=160, backward_draws=30, hidden_layers=(1, 2, 4, 8), deeper_tanh=(), epochs=12,
    tuning_seeds=1, grid_points=3, grid_density=1, extensions=0, xor_steps=300,
)  # fmt: skip
