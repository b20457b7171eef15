"""The criteria of `signal_propagation`, fixed before it runs: random networks; and all together."""

from studies.harness import Criteria, Criterion
from studies.initialization._signal_trained_criteria import TRAINED

GAIN, HE, DECAY, BACK = "init-gain-table", "init-he-fluctuation", "init-tanh-decay", "init-backward"
_MC = (
    "within its Monte Carlo error (level {{ params.mc_level }}, Bonferroni over all points) and {{ params.%s }} "
    "relative, %s"
)
_KEEPS = "mean gain 1 " + _MC % ("gain_tol", "at every width of {{ params.gain_widths }}")
_VARIANCE = "mean of (q_L/q_0 - 1)^2, as the mean is 1, at (1 + 5/n)^L - 1 " + _MC % (
    "variance_tol",
    "at two depths per width of {{ params.widths }}",
)
_SLOPE = (
    "slope of ln q in ln l over layers {{ params.decay_from }} to {{ params.decay_depth }} %s within "
    "{{ params.decay_tol }}, 95 %% interval over {{ params.decay_draws }} networks of the first width"
)
_LEVEL = "mean gain 1 " + _MC % ("gain_tol", "linear units, widths up and down by {{ params.width_ratio }}")


CRITERIA = Criteria(
    Criterion(
        claim=GAIN,
        name="gain-table",
        statement=(
            "The gain of the mean square per layer is n Var w for linear units, half of it for ReLU, and the Gaussian "
            "mean of the activation's square for tanh and sigmoid."
        ),
        criterion="mean ratio of gain and formula 1 " + _MC % ("gain_tol", "nine rules, four activations, all widths"),
    ),
    Criterion(
        claim=GAIN,
        name="keeps-scale",
        statement="Variance 2/d keeps the mean square in ReLU layers, 1/d in linear layers.",
        criterion=_KEEPS,
    ),
    Criterion(
        claim=GAIN,
        name="literal-keeps-scale",
        role="break",
        guards="keeps-scale",
        statement="Variance 2/sqrt(d) keeps the mean square in ReLU layers.",
        criterion=_KEEPS,
    ),
    Criterion(
        claim=GAIN,
        name="orthogonal-linear",
        role="null",
        guards="gain-table",
        statement="Orthogonal weights keep the mean square of linear layers in every single network.",
        criterion="largest deviation of a gain from 1 at most {{ params.orthogonal_tol }}",
    ),
    # E01-E04: the formulas as they stand
    Criterion(
        claim=GAIN,
        name="as-printed-e01-variance",
        role="as-printed",
        erratum="E01",
        statement="He's rule as N(0, 2/sqrt(d)), a variance, has gain 1 in ReLU layers.",
        criterion=_KEEPS,
    ),
    Criterion(
        claim=GAIN,
        name="as-printed-e01-deviation",
        role="as-printed",
        erratum="E01",
        statement="He's rule as N(0, 2/sqrt(d)), a standard deviation, has gain 1 in ReLU layers.",
        criterion=_KEEPS,
    ),
    Criterion(
        claim=GAIN,
        name="as-printed-e02",
        role="as-printed",
        erratum="E02",
        statement="The rule of thumb as U[-1/d, 1/d] has the gain of the one in use, 1/6 in ReLU layers.",
        criterion="mean gain 1/6 " + _MC % ("gain_tol", "at every width"),
    ),
    Criterion(
        claim=GAIN,
        name="as-printed-e03",
        role="as-printed",
        erratum="E03",
        statement="N(0, sqrt(2/n)) with a variance in the second place has gain 1 in ReLU layers.",
        criterion=_KEEPS,
    ),
    Criterion(
        claim=GAIN,
        name="as-printed-e04",
        role="as-printed",
        erratum="E04",
        statement="U(-1/sqrt m, 1/sqrt m) is LeCun's rule: gain 1 in linear layers.",
        criterion=_KEEPS,
    ),
    Criterion(
        claim=HE,
        name="he-mean",
        statement="With He's variance the mean over ReLU networks of q_L/q_0 is 1 at any depth.",
        criterion="mean 1 " + _MC % ("gain_tol", "at two depths per width of {{ params.widths }}"),
    ),
    Criterion(
        claim=HE,
        name="he-variance",
        statement="The variance of q_L/q_0 is (1 + 5/n)^L - 1.",
        criterion=_VARIANCE,
    ),
    Criterion(
        claim=HE,
        name="he-log-drift",
        statement="A typical network shrinks: the mean of ln(q_L/q_0) is below 0.",
        criterion=(
            "95 % BCa interval of the mean over at most {{ params.drift_draws }} networks below 0, at every width of "
            "{{ params.widths }} and depth of {{ params.log_depths }}, Holm over all primary p values of the study"
        ),
    ),
    Criterion(
        claim=HE,
        name="he-log-variance",
        role="secondary",
        statement="The variance of ln(q_L/q_0) is L times that of one layer, about 5 L/n.",
        criterion="exact value "
        + _MC % ("variance_tol", "widths {{ params.log_widths }}, depths {{ params.log_depths }}"),
    ),
    Criterion(
        claim=HE,
        name="linear-variance",
        role="break",
        guards="he-variance",
        statement="Linear networks fluctuate as much.",
        criterion=_VARIANCE,
    ),
    Criterion(
        claim=HE,
        name="wide-net",
        role="null",
        guards=("he-variance", "he-log-drift"),
        statement="In wide networks the spread is gone.",
        criterion=(
            "standard deviation of q_L/q_0 at width {{ params.wide }}, L = {{ params.wide_depth }}, at most "
            "{{ params.wide_spread }}"
        ),
    ),
    Criterion(
        claim=DECAY,
        name="tanh-slope",
        statement="With variance 1/m the mean square of tanh layers falls as 1/(2 l).",
        criterion=_SLOPE % "-1",
    ),
    Criterion(
        claim=DECAY,
        name="first-layer",
        statement="In the first layer the argument holds: variance 1 of the sums, and what tanh makes of it.",
        criterion="mean over networks " + _MC % ("first_tol", "linear and tanh"),
    ),
    Criterion(
        claim=DECAY,
        name="sigmoid-mean",
        statement="Sigmoid layers leave the argument's assumption: their activations have mean 1/2, not 0.",
        criterion="mean over layers of the activations 1/2 " + _MC % ("gain_tol", "over networks"),
    ),
    Criterion(
        claim=DECAY,
        name="sigmoid-inputs-merge",
        role="secondary",
        statement="Sigmoid layers with variance 1/m make two orthogonal inputs alike.",
        criterion="cosine of the activations at least {{ params.merged }} in the last layer of every network",
    ),
    Criterion(
        claim=DECAY,
        name="linear-constant",
        role="null",
        guards="tanh-slope",
        statement="Linear layers do not fade.",
        criterion=_SLOPE % "0",
    ),
    Criterion(
        claim=DECAY,
        name="linear-decays",
        role="break",
        guards="tanh-slope",
        statement="Linear layers fade as 1/(2 l).",
        criterion=_SLOPE % "-1",
    ),
    Criterion(
        claim=DECAY,
        name="as-printed-e47",
        role="as-printed",
        erratum="E47",
        statement="The variance argument carries over to layer 2, whatever the activation.",
        criterion="variance of the sums 1 " + _MC % ("gain_tol", "for linear, ReLU, tanh and sigmoid units"),
    ),
    Criterion(
        claim=BACK,
        name="backward-gain",
        statement="The mean square of the gradient by the sums grows by n_out Var w per layer, times the mean of f'^2.",
        criterion="mean ratio of gain and formula 1 " + _MC % ("gain_tol", "three rules, two units, three ratios"),
    ),
    Criterion(
        claim=BACK,
        name="forward-gain",
        statement="The mean square of the sums grows by n_in Var w over that of the layer's inputs.",
        criterion="mean ratio of gain and formula 1 " + _MC % ("gain_tol", "three rules, two units, three ratios"),
    ),
    Criterion(
        claim=BACK,
        name="fan-out-keeps-gradient",
        statement="Variance 1/n_out keeps the gradient level.",
        criterion=_LEVEL,
    ),
    Criterion(
        claim=BACK,
        name="xavier-between",
        statement="Xavier's gains are the harmonic means of those of the two other rules, both ways.",
        criterion="harmonic mean " + _MC % ("gain_tol", "linear units, widths up and down by {{ params.width_ratio }}"),
    ),
    Criterion(
        claim=BACK,
        name="fan-in-keeps-gradient",
        role="break",
        guards="fan-out-keeps-gradient",
        statement="Variance 1/n_in keeps the gradient level.",
        criterion=_LEVEL,
    ),
    Criterion(
        claim=BACK,
        name="equal-widths",
        role="null",
        guards=("backward-gain", "forward-gain", "xavier-between"),
        statement="With equal widths the three rules are one.",
        criterion="all gains equal within {{ params.orthogonal_tol }}",
    ),
    *TRAINED,
)
