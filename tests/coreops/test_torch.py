"""The same numbers as torch, where it is installed: optimizers, losses and gradients of small networks."""

import numpy as np
import pytest

from coreops import (
    SGD,
    AbsoluteError,
    Adadelta,
    AdaGrad,
    Adam,
    AdamW,
    AMSGrad,
    AveragedSGD,
    BinaryCrossEntropy,
    CosineDecay,
    Cyclic,
    Dense,
    HeavyBall,
    Hinge,
    Huber,
    Identity,
    LeakyReLU,
    Logistic,
    Nesterov,
    Network,
    PReLU,
    ReLU,
    RMSProp,
    ScaledTanh,
    Sigmoid,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SoftmaxSquaredError,
    Softplus,
    SquaredError,
    StepDecay,
    Tanh,
    WarmUp,
    fit,
    loss_and_gradient,
)
from tests.coreops.cases import DTYPES, distance

torch = pytest.importorskip("torch")
functional = torch.nn.functional
torch.set_num_threads(1)
BOUND = {"float32": 1e-6, "float64": 1e-12}


def decayed(parameters, rate):
    """torch decays what it is told to; we, weights only."""
    return [{"params": [p], "weight_decay": rate if p.ndim > 1 else 0.0} for p in parameters]


# ours, theirs; torch's SGD adds momentum before multiplying by lr, which is the same at a constant rate
PAIRS = {
    "SGD": (SGD(0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "HeavyBall": (HeavyBall(0.05, 0.9), lambda p: torch.optim.SGD(p, 0.05, momentum=0.9)),
    "Nesterov": (Nesterov(0.05, 0.9), lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True)),
    "AdaGrad": (AdaGrad(0.1, eps=1e-6), lambda p: torch.optim.Adagrad(p, 0.1, eps=1e-6)),
    "RMSProp": (RMSProp(0.01, 0.95, eps=1e-4), lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.95, eps=1e-4)),
    "Adam": (Adam(0.01, 0.8, 0.99, eps=1e-4), lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.99), eps=1e-4)),
    "AMSGrad": (
        AMSGrad(0.01, 0.8, 0.9, eps=1e-4, correct_bias=True),
        lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.9), eps=1e-4, amsgrad=True),
    ),
    "AdamW": (
        AdamW(0.01, 0.8, 0.99, eps=1e-4, weight_decay=0.3),
        lambda p: torch.optim.AdamW(decayed(p, 0.3), 0.01, betas=(0.8, 0.99), eps=1e-4),
    ),
    "Adadelta": (Adadelta(0.5, 0.8, eps=1e-4), lambda p: torch.optim.Adadelta(p, 0.5, rho=0.8, eps=1e-4)),
}
ACTIVATION = {
    "Tanh": torch.tanh,
    "ReLU": torch.relu,
    "Sigmoid": torch.sigmoid,
    "LeakyReLU": lambda z: functional.leaky_relu(z, 0.01),
    "PReLU": functional.prelu,
    "Softplus": lambda z: functional.softplus(z, threshold=700),
    "ScaledTanh": lambda z: 1.7159 * torch.tanh(2 * z / 3),
    "Identity": lambda z: z,
}
LOSS = {
    "SquaredError": lambda z, y: ((z - y) ** 2).sum(1).mean(),
    "BinaryCrossEntropy": lambda z, y: functional.binary_cross_entropy_with_logits(z, y, reduction="sum") / len(z),
    "SoftmaxCrossEntropy": lambda z, y: functional.cross_entropy(z, y),
    "SigmoidSquaredError": lambda z, y: ((torch.sigmoid(z) - y) ** 2).sum(1).mean(),
    "AbsoluteError": lambda z, y: functional.l1_loss(z, y, reduction="sum") / len(z),
    "Huber": lambda z, y: functional.huber_loss(z, y, reduction="sum", delta=0.7) / len(z),
    "Hinge": lambda z, y: functional.relu(1 - y * z).sum(1).mean(),
    "Logistic": lambda z, y: functional.soft_margin_loss(z, y, reduction="sum") / len(z),
    "SoftmaxSquaredError": lambda z, y: ((torch.softmax(z, 1) - functional.one_hot(y, K)) ** 2).sum(1).mean(),
}
N, D, K = 20, 6, 3


def data(dtype, form):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(N, D)).astype(dtype)
    y = generator.integers(0, K, N)
    bits = np.eye(K, dtype=dtype)[y]
    forms = {"label": y, "bits": bits, "signs": 2 * bits - 1, "real": generator.normal(size=(N, K)).astype(dtype)}
    return X, forms[form]


def network(activation, loss, dtype):
    return Network(Dense(D, 8), activation, Dense(8, 8), activation, Dense(8, K), loss=loss, dtype=dtype)


