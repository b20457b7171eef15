"""Every number of the study `dropout`, thresholds included."""

from typing import Annotated

from pydantic import model_validator

from studies.harness import Distinct, Field, FrozenModel, Natural, Positive

Rate = Annotated[float, Field(ge=0, lt=1)]


class Params(FrozenModel):
    seeds: int = Field(40, ge=2, description="reporting seeds, 1000 and up")
    max_doublings: int = Field(0, ge=0, le=2, description="seed doublings while an extendable finding is inconclusive")
    identity_tol: float = Field(1e-12, gt=0, description="relative tolerance of the enumerated identities")
    minimiser_tol: float = Field(1e-10, gt=0, description="the same after a linear system was solved")

    units: int = Field(10, ge=2, le=12, description="masked units whose 2^n masks are enumerated")
    outputs: int = Field(10, ge=2, description="outputs of the enumerated layers")
    layers: int = Field(8, ge=1, description="random layers of the test of means")
    rates: Distinct[Rate] = Field((0.1, 0.3, 0.5, 0.8), min_length=1, description="drop rates of the identities")
    draws: int = Field(20_000, ge=100, description="the engine's own masks whose mean is compared")
    sampled_rate: Rate = Field(0.5, description="drop rate of sampled means and masked inputs")
    sampled_tol: float = Field(0.05, gt=0, description="relative to the root mean square pre-activation, sampled means")
    keep_probability: float = Field(0.8, gt=0, lt=1, description="p of the cited paper, where E43 is shown")
    twin_drop: Rate = Field(0.3, description="drop rate of the twins; no power of two, which would round alike")
    twin_width: int = Field(16, ge=1, description="hidden units of the twins")
    twin_epochs: int = Field(10, ge=1, description="epochs of the twins, on 100 digits")
    twin_rate: float = Field(0.01, gt=0, description="learning rate of the inverted twin")
    twin_tol: float = Field(1e-10, gt=0, description="tolerance on the twins' weights, relative to the largest")

    inputs: int = Field(4, ge=1, description="digits at which ensembles are enumerated")
    ensemble_width: int = Field(32, ge=1, description="units per hidden layer under masked inputs")
    depths: Distinct[Natural] = Field((2, 3), min_length=1, description="affine layers of the deep ensembles")
    scales: Distinct[Positive] = Field((1.0, 3.0), min_length=1, description="factors of untrained He weights")
    nets: int = Field(4, ge=1, description="untrained networks per seed; the mean of their log ratios counts once")
    ensemble_epochs: int = Field(50, ge=1, description="epochs of the trained ensembles, on 200 digits")
    ensemble_rate: float = Field(0.003, gt=0, description="Adam's rate there")
    ratio_margin: float = Field(0.05, gt=0, description="margin on the log ratio of the two divergences")
    error_floor: float = Field(1e-3, gt=0, description="error that a wrong scaling must exceed, in probability")

    feature_scales: tuple[Positive, Positive] = Field((0.5, 2.0), description="range of the units of the ten features")
    ridge_rates: Distinct[Rate] = Field((0.2, 0.5, 0.8), min_length=1, description="drop rates of linear regression")
    ridge_steps: int = Field(6000, ge=100, description="full-batch steps with fresh masks")
    ridge_step_size: float = Field(0.02, gt=0, description="their size, times the keep rate")
    ridge_tol: float = Field(0.02, gt=0, description="on averaged iterates, relative to the largest coefficient")

    sizes: Distinct[Natural] = Field((100, 400), min_length=1, description="training digits")
    widths: Distinct[Natural] = Field((8, 32, 128), min_length=2, description="hidden units")
    noises: Distinct[Rate] = Field((0.0, 0.3), min_length=1, description="share of wrong training labels")
    hidden_rates: Distinct[Rate] = Field((0.0, 0.2, 0.5, 0.8), min_length=3, description="drop rates compared")
    extreme_rate: Rate = Field(0.95, description="drop rate that must fail as near-best")
    tiny_rate: float = Field(1e-9, gt=0, lt=1e-8, description="drop rate that must equal none")
    batch: int = Field(20, ge=1, description="batch size on the digits")
    steps: int = Field(2000, ge=1, description="steps on the digits, the same for all sizes")
    rate_centre: float = Field(0.0015, gt=0, description="centre of the grid of Adam's rates, for every drop rate")
    grid_points: int = Field(7, ge=3, description="points of that grid, four to a decade")
    max_extensions: int = Field(2, ge=0, description="extensions of that grid, of all arms at once")
    tuning_seeds: int = Field(5, ge=1, le=50, description="seeds 500 and up on which Adam's rates are tuned")
    choice_seeds: int = Field(20, ge=1, le=50, description="tuning seeds after these, on which drop rates are chosen")
    margin: float = Field(0.01, gt=0, description="margin in accuracy, of gains and of regrets")
    near_share: float = Field(0.7, gt=0, lt=1, description="share of settings where one half must be near-best")

    @model_validator(mode="after")
    def _together(self):
        if min(self.noises) > 0 or max(self.noises) == 0:
            raise ValueError(f"noises must hold 0 and one above it, got {self.noises}")
        if not {0.0, 0.5} <= set(self.hidden_rates):
            raise ValueError(f"hidden_rates must hold 0 and 0.5, got {self.hidden_rates}")
        if f"{self.extreme_rate:g}" in map("{:g}".format, self.hidden_rates):
            raise ValueError(
                f"extreme_rate must not be among hidden_rates, {self.hidden_rates}, got {self.extreme_rate}"
            )
        return self

    @property
    def cells(self):
        return [(n, width, noise) for n in self.sizes for noise in self.noises for width in self.widths]


FULL = Params()
QUICK = Params(
    seeds=6, layers=2, rates=(0.3, 0.5), draws=4000, twin_epochs=3, inputs=4, nets=1, ensemble_epochs=5,
    ridge_rates=(0.2,), ridge_steps=4000, sizes=(100,), widths=(8, 32), steps=150, grid_points=3, max_extensions=0,
    tuning_seeds=1, choice_seeds=6,
)  # fmt: skip
