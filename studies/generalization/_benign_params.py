"""The protocol of `benign_overfitting` in numbers."""

from typing import Annotated

from pydantic import field_validator, model_validator

from studies.harness import Distinct, Field, FrozenModel, Natural

ODD = (
    "grid_points",
    "copies",
    "long_points",
    "long_copies",
    "map_points",
    "map_copies",
    "optimum_copies",
    "points",
    "spike_copies",
    "random_features",
    "around",
)

Points = Annotated[int, Field(ge=3)]
RankPoints = Annotated[int, Field(ge=10)]
Power = Annotated[float, Field(ge=0, le=20)]
LawPower = Annotated[float, Field(gt=1, le=20)]  # of a sum over frequencies that converges
Decay = Annotated[float, Field(gt=1, le=5)]
Weight = Annotated[float, Field(ge=1e-12, le=1e12)]


class Params(FrozenModel):
    """One seed is one data set unless said otherwise; p counts features, n examples; the target is sin(2 pi x)."""

    seeds: int = Field(400, ge=2, description="data sets (random designs, polynomials, double descent)")
    noise: float = Field(0.3, gt=0, description="standard deviation of the noise, except on the grid")
    points: int = Field(15, ge=5, description="examples of the random design, of the polynomials and of both pictures")
    cutoff: float = Field(1e-14, gt=0, description="singular values below this share of the largest are dropped")
    share: float = Field(0.975, gt=0, le=1, description="share of 2000 resamples of the seeds with the peak in place")
    identity: float = Field(1e-12, gt=0, description="relative tolerance of identities")
    monte_carlo: float = Field(0.05, gt=0, description="relative tolerance of Monte Carlo against a closed form")
    # regular grid, Fourier features
    grid_seeds: int = Field(200, ge=2, description="seeds of the grid")
    grid_sets: int = Field(25, ge=1, description="data sets per seed on the grid")
    grid_noise: float = Field(1.0, gt=0, description="standard deviation of the noise on the grid")
    grid_points: Distinct[Points] = Field((15, 45, 135, 405), min_length=2, description="examples n on the grid, odd")
    copies: Distinct[int] = Field((1, 3, 9, 27, 81, 201), min_length=2, description="features per example M = d/n, odd")
    powers: Distinct[Power] = Field((0.6, 1, 2, 4), min_length=1, description="exponents a of the weights (1 + |k|)^-a")
    low: int = Field(2, ge=1, description="largest heavy frequency S of bilevel weights; they are 2 S + 1")
    tail_power: float = Field(1.5, gt=1, description="light bilevel weights are M to minus this power")
    dense_entries: int = Field(200_000, ge=1, description="largest n d of a dense solve")
    dense_condition: float = Field(1e6, gt=1, description="condition number above which a dense solve is not compared")
    dense_tol: float = Field(1e-8, gt=0, description="relative tolerance of dense solves")
    residual_tol: float = Field(1e-14, gt=0, description="residual of dense interpolation over the condition number")
    benign_slope: float = Field(-0.5, lt=0, description="slope of ln risk by ln n below which the grid fit is benign")
    long_points: int = Field(405, ge=3, description="n at which the limits of power weights are compared, odd")
    long_copies: int = Field(1001, ge=3, description="M there, odd")
    tempered: float = Field(2 / 3, description="limit of the noise factor of (1 + |k|)^-2")
    tempered_tol: float = Field(0.01, gt=0, description="absolute tolerance on that limit")
    law_powers: Distinct[LawPower] = Field(
        (2, 3, 4), min_length=1, description="exponents at which the limit law is compared"
    )
    null_tol: float = Field(0.025, gt=0, description="tolerance on the zero predictor's risk of one half")
    map_points: int = Field(45, ge=7, description="examples of the map over light weight and M")
    map_copies: Distinct[int] = Field(
        (1, 3, 5, 7, 9, 13, 17, 23, 31, 41, 55, 75, 101, 135, 181, 241, 321),
        min_length=1,
        description="M of the map, odd",
    )
    map_weights: tuple[Weight, Weight, Natural] = Field(
        (1e-5, 1.0, 31), description="light weights of the map, log-spaced"
    )
    map_seeds: int = Field(40, ge=2, description="seeds of the map")
    optimum_copies: int = Field(1001, ge=3, description="M at which the best tail is searched")
    optimum_tol: float = Field(0.02, gt=0, description="by how much the predicted tail's risk may exceed the best one")
    spike_copies: int = Field(201, ge=3, description="M of the fit in the picture")
    # random design, Fourier features
    random_features: Distinct[int] = Field(
        (1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 25, 31, 45, 61, 91, 151, 301, 601), description="p, odd"
    )
    exponents: Distinct[float] = Field(
        (0, 1, 2), min_length=3, description="features are multiplied by k to minus this"
    )
    peak_width: int = Field(4, ge=0, description="the random design's peak lies in n .. n + this")
    peak_factor: float = Field(10, gt=1, description="factor by which the peak exceeds p = 7 and p = 61")
    around: tuple[int, int] = Field((7, 61), description="p below and above the peak at which its height is taken")
    floor_factor: float = Field(4, gt=1, description="factor between floors of different weightings")
    same_tol: float = Field(1e-3, gt=0, description="relative tolerance where the weights cannot matter (p <= n)")
    # polynomials
    degrees: Distinct[Natural] = Field(
        (1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 15, 17, 19, 21, 25, 31, 45, 61, 91, 151, 301, 601, 1001),
        description="number p of Legendre polynomials",
    )
    shown: Distinct[Natural] = Field(
        (2, 4, 9, 15, 31, 1001), min_length=6, max_length=6, description="p of the six fits in the figure"
    )
    helps: tuple[Natural, Natural] = Field((1, 4), description="p between which flexibility helps")
    spoils: tuple[Natural, Natural, Natural] = Field(
        (3, 9, 15), description="p between which flexibility spoils the fit"
    )
    change_factor: float = Field(2, gt=1, description="smallest factor that counts as helping or spoiling")
    recovery_factor: float = Field(10, gt=1, description="factor between the peak and the last p")
    sup_points: int = Field(2001, ge=11, description="Chebyshev points at which the largest error is taken")
    # least squares on Gaussian features
    examples: int = Field(40, ge=10, description="examples n of double descent")
    features: int = Field(100, ge=20, description="features D of double descent, of which the first p are fitted")
    sets: int = Field(10, ge=1, description="data sets per seed of double descent")
    margin: int = Field(4, ge=1, description="|p - n| up to which the expectation is not compared (heavy tails)")
    peak_margin: int = Field(2, ge=0, description="largest distance of the peak from p = n")
    descent_factor: float = Field(2, gt=1, description="factor between the risk at n and at n/2 and 2 n")
    # Gaussian linear models with given spectra
    rank_seeds: int = Field(40, ge=2, description="seeds of the spectra")
    rank_points: Distinct[RankPoints] = Field((50, 100, 200, 400), min_length=2, description="examples of the spectra")
    rank_features: int = Field(4000, ge=100, description="explicit features of endless spectra; the rest by its mean")
    tempered_powers: Distinct[Decay] = Field((1.5, 2), min_length=1, description="exponents a of the spectra k^-a")
    spikes: int = Field(5, ge=0, description="unit eigenvalues in front of the flat tail")
    tail_energy: float = Field(0.1, gt=0, description="sum of the flat tail's eigenvalues, times root of n")
    floor_energy: float = Field(1e-3, gt=0, description="sum of the floor under exp(-k)")
    rank_constant: float = Field(1.0, gt=0, description="b in k* = min{k: r_k >= b n}")
    correlation: float = Field(0.9, gt=0, lt=1, description="log-log correlation of measured variance and bound")
    within: tuple[float, float] = Field((0.3, 3.0), description="range of measured variance over bound")
    fall: float = Field(-0.2, lt=0, description="slope of ln variance by ln n below which a spectrum is benign")
    flat: float = Field(0.05, gt=0, description="largest size of the slope of a tempered spectrum")
    equivalent_tol: float = Field(0.05, gt=0, description="relative tolerance of the deterministic equivalent")

    @field_validator(*ODD)
    @classmethod
    def _odd(cls, value):
        numbers = value if isinstance(value, tuple) else (value,)
        if any(v < 1 or v % 2 == 0 for v in numbers):
            raise ValueError("must be odd and positive, so that frequencies come in pairs about 0")
        return value

    @model_validator(mode="after")
    def _together(self):
        if 1 not in self.copies:
            raise ValueError(f"copies must hold 1, got {self.copies}")
        if min(self.powers) > 1:
            raise ValueError(f"powers must hold one of at most 1, got {self.powers}")
        if not {0, 1, 2} <= set(self.exponents):
            raise ValueError(f"exponents must hold 0, 1 and 2, got {self.exponents}")
        if self.around[0] >= self.around[1]:
            raise ValueError(f"around must increase, got {self.around}")
        if self.map_weights[0] >= self.map_weights[1]:
            raise ValueError(f"the first two of map_weights must increase, got {self.map_weights}")
        return self


FULL = Params()
QUICK = Params(
    seeds=40,
    grid_seeds=40,
    margin=8,
    grid_points=(15, 45, 135),
    map_seeds=10,
    map_copies=(1, 3, 5, 9, 17, 31, 55, 101, 181, 321),
    map_weights=(1e-5, 1.0, 16),
    random_features=(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 25, 61, 151, 601),
    degrees=(1, 2, 3, 4, 6, 9, 11, 13, 15, 17, 19, 25, 31, 61, 151, 1001),
    rank_seeds=10,
    rank_points=(50, 100, 200),
)
