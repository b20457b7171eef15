"""Units that start alike: on digits and on XOR, with what keeps them alike and what parts them."""

import numpy as np

from coreops import (
    SGD,
    Adam,
    BinaryCrossEntropy,
    Constant,
    Data,
    Dense,
    Dropout,
    Duplicated,
    HeNormal,
    Network,
    ReLU,
    Run,
    SoftmaxCrossEntropy,
    Tanh,
    loss_and_gradient,
)
from coreops.rng import host_generator
from studies.harness import datasets, statistics

PART = "symmetry"
XOR = Data(np.array([[-1, -1], [-1, 1], [1, -1], [1, 1.0]]), np.array([0, 1, 1, 0]))
CURVES = ("twins", "noise", "dropout")


def digits_net(hidden, copies, dropout=0.0, dtype="float32"):
    """A ReLU layer in groups of `copies` units with equal weights in and out."""
    middle = [ReLU(), Dropout(dropout)] if dropout else [ReLU()]
    return Network(
        Dense(64, hidden, init=Duplicated(HeNormal(), outputs=copies)),
        *middle,
        Dense(hidden, 10, init=Duplicated(HeNormal(), outputs=1, inputs=copies)),
        loss=SoftmaxCrossEntropy(),
        dtype=dtype,
    )


def parts(network, theta):
    """(incoming weights (n, h), biases (h,), outgoing weights (h, m)) of a net with one hidden layer: views."""
    named = network.parameters(theta)
    (w, v), (b, _) = ([x for k, x in named.items() if k.endswith(kind)] for kind in ("weight", "bias"))
    return w, b, v


def distance(network, theta):
    """Largest difference between a parameter of a unit and that of its neighbour in the pair."""
    w, b, v = parts(network, theta)
    return max(np.abs(x).max() for x in (w[:, ::2] - w[:, 1::2], b[::2] - b[1::2], v[::2] - v[1::2]))


def rank(network, theta, X):
    """Numerical rank of the hidden activations on X."""
    w, b, _ = parts(network, theta)
    values = np.linalg.svd(np.maximum(X.astype(float) @ w.astype(float) + b, 0), compute_uv=False)
    return int((values > 1e-5 * values[0]).sum())


def single(network, one, theta):
    """The parameters of the one unit that does the work of all equal ones, and moves as they do: times sqrt(h)."""
    w, b, v = parts(network, theta)
    out = np.zeros(one.n_parameters)
    w1, b1, v1 = parts(one, out)
    root = np.sqrt(b.size)
    w1[:], b1[:], v1[:] = root * w[:, :1], root * b[:1], root * v[:1]
    return out


def measure(p, seeds, sweep):
    return _digits(p, seeds, sweep) + _single(p, seeds, sweep) + _xor(p, seeds, sweep)


def _digits(p, seeds, sweep):
    rules = {"SGD": SGD(p.symmetry_rate), "Adam": Adam(p.symmetry_adam_rate)}
    nets = {k: digits_net(p.symmetry_units, k) for k in (1, 2, p.symmetry_units)}
    dropped = digits_net(p.symmetry_units, 2, p.dropout)
    rows, keys = [], []
    for s in seeds:
        split = datasets.digits(s, p.n_train)
        data = Data(split.X, split.y)

        def add(key, network, rule="SGD", start=None, split=split, data=data, s=s):
            keys.append((*key, rule, s, split))
            rows.append(
                Run(
                    network, optimizer=rules[rule], batch_size=p.batch, epochs=p.symmetry_epochs, seed=s, data=data,
                    train=split.train, theta0=start, evaluate_every=0, record_theta_every=p.symmetry_every,
                )
            )  # fmt: skip

        for rule in rules:
            add(("twins", 0.0), nets[2], rule)
            add(("alike", 0.0), nets[p.symmetry_units], rule)
        add(("different", 0.0), nets[1])
        add(("dropout", 0.0), dropped)
        noise = host_generator(s, "twins").standard_normal((64, p.symmetry_units))
        for eps in p.noises:
            wide = digits_net(p.symmetry_units, 2, dtype="float64")
            start = wide.initialize(s)
            parts(wide, start)[0][:] += eps * noise
            add(("noise", eps), wide, start=start)
    out = []
    for (arm, eps, rule, s, split), result in zip(keys, sweep(rows), strict=True):
        name = f"{arm}, {rule}" if arm != "noise" else f"noise {eps:g}"
        if arm != "different" and arm != "alike":
            path = [distance(result.network, theta) for theta in result.step_theta]
            out += [(PART, name, "distance", k * p.symmetry_every, s, v) for k, v in enumerate(path)]
        if arm in ("twins", "alike", "different"):
            out.append((PART, name, "rank", 0, s, rank(result.network, result.theta, split.X[split.train])))
        if arm == "alike":
            w, b, v = parts(result.network, result.theta)
            spread = max(np.ptp(w, axis=1).max(), np.ptp(b), np.ptp(v, axis=0).max())
            out.append((PART, name, "distance", p.symmetry_steps, s, spread))
        if arm in ("twins", "different") and rule == "SGD":
            out += [(PART, arm, metric, x, s, v) for metric, x, v in _direction(p, result, split)]
    return out


