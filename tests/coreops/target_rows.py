"""Short runs of everything that coreops has, to compare targets with: the tables of `cases`, as rows of a sweep.

`python -m tests.coreops.target_rows KIND[,KIND...] LANES DTYPE [first]` trains them on the CPU and on the GPU - in the
simulator where NUMBA_ENABLE_CUDASIM is set - and prints how far the two are apart, as JSON; LANES 0: as the shapes
want; `first`: one row per class.
"""

import json
import sys

import numpy as np

from coreops import (
    FGSM,
    L1,
    SGD,
    Adam,
    BatchNorm,
    Cyclic,
    Data,
    Dense,
    Dropout,
    EarlyStopping,
    FullMatrixAdaGrad,
    HeavyBall,
    Network,
    PathSGD,
    ReLU,
    Run,
    Scale,
    SoftmaxCrossEntropy,
    SquaredError,
    fit_many,
)
from tests.coreops import cases
from tests.coreops.cases import targets

X, Y = cases.problem(n=13)
SHORT = dict(batch_size=5, epochs=1, sampling=Cyclic(), record_theta_every=1, record_loss_every=1)


def layer_rows(dtype):
    """Each layer behind one with weights, so that the gradient of its input counts; a short last batch."""
    for layer, width in cases.flat(cases.LAYERS):
        n = Network(Scale(width), layer, loss=SquaredError()).n_out
        generator = np.random.default_rng(width)
        data = Data(generator.normal(size=(5, width)), generator.normal(size=(5, n)))
        network = Network(Scale(width), layer, loss=SquaredError(), dtype=dtype)
        yield layer, Run(network, optimizer=SGD(0.1), data=data, **(SHORT | dict(batch_size=3, epochs=2)))


def optimizer_rows(dtype):
    path, plain = cases.rectifier_net(dtype), cases.mlp(dtype, hidden=3)
    few = Network(Scale(3), loss=SoftmaxCrossEntropy(), dtype=dtype)  # a step with the full matrix costs P^3
    for rule in cases.flat(cases.OPTIMIZERS):
        network = path if isinstance(rule, PathSGD) else few if isinstance(rule, FullMatrixAdaGrad) else plain
        yield rule, Run(network, optimizer=rule, **(SHORT | dict(epochs=2)))


def loss_rows(dtype):
    for loss, n, form in cases.flat(cases.LOSSES):
        y = targets(form, 13, n, np.random.default_rng(n))
        network = Network(Dense(3, n), loss=loss, dtype=dtype)
        weights = np.arange(13) / 5.0 if n > 1 else None
        yield loss, Run(network, optimizer=SGD(0.1), data=Data(X, y), weights=weights, **SHORT)


def schedule_rows(dtype):
    for schedule in cases.flat(cases.SCHEDULES):
        yield schedule, Run(cases.mlp(dtype, hidden=2), optimizer=SGD(0.1), schedule=schedule, **SHORT)


def sampling_rows(dtype):
    for sampling in cases.flat(cases.SAMPLING):
        settings = SHORT | dict(sampling=sampling, epochs=1 if type(sampling).__name__ == "Stream" else 3)
        yield sampling, Run(cases.mlp(dtype, hidden=2), optimizer=SGD(0.1), data=Data(X, cases.LABELS), **settings)


def penalty_rows(dtype):
    for penalty in cases.flat(cases.PENALTIES):
        yield penalty, Run(cases.mlp(dtype, hidden=2), optimizer=HeavyBall(0.1, 0.9), penalty=penalty, **SHORT)


def adversary_rows(dtype):
    for adversary in cases.flat(cases.ADVERSARIES):
        yield adversary, Run(cases.mlp(dtype, hidden=2), optimizer=SGD(0.1), adversary=adversary, **SHORT)


