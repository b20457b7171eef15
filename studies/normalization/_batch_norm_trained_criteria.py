"""Criteria on trained networks: mismatch, speed, highest rate; and deep stacks."""

from studies.harness import Criterion
from studies.normalization._batch_norm_exact_criteria import control

MISMATCH, SPEED = "bn-train-test-mismatch", "bn-speeds-up"
RATE, DEEP = "bn-higher-lr", "bn-gradient-explosion"
_BAND = "95 % BCa interval over seeds"
_GAP = (
    "log-log slope of |gap| in the batch size over {{ params.gap_batches }}: " + _BAND + " below {{ params.gap_slope }}"
)
_MC = "within the Bonferroni-corrected 95 % error of {{ params.formula_draws }} batches, and 5 %"
_PAIRED = "paired over seeds, " + _BAND + " off 0 and mean difference at least "
_SPEED = _PAIRED + "ln {{ params.speed_factor }} in ln(epochs to a training loss of {{ params.target }})"
_RATE = (
    _PAIRED + "{{ params.rate_margin }} in log10 of the highest rate that ends below a loss of {{ params.rate_loss }}"
)
_GROWTH = "growth per layer {{ params.growth }} +- {{ params.growth_tol }}, " + _BAND
_LEVEL = "growth per layer 1 +- {{ params.level_tol }}, " + _BAND

