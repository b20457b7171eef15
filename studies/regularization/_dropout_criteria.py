"""The criteria of the study `dropout`, fixed before it runs."""

from studies.harness import Criteria, Criterion

SCALING, MEAN, RIDGE = "dropout-scaling", "dropout-geometric-mean", "dropout-linear-ridge"
HELPS, HALF = "dropout-helps", "dropout-half-best"
IDENTITY = "largest error {{ params.identity_tol }}, relative or, below 1, absolute; all 2^{{ params.units }} masks"
PROBABILITY = "largest error of a probability {{ params.identity_tol }}; all 2^{{ params.units }} masks, every seed"
PAIRED = "paired over seeds at each setting, 95 % BCa interval off 0 and mean at least {{ params.margin }}"
SHARE = (
    "share of settings with a regret below {{ params.margin }} (paired, 95 % interval) at least "
    "{{ params.near_share }}; regret in test accuracy against the rate that is best on the validation data of tuning "
    "seeds; confirmed if enough settings are surely below, refuted if too few possibly are"
)

CRITERIA = Criteria(
    Criterion(claim=SCALING, name="inverted-mean",
        statement="Divided by the keep rate in training, pre-activations have the mean that evaluation has.",
        criterion=IDENTITY),
    Criterion(claim=SCALING, name="test-mean",
        statement="Weights times the keep rate in evaluation, biases untouched, give the mean of training.",
        criterion=IDENTITY),
    Criterion(claim=SCALING, name="sampled-mean",
        statement="So do the engine's own masks, under both conventions.",
        criterion="{{ params.draws }} draws: within z standard errors, Bonferroni, and {{ params.sampled_tol }} "
            "relative to the root mean square pre-activation"),
    Criterion(claim=SCALING, name="twins",
        statement="Trained twins of the two conventions stay the same function, W of the first (1 - q) times W of the "
            "second, if the second learns (1 - q)^-2 as fast.",
        criterion="largest error of a weight over the training {{ params.twin_tol }} of the largest weight"),
    Criterion(claim=SCALING, name="variance", role="secondary",
        statement="The variance that evaluation lacks is q/(1 - q) times the sum of w^2 g^2.", criterion=IDENTITY),
    Criterion(claim=SCALING, name="after-relu", role="secondary",
        statement="Means are also equal after the nonlinearity.", criterion=IDENTITY),
    Criterion(claim=SCALING, name="slide-deficit", role="secondary",
        statement="Scaling the whole pre-activation makes it too small by q b.", criterion=IDENTITY),
    Criterion(claim=SCALING, name="as-printed-e42", role="as-printed", erratum="E42",
        statement="Scaling the whole pre-activation, bias included, gives the mean of training.", criterion=IDENTITY),
    Criterion(claim=SCALING, name="as-printed-e43", role="as-printed", erratum="E43",
        statement="Weights times 1 - p give the mean of training with p as in the paper cited "
            "(p = {{ params.keep_probability }}).",
        criterion=IDENTITY),
    Criterion(claim=SCALING, name="no-scaling", role="break", guards=("inverted-mean", "test-mean"),
        statement="Without any scaling evaluation computes the mean of training.",
        criterion=IDENTITY + "; must not pass"),
    Criterion(claim=SCALING, name="no-scaling-sampled", role="break", guards="sampled-mean",
        statement="The same with the engine's masks.", criterion="as for both conventions; must not pass"),
    Criterion(claim=SCALING, name="twins-same-rate", role="break", guards="twins",
        statement="Twins stay equal with the same learning rate.",
        criterion="largest error of a weight {{ params.twin_tol }}; must not pass"),

    Criterion(claim=MEAN, name="one-layer",
        statement="One softmax layer with scaled weights is the normalised geometric mean of all thinned ones.",
        criterion=PROBABILITY),
    Criterion(claim=MEAN, name="last-layer",
        statement="So is a deep network whose only masks are before its last layer.", criterion=PROBABILITY),
    Criterion(claim=MEAN, name="masked-inputs", extendable=True,
        statement="With masks on the inputs of deeper networks the scaled network is closer to the geometric than to "
            "the arithmetic mean.",
        criterion="log of KL(geometric, scaled) over KL(arithmetic, scaled), paired over seeds at each depth, "
            "activation, weight scale and trained: 95 % BCa interval below 0, mean at most -{{ params.ratio_margin }}"),
    Criterion(claim=MEAN, name="masked-inputs-reverse", role="secondary",
        statement="It is also closer in the other direction, KL(scaled, mean).", criterion="as for masked-inputs"),
    Criterion(claim=MEAN, name="as-printed-e57", role="as-printed", erratum="E57",
        statement="Trained networks with scaled weights are the geometric mean at any depth.",
        criterion=PROBABILITY + ", at each depth"),
    Criterion(claim=MEAN, name="bias-scaled", role="break", guards=("one-layer", "last-layer"),
        statement="One layer with its bias scaled too is the geometric mean.",
        criterion="error of a probability at most {{ params.error_floor }} in some seed; must not pass"),
    Criterion(claim=MEAN, name="wrong-keep", role="break", guards=("one-layer", "last-layer"),
        statement="One layer scaled by 0.8 times the keep rate is the geometric mean.",
        criterion="error of a probability at most {{ params.error_floor }} in some seed; must not pass"),

    Criterion(claim=RIDGE, name="penalty",
        statement="The squared error averaged over masks is that without plus q/(1 - q) sum_j ||x_j||^2 w_j^2.",
        criterion="largest relative error {{ params.identity_tol }}, all 2^10 masks, rates "
            "{{ params.ridge_rates | join(', ') }}"),
    Criterion(claim=RIDGE, name="minimiser",
        statement="Its minimiser is that of ridge regression with these weights.",
        criterion="largest relative error {{ params.minimiser_tol }}"),
    Criterion(claim=RIDGE, name="descent",
        statement="Gradient descent with random masks has it as the mean of its averaged iterates.",
        criterion="within z standard errors over seeds, Bonferroni, and {{ params.ridge_tol }} of the largest "
            "coefficient"),
    Criterion(claim=RIDGE, name="scale-free", role="secondary",
        statement="Its predictions do not depend on the units of the features.",
        criterion="largest error {{ params.minimiser_tol }}"),
    Criterion(claim=RIDGE, name="ridge-scale-free", role="secondary",
        statement="Nor do those of ridge regression with one penalty for all.",
        criterion="largest error {{ params.minimiser_tol }}"),
    Criterion(claim=RIDGE, name="unweighted", role="break", guards=("penalty", "minimiser"),
        statement="Ridge regression with one penalty for all has the same minimiser on features of unequal units.",
        criterion="largest relative error {{ params.minimiser_tol }}; must not pass"),
    Criterion(claim=RIDGE, name="unweighted-descent", role="break", guards="descent",
        statement="Descent with masks leads there.", criterion="as for the weighted penalty; must not pass"),

    Criterion(claim=HELPS, name="accuracy", extendable=True,
        statement="The drop rate above 0 that is best on the validation data of tuning seeds is more accurate on the "
            "test digits than none.",
        criterion=PAIRED + "; learning rates tuned for every drop rate alike"),
    Criterion(claim=HELPS, name="gap", role="secondary",
        statement="The same rate narrows the gap between accuracy on the training labels and on the test digits if "
            "labels of both are wrong as often.",
        criterion=PAIRED + "; expected accuracy on test labels that become another class as often as in training"),
    Criterion(claim=HELPS, name="half-gain", role="secondary",
        statement="A rate of one half, on the same budget as none, is more accurate than none.", criterion=PAIRED),
    Criterion(claim=HELPS, name="clean-gain", role="secondary",
        statement="Mean gain over the settings without label noise.",
        criterion="paired over seeds, 95 % BCa interval off 0 and mean at least {{ params.margin }}"),
    Criterion(claim=HELPS, name="noisy-gain", role="secondary",
        statement="Mean gain over the settings with label noise.",
        criterion="paired over seeds, 95 % BCa interval off 0 and mean at least {{ params.margin }}"),
    Criterion(claim=HELPS, name="masks-on", role="break", guards="accuracy",
        statement="Networks trained at one half are more accurate with the masks left on, mean of all settings.",
        criterion="paired over seeds, mean at least {{ params.margin }}; must not pass"),
    Criterion(claim=HELPS, name="tiny-rate", role="null", guards=("accuracy", "gap"),
        statement="A drop rate of {{ params.tiny_rate }} changes nothing.",
        criterion="accuracies equal to {{ params.minimiser_tol }} in every seed"),

    Criterion(claim=HALF, name="near-best", extendable=True,
        statement="A drop rate of one half is near-best in most settings.", criterion=SHARE),
    Criterion(claim=HALF, name="near-best-by-width", role="secondary",
        statement="It is so at each width.", criterion=SHARE + "; at each width, and in the note without each width"),
    Criterion(claim=HALF, name="near-best-where", role="secondary",
        statement="The settings in which it is.",
        criterion="regret below {{ params.margin }}, 95 % interval, at each setting"),
    Criterion(claim=HALF, name="near-best-clean", role="secondary",
        statement="It is so without label noise.", criterion=SHARE),
    Criterion(claim=HALF, name="near-best-noisy", role="secondary",
        statement="It is so with label noise.", criterion=SHARE),
    Criterion(claim=HALF, name="extreme", role="break", guards="near-best",
        statement="A drop rate of {{ params.extreme_rate }} is near-best in most settings.",
        criterion=SHARE + "; must not pass"),
)  # fmt: skip