def field_rows(dtype):
    """What else a Run may change, and what may end it."""
    net, train, held_out = cases.mlp(dtype), np.arange(9)[::-1].copy(), np.arange(9, 13)
    split = SHORT | dict(train=train, validation=held_out, batch_size=3)
    regression = Network(Dense(3, 2), loss=SquaredError(), dtype=dtype)
    both = Network(Dense(3, 6), BatchNorm(), ReLU(), Dropout(0.4), Dense(6, 3), loss=SoftmaxCrossEntropy(), dtype=dtype)
    changes = {
        "validation": (net, split),
        "early stopping": (net, split | dict(epochs=9, early_stopping=EarlyStopping(1, min_delta=0.05))),
        "early stopping on errors": (net, split | dict(epochs=6, early_stopping=EarlyStopping(2, "validation_error"))),
        "evaluated every second epoch": (net, split | dict(epochs=3, evaluate_every=2)),
        "never evaluated": (net, split | dict(evaluate_every=0)),
        "last batch dropped": (net, SHORT | dict(drop_last=True)),
        "full batch": (net, SHORT | dict(batch_size=None)),
        "no epoch": (net, SHORT | dict(epochs=0)),
        "records every third step": (net, SHORT | dict(record_theta_every=3, record_loss_every=2, epochs=2)),
        "diverges": (regression, SHORT | dict(optimizer=SGD(1e30), data=Data(X, X[:, :2]), epochs=9)),
        "gradient tolerance": (net, SHORT | dict(gradient_tolerance=10.0)),
        "target noise": (regression, SHORT | dict(target_noise=0.3, data=Data(X, X[:, :2]))),
        "batch norm and dropout": (both, split | dict(epochs=2)),
        "frozen statistics": (both, SHORT | dict(frozen=True, adversary=FGSM(0.1), penalty=L1(0.01))),
        "chunked evaluation": (net, SHORT | dict(data=Data(*cases.problem(n=150)), batch_size=150)),
    }
    for name, (network, settings) in changes.items():
        yield name, Run(network, **(dict(optimizer=Adam(0.1), seed=3) | settings))


KINDS = {
    "layer": layer_rows,
    "optimizer": optimizer_rows,
    "loss": loss_rows,
    "schedule": schedule_rows,
    "sampling": sampling_rows,
    "penalty": penalty_rows,
    "adversary": adversary_rows,
    "field": field_rows,
}


def apart(got, want):
    """max |got - want| relative to the largest |want|; infinite if only one of them is finite somewhere."""
    got, want = np.asarray(got, float), np.asarray(want, float)
    assert got.shape == want.shape, (got.shape, want.shape)
    finite = np.isfinite(want)
    if not np.array_equal(finite, np.isfinite(got)):
        return float("inf")
    got, want = got[finite], want[finite]
    return float(np.abs(got - want).max(initial=0) / max(np.abs(want).max(initial=0), 1e-300))


def compared(got, want):
    """{"theta", "losses"}: how far two results are apart; AssertionError if they did not go the same way."""
    for name in ("status", "steps", "epochs_run", "best_epoch", "diverged_step"):
        assert getattr(got, name) == getattr(want, name), (name, getattr(got, name), getattr(want, name))
    np.testing.assert_array_equal(got.error, want.error)
    np.testing.assert_array_equal(got.validation_error, want.validation_error)
    theta = [(r.theta, r.stats, r.step_theta) for r in (got, want)]
    losses = [(r.loss, r.validation_loss, r.batch_loss, r.step_loss) for r in (got, want)]
    return {name: max(apart(a, b) for a, b in zip(*pair, strict=True))
            for name, pair in (("theta", theta), ("losses", losses))}  # fmt: skip


def agreement(kind, lanes=None, dtype="float64", first_only=False):
    """{name: {"theta", "losses"}}: the largest differences between the targets among the rows of that name."""
    rows, seen = [], set()
    for item, run in KINDS[kind](dtype):
        name = item if isinstance(item, str) else type(item).__name__
        if not first_only or name not in seen:
            rows.append((name, run))
        seen.add(name)
    want, got = (fit_many([run for _, run in rows], X, Y, target=target, threads=threads)
                 for target, threads in (("cpu", 1), ("cuda", lanes)))  # fmt: skip
    found = {}
    for (name, _), a, b in zip(rows, got, want, strict=True):
        difference, worst = compared(a, b), found.setdefault(name, {"theta": 0.0, "losses": 0.0, "rows": 0})
        worst["rows"] += 1
        for key, value in difference.items():
            worst[key] = max(worst[key], value)
    return found


def poison(cuda):
    """Let uninitialised device memory hold NaN and huge offsets, so that a result that depends on it is seen."""
    real = cuda.device_array

    def device_array(*args):
        array = real(*args)
        array.copy_to_device(np.full(array.size * array.dtype.itemsize, 0xFF, np.uint8).view(array.dtype))
        return array

    cuda.device_array = device_array


if __name__ == "__main__":
    from numba import cuda

    from coreops.cuda import chunks

    sys.setswitchinterval(1e-5)  # simulated lanes are threads that wait for each other all the time
    poison(cuda)
    kinds, lanes, dtype = sys.argv[1:4]
    one = sys.argv[4:] == ["first"]
    if lanes == "1":
        chunks.SHARED_BYTES = 0  # these rows are small: all arenas would be in shared memory, none in global
    print(json.dumps({kind: agreement(kind, int(lanes) or None, dtype, one) for kind in kinds.split(",")}))