def _direction(p, result, split):
    """Loss along (1, -1) in the first pair's weights to one output, its curvature there, and |H u|/|u|."""
    network = result.network.astype("float64")
    data = split.part("train")
    theta = result.theta.astype(float)
    u = np.zeros_like(theta)
    v = parts(network, u)[2]
    v[0, 0], v[1, 0] = 1, -1  # one output only: a softmax would not notice a shift of all
    loss = {t: loss_and_gradient(network, theta + t * u, *data)[0] for t in (0.0, *p.flat_steps)}
    out = [("change", t, abs(loss[t] / loss[0.0] - 1)) for t in p.flat_steps]
    h = 1e-4
    up, down = (loss_and_gradient(network, theta + sign * h * u, *data)[1] for sign in (1, -1))
    hu = (up - down) / (2 * h)
    return [*out, ("curvature", 0, u @ hu / (u @ u)), ("image", 0, np.linalg.norm(hu) / np.linalg.norm(u))]


def _single(p, seeds, sweep):
    """All units alike against the one unit, both by plain descent from matching starts."""
    full = digits_net(p.symmetry_units, p.symmetry_units, dtype="float64")
    one = digits_net(1, 1, dtype="float64")
    rows, splits = [], [datasets.digits(s, p.n_train) for s in seeds]
    for s, split in zip(seeds, splits, strict=True):
        start = full.initialize(s)
        for network, theta0 in ((full, start), (one, single(full, one, start))):
            rows.append(
                Run(
                    network, optimizer=SGD(p.symmetry_rate), batch_size=p.batch, epochs=p.symmetry_epochs, seed=s,
                    data=Data(split.X, split.y), train=split.train, theta0=theta0, evaluate_every=0,
                )
            )  # fmt: skip
    table, out = sweep(rows), []
    for k, (s, split) in enumerate(zip(seeds, splits, strict=True)):
        X, y = split.part("test")
        a, b = table[2 * k].outputs(X), table[2 * k + 1].outputs(X)
        out.append((PART, "one unit", "outputs", 0, s, np.abs(a - b).max() / np.abs(a).max()))
        out.append((PART, "one unit", "accuracies", 0, s, np.mean(a.argmax(1) == y) - np.mean(b.argmax(1) == y)))
        out.append((PART, "one unit", "accuracy", 0, s, np.mean(a.argmax(1) == y)))
    return out


def _xor(p, seeds, sweep):
    keys, rows = [], []
    rules = {"SGD": SGD(p.xor_rate), "Adam": Adam(p.xor_adam_rate)}
    for s in seeds:
        constant = Constant(float(host_generator(s, "constant").uniform(*p.constants)))
        for arm, init in (("constant", constant), ("different", HeNormal())):
            for units in (ReLU(), Tanh()):
                network = Network(
                    Dense(2, p.xor_units), units, Dense(p.xor_units, 1), loss=BinaryCrossEntropy(), init=init
                )
                for rule, optimizer in rules.items():
                    keys.append((arm, f"{type(units).__name__}, {rule}", s))
                    rows.append(Run(network, optimizer=optimizer, epochs=p.xor_steps, seed=s, data=XOR))
    return [
        (PART, f"xor {arm}", f"accuracy, {setting}", 0, s, 1 - np.nanmin(result.error))
        for (arm, setting, s), result in zip(keys, sweep(rows), strict=True)
    ]


