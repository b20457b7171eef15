"""The protocol of `optimal_rate` in numbers."""

from typing import Annotated

from pydantic import model_validator

from studies.harness import Distinct, Field, FrozenModel, Positive

Condition = Annotated[float, Field(ge=1.05)]  # nearer to 1, few steps end within rounding
Momentum = Annotated[float, Field(ge=0, lt=1)]


class Params(FrozenModel):
    """Lengths are in steps, curvatures relative to the largest; a h is learning rate times curvature."""

    seeds: int = Field(20, ge=2, description="random starts (quadratics) and random gradient sequences (streams)")
    floor: float = Field(1e-280, gt=0, description="smallest state still used, well above underflow in float64")
    rounding: float = Field(1e-12, gt=0, description="relative tolerance of identities")
    momentum: float = Field(0.9, gt=0, lt=1, description="the momentum of the ravine and of the memory finding")
    # many curvatures
    dimension: int = Field(200, ge=2, description="curvatures, spaced evenly in their logarithm, both ends included")
    conditions: Distinct[Condition] = Field(
        (3, 10, 30, 100, 300, 1e3, 3e3, 1e4, 3e4, 1e5), min_length=2, description="condition numbers"
    )
    tolerance: float = Field(1e-8, gt=0, lt=1, description="relative distance to the minimiser that ends the count")
    records: int = Field(100, ge=10, description="records per run; the count is interpolated between them")
    gd_steps: float = Field(10, gt=0, description="length of descent's count, times the condition number")
    hb_steps: float = Field(
        14, gt=0, description="length of heavy ball's count, times 1 + root of the condition number"
    )
    gd_long: float = Field(400, gt=0, description="length for the factor, times condition number over its logarithm")
    gd_most: float = Field(300, gt=0, description="longest length for the factor, times condition number (underflow)")
    hb_long: float = Field(250, gt=0, description="length for the factor, times root of the condition number")
    hb_slope: float = Field(0.53, description="expected slope: one half, and the logarithm of the defective mode")
    gd_slope: float = Field(1.0, description="expected slope")
    slope_tol: float = Field(0.03, gt=0, description="tolerance on slopes")
    contraction_tol: float = Field(0.01, gt=0, description="relative tolerance on the logarithm of the factor")
    grid_condition: float = Field(100, gt=1, description="condition number of the search over steps and momenta")
    grid_points: int = Field(41, ge=3, description="steps and momenta tried, each")
    grid_steps: tuple[Positive, Positive] = Field((2.0, 4.0), description="range of a h for the largest curvature")
    grid_momenta: tuple[Momentum, Momentum] = Field((0.5, 0.9), description="range of momenta")
    grid_length: int = Field(600, ge=20, description="length of a search run")
    grid_tol: float = Field(1e-3, gt=0, description="by how much a searched factor may undercut the formula")
    # one mode
    cells: int = Field(200, ge=5, description="steps, and momenta, of the phase map")
    largest_step: float = Field(4.5, gt=0, description="largest a h of the phase map")
    phase_steps: int = Field(400, ge=20, description="length of each run of the phase map")
    start: float = Field(1e-100, gt=0, description="start of each mode, so that no growing mode overflows")
    margin: int = Field(2, ge=0, description="cells next to a boundary that are left out, in both directions")
    rate_tol: float = Field(1e-3, gt=0, description="relative tolerance on measured rates")
    samples: dict[str, tuple[Positive, Momentum]] = Field(
        {
            "A": (0.1, 0.2),
            "B": (0.6, 0.9),
            "C": (1.0, 0.0),
            "D": (2.2, 0.15),
            "E": (3.6, 0.7),
        },
        min_length=1,
        description=("(a h, momentum) of the sample traces: monotone, ripples, one step, alternating, divergent"),
    )
    sample_steps: int = Field(16, ge=2, description="length of the sample traces")
    # gradient sequences
    momenta: Distinct[Momentum] = Field((0.5, 0.9, 0.99), min_length=1, description="momenta of the unrolled velocity")
    memories: Distinct[Annotated[int, Field(ge=0)]] = Field(
        (0, 1, 3, 10, 30, 100), min_length=1, description="k, gradients before the newest one"
    )
    rate: float = Field(0.1, gt=0, description="learning rate of the gradient sequences")
    streams: int = Field(32, ge=1, description="independent sequences per seed")
    stream_steps: int = Field(400, ge=20, description="length of a sequence of standard normal gradients")
    warm_up: int = Field(100, ge=0, description="steps before the velocity's variance is taken")
    exponent_steps: int = Field(30, ge=2, description="step at which the printed exponent is evaluated")
    constant_steps: int = Field(4000, ge=1, description="length of the constant gradient sequence")
    total_tol: float = Field(1e-10, gt=0, description="relative tolerance on the sum of weights")
    memory_tol: float = Field(0.05, gt=0, description="relative tolerance on the variance of the average")
    ages: int = Field(31, ge=2, description="ages of a gradient at which its weight is measured")
    # ravine
    frequency_steps: Distinct[Positive] = Field(
        tuple(round(0.1 * i, 1) for i in range(1, 38)),
        min_length=1,
        description="a h at which sign changes are counted",
    )
    frequency_length: int = Field(1000, ge=20, description="length of the runs that count sign changes")
    frequency_tol: float = Field(0.05, gt=0, description="relative tolerance on frequency and on ratios of steps")
    ravine_condition: float = Field(100, gt=1, description="condition number of the ravine")
    ravine_steps: Distinct[Annotated[float, Field(gt=0, lt=2)]] = Field(
        (*(round(0.1 * i, 1) for i in range(1, 20)), 1.92, 1.94, 1.96, 1.98),
        min_length=2,
        description="a h of the steep direction",
    )
    ravine_length: int = Field(16000, ge=10, description="length of the ravine runs")
    ravine_tolerance: float = Field(1e-6, gt=0, lt=1, description="relative size under which a coordinate has settled")
    ratio_conditions: Distinct[Condition] = Field(
        (5, 10, 20, 30, 35, 40, 45, 50, 100, 200, 300),
        min_length=2,
        description="condition numbers at which momentum is added to descent with its best step",
    )

    @model_validator(mode="after")
    def _together(self):
        if self.momentum not in self.momenta:
            raise ValueError(f"momenta must hold momentum, {self.momentum}, got {self.momenta}")
        if max(self.memories) >= self.stream_steps:
            raise ValueError(f"memories must be below stream_steps, {self.stream_steps}, got {self.memories}")
        if min(self.frequency_steps) >= 2:
            raise ValueError(f"frequency_steps must hold one below 2, got {self.frequency_steps}")
        if sum(step > 1 for step in self.ravine_steps) < 2:
            raise ValueError(f"ravine_steps must hold two above 1, got {self.ravine_steps}")
        return self


FULL = Params()
QUICK = Params(seeds=6, conditions=(3, 10, 100, 1e3, 1e4), cells=100, grid_points=21, streams=64)