TRAINED = (
    Criterion(claim=MISMATCH, name="moments",
        statement="The biased variance of B normal values averages (B - 1)/B of the variance, and 1/deviation is "
            "inflated by sqrt(B/2) Gamma(B/2 - 1)/Gamma((B - 1)/2).",
        criterion=_MC),
    Criterion(claim=MISMATCH, name="gap-slope",
        statement="The gap between training-mode and evaluation-mode loss falls steeply with the batch size, epochs "
            "held fixed.",
        criterion=_GAP),
    Criterion(claim=MISMATCH, name="collapse", extendable=True,
        statement="With two examples per batch, batch norm is less accurate than no normalisation.",
        criterion=_PAIRED + "{{ params.collapse }} in test accuracy, each arm tuned"),
    Criterion(claim=MISMATCH, name="large-batches", extendable=True,
        statement="At large batches batch norm is more accurate than no normalisation.",
        criterion=_PAIRED + "{{ params.benefit }} in test accuracy at batches of {{ params.large }}, each arm tuned"),
    Criterion(claim=MISMATCH, name="gap-slope-steps", role="secondary",
        statement="The gap also falls steeply with steps held fixed.", criterion=_GAP),
    Criterion(claim=MISMATCH, name="gap-slope-rates", role="secondary",
        statement="Both slopes at other learning rates.", criterion=_GAP),
    Criterion(claim=MISMATCH, name="recalibrated-full", role="secondary",
        statement="Exact statistics of all training data narrow the gap at the smallest batch of the slope.",
        criterion=_PAIRED + "{{ params.recalibration_margin }} of the gap"),
    Criterion(claim=MISMATCH, name="recalibrated-batches", role="secondary",
        statement="Statistics averaged over batches of the training size narrow it.",
        criterion=_PAIRED + "{{ params.recalibration_margin }} of the gap"),
    Criterion(claim=MISMATCH, name="full-batch-gap", role="null", guards=("gap-slope", "collapse"),
        statement="With the whole set as batch, its exact mean and biased variance leave no gap.",
        criterion="largest gap 1e-5 of the loss (float32)"),
    Criterion(claim=MISMATCH, name="layer-norm-gap", role="null", guards="gap-slope",
        statement="Layer norm has no gap at any batch size.", criterion="largest gap 1e-5 of the loss (float32)"),
    control(MISMATCH, "layer-norm-slope", "gap-slope", "Layer norm's gap falls with the batch size.", _GAP),
    control(MISMATCH, "layer-norm-collapse", "collapse",
        "Layer norm loses as much with two examples per batch.",
        _PAIRED + "{{ params.collapse }} in test accuracy, each arm tuned"),

    Criterion(claim=SPEED, name="fewer-epochs", extendable=True,
        statement="At tuned rates batch norm reaches the training loss in fewer epochs.",
        criterion=_SPEED + "; at each depth of {{ params.depths }} and batch of {{ params.speed_batches }}"),
    Criterion(claim=SPEED, name="fewer-small", role="secondary",
        statement="It also does at batches of {{ params.small_batch }}.", criterion=_SPEED),
    Criterion(claim=SPEED, name="fewer-seconds", role="secondary", tolerance=1.0, volatile=True,
        statement="It also needs fewer seconds (timings on the machine that ran the study).",
        criterion=_PAIRED + "ln {{ params.speed_factor }} in ln(seconds)"),
    Criterion(claim=SPEED, name="same-rate", role="secondary",
        statement="At the plain network's best rate batch norm is faster.", criterion=_SPEED),
    control(SPEED, "detached-faster", "fewer-epochs",
        "So does batch norm with the gradient that leaves its statistics out, at the smallest of the batches.", _SPEED),
    control(SPEED, "pairs-faster", "fewer-epochs",
        "So does batch norm with batches of two.", _SPEED),

    Criterion(claim=RATE, name="higher-rate", extendable=True,
        statement="With batch norm higher rates work.",
        criterion=_RATE + "; at each depth of {{ params.depths }} and batch of {{ params.rate_batches }}"),
    Criterion(claim=RATE, name="still-limited", role="secondary",
        statement="Batch norm does not remove the limit: its highest rate fails.",
        criterion="share of all its runs at the highest rate tried that end above {{ params.rate_loss }} at least 0.9"),
    control(RATE, "pairs-higher", "higher-rate", "With batches of two higher rates work too.", _RATE),

    Criterion(claim=DEEP, name="no-vanishing",
        statement="Where plain gradients vanish, in sigmoid stacks, batch norm keeps them from vanishing.",
        criterion="growth per layer, seen from the output, at least 1 less {{ params.level_tol }}: " + _BAND
            + " above"),
    Criterion(claim=DEEP, name="explodes",
        statement="In ReLU stacks batch norm makes gradients grow from layer to layer instead.", criterion=_GROWTH),
    Criterion(claim=DEEP, name="residual-needed", extendable=True,
        statement="A residual network with batch norm is more accurate than plain batch norm at "
            "{{ params.checked_depth }} layers.",
        criterion=_PAIRED + "{{ params.residual_margin }} in test accuracy, each arm tuned"),
    Criterion(claim=DEEP, name="limit", role="secondary",
        statement="The growth is that of wide layers and large batches, sqrt(pi/(pi - 1)).",
        criterion="relative error {{ params.limit_tol }} at each (width, batch)"),
    Criterion(claim=DEEP, name="tanh-growth", role="secondary",
        statement="In tanh stacks gradients grow, too.",
        criterion="growth per layer above 1: " + _BAND),
    Criterion(claim=DEEP, name="deeper-better", role="secondary",
        statement="Batch norm alone is more accurate than a plain network.",
        criterion=_PAIRED + "{{ params.residual_margin }} in test accuracy at each depth, each arm tuned"),
    Criterion(claim=DEEP, name="residual-alone", role="secondary",
        statement="At {{ params.checked_depth }} layers batch norm adds accuracy to the residual network.",
        criterion=_PAIRED + "{{ params.residual_margin }} in test accuracy"),
    Criterion(claim=DEEP, name="linear-level", role="null", guards=("explodes", "no-vanishing"),
        statement="In linear stacks with batch norm gradients keep their size.", criterion=_LEVEL),
    control(DEEP, "plain-vanishes", "no-vanishing",
        "In sigmoid stacks without batch norm they keep from vanishing as well.",
        "growth per layer, seen from the output, at least 1 less {{ params.level_tol }}: " + _BAND + " above"),
    control(DEEP, "he-grows", "explodes", "In ReLU stacks without batch norm they grow so as well.", _GROWTH),
    control(DEEP, "shallow-residual", "residual-needed",
        "The residual network is as much more accurate at {{ params.train_depths[0] }} layers.",
        _PAIRED + "{{ params.residual_margin }} in test accuracy, each arm tuned"),
)  # fmt: skip
