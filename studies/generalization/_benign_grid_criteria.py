"""What is asked of Fourier features on a regular grid."""

from studies.harness import Criterion

CLAIM = "benign-sinusoid-exact"
CRITERIA = (
    Criterion(
        claim=CLAIM,
        name="grid-dense",
        statement="Squared bias and variance from the sums over classes of aliases are those of a dense linear solve.",
        criterion=(
            "largest relative error at most {{ params.dense_tol }} wherever n d is at most {{ params.dense_entries }} "
            "and the condition number below {{ params.dense_condition }}"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="grid-fft",
        statement="They are those of fits by fast Fourier transform, too, at any conditioning.",
        criterion="largest relative error at most {{ params.identity }} over all n, M and weights",
    ),
    Criterion(
        claim=CLAIM,
        name="grid-bilevel",
        statement=(
            "Bilevel weights with T = (M - 1) g keep a low frequency by 1/(1 + T), bias it by (T^2 + g T)/(1 + T)^2 of "
            "its energy, and pass on (s/n)(1 + g T)/(1 + T)^2 + (1 - s/n)/M of the noise, s = 2 S + 1."
        ),
        criterion="largest relative error at most {{ params.identity }} over all n and M",
    ),
    Criterion(
        claim=CLAIM,
        name="grid-interpolates",
        statement="The fits pass through every noisy value.",
        criterion="largest distance, relative to the largest value, at most {{ params.identity }}",
    ),
    Criterion(
        claim=CLAIM,
        name="grid-dense-through",
        role="secondary",
        statement="So do the dense solves, as far as their conditioning allows.",
        criterion="largest residual for unit data, over the condition number, at most {{ params.residual_tol }}",
    ),
    Criterion(
        claim=CLAIM,
        name="grid-monte-carlo",
        statement="The mean risk of fits to noisy values is the closed form.",
        criterion=(
            "z standard errors over {{ params.grid_seeds }} seeds and {{ params.monte_carlo }} relative, at all n, M "
            "and weights"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="grid-benign",
        statement="With bilevel weights, M = n and light weights M^-1.5 the risk of the interpolator tends to 0.",
        criterion=(
            "slope of ln risk by ln n minus {{ params.benign_slope }}: 95 % interval over {{ params.grid_seeds }} "
            "seeds below 0"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="grid-tempered",
        statement="With weights (1 + |k|)^-2 two thirds of the noise variance stay in the risk, however many features.",
        criterion=(
            "noise factor at M = {{ params.long_copies }}, n = {{ params.long_points }}: 95 % interval over "
            "{{ params.grid_seeds }} seeds meets 2/3 within {{ params.tempered_tol }}"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="grid-power-law",
        role="secondary",
        statement="Other powers keep the share of an integral over Hurwitz zeta functions, between 0 and 1.",
        criterion=(
            "largest relative error at the same M and n at most {{ params.tempered_tol }}, "
            "a = {{ params.law_powers | join(', ') }}"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="grid-slow-powers",
        role="secondary",
        statement="For a <= 1 the noise factor falls with M at each n, but rises with n at each M > 1.",
        criterion="smallest step of ln noise factor in the stated direction at least 0",
    ),
    Criterion(
        claim=CLAIM,
        name="grid-tail-is-ridge",
        role="secondary",
        statement="The low coefficients of the bilevel interpolator are those of ridge regression on them with T.",
        criterion="largest error relative to the largest coefficient at most {{ params.identity }}",
    ),
    Criterion(
        claim=CLAIM,
        name="grid-best-tail",
        role="secondary",
        statement="The least risk over light weights is at T = noise^2 s/(n energy), the best ridge of the low model.",
        criterion=(
            "risk there over the least at most 1 + {{ params.optimum_tol }}, each n, M = {{ params.optimum_copies }}"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="grid-single-copy",
        role="null",
        guards=("grid-monte-carlo", "grid-benign", "grid-tempered"),
        statement="With as many features as examples (M = 1) the risk is the noise variance, whatever the weights.",
        criterion="largest relative error at most {{ params.identity }}",
    ),
    Criterion(
        claim=CLAIM,
        name="grid-isotropic-null",
        role="null",
        guards="grid-benign",
        statement="Equal weights lose the signal to its aliases: the risk is that of predicting 0.",
        criterion=(
            "risk at the largest n and M equal to 1/2 within {{ params.null_tol }}, two one-sided tests over "
            "{{ params.grid_seeds }} seeds"
        ),
    ),
    Criterion(
        claim=CLAIM,
        name="grid-isotropic-slope",
        role="break",
        guards="grid-benign",
        statement="Equal weights are benign at M = n.",
        criterion="the bilevel weights' criterion; must not pass",
    ),
    Criterion(
        claim=CLAIM,
        name="grid-single-level",
        role="break",
        guards="grid-tempered",
        statement="The noise factor is two thirds with as many features as examples, too.",
        criterion="the tempered weights' criterion at M = 1; must not pass",
    ),
)
