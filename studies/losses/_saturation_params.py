"""Every number of the saturation study, thresholds included."""

from pydantic import model_validator

from studies.harness import Distinct, Field, FrozenModel, Natural, Positive


class Params(FrozenModel):
    """Times of the single unit are steps times learning rate; those of the networks are epochs."""

    seeds: int = Field(20, ge=2, description="paired seeds: split, initial weights and order of examples")
    max_doublings: int = Field(2, ge=0, le=2, description="seed doublings while a speed finding is inconclusive")
    # single unit
    start: float = Field(2.0, gt=0, description="initial weight and bias of the lecture's unit, each")
    z_max: float = Field(10.0, gt=0, description="largest initial logit; weight and bias start at half of it each")
    z_step: float = Field(0.5, gt=0, description="spacing of initial logits, from 0")
    goal: float = Field(0.1, gt=0, lt=0.5, description="prediction at which the unit counts as recovered (target 0)")
    fine_rate: float = Field(0.01, gt=0, description="learning rate of the runs judged against the flow")
    coarse_rate: float = Field(0.15, gt=0, description="learning rate of the shown runs")
    records: int = Field(4000, ge=100, description="records per run: long runs are timed to this fraction")
    horizon: float = Field(
        1.1, gt=1, description="length of a run over the predicted time; unrecovered runs count as it"
    )
    path_steps: int = Field(300, ge=10, description="length of the shown trajectories, steps")
    times_tol: float = Field(0.01, gt=0, description="relative tolerance on times at the fine rate")
    coarse_tol: float = Field(0.03, gt=0, description="relative tolerance on times at the coarse rate, about one step")
    exponential_from: float = Field(8.0, ge=0, description="initial logit from which growth is judged exponential")
    exponential_slope: float = Field(1.0, description="expected slope of ln(time) in the initial logit, squared error")
    exponential_tol: float = Field(0.03, gt=0, description="tolerance on slopes of logarithms")
    linear_from: float = Field(5.0, ge=0, description="initial logit from which growth is judged linear")
    linear_slope: float = Field(0.5, description="expected slope of time in the initial logit, log-loss")
    linear_tol: float = Field(0.01, gt=0, description="tolerance on that slope")
    start_ratio: float = Field(28.3, description="log-loss over squared-error gradient at the lecture's start")
    start_ratio_tol: float = Field(0.05, gt=0, description="tolerance on it: the rounding of its last digit")
    printed_logit: float = Field(5.0, description="exponent printed on the slide")
    # gradient
    z_limit: int = Field(700, ge=40, description="largest |logit| of the identity")
    fine_limit: int = Field(40, ge=1, description="largest |logit| in steps of a tenth; beyond, integers")
    classes: int = Field(10, ge=2, description="classes of the softmax")
    softmax_cases: int = Field(
        40, ge=1, description="random logit vectors, spread to the limit; and as many moderate ones"
    )
    identity_tol: float = Field(1e-12, gt=0, description="largest error, relative to the largest possible gradient, 1")
    floor: float = Field(0.5, gt=0, description="smallest |gradient| on the wrong side")
    derivative_tol: float = Field(1e-7, gt=0, description="norm-wise error against central differences")
    derivative_limit: float = Field(10.0, gt=0, description="largest |logit| of the central differences")
    naive_edge: float = Field(36.74, gt=0, description="logit at which 1 - sigma is lost: 53 ln 2, for 53 bits")
    naive_edge_tol: float = Field(0.1, gt=0, description="tolerance on it: the spacing of the logits")
    # networks
    hidden: tuple[Natural, ...] = Field((32, 32), min_length=1, description="widths of the ReLU layers, He initialised")
    n_train: int = Field(200, ge=20, le=1000, description="training digits")
    table_train: int = Field(364, ge=20, le=364, description="training tumours")
    batch: int = Field(20, ge=1, description="batch size on the digits; the table and `full-batch` use all examples")
    epochs: int = Field(100, ge=2, description="budget of a mini-batch run; unfinished runs count as it")
    full_epochs: int = Field(150, ge=2, description="budget of a full-batch run; unfinished runs count as it")
    accuracy_epochs: int = Field(30, ge=2, description="length of the runs whose test accuracy is compared")
    scales: Distinct[Positive] = Field(
        (1.0, 3.0, 10.0), min_length=2, description="output weights at the start, in units of He's, increasing"
    )
    curve_scale: float = Field(3.0, gt=0, description="initial scale of the shown learning curves")
    target: float = Field(0.02, ge=0, lt=1, description="share of wrong training examples that ends the count")
    slow_ratio: float = Field(1.5, gt=1, description="least ratio of epochs that counts as slower")
    noise: float = Field(0.3, gt=0, lt=1, description="share of training labels replaced by another class")
    accuracy_delta: float = Field(0.01, gt=0, description="least difference of test accuracy that counts")
    half: float = Field(0.5, gt=0, lt=1, description="share of runs below which 'most' fail")
    twin_offset: int = Field(100_000, ge=100_000, description="added to the seed for the second log-loss arm's weights")
    tuning_seeds: int = Field(10, ge=2, le=100, description="tuning seeds, 500 and up, for every arm")
    grid_points: int = Field(7, ge=3, description="learning rates tried in every arm, at first")
    grid_density: int = Field(4, ge=1, description="learning rates per decade")
    accuracy_seeds: int = Field(
        160, ge=2, description="reporting seeds of the accuracy arms, 1000 and up, if more than the others'"
    )
    accuracy_tuning_seeds: int = Field(30, ge=2, le=100, description="tuning seeds of the accuracy arms")
    accuracy_points: int = Field(13, ge=3, description="learning rates tried in every accuracy arm, at first")
    accuracy_density: int = Field(8, ge=1, description="learning rates per decade in the accuracy arms")
    extensions: int = Field(3, ge=0, description="most extensions of all grids of a task, two rates each")
    centre_squared: float = Field(0.32, gt=0, description="middle of the grid: squared error, mini-batches")
    centre_log: float = Field(0.1, gt=0, description="middle of the grid: log-loss, mini-batches")
    centre_full: float = Field(1.0, gt=0, description="middle of the grid: both, full batches of digits")
    centre_table_squared: float = Field(1.8, gt=0, description="middle of the grid: squared error, table")
    centre_table_log: float = Field(0.56, gt=0, description="middle of the grid: log-loss, table")

    @model_validator(mode="after")
    def _together(self):
        if list(self.scales) != sorted(set(self.scales)):
            raise ValueError(f"scales must increase, got {self.scales}")
        if self.curve_scale not in self.scales:
            raise ValueError(f"curve_scale must be one of scales, {self.scales}, got {self.curve_scale}")
        return self


FULL = Params()
QUICK = Params(
    seeds=8, max_doublings=0, z_step=1.0, records=1000, softmax_cases=10, epochs=40, full_epochs=60,
    accuracy_epochs=15, tuning_seeds=3, grid_points=5, grid_density=3, extensions=1,
    accuracy_seeds=8, accuracy_tuning_seeds=3, accuracy_points=5, accuracy_density=3,
)  # fmt: skip
