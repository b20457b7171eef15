"""One pass of logistic regression over sparse, permuted and dense features from one teacher."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from coreops import (
    SGD,
    AdaGrad,
    Adam,
    BinaryCrossEntropy,
    Constant,
    ConstantRate,
    Cyclic,
    Data,
    Dense,
    Network,
    ProgressiveDecay,
    RMSProp,
    Run,
)
from studies.adaptive._adagrad_streams import frame, log_times
from studies.harness import tuning

RULES = {"AdaGrad": AdaGrad, "SGD": SGD, "decaying SGD": SGD, "RMSProp": RMSProp, "Adam": Adam}
CHUNK = 5  # seeds whose examples are in memory together


def frequencies(p):
    """Zipf's law: feature j is active with probability top_frequency / j."""
    return p.top_frequency / np.arange(1, p.features + 1)


def examples(kind, seed, p):
    """Data of the largest size, then the test examples, then one probe: all features at `probe`, label 1.

    zipf: binary features with Zipf frequencies. permuted: the same, shuffled within each example, so equally
    many are active but all features are equally frequent. dense: Gaussian, with the same sum of squares on
    average. In all three the labels come from the logistic teacher applied to what the learner sees.
    """
    draw = np.random.Generator(np.random.Philox(key=[seed, 77]))
    n, f = max(p.sparse_sizes) + p.test_examples, frequencies(p).astype(np.float32)
    teacher = draw.normal(0, p.teacher_scale, p.features).astype(np.float32)
    if kind == "dense":
        x = draw.standard_normal((n, p.features), np.float32) * np.float32(np.sqrt(f.mean()))
    else:
        active = draw.random((n, p.features), np.float32) < f
        x = (draw.permuted(active, axis=1) if kind == "permuted" else active).astype(np.float32)
    labels = (draw.random(n) < 1 / (1 + np.exp(-(x @ teacher)))).astype(np.int64)
    probe = np.full((1, p.features), p.probe, np.float32)
    return Data(np.concatenate([x, probe]), np.concatenate([labels, [1]]))


def generate(kind, seeds, p, threads):
    """examples of several seeds, side by side: NumPy releases the interpreter's lock while it draws."""
    with ThreadPoolExecutor(threads) as pool:
        return dict(zip(seeds, pool.map(lambda s: examples(kind, s, p), seeds), strict=True))


def pass_over(data, arm, rate, n, p, probe=False):
    """One pass in the given order; with `probe` one step on the probe follows, from recorded weights."""
    network = Network(Dense(p.features, 1, bias=False, init=Constant(0.0)), loss=BinaryCrossEntropy(), dtype="float32")
    most = max(p.sparse_sizes)
    test = np.arange(most, most + p.test_examples)
    train = np.append(np.arange(n), most + p.test_examples) if probe else np.arange(n)
    schedule = ProgressiveDecay(p.decay / n) if arm == "decaying SGD" else ConstantRate()
    return Run(
        network, optimizer=RULES[arm](rate), schedule=schedule, batch_size=1, epochs=1, sampling=Cyclic(),
        data=data, train=train, validation=test, record_theta_every=n if probe else 0,
    )  # fmt: skip


def tuned(n, arms, endpoint, p, sweep, name, data, *, maximise):
    middles = (p.sparse_adagrad, p.sparse_sgd, p.sparse_decaying, *p.sparse_forgetting)
    centres = dict(zip(RULES, middles, strict=True))
    return tuning.tune(
        {a: (lambda rate, seed, a=a: pass_over(data[seed], a, rate, n, p)) for a in arms},
        {a: tuning.grid(centres[a], points=p.grid_points) for a in arms},
        endpoint, sweep=sweep, seeds=list(data), maximise=maximise, name=name,
    )  # fmt: skip


def accuracy(result):
    return 0.5 if result.status == "diverged" else 1 - result.validation_error[-1]


def log_loss(result):
    return np.log(np.log(2.0) if result.status == "diverged" else result.validation_loss[-1])


def sparse(p, seeds, sweep):
    """Accuracy after one pass, effective steps against frequency, log loss of the forgetting rules."""
    out, choice = [], {}
    n_short, n_long = p.sparse_sizes
    both, all_three = ("AdaGrad", "SGD"), ("AdaGrad", "SGD", "decaying SGD")
    cases = {
        "zipf": {n_short: both, n_long: all_three},
        "permuted": {n_long: all_three},
        "dense": {n_short: both, n_long: both},
    }
    rivals = ("AdaGrad", "RMSProp", "Adam")
    for kind, arms in cases.items():
        data = generate(kind, [500 + i for i in range(p.sparse_tuning_seeds)], p, sweep.threads)
        for n in arms:
            name = f"rates on {kind} features, {n} examples"
            tuning_ = tuned(n, arms[n], accuracy, p, sweep, name, data, maximise=True)
            choice |= {(kind, n, a): rate for a, rate in tuning_.choice.items()}
        if kind == "zipf":
            name = f"rates on zipf features, {n_short} examples, log loss"
            found = tuned(n_short, rivals, log_loss, p, sweep, name, data, maximise=False)
        del data
        for start in range(0, len(seeds), CHUNK):
            chunk = seeds[start : start + CHUNK]
            data = generate(kind, chunk, p, sweep.threads)
            keys = [(s, n, a) for s in chunk for n in arms for a in arms[n]]
            table = sweep([pass_over(data[s], a, choice[kind, n, a], n, p) for s, n, a in keys])
            out += [
                frame("sparse", kind, a, s, [n], "accuracy", [accuracy(result)])
                for (s, n, a), result in zip(keys, table, strict=True)
            ]
            if kind == "zipf":
                keys = [(s, a) for s in chunk for a in rivals]
                table = sweep([pass_over(data[s], a, found.choice[a], n_short, p) for s, a in keys])
                out += [
                    frame("sparse loss", kind, a, s, [n_short], "log loss", [log_loss(result)])
                    for (s, a), result in zip(keys, table, strict=True)
                ]
                keys = [(s, a) for s in chunk for a in both]
                rows = [pass_over(data[s], a, choice[kind, n_long, a], n_long, p, probe=True) for s, a in keys]
                for (s, a), result in zip(keys, sweep(rows), strict=True):
                    out.append(effective_steps(result, a, s, p))
    return out


def effective_steps(result, arm, seed, p):
    """Step over gradient on the probe example at log-spaced ranks: x is the feature's frequency."""
    before, after = np.float64(result.step_theta[-1]), np.float64(result.theta)
    gradient = p.probe * (1 / (1 + np.exp(-p.probe * before.sum())) - 1)
    rank = log_times(p.last_rank, p.rank_points) - 1
    return frame("sparse step", "zipf", arm, seed, frequencies(p)[rank], "effective", (before - after)[rank] / gradient)
