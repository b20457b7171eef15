"""From the frame of the saturation study to outcomes: name of the finding -> (Outcome, note)."""

import numpy as np

from studies.harness import statistics
from studies.losses import _saturation_gradient as gradients
from studies.losses._saturation_unit import flow_time, goal_logit, sigma


def times(data, arm, rate, least=0.0):
    """(initial logits, times) of the single unit."""
    rows = data[(data.part == "time") & (data.arm == arm) & (data.metric == rate) & (data.x >= least - 1e-9)]
    rows = rows.sort_values("x")
    return rows.x.to_numpy(), rows.value.to_numpy()


def paired(data, part, metric, scale):
    """arm -> values in the order of the seeds."""
    rows = data[(data.part == part) & (data.metric == metric) & np.isclose(data.x, scale)]
    wide = rows.pivot(index="seed", columns="arm", values="value")
    return {arm: wide[arm].to_numpy() for arm in wide.columns}


def start(data, arm):
    rows = data[(data.part == "start") & (data.arm == arm)].sort_values("x")
    return rows.x.to_numpy(), rows.value.to_numpy()


def unit(data, p):
    end, out = goal_logit(p.goal), {}
    measured, flow, one, coarse, theory = [], [], [], [], []
    for arm in ("squared", "log"):
        z0, fine = times(data, arm, "fine")
        measured.append(fine)
        flow.append(flow_time(arm, z0, end))
        one.append(2 * flow[-1])
        coarse.append(times(data, arm, "coarse")[1])
    theory = np.concatenate(flow)
    at = int(np.argmin(np.abs(z0 - 2 * p.start)))
    out["time-closed-forms"] = (
        statistics.exact(np.concatenate(measured), theory, tol=p.times_tol),
        f"from logit {z0[at]:g}: time {measured[0][at]:.2f} (squared) and {measured[1][at]:.2f} (log), "
        f"{measured[0][at] / p.fine_rate:.0f} and {measured[1][at] / p.fine_rate:.0f} steps",
    )
    out["coarse-steps"] = (
        statistics.exact(np.concatenate(coarse), theory, tol=p.coarse_tol),
        "from logit {:g}: {:.0f} and {:.0f} steps".format(z0[at], *(c[at] / p.coarse_rate for c in coarse)),
    )
    out["times-of-one-parameter"] = (
        statistics.exact(np.concatenate(measured), np.concatenate(one), tol=p.times_tol),
        "without w and b together, times double",
    )
    out["rescaled-gradient"] = (
        statistics.exact(times(data, "rescaled", "fine")[1] / measured[1], np.ones(z0.size), tol=p.times_tol),
        "",
    )

    def exponential(arm):
        z, t = times(data, arm, "fine", p.exponential_from)
        return statistics.slope(z, t, expected=p.exponential_slope, tol=p.exponential_tol, scale="semilog-y")

    def linear(arm):
        z, t = times(data, arm, "fine", p.linear_from)
        return statistics.slope(z, t, expected=p.linear_slope, tol=p.linear_tol, scale="linear")

    out["squared-exponential"] = exponential("squared"), ""
    out["log-exponential"] = exponential("log"), ""
    out["log-linear"] = linear("log"), ""
    out["squared-linear"] = linear("squared"), ""
    return out | _start(data, p)


def _start(data, p):
    z, squared = start(data, "squared")
    _, log = start(data, "log")
    at = int(np.argmin(np.abs(z - 2 * p.start)))
    _, prediction = start(data, "unit")
    printed = sigma(p.printed_logit)
    far = z >= p.exponential_from - 1e-9

    def slope(y):
        return statistics.slope(z[far], y[far], expected=0.0, tol=p.exponential_tol, scale="semilog-y")

    third = slope(squared / sigma(-z))
    return {
        "start-ratio": (
            statistics.located([log[at] / squared[at]], expected=p.start_ratio, tol=p.start_ratio_tol),
            f"gradients {squared[at]:.4f} (squared) and {log[at]:.4f} (log)",
        ),
        "as-printed-e44": (
            statistics.exact(prediction, [printed], tol=p.identity_tol),
            f"prediction {prediction[0]:.4f}, printed formula {printed:.4f}",
        ),
        "as-printed-e45": (
            slope(squared / sigma(z)),
            f"without the third factor, 1 - s, the slope is {third.estimate:.4f}",
        ),
    }


def logit_gradient(data, arm, label):
    rows = data[(data.part == "logit") & (data.arm == arm) & (data.metric == f"label {label}")]
    rows = rows.sort_values("x")
    return rows.x.to_numpy(), rows.value.to_numpy()