def judge(data, p):
    rows = data[data.part == PART]
    last = rows[(rows.metric == "distance") & (rows.x == rows[rows.metric == "distance"].x.max())]

    def apart(*arms):
        return last[last.arm.isin(arms)].value.to_numpy()

    def equal(values):
        return statistics.exact(values, np.zeros(len(values)), tol=0.0)

    def values(arm, metric):
        return rows[(rows.arm == arm) & (rows.metric == metric)].value.to_numpy()

    def xor(arm):
        best = rows[rows.arm == f"xor {arm}"].value
        return statistics.bound(best.max(), at_most=0.75, n=len(best), tolerance=1e-3), f"mean {best.mean():.3f}"

    names = ("twins, SGD", "twins, Adam", "alike, SGD", "alike, Adam")
    small = [e for e in p.noises if e <= p.linear_noise]
    final = np.array([apart(f"noise {e:g}") for e in small]).T
    ranks = {arm: rows[(rows.metric == "rank") & rows.arm.str.startswith(arm)].value for arm in ("alike", "twins")}
    ranks["different"] = values("different, SGD", "rank")
    expected = {"alike": 1, "twins": p.symmetry_units // 2}
    chosen = np.concatenate([np.asarray(ranks[a]) for a in expected])
    want = np.concatenate([np.full(len(ranks[a]), expected[a]) for a in expected])
    noisy = apart(f"noise {p.noise:g}")
    paths = rows[(rows.arm == f"noise {p.noise:g}") & (rows.metric == "distance")]
    paths = paths.pivot(index="seed", columns="x", values="value").to_numpy()
    growth = paths[:, -1] / paths[:, 0]
    reached = int((noisy >= p.parted).sum())
    return {
        "twins-stay": (equal(apart(*names)), f"after {p.symmetry_steps} steps, digits, pairs and all units alike"),
        "hidden-rank": (
            statistics.exact(chosen, want, tol=0.0),
            f"all alike {np.mean(ranks['alike']):g}, pairs {np.mean(ranks['twins']):g}, different "
            f"{np.mean(ranks['different']):g} of {p.symmetry_units} units",
        ),
        "one-unit": (
            statistics.exact(values("one unit", "outputs"), np.zeros(len(noisy)), tol=p.single_tol),
            f"largest difference of test accuracies {np.abs(values('one unit', 'accuracies')).max():g}; "
            f"test accuracy {values('one unit', 'accuracy').mean():.3f}",
        ),
        "flat-direction": (
            statistics.exact(values("twins", "change"), np.zeros(len(values("twins", "change"))), tol=p.flat_tol),
            f"curvature along it at most {np.abs(values('twins', 'curvature')).max():.1e}; but |H u|/|u| is "
            f"{values('twins', 'image').mean():.2g} on average: it is in the kernel of the Hessian only where the "
            "gradient by the unit's incoming weights vanishes for each output alone",
        ),
        "xor-stuck": xor("constant"),
        "noise-parts": (
            statistics.proportion(reached, len(noisy), at_least=0.5),
            f"median distance {np.median(noisy):.2g} after {p.symmetry_steps} steps",
        ),
        "noise-proportional": (
            statistics.slope(small, final, expected=1.0, tol=p.proportional_tol),
            "median distance: "
            + ", ".join(f"{np.median(f):.1e} from {e:g}" for e, f in zip(small, final.T, strict=True)),
        ),
        "dropout-parts": (equal(apart("dropout, SGD")), ""),
        "noise-breaks": (
            statistics.bound(growth.min(), at_most=1.0, n=len(growth), tolerance=0.5),
            f"last over first distance: {growth.min():.3g} to {growth.max():.3g}, median {np.median(growth):.3g}",
        ),
        "different-not-flat": (
            statistics.exact(
                values("different", "change"), np.zeros(len(values("different", "change"))), tol=p.flat_tol
            ),
            "",
        ),
        "xor-different": xor("different"),
    }
