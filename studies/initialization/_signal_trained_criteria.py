"""The criteria of `signal_propagation` that need training: reached depth and symmetry."""

from studies.harness import Criterion

DEPTH, SYMMETRY = "init-trainability-depth", "init-symmetry-breaking"
_CEILING = (
    "; a rule that still succeeds at the last depth in some seed has reached at least that: undecided where a larger "
    "depth could change the verdict"
)
_DEEPER = (
    "log2 of the reached depth (training accuracy above {{ params.success }}, Spearman-Karber), paired over "
    "{{ params.seeds }} seeds or more: 95 % BCa interval above 0 and mean at least {{ params.octaves }} octaves; with "
    "both optimizers" + _CEILING
)
_HOLM = ", Holm over all primary p values of the study"
_AS_DEEP = (
    "90 % interval of the paired difference of log2 reached depth within {{ params.octaves }} octaves, with both "
    "optimizers" + _CEILING
)
_SAME = "largest difference between parameters of units that started alike exactly 0, all seeds"
_FLAT = (
    "relative change of the loss over steps {{ params.flat_steps }} along the direction at most {{ params.flat_tol }}"
)
_XOR = "largest accuracy at any step, ReLU and tanh, plain descent and Adam, at most 0.75"

TRAINED = (
    Criterion(
        claim=DEPTH,
        name="he-over-xavier",
        statement="With rectifiers He's variance trains deeper nets than Xavier's.",
        criterion=_DEEPER + _HOLM,
        extendable=True,
    ),
    Criterion(
        claim=DEPTH,
        name="classical-below",
        statement="With rectifiers U(-1/d, 1/d) trains less deep nets than He's and Xavier's rules.",
        criterion=_DEEPER + _HOLM,
        extendable=True,
    ),
    Criterion(
        claim=DEPTH,
        name="he-over-wider",
        role="secondary",
        statement="With rectifiers He's variance trains deeper nets than the larger ones of the slides' formulas.",
        criterion=_DEEPER,
    ),
    Criterion(
        claim=DEPTH,
        name="xavier-over-heuristic",
        role="secondary",
        statement="With rectifiers Xavier's variance trains deeper nets than a third of it, U(-1/sqrt d, 1/sqrt d).",
        criterion=_DEEPER,
    ),
    Criterion(
        claim=DEPTH,
        name="tanh-xavier-over-heuristic",
        role="secondary",
        statement="The same with tanh units.",
        criterion=_DEEPER,
    ),
    Criterion(
        claim=DEPTH,
        name="tanh-he-as-xavier",
        role="secondary",
        statement="With tanh units He's doubled variance trains as deep nets as Xavier's.",
        criterion=_AS_DEEP,
    ),
    Criterion(
        claim=DEPTH,
        name="tanh-orthogonal",
        role="secondary",
        statement="With tanh units orthogonal weights train deeper nets than independent ones of the same variance.",
        criterion=_DEEPER,
    ),
    Criterion(
        claim=DEPTH,
        name="one-hidden-layer",
        role="null",
        guards=("he-over-xavier", "classical-below"),
        statement="With one hidden layer all rules train equally well.",
        criterion=(
            "training accuracy of every rule, unit and optimizer: 90 % interval of the paired difference from He's "
            "within {{ params.shallow_tol }}; the worst is shown"
        ),
    ),
    Criterion(
        claim=DEPTH,
        name="as-printed-e01-training",
        role="as-printed",
        erratum="E01",
        statement="With rectifiers variance 2/sqrt(d), as printed, trains as deep nets as He's 2/d.",
        criterion=_AS_DEEP,
    ),
    Criterion(
        claim=DEPTH,
        name="as-printed-e02-training",
        role="as-printed",
        erratum="E02",
        statement="With rectifiers U(-1/d, 1/d), as printed, trains as deep nets as the rule of thumb with the root.",
        criterion=_AS_DEEP,
    ),
    Criterion(
        claim=SYMMETRY,
        name="twins-stay",
        statement=(
            "Hidden units with equal weights in and out stay equal to the last bit, under plain descent and Adam, in "
            "pairs and all together."
        ),
        criterion=_SAME,
    ),
    Criterion(
        claim=SYMMETRY,
        name="hidden-rank",
        statement="After training the hidden activations have the rank of the units that started different.",
        criterion=(
            "numerical rank (singular values above 1e-5 of the first) 1 with all units alike and half the units with "
            "pairs, both optimizers, all seeds"
        ),
    ),
    Criterion(
        claim=SYMMETRY,
        name="one-unit",
        statement="Plain descent trains equal units as one unit with weights sqrt(h) times as large.",
        criterion="logits on the test images equal within {{ params.single_tol }} of the largest, all seeds",
    ),
    Criterion(
        claim=SYMMETRY,
        name="flat-direction",
        statement="The loss is constant along (1, -1) in the weights of twins to one output, after training, too.",
        criterion=_FLAT,
    ),
    Criterion(
        claim=SYMMETRY,
        name="xor-stuck",
        statement="From constant weights XOR is never solved.",
        criterion=_XOR,
    ),
    Criterion(
        claim=SYMMETRY,
        name="noise-parts",
        role="secondary",
        statement="Noise of {{ params.noise }} on the incoming weights is enough for twins to part in training.",
        criterion=(
            "share of seeds with a distance of at least {{ params.parted }} after {{ params.symmetry_steps }} steps: "
            "Wilson interval above one half"
        ),
    ),
    Criterion(
        claim=SYMMETRY,
        name="noise-proportional",
        role="secondary",
        statement="The distance after training is proportional to small noise: a fixed gain, no escape.",
        criterion=(
            "log-log slope of the final distance in the noise, up to {{ params.linear_noise }}, 1 within "
            "{{ params.proportional_tol }}, 95 % interval over seeds"
        ),
    ),
    Criterion(
        claim=SYMMETRY,
        name="dropout-parts",
        role="break",
        guards="twins-stay",
        statement="Twins stay equal when {{ params.dropout }} of the hidden units are dropped at random.",
        criterion=_SAME,
    ),
    Criterion(
        claim=SYMMETRY,
        name="noise-breaks",
        role="break",
        guards="twins-stay",
        statement="Twins with noise of {{ params.noise }} on their incoming weights come no further apart in training.",
        criterion="distance after {{ params.symmetry_steps }} steps over that at the start at most 1 in some seed",
    ),
    Criterion(
        claim=SYMMETRY,
        name="different-not-flat",
        role="break",
        guards="flat-direction",
        statement="The loss is constant along (1, -1) between units that started different.",
        criterion=_FLAT,
    ),
    Criterion(
        claim=SYMMETRY,
        name="xor-different",
        role="break",
        guards="xor-stuck",
        statement="From He's random weights XOR is never solved.",
        criterion=_XOR,
    ),
)
