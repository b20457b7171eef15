"""The criteria of `optimal_rate`, fixed before it runs: best rates, regimes, memory, ravine."""

from studies.harness import Criteria, Criterion

RATE, PHASE = "momentum-optimal-rate", "momentum-phase-regimes"
UNROLLED, RAVINE = "momentum-unrolled", "momentum-damps-oscillation"
_SLOPE = (
    "log-log slope {} within {{{{ params.slope_tol }}}}, 95 % bootstrap interval over {{{{ params.seeds }}}} starts"
)
_FACTOR = (
    "largest relative error of ln(factor) over all condition numbers and starts at most {{ params.contraction_tol }}"
)
_IDENTITY = "largest error relative to the rms of the predicted quantity at most {{ params.rounding }}"
_SHARE = "within {{ params.frequency_tol }} relative at every point"
CRITERIA = Criteria(
    Criterion(
        claim=RATE,
        name="hb-iterations",
        statement=(
            "The steps that best-tuned heavy ball needs grow as the root of the condition number, but for a logarithm."
        ),
        criterion=_SLOPE.format("{{ params.hb_slope }}"),
    ),
    Criterion(
        claim=RATE,
        name="gd-iterations",
        statement="The steps that best-tuned gradient descent needs grow as the condition number.",
        criterion=_SLOPE.format("{{ params.gd_slope }}"),
    ),
    Criterion(
        claim=RATE,
        name="hb-contraction",
        statement="After division by t, heavy ball contracts by (root k - 1)/(root k + 1) per step.",
        criterion=_FACTOR,
    ),
    Criterion(
        claim=RATE,
        name="gd-contraction",
        statement="Gradient descent contracts by (k - 1)/(k + 1) per step.",
        criterion=_FACTOR,
    ),
    Criterion(
        claim=RATE,
        name="naive-fit",
        role="secondary",
        statement=(
            "A straight line through ln(error) down to the tolerance, without division by t, gives heavy ball's rate."
        ),
        criterion="mean relative error of the fitted -ln(factor) at 0 within {{ params.contraction_tol }}",
    ),
    Criterion(
        claim=RATE,
        name="grid-optimum",
        role="secondary",
        statement=("No step and momentum of a grid around the formula contracts faster than the formula's factor."),
        criterion="smallest measured factor over the formula's at least 1 - {{ params.grid_tol }}",
    ),
    Criterion(
        claim=RATE,
        name="gd-under-hb",
        role="break",
        guards="hb-iterations",
        statement="Gradient descent's counts grow with heavy ball's slope.",
        criterion="heavy ball's criterion; must not pass",
    ),
    Criterion(
        claim=RATE,
        name="condition-one",
        role="null",
        guards=("hb-iterations", "gd-iterations"),
        statement="With equal curvatures both methods become one and arrive in a single step.",
        criterion="largest relative distance after one step at most {{ params.tolerance }}",
    ),
    Criterion(
        claim=PHASE,
        name="rate-map",
        statement=(
            "The measured rate is the larger modulus of the two roots, in ripples the root of b whatever the step."
        ),
        criterion=(
            "largest relative error at most {{ params.rate_tol }}, {{ params.margin }} cells and more from boundaries"
        ),
    ),
    Criterion(
        claim=PHASE,
        name="regime-map",
        statement="Sign changes and growth put each cell into the regime that the boundaries predict.",
        criterion="share of agreeing cells, {{ params.margin }} cells and more from boundaries, equal to 1",
    ),
    Criterion(
        claim=PHASE,
        name="one-step",
        statement="At a h = 1 without momentum the mode vanishes in one step.",
        criterion="largest relative size from step 1 on at most {{ params.rounding }}",
    ),
    Criterion(
        claim=PHASE,
        name="axes-swapped",
        role="break",
        guards="rate-map",
        statement="The rate formula holds with step and momentum exchanged.",
        criterion="the rate map's criterion; must not pass",
    ),
    Criterion(
        claim=PHASE,
        name="zero-momentum",
        role="null",
        guards=("rate-map", "regime-map"),
        statement="The map's row without momentum is that of gradient descent.",
        criterion="largest relative difference of rates at most {{ params.rounding }}",
    ),
    Criterion(
        claim=PHASE,
        name="as-printed-e07",
        role="as-printed",
        erratum="E07",
        statement="In ripples the rate is twice the root of b.",
        criterion="the rate map's criterion on the ripple cells",
    ),
    Criterion(
        claim=PHASE,
        name="as-printed-e08",
        role="as-printed",
        erratum="E08",
        statement="Converging iterates change sign at each step once a h exceeds 1.",
        criterion="share of converging cells with a h > 1 that alternate, equal to 1",
    ),
    Criterion(
        claim=UNROLLED,
        name="unrolled",
        statement=(
            "The velocity is b^(k+1) times an earlier one minus the sum of the gradients since, weighted by b^age."
        ),
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=UNROLLED,
        name="total-weight",
        statement="The weights after t steps total (1 - b^t)/(1 - b), which tends to 1/(1 - b).",
        criterion="largest relative error at most {{ params.total_tol }}",
    ),
    Criterion(
        claim=UNROLLED,
        name="memory",
        role="secondary",
        statement=("Scaled by 1 - b, the velocity varies like a mean of (1 + b)/(1 - b) independent gradients."),
        criterion=(
            "variance within {{ params.memory_tol }} relative and z standard errors over {{ params.seeds }} seeds"
        ),
    ),
    Criterion(
        claim=UNROLLED,
        name="slide-forms",
        role="break",
        guards="unrolled",
        statement=(
            "One of the forms on the slides (plus sign, exponent j - t, weights shrunk by b) reproduces the run."
        ),
        criterion="the identity's criterion on the most favourable case of any of them; must not pass",
    ),
    Criterion(
        claim=UNROLLED,
        name="as-printed-e05",
        role="as-printed",
        erratum="E05",
        statement="The gradient sum enters the unrolled velocity with a plus sign.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=UNROLLED,
        name="as-printed-e06",
        role="as-printed",
        erratum="E06",
        statement="The velocity is an average: its weights total 1.",
        criterion="largest relative error of the total at most {{ params.total_tol }}",
    ),
    Criterion(
        claim=UNROLLED,
        name="as-printed-e21",
        role="as-printed",
        erratum="E21",
        statement="The new weights are b times the old ones minus the speed.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=UNROLLED,
        name="as-printed-e22",
        role="as-printed",
        erratum="E22",
        statement="Gradient j has the weight b^(j - t) in the velocity of step t.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=RAVINE,
        name="frequency",
        statement="The steep coordinate changes sign arccos((1 + b - a h)/(2 root b))/pi times per step.",
        criterion=_SHARE,
    ),
    Criterion(
        claim=RAVINE,
        name="time-ratio",
        statement=(
            "Momentum added to best-step descent changes the steps to arrive by the ratio of the "
            "logarithms of the factors."
        ),
        criterion=_SHARE,
    ),
    Criterion(
        claim=RAVINE,
        name="along-floor",
        statement="Along the floor of the ravine momentum needs no more steps, at any step size.",
        criterion="largest ratio of steps, with over without momentum, at most 1",
    ),
    Criterion(
        claim=RAVINE,
        name="across-ravine",
        statement="Wherever descent zigzags across the ravine, momentum ends the swinging in no more steps.",
        criterion=("ratio of steps until the steep coordinate has settled at most 1, at each a h between 1 and 2"),
    ),
    Criterion(
        claim=RAVINE,
        name="time-crossover",
        role="secondary",
        statement="Momentum pays from the condition number (1 + root b)/(1 - root b) on.",
        criterion="crossing of the two counts there within {{ params.frequency_tol }} relative",
    ),
    Criterion(
        claim=RAVINE,
        name="across-threshold",
        role="secondary",
        statement="Across the ravine momentum starts to be the faster one at a h = 1 + root b.",
        criterion="crossing of the two counts there within {{ params.frequency_tol }} relative",
    ),
    Criterion(
        claim=RAVINE,
        name="frequency-zero-momentum",
        role="break",
        guards="frequency",
        statement=(
            "Without momentum the steep coordinate changes sign as the formula says for b = {{ params.momentum }}."
        ),
        criterion="the frequency's criterion; must not pass",
    ),
    Criterion(
        claim=RAVINE,
        name="zero-momentum-is-descent",
        role="null",
        guards=("time-ratio", "along-floor", "across-ravine", "time-crossover", "across-threshold"),
        statement="With b = 0 every count of steps is that of gradient descent.",
        criterion="largest relative difference at most {{ params.rounding }}",
    ),
)
