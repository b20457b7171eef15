"""The criteria of the saturation study for whole networks, fixed before it runs."""

from studies.harness import Criterion

CLAIM = "l2-bad-with-sigmoid-output"
_SLOWER = (
    "95 % BCa interval of the paired mean of ln(epochs, squared) - ln(epochs, log) over "
    "{{ params.seeds }} seeds or more above 0, "
    "and the mean at least ln {{ params.slow_ratio }}"
)
_SCALES = "; at every initial scale of {{ params.scales }}, Holm over "
_STUDY, _OWN = "all primary p values of the study", "these scales"
_WORSE = (
    "95 % BCa interval of the paired mean of accuracy(log) - accuracy(squared) over {{ params.accuracy_seeds }} "
    "seeds or more above 0, "
    "and the mean at least {{ params.accuracy_delta }}"
)
NETWORK = (
    Criterion(
        claim=CLAIM,
        name="slower-digits",
        statement=(
            "On the digits squared error needs more epochs to a training error of {{ params.target }}, "
            "both losses tuned."
        ),
        criterion=_SLOWER + _SCALES + _STUDY,
        extendable=True,
    ),
    Criterion(
        claim=CLAIM,
        name="slower-table",
        statement="The same on the breast cancer table, with full batches.",
        criterion=_SLOWER + _SCALES + _STUDY,
        extendable=True,
    ),
    Criterion(
        claim=CLAIM,
        name="standard-init",
        role="secondary",
        statement="On the digits, at the standard initial scale, squared error needs more epochs.",
        criterion=_SLOWER,
        unit="ln ratio",
    ),
    Criterion(
        claim=CLAIM,
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
        claim=CLAIM,
        name="same-rate",
        role="secondary",
        statement=("Squared error at the rate tuned for log-loss needs more epochs, at the standard initial scale."),
        criterion=_SLOWER,
        unit="ln ratio",
    ),
    Criterion(
        claim=CLAIM,
        name="full-batch",
        role="secondary",
        statement=(
            "With full batches and rates tuned for them, too, squared error needs more epochs at the standard scale."
        ),
        criterion=_SLOWER,
        unit="ln ratio",
    ),
    Criterion(
        claim=CLAIM,
        name="last-examples",
        role="secondary",
        statement=("Most runs with squared error, at the standard scale, never get every training digit right."),
        criterion="Wilson interval of the share that does, below {{ params.half }}",
    ),
    Criterion(
        claim=CLAIM,
        name="clean-accuracy",
        role="secondary",
        statement="With clean labels squared error ends less accurate, rates tuned on validation accuracy.",
        criterion=_WORSE + _SCALES + _OWN,
    ),
    Criterion(
        claim=CLAIM,
        name="noisy-accuracy",
        role="secondary",
        statement=("With a share {{ params.noise }} of wrong training labels squared error ends less accurate."),
        criterion=_WORSE + _SCALES + _OWN,
    ),
    Criterion(
        claim=CLAIM,
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
        claim=CLAIM,
        name="twin-table",
        role="null",
        guards="slower-table",
        statement="The same on the table.",
        criterion="90 % interval of the mean ln(ratio) within ln {{ params.slow_ratio }} of 0",
        unit="ln ratio",
    ),
    Criterion(
        claim=CLAIM,
        name="noisy-standard-init",
        role="break",
        guards="clean-accuracy",
        statement="Under label noise squared error ends less accurate at the standard initial scale as well.",
        criterion=_WORSE,
    ),
)
