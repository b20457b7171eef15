"""Saturation: what squared error and log-loss do to a sigmoid output that is confidently wrong.

Claims: l2-vs-logloss-saturation, logloss-gradient-perfect, l2-bad-with-sigmoid-output.
"""

import pandas as pd

from studies.harness import Criteria, Criterion
from studies.losses import _saturation_gradient, _saturation_judge, _saturation_network, _saturation_unit
from studies.losses._saturation_figure import draw as _draw
from studies.losses._saturation_params import FULL, QUICK, Params  # noqa: F401  part of the contract
from studies.losses._saturation_texts import ALT, PROTOCOL, SCOPE, THEORY  # noqa: F401  part of the contract

TITLE = "Saturated sigmoid outputs: squared error against log-loss"
CLAIMS = ("l2-vs-logloss-saturation", "logloss-gradient-perfect", "l2-bad-with-sigmoid-output")
VERSION = 3
CHANGES = (
    "Accuracy arms tuned on more seeds and a finer grid, the same for both losses: in version 1 two "
    "rates of one arm tied, and the choice between them moved the accuracy by about as much as the "
    "margin. No criterion changed.",
    "Two break controls dropped: the claim's own criterion with the arms exchanged mirrors the claim, so it could "
    "not fail while the claim holds and would have turned a refutation into void. Nothing else changed.",
)
EXPECTED_SECONDS = {"quick": 8, "full": 60}


UNIT, GRADIENT, NETWORK = CLAIMS
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
_SLOWER = (
    "95 % BCa interval of the paired mean of ln(epochs, squared) - ln(epochs, log) over "
    "{{ params.seeds }} seeds or more above 0, "
    "and the mean at least ln {{ params.slow_ratio }}"
)
_SCALES = "; at every initial scale of {{ params.scales }}, Holm over them"
_WORSE = (
    "95 % BCa interval of the paired mean of accuracy(log) - accuracy(squared) over {{ params.seeds }} "
    "seeds or more above 0, "
    "and the mean at least {{ params.accuracy_delta }}"
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
    Criterion(
        claim=NETWORK,
        name="slower-digits",
        statement=(
            "On the digits squared error needs more epochs to a training error of {{ params.target }}, "
            "both losses tuned."
        ),
        criterion=_SLOWER + _SCALES,
        extendable=True,
    ),
    Criterion(
        claim=NETWORK,
        name="slower-table",
        statement="The same on the breast cancer table, with full batches.",
        criterion=_SLOWER + _SCALES,
        extendable=True,
    ),
    Criterion(
        claim=NETWORK,
        name="standard-init",
        role="secondary",
        statement="On the digits, at the standard initial scale, squared error needs more epochs.",
        criterion=_SLOWER,
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="growth",
        role="secondary",
        statement="The ratio of epochs grows with the initial scale of the output weights.",
        criterion=(
            "ln(ratio) at the largest scale minus that at the smallest, paired: 95 % BCa interval above "
            "0, mean at least ln {{ params.slow_ratio }}"
        ),
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="same-rate",
        role="secondary",
        statement=("Squared error at the rate tuned for log-loss needs more epochs, at the standard initial scale."),
        criterion=_SLOWER,
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="full-batch",
        role="secondary",
        statement=(
            "With full batches and rates tuned for them, too, squared error needs more epochs at the standard scale."
        ),
        criterion=_SLOWER,
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="last-examples",
        role="secondary",
        statement=("Most runs with squared error, at the standard scale, never get every training digit right."),
        criterion="Wilson interval of the share that does, below {{ params.half }}",
    ),
    Criterion(
        claim=NETWORK,
        name="clean-accuracy",
        role="secondary",
        statement="With clean labels squared error ends less accurate, rates tuned on validation accuracy.",
        criterion=_WORSE + _SCALES,
    ),
    Criterion(
        claim=NETWORK,
        name="noisy-accuracy",
        role="secondary",
        statement=("With a share {{ params.noise }} of wrong training labels squared error ends less accurate."),
        criterion=_WORSE + _SCALES,
    ),
    Criterion(
        claim=NETWORK,
        name="twin-digits",
        role="null",
        guards="slower-digits",
        statement=(
            "Two log-loss arms with different initial weights and orders need equally many epochs on the digits."
        ),
        criterion="90 % interval of the mean ln(ratio) within ln {{ params.slow_ratio }} of 0",
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="twin-table",
        role="null",
        guards="slower-table",
        statement="The same on the table.",
        criterion="90 % interval of the mean ln(ratio) within ln {{ params.slow_ratio }} of 0",
        unit="ln ratio",
    ),
    Criterion(
        claim=NETWORK,
        name="noisy-standard-init",
        role="break",
        guards="clean-accuracy",
        statement="Under label noise squared error ends less accurate at the standard initial scale as well.",
        criterion=_WORSE,
    ),
)


def measure(p, seeds, sweep):
    records = (
        _saturation_unit.measure(p, sweep)
        + _saturation_gradient.measure(p)
        + _saturation_network.measure(p, seeds, sweep)
    )
    frame = pd.DataFrame(records, columns=["part", "arm", "metric", "x", "seed", "value"])
    return frame.astype({"x": float, "seed": int, "value": float})


def predict(p):
    """Times of the unit by the closed forms."""
    z0 = _saturation_unit.starts(p)
    goal = _saturation_unit.goal_logit(p.goal)
    return pd.DataFrame({"z0": z0} | {a: _saturation_unit.flow_time(a, z0, goal) for a in _saturation_unit.LOSSES})


def judge(data, p):
    found = _saturation_judge.unit(data, p) | _saturation_judge.gradient(data, p) | _saturation_judge.network(data, p)
    return [CRITERIA.finding(name, outcome, note=note) for name, (outcome, note) in found.items()]


def draw(data, p):
    return _draw(data, p)