class Twin:
    """The torch copy of a network; parameters in the engine's order of names."""

    def __init__(self, net, theta):
        self.net, self.names = net, list(net.parameters(theta))
        self.tensors = [torch.tensor(p.copy(), requires_grad=True) for p in net.parameters(theta).values()]

    def loss(self, X, y):
        parts, z = dict(zip(self.names, self.tensors, strict=True)), torch.as_tensor(X)
        for k, layer in enumerate(self.net.layers):
            name = type(layer).__name__
            own = [tensor for key, tensor in parts.items() if key.startswith(f"{k}.")]
            z = z @ own[0] + own[1] if name == "Dense" else ACTIVATION[name](z, *own)
        return LOSS[type(self.net.loss).__name__](z, torch.as_tensor(y))

    def flat(self, values):
        return np.concatenate([v.detach().numpy().reshape(-1) for v in values])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "activation",
    [Tanh(), ReLU(), Sigmoid(), LeakyReLU(), PReLU(), PReLU(shared=True), Softplus(), ScaledTanh(), Identity()],
    ids=repr,
)
@pytest.mark.parametrize(
    ("loss", "form"),
    [
        (SquaredError(), "real"),
        (BinaryCrossEntropy(), "bits"),
        (SoftmaxCrossEntropy(), "label"),
        (SigmoidSquaredError(), "bits"),
        (AbsoluteError(), "real"),
        (Huber(0.7), "real"),
        (Hinge(), "signs"),
        (Logistic(), "signs"),
        (SoftmaxSquaredError(), "label"),
    ],
    ids=str,
)
def test_loss_and_gradient(activation, loss, form, dtype):
    net = network(activation, loss, dtype)
    theta = net.initialize(1000)
    X, y = data(dtype, form)
    value, gradient = loss_and_gradient(net, theta, X, y)
    twin = Twin(net, theta)
    E = twin.loss(X, y)
    E.backward()
    assert value == pytest.approx(E.item(), rel=BOUND[dtype])
    assert distance(gradient, twin.flat([t.grad for t in twin.tensors])) <= BOUND[dtype]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pair", PAIRS)
def test_optimizer_on_a_small_network(pair, dtype):
    ours, theirs = PAIRS[pair]
    net = network(Tanh(), SoftmaxCrossEntropy(), dtype)
    X, y = data(dtype, "label")
    theta, steps = net.initialize(1000), 24
    run = fit(
        net,
        X,
        y,
        optimizer=ours,
        batch_size=5,
        epochs=6,
        seed=0,
        sampling=Cyclic(),
        theta0=theta,
        record_theta_every=1,
        record_loss_every=1,
    )
    twin, b, v = Twin(net, theta), getattr(ours, "momentum", 0.0), 0.0
    optimizer = theirs(twin.tensors)
    for t in range(steps):
        part = np.arange(5 * t, 5 * t + 5) % N
        optimizer.zero_grad()
        E = twin.loss(X[part], y[part])
        assert run.step_loss[t] == pytest.approx(E.item(), rel=20 * BOUND[dtype])
        E.backward()
        optimizer.step()
        mine = run.step_theta[t + 1]
        if pair == "Nesterov":  # torch keeps the look-ahead point w + b v as its parameters
            v = mine - run.step_theta[t]
            mine = mine + b * v
        assert distance(mine, twin.flat(twin.tensors)) <= BOUND[dtype], t


def test_averaged_sgd_as_in_torch():
    """torch starts the average a step later than t0 says, and keeps the rate in float32 whatever the parameters are."""
    net = network(Tanh(), SoftmaxCrossEntropy(), "float64")
    X, y = data("float64", "label")
    theta = net.initialize(1000)
    run = fit(net, X, y, optimizer=AveragedSGD(0.3), epochs=12, theta0=theta)
    twin = Twin(net, theta)
    optimizer = torch.optim.ASGD(twin.tensors, 0.3, lambd=0.0, alpha=0.0, t0=-1)
    for _ in range(12):
        optimizer.zero_grad()
        twin.loss(X, y).backward()
        optimizer.step()
    assert distance(run.theta, twin.flat([optimizer.state[p]["ax"] for p in twin.tensors])) <= 1e-8


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (CosineDecay(9, floor=0.1), lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 9, eta_min=0.05)),
        (WarmUp(5), lambda o: torch.optim.lr_scheduler.LinearLR(o, 1 / 5, total_iters=4)),
    ],
    ids=["cosine", "warm-up"],
)
def test_schedules_by_step_as_in_torch(ours, theirs):
    net = network(Tanh(), SoftmaxCrossEntropy(), "float64")
    X, y = data("float64", "label")
    theta = net.initialize(1)
    run = fit(net, X, y, optimizer=SGD(0.5), epochs=9, theta0=theta, schedule=ours)
    twin = Twin(net, theta)
    optimizer = torch.optim.SGD(twin.tensors, 0.5)
    schedule = theirs(optimizer)
    for _ in range(9):
        optimizer.zero_grad()
        twin.loss(X, y).backward()
        optimizer.step()
        schedule.step()
    assert distance(run.theta, twin.flat(twin.tensors)) <= 1e-12


def test_step_schedule_as_in_torch():
    net = network(Tanh(), SoftmaxCrossEntropy(), "float64")
    X, y = data("float64", "label")
    theta = net.initialize(1)
    run = fit(
        net,
        X,
        y,
        optimizer=SGD(0.5),
        batch_size=10,
        epochs=6,
        seed=0,
        sampling=Cyclic(),
        theta0=theta,
        schedule=StepDecay(0.3, every=2),
    )
    twin = Twin(net, theta)
    optimizer = torch.optim.SGD(twin.tensors, 0.5)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.3)
    for _ in range(6):
        for part in (slice(0, 10), slice(10, 20)):
            optimizer.zero_grad()
            twin.loss(X[part], y[part]).backward()
            optimizer.step()
        schedule.step()
    assert distance(run.theta, twin.flat(twin.tensors)) <= 1e-12
