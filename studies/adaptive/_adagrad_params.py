"""Every number of the study `adagrad_decay`, thresholds included."""

from typing import Annotated

from pydantic import model_validator

from studies.harness import Distinct, Field, FrozenModel, Natural, Positive

Size = Annotated[float, Field(ge=1e-150, le=1e150)]  # with a square in float64


class Params(FrozenModel):
    seeds: int = Field(60, ge=1, description="reporting seeds, 1000 and up; the unit of replication")
    max_doublings: int = Field(1, ge=0, le=2, description="seed doublings while an extendable finding is inconclusive")

    rate: float = Field(1.0, gt=0, description="learning rate on the given gradient streams")
    steps: int = Field(10_000, ge=200, description="steps of each stream")
    points: int = Field(40, ge=5, description="log-spaced steps at which a slope is read")
    sizes: Distinct[Size] = Field(
        (1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3), min_length=1, description="sizes of constant gradients, with eps = 0"
    )
    step_slope: float = Field(-0.5, description="log-log slope of AdaGrad's step against the step number")
    constant_tol: float = Field(0.005, gt=0, description="tolerance on that slope for constant gradients")
    path_from: int = Field(100, ge=100, description="first step at which the path is compared with its closed form")
    path_tol: float = Field(1e-10, gt=0, description="relative tolerance on the path")
    two_term_tol: float = Field(0.01, gt=0, description="tolerance on the path's first two terms, in learning rates")
    small_sizes: Distinct[Size] = Field(
        (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0), min_length=1, description="sizes of constant gradients, with eps > 0"
    )
    eps: float = Field(1e-8, gt=0, description="epsilon where its place is tested (E13)")
    coordinates: int = Field(8, ge=1, description="independent noisy coordinates that a seed averages")
    bias: float = Field(1.0, description="mean of the biased noise; its standard deviation is 1, as of the other")
    first_step: int = Field(10, ge=1, description="first step of the noisy fits")
    bins: int = Field(24, ge=3, description="bins of equal width in log t in which noisy steps are averaged")
    noisy_tol: float = Field(0.03, gt=0, description="tolerance on the slope for noisy gradients")
    power: float = Field(0.25, gt=0, lt=0.5, description="p of gradients t^-p whose squares have no finite sum")
    fast_power: float = Field(1.0, gt=0.5, description="p of gradients t^-p whose squares have a finite sum")
    late_step: int = Field(100, ge=1, description="first step of the fits on decaying gradients")
    decaying_tol: float = Field(0.02, gt=0, description="tolerance on the slopes for decaying gradients")

    number: int = Field(10, ge=1, description="gradients in the burst, of alternating sign")
    distance: float = Field(10.0, gt=0, description="length of the unit slope after the burst, in learning rates")
    settings: Distinct[tuple[Natural, Positive]] = Field(
        ((10, 10.0), (1, 10.0), (10, 100.0)), min_length=1, description="(burst length, distance) of the formula's test"
    )
    bursts: Distinct[Size] = Field(
        (1.0, 3.162, 10.0, 31.62, 100.0, 316.2, 1000.0), min_length=2, description="burst sizes, against a slope of 1"
    )
    checked_burst: float = Field(10.0, gt=0, description="burst size whose whole number of steps is reported")
    stall_tol: float = Field(0.02, gt=0, description="relative tolerance on the time to cross the slope")
    regime: float = Field(10.0, gt=0, description="the burst dominates where M sqrt(m) > regime * D/(4 rate)")
    stall_slope_tol: float = Field(0.05, gt=0, description="tolerance on slope 1 of time against M in that regime")
    slowdown_factor: float = Field(3.0, gt=1, description="AdaGrad's slowdown over the slower forgetting rule's")
    far: float = Field(1000.0, gt=0, description="distance at which a burst of size 1 must not matter")
    unit_tol: float = Field(0.05, gt=0, description="tolerance on that ratio of times")
    slack: float = Field(1.3, gt=1, description="length of a run over the time that the formula gives")

    n_train: int = Field(200, ge=20, le=1000, description="training digits")
    width: int = Field(32, ge=1, description="units per hidden layer")
    hidden: int = Field(2, ge=1, description="hidden layers of the shallow network")
    deep_hidden: int = Field(6, ge=1, description="hidden layers of the deep network")
    batch: int = Field(20, ge=1, description="batch size on the digits")
    epochs: int = Field(100, ge=1, description="long budget on the digits, in epochs")
    short_epochs: int = Field(10, ge=1, description="short budget on the digits, in epochs")
    curve_points: int = Field(20, ge=1, description="evaluations per run")
    loss_floor: float = Field(1e-9, gt=0, description="a training loss below this counts as this")
    adagrad_centre: float = Field(0.1, gt=0, description="middle of AdaGrad's grid on the digits")
    rmsprop_centre: float = Field(3e-3, gt=0, description="middle of RMSProp's grid on the digits")
    adam_centre: float = Field(1e-2, gt=0, description="middle of Adam's grid on the digits")
    grid_points: int = Field(7, ge=3, description="points of every grid, 4 per decade")
    tuning_seeds: int = Field(10, ge=1, le=100, description="tuning seeds, 500 and up")
    log_loss_margin: float = Field(0.2, gt=0, description="margin on the natural log of the loss")
    error_margin: float = Field(0.01, gt=0, description="margin on the validation error on the digits")

    octaves: int = Field(9, ge=2, description="coordinates with a gradient in every 1st, 2nd, 4th, ... step")
    rounds: int = Field(4, ge=1, description="gradients of the rarest of them")
    ratio_tol: float = Field(1e-10, gt=0, description="relative tolerance on the ratio of their steps")
    features: int = Field(500, ge=2, description="features of the logistic regression")
    top_frequency: float = Field(
        0.5, gt=0, le=1, description="frequency of the commonest feature; rank j has 1/j of it"
    )
    teacher_scale: float = Field(2.0, gt=0, description="standard deviation of the teacher's weights")
    sparse_sizes: tuple[Natural, Natural] = Field(
        (2000, 10_000), description="examples in the one pass: short and long"
    )
    sparse_tuning_seeds: int = Field(6, ge=1, le=100, description="tuning seeds of the logistic regression")
    test_examples: int = Field(2500, ge=100, description="fresh examples on which accuracy is measured")
    sparse_adagrad: float = Field(0.56, gt=0, description="middle of AdaGrad's grid on the logistic regression")
    sparse_sgd: float = Field(0.2, gt=0, description="middle of SGD's grid")
    sparse_decaying: float = Field(1.8, gt=0, description="middle of decaying SGD's grid")
    sparse_forgetting: tuple[Positive, Positive] = Field(
        (0.03, 0.03), description="middles of RMSProp's and Adam's grids"
    )
    decay: float = Field(10.0, gt=0, description="decaying SGD has the rate lr/(1 + decay t/n)")
    accuracy_margin: float = Field(0.01, gt=0, description="margin on accuracy")
    equal_margin: float = Field(0.005, gt=0, description="margin within which accuracies count as equal")
    probe: float = Field(0.01, gt=0, description="value of all features in the example that reads the effective steps")
    last_rank: int = Field(250, ge=2, description="rarest rank in the fit of effective step against frequency")
    rank_points: int = Field(30, ge=3, description="log-spaced ranks in that fit")
    frequency_slope: float = Field(-0.5, description="log-log slope of the effective step against frequency")
    frequency_tol: float = Field(0.03, gt=0, description="tolerance on that slope")

    @model_validator(mode="after")
    def _together(self):
        if (self.number, self.distance) not in self.settings:
            raise ValueError(
                f"settings must hold (number, distance), {self.number, self.distance}, got {self.settings}"
            )
        if self.checked_burst not in self.bursts:
            raise ValueError(f"checked_burst must be one of bursts, {self.bursts}, got {self.checked_burst}")
        for number, distance in self.settings:
            least = self.regime * distance / 4 / number**0.5
            if sum(size > least for size in self.bursts) < 2:
                raise ValueError(f"bursts must hold two above {least:g} for {number, distance}, got {self.bursts}")
        if self.sparse_sizes[0] >= self.sparse_sizes[1]:
            raise ValueError(f"sparse_sizes must increase, got {self.sparse_sizes}")
        if self.last_rank > self.features:
            raise ValueError(f"last_rank must be at most features, {self.features}, got {self.last_rank}")
        return self


FULL = Params()
QUICK = Params(
    seeds=8, max_doublings=0, steps=2000, two_term_tol=0.02, epochs=30, tuning_seeds=3, sparse_tuning_seeds=3,
    features=100, sparse_sizes=(500, 2000), test_examples=2000, last_rank=50,
    equal_margin=0.01, frequency_tol=0.06,
)  # fmt: skip
