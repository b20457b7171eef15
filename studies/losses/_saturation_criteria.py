"""The criteria of the saturation study, fixed before it runs: one unit and its gradient; and all together."""

from studies.harness import Criteria, Criterion
from studies.losses._saturation_network_criteria import NETWORK

UNIT, GRADIENT = "l2-vs-logloss-saturation", "logloss-gradient-perfect"
_TIMES = (
    "largest relative error over all initial logits at most {{ params.times_tol }}, at learning rate "
    "{{ params.fine_rate }}"
)
_EXPONENTIAL = (
    "slope of ln(time) in the initial logit, from {{ params.exponential_from }} to {{ params.z_max }}, "
    "{{ params.exponential_slope }} within {{ params.exponential_tol }}"
)
_LINEAR = (
    "slope of time in the initial logit, from {{ params.linear_from }} to {{ params.z_max }}, "
    "{{ params.linear_slope }} within {{ params.linear_tol }}"
)
_IDENTITY = (
    "largest error at most {{ params.identity_tol }} of the largest possible gradient, for |logit| up to "
    "{{ params.z_limit }}"
)
CRITERIA = Criteria(
    Criterion(
        claim=UNIT,
        name="time-closed-forms",
        statement=(
            "The unit's time to a prediction of {{ params.goal }} is that of the gradient flow, for both losses."
        ),
        criterion=_TIMES,
    ),
    Criterion(
        claim=UNIT,
        name="squared-exponential",
        statement="Under squared error the time grows exponentially in the initial logit.",
        criterion=_EXPONENTIAL,
    ),
    Criterion(
        claim=UNIT,
        name="log-linear",
        statement="Under log-loss the time grows linearly in the initial logit.",
        criterion=_LINEAR,
    ),
    Criterion(
        claim=UNIT,
        name="coarse-steps",
        role="secondary",
        statement=("The closed forms still give the times at the larger learning rate {{ params.coarse_rate }}."),
        criterion="largest relative error over all initial logits at most {{ params.coarse_tol }}",
    ),
    Criterion(
        claim=UNIT,
        name="start-ratio",
        role="secondary",
        statement=(
            "With w = b = {{ params.start }} the log-loss gradient is {{ params.start_ratio }} times "
            "that of squared error."
        ),
        criterion="{{ params.start_ratio }} within {{ params.start_ratio_tol }}",
    ),
    Criterion(
        claim=UNIT,
        name="times-of-one-parameter",
        role="break",
        guards="time-closed-forms",
        statement="The flow in which w alone moves gives the times.",
        criterion=_TIMES,
    ),
    Criterion(
        claim=UNIT,
        name="rescaled-gradient",
        role="null",
        guards=("time-closed-forms", "squared-exponential"),
        statement="Divided by 2 s (1 - s), the squared-error gradient recovers as fast as log-loss does.",
        criterion="ratio of times 1 within {{ params.times_tol }} at every initial logit",
    ),
    Criterion(
        claim=UNIT,
        name="log-exponential",
        role="break",
        guards="squared-exponential",
        statement="The times of log-loss meet the criterion of exponential growth.",
        criterion=_EXPONENTIAL,
    ),
    Criterion(
        claim=UNIT,
        name="squared-linear",
        role="break",
        guards="log-linear",
        statement="The times of squared error meet the criterion of linear growth.",
        criterion=_LINEAR,
    ),
    Criterion(
        claim=UNIT,
        name="as-printed-e44",
        role="as-printed",
        erratum="E44",
        statement=(
            "With w = b = {{ params.start }} and x = 1 the unit predicts 1/(1 + e^- {{ params.printed_logit }})."
        ),
        criterion="relative error at most {{ params.identity_tol }}",
    ),
    Criterion(
        claim=UNIT,
        name="as-printed-e45",
        role="as-printed",
        erratum="E45",
        statement=(
            "The second of the three factors 2 s, s, 1 - s makes the gradient small: without it nothing vanishes."
        ),
        criterion=(
            "slope of ln(gradient/s) in the initial logit, from {{ params.exponential_from }} to "
            "{{ params.z_max }}, 0 within {{ params.exponential_tol }}"
        ),
    ),
    Criterion(
        claim=GRADIENT,
        name="identity-sigmoid",
        statement="The gradient of log-loss by the logit of a sigmoid is prediction minus label.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=GRADIENT,
        name="identity-softmax",
        statement="The gradient of log-loss by the logits of a softmax is prediction minus one-hot label.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=GRADIENT,
        name="wrong-side",
        role="secondary",
        statement="On the wrong side the gradient never falls below {{ params.floor }} in size.",
        criterion=(
            "smallest |gradient| with the prediction beyond one half on the wrong side at least {{ params.floor }}"
        ),
    ),
    Criterion(
        claim=GRADIENT,
        name="bounded",
        role="secondary",
        statement="The gradient by a logit never exceeds 1 in size.",
        criterion="largest |gradient| over all sigmoid and softmax logits at most 1",
    ),
    Criterion(
        claim=GRADIENT,
        name="derivative",
        role="secondary",
        statement="It is the derivative of the loss that the engine reports.",
        criterion="norm-wise error against central differences at most {{ params.derivative_tol }}",
    ),
    Criterion(
        claim=GRADIENT,
        name="naive-edge",
        role="secondary",
        statement="The unsimplified product of the chain rule stops being a number where 1 - s rounds to 0.",
        criterion="first such logit {{ params.naive_edge }} within {{ params.naive_edge_tol }}",
    ),
    Criterion(
        claim=GRADIENT,
        name="naive-form",
        role="break",
        guards="identity-sigmoid",
        statement="The unsimplified product 1/(1 - s) s (1 - s) meets the identity.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=GRADIENT,
        name="squared-gradient",
        role="break",
        guards="identity-sigmoid",
        statement="The gradient of squared error meets the identity.",
        criterion=_IDENTITY,
    ),
    Criterion(
        claim=GRADIENT,
        name="one-against-all-gradient",
        role="break",
        guards="identity-softmax",
        statement="The gradient of one-against-all sigmoids meets the identity of the softmax.",
        criterion=_IDENTITY,
    ),
    *NETWORK,
)
