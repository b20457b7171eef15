"""From the frame of the study `batch_norm` to outcomes: name of the finding -> (Outcome, note)."""

import numpy as np

from studies.harness import statistics
from studies.normalization._batch_norm_trained_judge import trained


def pick(data, part, arm, metric=None):
    chosen = data[(data.part == part) & (data.arm == arm)]
    return chosen if metric is None else chosen[chosen.metric == metric]


def outcomes(data, p):
    found = layer(data, p) | invariance(data, p) | biases(data, p) | folding(data, p)
    found |= trained(data, p)
    return {name: value if isinstance(value, tuple) else (value, "") for name, value in found.items()}


def layer(data, p):
    def errors(arm):
        return statistics.exact(pick(data, "gradient", arm).value, 0.0, tol=p.gradient_tol)

    def outputs(arm):
        return statistics.exact(pick(data, "outputs", arm).value, 0.0, tol=p.tol)

    wrong = pick(data, "gradient", "detached", "input").value
    return {
        "standardises": outputs("engine"),
        "uncentred": outputs("uncentred"),
        "gradient": errors("engine"),
        "formula": errors("formula"),
        "finite-differences": errors("differences"),
        "detached": errors("detached"),
        "wrong-size": (
            statistics.bound(wrong.min(), at_least=p.wrong_error, n=len(wrong)),
            f"up to {wrong.max():.3g} of the largest entry",
        ),
    }


def invariance(data, p):
    def scale(arm, metric):
        return pick(data, "scale", arm, metric).value.to_list()

    def offset(arm, metric):
        return pick(data, "offset", arm, metric).value.to_list()

    def exact(values):
        return statistics.exact(values, 0.0, tol=p.tol)

    by_scale, by_offset = max(scale("mean", "outputs")), max(offset("mean", "bias"))
    out = {
        "output-invariant": exact(scale("BN", "outputs") + offset("BN", "bias")),
        "gradient-inverse": exact(scale("BN", "gradient")),
        "orthogonal": exact(pick(data, "cosine", "BN").value),
        "large-eps": exact(scale("eps", "outputs")),
        "no-norm": exact(scale("none", "outputs")),
        "large-eps-gradient": exact(scale("eps", "gradient")),
        "no-norm-gradient": exact(scale("none", "gradient")),
        "no-norm-cosine": exact(pick(data, "cosine", "none").value),
        "offset-weights": exact(offset("BN", "weight")),
        "as-printed-e15": (
            exact([by_scale, by_offset]),
            f"change of outputs {by_scale:.2g} under scale, {by_offset:.2g} under offset",
        ),
    }

    def growth(layer):
        measured, predicted = (
            data[(data.part == "norm") & data.arm.str.startswith(layer) & (data.metric == m)].value.to_numpy()
            for m in ("measured", "predicted")
        )
        return statistics.exact(measured, predicted, tol=p.norm_tol)

    plain = pick(data, "norm", f"first {p.decays[0]:g}", "measured")
    curves = plain.pivot(index="seed", columns="x", values="value").to_numpy()
    steps = curves[:, :-1] / curves[:, 1:]
    decayed = pick(data, "norm", f"first {p.decays[1]:g}", "measured")
    last = decayed.pivot(index="seed", columns="x", values="value").to_numpy()
    return out | {
        "norm-growth": growth("first"),
        "output-layer": growth("output"),
        "rate-decays": (
            statistics.bound(steps.max(), at_most=1.0, n=steps.size),
            f"lr/|W|^2 ends at {(curves[:, 0] / curves[:, -1]).mean():.3g} of its start, with weight decay at "
            f"{(last[:, 0] / last[:, -1]).mean():.3g}",
        ),
    }


def biases(data, p):
    effect = {m: pick(data, "bias effect", "BN", m).value.to_numpy() for m in
              ("before", "after", "stale", "shift", "recalibrated")}  # fmt: skip

    def exact(values, tol):
        return statistics.exact(values, 0.0, tol=tol)

    return {
        "bias-gradient": exact(pick(data, "bias", "BN").value, p.bias_tol),
        "bias-alone": exact(pick(data, "bias", "none").value, p.bias_tol),
        "bias-effect": exact(effect["before"], p.bias_tol),
        "bias-after": exact(effect["after"], p.bias_tol),
        "shift-role": exact(effect["shift"], p.tol),
        "stale-statistics": (
            statistics.bound(effect["stale"].min(), at_least=p.wrong_error),
            f"after recalibration the change is {effect['recalibrated'].max():.2g}",
        ),
    }


def folding(data, p):
    def exact(arm, tol):
        return statistics.exact(pick(data, "fold", arm, "difference").value, 0.0, tol=tol)

    ratios = np.log(pick(data, "fold", "float32", "speed-up").value.to_numpy())
    return {
        "folded": exact("float64", p.fold_tol),
        "folded-single": exact("float32", p.fold_tol_32),
        "fold-formula": exact("formula", p.tol),
        "fold-other-batch": exact("other batch", p.fold_tol),
        "fold-faster": (
            statistics.paired(ratios, 0.0, claimed="greater", delta=0.0),
            f"{np.exp(ratios.mean()):.3g} times as fast, in {ratios.size} rounds on one machine",
        ),
    }
