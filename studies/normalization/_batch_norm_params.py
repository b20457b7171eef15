"""Every number of the study `batch_norm`, thresholds included."""

from typing import Annotated

from pydantic import model_validator

from studies.harness import Distinct, Field, FrozenModel, Natural, Positive

Factor = Annotated[float, Field(ge=1e-6, le=1e6)]  # beyond, squares of float32 weights leave its range


class Params(FrozenModel):
    seeds: int = Field(20, ge=2, description="reporting seeds, 1000 and up")
    max_doublings: int = Field(1, ge=0, le=2, description="seed doublings while an extendable finding is inconclusive")
    n_train: int = Field(200, ge=50, le=1000, description="training digits, but for the speed comparison")
    width: int = Field(32, ge=2, description="units per hidden layer")
    hidden: int = Field(2, ge=1, description="hidden layers where depth is not varied")
    grid_points: int = Field(7, ge=3, description="points of every grid of rates, 4 per decade")
    extensions: int = Field(3, ge=0, description="most extensions of a grid whose winner lies at its edge")
    tuning_seeds: int = Field(4, ge=1, le=100, description="tuning seeds, 500 and up")

    gradient_batches: Distinct[Natural] = Field((2, 4, 32), min_length=1, description="batches of the gradient")
    units: int = Field(6, ge=2, description="normalised units of the gradient check")
    gradient_tol: float = Field(1e-7, gt=0, description="tolerance on gradients, relative to the largest of its group")
    wrong_error: float = Field(0.1, gt=0, description="least error of the gradient that leaves the statistics out")
    tol: float = Field(1e-10, gt=0, description="relative tolerance on identities in float64")
    scales: Distinct[Factor] = Field((0.01, 0.1, 10.0, 100.0), min_length=1, description="factors on the weights")
    offset: float = Field(3.0, gt=0, description="standard deviation of offsets added to units or weights")
    norm_epochs: int = Field(20, ge=2, description="epochs in which the weight norm is followed")
    norm_rate: float = Field(0.5, gt=0, description="learning rate there")
    decays: tuple[float, float] = Field((0.0, 1e-3), description="L2 strengths there")
    norm_tol: float = Field(1e-6, gt=0, description="relative tolerance on the growth of the squared norm")
    bias_tol: float = Field(1e-12, gt=0, description="tolerance on gradient and effect of biases before batch norm")
    fold_tol: float = Field(1e-12, gt=0, description="tolerance on folded outputs in float64, of the largest output")
    fold_tol_32: float = Field(1e-5, gt=0, description="the same in float32")
    timing_rounds: int = Field(41, ge=2, description="rounds in which the folded and the unfolded network are timed")
    timing_repeats: int = Field(9, ge=1, description="repetitions of each timing, the fastest of which counts")

    formula_batches: Distinct[Natural] = Field((4, 8, 16, 64), min_length=1, description="batches of the Monte Carlo")
    formula_draws: int = Field(40_000, ge=1000, description="batches drawn there")
    gap_batches: Distinct[Natural] = Field((4, 8, 16, 32, 64), min_length=3, description="batches of the slope")
    gap_rate: float = Field(0.1, gt=0, description="learning rate of the gap, the same for all batches")
    gap_rates: Distinct[Positive] = Field((0.03, 0.3), min_length=1, description="other rates at which it is fitted")
    gap_epochs: int = Field(30, ge=1, description="epochs of the gap, where epochs are held fixed")
    gap_steps: int = Field(600, ge=1, description="steps of the gap, where steps are held fixed")
    gap_passes: int = Field(10, ge=1, description="passes with standing weights over which a loss is averaged")
    gap_slope: float = Field(-0.5, lt=0, description="bound on the log-log slope of the gap")
    gap_floor: float = Field(1e-9, gt=0, description="a gap below this counts as this")
    norm_batches: Distinct[Natural] = Field(
        (2, 3, 4, 8, 16, 64, 200), min_length=2, description="batches of the comparison of normalisations"
    )
    norm_arm_epochs: int = Field(30, ge=1, description="epochs of that comparison")
    norm_centre: float = Field(0.18, gt=0, description="middle of its grids")
    groups: int = Field(4, ge=2, description="groups of group norm")
    collapse: float = Field(0.02, gt=0, description="margin on the accuracy lost with two examples per batch")
    benefit: float = Field(0.005, gt=0, description="margin on accuracy at large batches")
    recalibration_margin: float = Field(0.01, gt=0, description="margin on the part of the gap that goes, of the gap")
    large: Distinct[Natural] = Field((16, 64), min_length=1, description="those large batches")

    speed_train: int = Field(400, ge=50, le=1000, description="training digits of the speed comparison")
    depths: Distinct[Natural] = Field((2, 4, 8), min_length=1, description="hidden layers: speed and highest rate")
    speed_batches: Distinct[Natural] = Field((32, 128), min_length=1, description="batches of the speed comparison")
    small_batch: int = Field(8, ge=2, description="batch outside the range claimed")
    speed_epochs: int = Field(60, ge=1, description="epochs allowed")
    target: float = Field(0.1, gt=0, description="training loss to be reached")
    speed_factor: float = Field(1.5, gt=1, description="margin: ratio of epochs")
    curve_batch: int = Field(128, ge=2, description="batch of the learning curves shown")
    curve_depth: int = Field(8, ge=1, description="their hidden layers")
    speed_centre: float = Field(0.32, gt=0, description="middle of the grids")

    rate_batches: Distinct[Natural] = Field((20, 100), min_length=1, description="batches of the highest rate")
    rate_low: float = Field(0.01, gt=0, description="lowest rate tried")
    rate_points: int = Field(15, ge=3, description="rates tried, 4 per decade")
    rate_epochs: int = Field(30, ge=1, description="epochs at each rate")
    rate_loss: float = Field(0.5, gt=0, description="a rate works if the training loss ends below this")
    rate_margin: float = Field(0.4, gt=0, description="margin on log10 of the highest rate")

    deep: int = Field(30, ge=12, description="layers of the stacks at initialisation")
    deep_width: int = Field(128, ge=8, description="their width")
    deep_batch: int = Field(128, ge=8, description="examples through them")
    deep_skip: int = Field(5, ge=0, description="layers next to the output left out of the fit")
    deep_sizes: Distinct[tuple[Natural, Natural]] = Field(
        ((64, 128), (256, 128), (128, 32), (128, 512)), min_length=1, description="other (width, batch)"
    )
    size_seeds: int = Field(3, ge=1, description="stacks of each other size")
    growth: float = Field(1.2, gt=0, description="growth of the gradient per layer, batch norm and ReLU")
    growth_tol: float = Field(0.05, gt=0, description="tolerance on it")
    limit_tol: float = Field(0.03, gt=0, description="relative tolerance on the limit sqrt(pi/(pi - 1))")
    level_tol: float = Field(0.02, gt=0, description="tolerance on a growth of 1")
    train_depths: Distinct[Natural] = Field((2, 10, 20, 40), min_length=2, description="layers of the trained stacks")
    deep_epochs: int = Field(20, ge=1, description="epochs of their training")
    deep_centre: float = Field(0.18, gt=0, description="middle of their grids")
    deep_tuning_seeds: int = Field(3, ge=1, le=100, description="tuning seeds of the stacks")
    checked_depth: int = Field(20, ge=1, description="depth at which residual connections are compared")
    residual_margin: float = Field(0.05, gt=0, description="margin on accuracy there")

    @model_validator(mode="after")
    def _together(self):
        for small, large in (("large", "norm_batches"), ("curve_batch", "speed_batches"), ("curve_depth", "depths"),
                             ("checked_depth", "train_depths")):  # fmt: skip
            values = getattr(self, small)
            missing = set(values if isinstance(values, tuple) else (values,)) - set(getattr(self, large))
            if missing:
                raise ValueError(f"{small} must be in {large}, {getattr(self, large)}, got {values}")
        if 2 not in self.norm_batches:
            raise ValueError(f"norm_batches must hold 2, got {self.norm_batches}")
        if max(self.norm_batches + self.gap_batches + self.rate_batches) > self.n_train:
            raise ValueError(f"batches must be at most n_train, {self.n_train}")
        if max((*self.speed_batches, self.small_batch)) > self.speed_train:
            raise ValueError(f"speed_batches must be at most speed_train, {self.speed_train}")
        if self.decays[0] != 0 or self.decays[1] <= 0:
            raise ValueError(f"decays must be 0 and a number above 0, got {self.decays}")
        if self.deep_skip > self.deep - 4:
            raise ValueError(f"deep_skip must leave 4 of {self.deep} layers, got {self.deep_skip}")
        return self


FULL = Params()
QUICK = Params(
    seeds=6, max_doublings=0, tuning_seeds=2, extensions=1, grid_points=5, formula_draws=5000,
    gap_batches=(4, 16, 64), gap_rates=(0.3,), gap_epochs=15, gap_steps=200, gap_passes=4,
    norm_batches=(2, 16, 64), norm_arm_epochs=10, depths=(2, 8), speed_epochs=20, speed_train=200, rate_epochs=15,
    rate_batches=(100,), rate_points=11, rate_low=0.056, deep=16, deep_width=64, deep_batch=64,
    deep_sizes=((32, 64),), size_seeds=1, train_depths=(2, 20), deep_epochs=6, norm_epochs=5, deep_tuning_seeds=1,
    timing_repeats=3, timing_rounds=11,
)  # fmt: skip
