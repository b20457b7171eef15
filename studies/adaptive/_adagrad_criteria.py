"""The criteria of the study `adagrad_decay`, fixed before it runs: decay, stall, rare features."""

from studies.harness import Criteria, Criterion

DECAY, STALL, SPARSE = "adagrad-sqrt-decay", "adagrad-decays-too-fast", "adagrad-sparse"
SLOPE = "log-log slope {{ params.step_slope }} +- "
PAIRED = "paired over seeds, 95 % BCa interval off 0 and mean difference at least "
LOSS = PAIRED + "{{ params.log_loss_margin }} in the log of the training loss, each rule tuned on it"
ACCURACY = PAIRED + "{{ params.accuracy_margin }} in accuracy, each rule tuned on it"
ON_DIGITS = ("shallow-vs-rmsprop", "shallow-vs-adam", "deep-vs-rmsprop", "deep-vs-adam")

CRITERIA = Criteria(
    Criterion(claim=DECAY, name="constant-step",
        statement="Under a constant gradient the step length falls as the inverse root of the step "
            "number, whatever the size of the gradient.",
        criterion=SLOPE + "{{ params.constant_tol }} at every gradient size; the slope furthest off is "
            "reported"),
    Criterion(claim=DECAY, name="constant-path",
        statement="The path after t such steps is the learning rate times the sum of s^(-1/2).",
        criterion="largest relative error {{ params.path_tol }} over all sizes and recorded steps from "
            "{{ params.path_from }} on"),
    Criterion(claim=DECAY, name="noisy-effective",
        statement="Under zero-mean Gaussian gradients the effective step (step over gradient) falls as t "
            "to the -1/2.",
        criterion=SLOPE + "{{ params.noisy_tol }}, 95 % interval over {{ params.seeds }} seeds or more, each the "
            "average of {{ params.coordinates }} coordinates"),
    Criterion(claim=DECAY, name="noisy-length",
        statement="So does the root mean square length of the step itself.",
        criterion=SLOPE + "{{ params.noisy_tol }}, 95 % interval over the same seeds"),
    Criterion(claim=DECAY, name="decaying-effective",
        statement="Under gradients t^-p with p < 1/2 the effective step falls more slowly, as t to the "
            "-(1 - 2p)/2.",
        criterion="log-log slope -(1 - 2p)/2 +- {{ params.decaying_tol }} at p = {{ params.power }}"),
    Criterion(claim=DECAY, name="decaying-length",
        statement="The step length still falls as t to the -1/2 there.",
        criterion=SLOPE + "{{ params.decaying_tol }} at p = {{ params.power }}"),
    Criterion(claim=DECAY, name="two-terms", role="secondary", unit="rates",
        statement="The path is 2 sqrt(T) + zeta(1/2) learning rates, up to a vanishing rest.",
        criterion="within {{ params.two_term_tol }} at the last step"),
    Criterion(claim=DECAY, name="biased-length", role="secondary",
        statement="The length also falls so when the noise has a mean.",
        criterion=SLOPE + "{{ params.noisy_tol }} with mean {{ params.bias }}"),
    Criterion(claim=DECAY, name="finite-sum", role="secondary",
        statement="Where the squared gradients have a finite sum the effective step stops falling.",
        criterion="log-log slope 0 +- {{ params.decaying_tol }} at p = {{ params.fast_power }}"),
    Criterion(claim=DECAY, name="epsilon-outside", role="secondary",
        statement="With epsilon outside the root the law holds for gradients of every size tried.",
        criterion=SLOPE + "{{ params.constant_tol }} at each size"),
    Criterion(claim=DECAY, name="as-printed-e13", role="as-printed", erratum="E13",
        statement="With epsilon inside the root the law holds for gradients of every size tried.",
        criterion=SLOPE + "{{ params.constant_tol }} at each size; the estimate is the share of sizes "
            "that pass"),
    Criterion(claim=DECAY, name="as-printed-e24", role="as-printed", erratum="E24",
        statement="With the recursion printed for the sum of squares, which is their running mean, the "
            "step falls as t to the -1/2.",
        criterion=SLOPE + "{{ params.constant_tol }}, constant gradients"),
    Criterion(claim=DECAY, name="rmsprop-constant", role="break", guards="constant-step",
        statement="RMSProp's steps under constant gradients meet AdaGrad's criterion.",
        criterion=SLOPE + "{{ params.constant_tol }}; must not pass"),
    Criterion(claim=DECAY, name="mean-path", role="break", guards="constant-path",
        statement="The path of the running-mean rule is the sum of s^(-1/2).",
        criterion="largest relative error {{ params.path_tol }}; must not pass"),
    Criterion(claim=DECAY, name="mean-noisy", role="break", guards=("noisy-effective", "noisy-length"),
        statement="The running-mean rule's effective step under zero-mean noise meets AdaGrad's criterion.",
        criterion=SLOPE + "{{ params.noisy_tol }}; must not pass"),
    Criterion(claim=DECAY, name="mean-decaying", role="break", guards=("decaying-effective", ""
        "decaying-length"),
        statement="The running-mean rule's effective step under decaying gradients meets AdaGrad's "
            "criterion.",
        criterion="log-log slope -(1 - 2p)/2 +- {{ params.decaying_tol }}; must not pass"),

    Criterion(claim=STALL, name="stall-time",
        statement="After m gradients of size M the time to cross a unit slope of length D is D M "
            "sqrt(m)/rate + D^2/(4 rate^2).",
        criterion="largest relative error {{ params.stall_tol }} over all burst sizes, m = "
            "{{ params.number }}, D = {{ params.distance }} rates; time interpolated between steps"),
    Criterion(claim=STALL, name="stall-slope",
        statement="Where the burst dominates this time is proportional to the size of the burst.",
        criterion="log-log slope 1 +- {{ params.stall_slope_tol }} over sizes with M sqrt(m) > "
            "{{ params.regime }} D/(4 rate), in every setting"),
    Criterion(claim=STALL, name="burst-slowdown", unit="times",
        statement="The largest burst slows AdaGrad down far more than the rules that forget.",
        criterion="time with over time without the burst, AdaGrad's at least {{ params.slowdown_factor }} "
            "times that of the slower of RMSProp and Adam"),
    *(
        Criterion(claim=STALL, name=name, extendable=True,
            statement=f"On the digits the {name.split('-')[0]} network ends its long budget with a higher "
                f"training loss under AdaGrad than under {rival}.",
            criterion=LOSS)
        for name, rival in zip(ON_DIGITS, ("RMSProp", "Adam") * 2, strict=True)
    ),
    Criterion(claim=STALL, name="stall-everywhere", role="secondary",
        statement="The formula, which replaces a sum by an integral, holds in the other settings too.",
        criterion="relative error {{ params.stall_tol }} at each setting and size; the estimate is the "
            "share that passes"),
    Criterion(claim=STALL, name="stall-steps", role="secondary", unit="steps",
        statement="At burst size {{ params.checked_burst }} the first whole step past the slope is the "
            "formula's number.",
        criterion="within one step"),
    Criterion(claim=STALL, name="short-vs-rmsprop", role="secondary",
        statement="AdaGrad is also behind RMSProp after the short budget.", criterion=LOSS),
    Criterion(claim=STALL, name="short-vs-adam", role="secondary",
        statement="AdaGrad is also behind Adam after the short budget.", criterion=LOSS),
    Criterion(claim=STALL, name="same-error", role="secondary",
        statement="The shallow network's validation error after the long budget is the same under AdaGrad "
            "and RMSProp.",
        criterion="90 % interval within +- {{ params.error_margin }} (two one-sided tests)"),
    Criterion(claim=STALL, name="forgetting-formula", role="break", guards=("stall-time", "stall-slope"),
        statement="RMSProp's times meet AdaGrad's formula.",
        criterion="largest relative error {{ params.stall_tol }}; must not pass"),
    Criterion(claim=STALL, name="unit-burst", role="null", guards=("stall-time", "burst-slowdown"),
        statement="On a long slope a burst no larger than the slope itself costs nothing.",
        criterion="time with over time without it 1 +- {{ params.unit_tol }} at D = {{ params.far }} rates"),
    *(
        Criterion(claim=STALL, name=f"convex-vs-{rival.lower()}", role="break", guards=ON_DIGITS,
            statement=f"In one pass over sparse features, a convex problem, AdaGrad ends with a higher "
                f"loss than {rival}.",
            criterion=PAIRED + "{{ params.log_loss_margin }} in the log of the test loss, each rule tuned "
                "on it; must not pass")
        for rival in ("RMSProp", "Adam")
    ),

    Criterion(claim=SPARSE, name="step-ratio",
        statement="With equal gradients the steps of a rare and a frequent coordinate are as "
            "sqrt(f_frequent/f_rare).",
        criterion="largest relative error {{ params.ratio_tol }} over all pairs with the most frequent "
            "coordinate"),
    Criterion(claim=SPARSE, name="step-frequency",
        statement="In logistic regression the effective step goes as frequency to the -1/2.",
        criterion="log-log slope {{ params.frequency_slope }} +- {{ params.frequency_tol }} over "
            "{{ params.rank_points }} ranks up to {{ params.last_rank }}, 95 % interval over seeds"),
    Criterion(claim=SPARSE, name="sparse-accuracy", extendable=True,
        statement="After one pass over Zipf features AdaGrad is more accurate than SGD.",
        criterion=ACCURACY + "; at each number of examples, Holm over all primary p values of the study"),
    Criterion(claim=SPARSE, name="vs-decaying", role="secondary",
        statement="AdaGrad is also more accurate than SGD with a decaying rate (long pass).",
        criterion=ACCURACY),
    Criterion(claim=SPARSE, name="short-gain", role="secondary",
        statement="AdaGrad's gain over SGD in the short pass.", criterion=ACCURACY),
    Criterion(claim=SPARSE, name="long-gain", role="secondary",
        statement="AdaGrad's gain over SGD in the long pass.", criterion=ACCURACY),
    Criterion(claim=SPARSE, name="frequency-share", role="secondary",
        statement="AdaGrad's gain over SGD is larger with Zipf than with equal frequencies (long pass).",
        criterion=PAIRED + "{{ params.accuracy_margin }} between the two gains"),
    Criterion(claim=SPARSE, name="dense-short", role="secondary",
        statement="AdaGrad is more accurate than SGD in a short pass over dense features.",
        criterion=ACCURACY),
    Criterion(claim=SPARSE, name="sgd-frequency", role="break", guards=("step-ratio", "step-frequency"),
        statement="SGD's effective step goes as frequency to the -1/2.",
        criterion="log-log slope {{ params.frequency_slope }} +- {{ params.frequency_tol }}; must not pass"),
    Criterion(claim=SPARSE, name="permuted-gain", role="break", guards="sparse-accuracy",
        statement="AdaGrad beats SGD when features are shuffled within each example, so that none is "
            "rarer (long pass).",
        criterion=ACCURACY + "; must not pass"),
    Criterion(claim=SPARSE, name="permuted-equal", role="null", guards="sparse-accuracy",
        statement="There it equals SGD with a decaying rate (long pass).",
        criterion="90 % interval of the accuracy difference within +- {{ params.equal_margin }}"),
    Criterion(claim=SPARSE, name="dense-equal", role="null", guards="sparse-accuracy",
        statement="On dense Gaussian features AdaGrad equals SGD (long pass).",
        criterion="90 % interval of the accuracy difference within +- {{ params.equal_margin }}"),
)  # fmt: skip