def gradient(data, p):
    def identity(measured, theory, **how):
        return statistics.exact(measured, theory, tol=p.identity_tol, scale=1.0, **how)

    both = {arm: [logit_gradient(data, arm, label) for label in (0, 1)] for arm in ("log", "squared")}
    z = both["log"][0][0]
    theory = np.concatenate([gradients.error_sigmoid(z, label) for label in (0, 1)])
    log, squared = (np.concatenate([g for _, g in both[arm]]) for arm in ("log", "squared"))
    naive = gradients.naive_gradient(z)
    lost = z[~np.isfinite(naive)]
    first = float(lost.min()) if lost.size else p.z_limit
    logits, labels = gradients.cases(p)
    softmax = gradients.error_softmax(logits, labels).ravel()
    rows = data[data.part == "softmax"].sort_values("x")
    arms = {arm: rows[rows.arm == arm].value.to_numpy() for arm in ("softmax", "one-against-all")}
    largest = max(np.abs(log).max(), np.abs(arms["softmax"]).max())
    wrong = np.concatenate([both["log"][0][1][z > 0], both["log"][1][1][z < 0]])
    (derivative,) = data[data.part == "derivative"].value
    return {
        "identity-sigmoid": (identity(log, theory), ""),
        "identity-softmax": (identity(arms["softmax"], softmax), ""),
        "wrong-side": (statistics.bound(np.abs(wrong).min(), at_least=p.floor, n=wrong.size), ""),
        "bounded": (
            statistics.bound(largest, at_most=1, n=log.size + softmax.size),
            "",
        ),
        "derivative": (statistics.bound(derivative, at_most=p.derivative_tol, tolerance=1.0), ""),
        "naive-edge": (
            statistics.located([first], expected=p.naive_edge, tol=p.naive_edge_tol),
            "the printed product is 0 times infinity from there on",
        ),
        "naive-form": (
            identity(naive, theory[: z.size], undefined_is_wrong=True),
            f"{lost.size} of {z.size} logits give no number",
        ),
        "squared-gradient": (identity(squared, theory), ""),
        "one-against-all-gradient": (identity(arms["one-against-all"], softmax), ""),
    }


def network(data, p):
    margin, out = np.log(p.slow_ratio), {}
    names = [f"scale {s:g}" for s in p.scales]

    def slower(part, a, b, scale):
        values = paired(data, part, "epochs", scale)
        return statistics.paired(np.log(values[a]), np.log(values[b]), claimed="greater", delta=margin)

    def axis(part, a="squared", b="log"):
        outcomes = [slower(part, a, b, s) for s in p.scales]
        return statistics.along_axis(names, outcomes), _ratios(data, part, p, outcomes)

    for task in ("digits", "table"):
        out[f"slower-{task}"] = axis(task)
        values = paired(data, task, "epochs", p.scales[0])
        twin = statistics.equivalence(np.log(values["twin"]), np.log(values["log"]), delta=margin)
        out[f"twin-{task}"] = twin, ""
    first, last = (paired(data, "digits", "epochs", s) for s in (p.scales[0], p.scales[-1]))
    growth = (np.log(v["squared"] / v["log"]) for v in (last, first))
    all_right = paired(data, "digits", "all right", p.scales[0])
    standard = slower("digits", "squared", "log", p.scales[0])
    same = slower("digits", "same rate", "log", p.scales[0])
    full = slower("full batch", "squared", "log", p.scales[0])
    out |= {
        "standard-init": (standard, f"ratio {np.exp(standard.estimate):.2f}"),
        "growth": (
            statistics.paired(*growth, claimed="greater", delta=margin),
            "a lower bound where runs do not finish",
        ),
        "same-rate": (same, f"ratio {np.exp(same.estimate):.2f}"),
        "full-batch": (full, f"ratio {np.exp(full.estimate):.2f}"),
        "last-examples": (
            statistics.proportion(int(all_right["squared"].sum()), all_right["squared"].size, at_most=p.half),
            f"with log-loss {all_right['log'].mean():.0%} of the runs do",
        ),
    }

    def worse(part, scale):
        values = paired(data, part, "accuracy", scale)
        return statistics.paired(values["log"], values["squared"], claimed="greater", delta=p.accuracy_delta)

    for name, part in (("clean-accuracy", "clean"), ("noisy-accuracy", "noisy")):
        outcomes = [worse(part, s) for s in p.scales]
        means = [paired(data, part, "accuracy", s) for s in p.scales]
        text = ", ".join(
            f"{o.estimate:.3f} [{o.low:.3f}, {o.high:.3f}] at {s:g} "
            f"(log {v['log'].mean():.3f}, squared {v['squared'].mean():.3f})"
            for s, o, v in zip(p.scales, outcomes, means, strict=True)
        )
        out[name] = statistics.along_axis(names, outcomes), f"loss of accuracy {text}"
    values = paired(data, "noisy", "accuracy", p.scales[0])
    lost = np.sort(values["log"] - values["squared"])
    out["noisy-standard-init"] = (
        worse("noisy", p.scales[0]),
        f"median over seeds {np.median(lost):.3f}; mean without the seed that loses most {lost[:-1].mean():.4f}",
    )
    return out


def _ratios(data, part, p, outcomes):
    """Geometric mean ratios with their intervals, and how many runs did not get there."""
    parts = []
    for scale, o in zip(p.scales, outcomes, strict=True):
        ratio, low, high = np.exp([o.estimate, o.low, o.high])
        reached = paired(data, part, "reached", scale)
        missing = {arm: int((1 - reached[arm]).sum()) for arm in ("squared", "log")}
        parts.append(
            f"{ratio:.2f} [{low:.2f}, {high:.2f}] at {scale:g} "
            f"(unfinished: {missing['squared']} squared, {missing['log']} log)"
        )
    return "ratio of epochs " + ", ".join(parts)
