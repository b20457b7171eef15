"""Criteria on identities: the layer and its gradient, invariance, biases, folding."""

from studies.harness import Criterion

LAYER, INVARIANCE, BIAS, MERGE = "bn-forward-backward", "bn-scale-invariance", "bn-bias-useless", "bn-merge"
_EXACT = "largest relative error {{ params.tol }}"
_COSINE = "|cosine| at most {{ params.tol }}"
_GRADIENT = (
    "largest error {{ params.gradient_tol }} of the largest entry of its group (input, gain, shift), batches of "
    "{{ params.gradient_batches }}"
)
_NORM = "largest relative error {{ params.norm_tol }} over all steps, L2 {{ params.decays }}"
_BIAS = "gradient at most {{ params.bias_tol }} of that of the shift"
_EFFECT = "largest change of an output {{ params.bias_tol }} of the largest output"
_FOLD = "largest difference {{ params.fold_tol }} of the largest output, {{ params.seeds }} trained networks or more"


def control(claim, name, guards, statement, criterion):
    return Criterion(claim=claim, name=name, role="break", guards=guards, statement=statement,
                     criterion=criterion + "; must not pass")  # fmt: skip


EXACT = (
    Criterion(claim=LAYER, name="standardises",
        statement="Before gain and shift the outputs have mean 0 and variance v/(v + eps) over the batch.",
        criterion=_EXACT + ", means relative to 1"),
    Criterion(claim=LAYER, name="gradient",
        statement="The gradient by input, gain and shift is that of the whole layer, statistics included.",
        criterion=_GRADIENT + "; against complex-step derivatives of the definition"),
    Criterion(claim=LAYER, name="formula", role="secondary",
        statement="So is the closed form with its two means.", criterion=_GRADIENT),
    Criterion(claim=LAYER, name="finite-differences", role="secondary",
        statement="Central differences of the engine's own loss agree.",
        criterion="largest error {{ params.gradient_tol }} of the largest entry of all groups"),
    Criterion(claim=LAYER, name="wrong-size", role="secondary",
        statement="Leaving the statistics out is no small error.",
        criterion="error of the detached gradient by the input at least {{ params.wrong_error }} of its largest entry, "
            "at every batch size"),
    control(LAYER, "detached", "gradient",
        "The gradient that takes mean and variance for constants is right.", _GRADIENT),
    control(LAYER, "uncentred", "standardises",
        "Division by the root mean square alone gives mean 0 and that variance.", _EXACT),

    Criterion(claim=INVARIANCE, name="output-invariant",
        statement="Scaling a layer's weights, or adding an offset to each unit, leaves the outputs.",
        criterion=_EXACT + ", factors {{ params.scales }}, eps 0"),
    Criterion(claim=INVARIANCE, name="gradient-inverse",
        statement="Weights larger by a factor get a gradient smaller by it.", criterion=_EXACT + ", eps 0"),
    Criterion(claim=INVARIANCE, name="orthogonal",
        statement="The gradient of each unit's weights is orthogonal to them.",
        criterion=_COSINE + ", eps 0"),
    Criterion(claim=INVARIANCE, name="norm-growth",
        statement="Hence a step of SGD adds lr^2 |g|^2 to |W|^2, which L2 first shrinks by (1 - 2 lr lambda)^2.",
        criterion=_NORM),
    Criterion(claim=INVARIANCE, name="rate-decays", role="secondary",
        statement="Without weight decay the effective step lr/|W|^2 only falls.",
        criterion="largest ratio of successive values at most 1"),
    Criterion(claim=INVARIANCE, name="as-printed-e15", role="as-printed", erratum="E15",
        statement="Division by the batch mean, the slide's toy normaliser, shares the invariance to scale and offset.",
        criterion=_EXACT),
    control(INVARIANCE, "large-eps", "output-invariant",
        "With eps = 1 outputs are invariant to scale.", _EXACT),
    control(INVARIANCE, "no-norm", "output-invariant",
        "Without batch norm outputs are invariant to scale.", _EXACT),
    control(INVARIANCE, "large-eps-gradient", "gradient-inverse",
        "With eps = 1 weights larger by a factor get a gradient smaller by it.", _EXACT),
    control(INVARIANCE, "no-norm-gradient", "gradient-inverse",
        "Without batch norm weights larger by a factor get a gradient smaller by it.", _EXACT),
    control(INVARIANCE, "no-norm-cosine", "orthogonal",
        "Without batch norm the gradient of each unit's weights is orthogonal to them.", _COSINE),
    control(INVARIANCE, "offset-weights", "output-invariant",
        "Adding one number to all weights of a unit leaves its output.", _EXACT),
    control(INVARIANCE, "output-layer", "norm-growth",
        "The output layer, which no batch norm follows, obeys the same growth.", _NORM),

    Criterion(claim=BIAS, name="bias-gradient",
        statement="Biases before batch norm have no gradient.", criterion=_BIAS + ", along a training run"),
    Criterion(claim=BIAS, name="bias-effect",
        statement="Random offsets of trained biases change nothing while statistics are the batch's.",
        criterion=_EFFECT),
    Criterion(claim=BIAS, name="shift-role", role="secondary",
        statement="A shift of gain/sd times the offset does what the bias would do with standing statistics.",
        criterion="largest difference of outputs {{ params.tol }} of the largest"),
    Criterion(claim=BIAS, name="stale-statistics", role="secondary",
        statement="With stored statistics the offset does matter, until they are estimated anew.",
        criterion="largest change of an output at least {{ params.wrong_error }} of the largest; the note has the "
            "change after recalibration"),
    control(BIAS, "bias-after", "bias-effect",
        "The same offsets after batch norm, in its shift, change nothing.", _EFFECT),
    control(BIAS, "bias-alone", "bias-gradient",
        "Without batch norm the biases have no gradient either.", _BIAS),

    Criterion(claim=MERGE, name="folded",
        statement="With stored statistics a trained network computes the same when its batch norms are folded into "
            "the layers before them.",
        criterion=_FOLD),
    Criterion(claim=MERGE, name="folded-single", role="secondary",
        statement="The same in single precision.", criterion="largest difference {{ params.fold_tol_32 }}"),
    Criterion(claim=MERGE, name="fold-formula", role="secondary",
        statement="W gain/sd and (b - mean) gain/sd + shift are the weights and biases of the folded network.",
        criterion="largest relative error {{ params.tol }}"),
    Criterion(claim=MERGE, name="fold-faster", role="secondary", tolerance=1.0, volatile=True,
        statement="The folded network is faster (a timing on the machine that ran the study).",
        criterion="ln(time before over after folding): 95 % interval over {{ params.timing_rounds }} rounds above 0"),
    control(MERGE, "fold-other-batch", "folded",
        "Folding with the statistics of one batch of other examples does too.", _FOLD),
)  # fmt: skip
