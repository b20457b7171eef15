"""Whole networks: backpropagation against central differences and against the oracle; a wrong gradient is found."""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import coreops
from coreops import (
    Dense,
    LeakyReLU,
    LinearLoss,
    Network,
    PReLU,
    ReLU,
    Scale,
    ScaledTanh,
    Sigmoid,
    Softplus,
    Tanh,
    Threshold,
    Uniform,
    gradient_check,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import EPS, distance, targets
from tests.oracles import networks

BOUND = 1e-7
ACTIVATIONS = [ReLU(), LeakyReLU(slope=0.2), PReLU(), Sigmoid(), Tanh(), ScaledTanh(), Softplus(), None]


@st.composite
def problems(draw):
    """(network, theta, X, y): random depth, widths, layers, loss and data, away from the kinks of rectifiers."""
    loss, n_out, form = draw(st.sampled_from(cases.flat(cases.LOSSES)))
    widths = [*draw(st.lists(st.integers(1, 7), min_size=1, max_size=3 if cases.JIT else 2)), n_out]
    layers = [Scale(widths[0])] if draw(st.booleans()) else []
    for a, b in pairwise(widths):
        layers.append(Dense(a, b, bias=draw(st.booleans())))
        layers.append(draw(st.sampled_from(ACTIVATIONS)))
    layers = [layer for layer in layers[:-1] if layer is not None]
    network = Network(*layers, loss=loss, init=Uniform(-1.2, 1.2), dtype="float64")
    seed, m = draw(st.integers(0, 10**6)), draw(st.integers(1, 6))
    generator = np.random.default_rng(seed)
    theta = network.initialize(seed) + generator.uniform(-0.3, 0.3, network.n_parameters)
    X, y = generator.normal(size=(m, widths[0])), targets(form, m, n_out, generator)
    # A central difference must not straddle a kink.
    assume(networks.margin(network.layers, network.parameters(theta), X, loss, y) > 1e-4)
    return network, theta, X, y


@given(problems())
def test_backpropagation_is_the_derivative(case):
    network, theta, X, y = case
    errors = gradient_check(network, X, y, theta=theta)
    assert list(errors) == list(network.parameters(theta))
    _, gradient = loss_and_gradient(network, theta, X, y)
    for name, error in errors.items():
        # Where nothing flows (a unit that is dead for all examples) the difference quotient is rounding alone.
        dead = np.linalg.norm(network.parameters(gradient)[name]) < 1e-3
        assert error <= BOUND or dead, (name, error)


@given(problems())
def test_gradient_is_the_oracles(case):
    """Analytic against analytic: near machine precision, kinks and dead units included."""
    network, theta, X, y = case
    value, gradient = loss_and_gradient(network, theta, X, y)
    want, parts = networks.loss_and_gradient(network.layers, network.loss, network.parameters(theta), X, y)
    assert abs(value - want) <= 1e-13 * max(1, abs(want))
    scale = max(np.linalg.norm(part) for part in parts.values())
    for name, got in network.parameters(gradient).items():
        assert np.linalg.norm(got - parts[name]) <= 1e-12 * max(scale, 1e-3), name


def rows():
    """Every case of a layer with one case of a loss, and every case of a loss with one of a layer."""
    layers, losses = cases.flat(cases.LAYERS), cases.flat(cases.LOSSES)
    return [(*layers[i % len(layers)], *losses[i % len(losses)]) for i in range(max(len(layers), len(losses)))]


@pytest.mark.parametrize(("layer", "width", "loss", "n", "form"), rows(), ids=str)
def test_gradient_row_of_every_layer_and_loss(layer, width, loss, n, form):
    """Each layer between two others, under a loss: no hypothesis luck involved."""
    probe = Network(Scale(width), layer, loss=LinearLoss())
    # Without a bias, which a batch norm would leave without a gradient.
    network = Network(
        Dense(2, width, bias=False), layer, Dense(probe.n_out, n), loss=loss, init=Uniform(-0.8, 0.8), dtype="float64"
    )
    for seed in range(1000, 1050):
        generator = np.random.default_rng(seed)
        theta = network.initialize(seed) + generator.uniform(-0.3, 0.3, network.n_parameters)
        X, y = generator.normal(size=(4, 2)), targets(form, 4, n, generator)
        tensors = cases.tensors(network, theta)
        parts = network.parameters(loss_and_gradient(network, theta, X, y)[1]).values()
        # Signs that add up to 0 leave nothing to compare with; behind a threshold nothing is as it should be.
        flows = all(np.linalg.norm(part) > 1e-3 for part in parts) or isinstance(layer, Threshold)
        if flows and networks.margin(network.layers, tensors, X, loss, y) > 1e-2:
            break
    else:
        pytest.fail("no starting point away from the kinks")
    assert max(gradient_check(network, X, y, theta=theta).values()) <= BOUND


@pytest.mark.parametrize("depth", [1, 4])
def test_float32_gradient_agrees_with_float64(depth):
    layers = [layer for k in range(depth) for layer in (Dense(6, 6), Tanh())]
    network = Network(*layers, Dense(6, 3), loss=coreops.SoftmaxCrossEntropy(), dtype="float32")
    X, y = cases.problem(d=6)
    theta = network.initialize(1000)
    single = loss_and_gradient(network, theta, X.astype(np.float32), y)
    double = loss_and_gradient(network.astype("float64"), theta.astype(float), X.astype(np.float32).astype(float), y)
    assert single[0] == pytest.approx(double[0], rel=10 * EPS["float32"])
    assert distance(single[1], double[1]) <= 50 * EPS["float32"]


def test_default_theta_of_the_check_moves_biases_off_zero():
    X, y = cases.problem()
    errors = gradient_check(cases.mlp("float32"), X, y, seed=3)
    assert set(errors) == {"0.weight", "0.bias", "2.weight", "2.bias"} and max(errors.values()) <= BOUND


# (file, right, wrong): each is one sign or one factor in a kernel
MUTANTS = [
    ("losses.py", "(arena[at(y + i)]))] -= scale", "(arena[at(y + i)]))] += scale"),
    ("layers/activation.py", "*= one - arena[at(y + i)] *", "*= one + arena[at(y + i)] *"),
    ("layers/scale.py", "+ w[j] * dy[k]", "- w[j] * dy[k]"),
]
CHECK = """
import json, sys
import numpy as np
found = {}
for tree in sys.argv[1:]:
    sys.path.insert(0, tree)
    from coreops import Dense, Network, Scale, SoftmaxCrossEntropy, Tanh, __file__ as used, gradient_check
    assert used.startswith(tree), used
    net = Network(Dense(3, 4), Tanh(), Scale(4), Dense(4, 3), loss=SoftmaxCrossEntropy())
    g = np.random.default_rng(0)
    found[tree] = max(gradient_check(net, g.normal(size=(5, 3)), g.integers(0, 3, 5)).values())
    for name in [name for name in sys.modules if name.split(".")[0] == "coreops"]:
        del sys.modules[name]
print(json.dumps(found))
"""


@pytest.mark.once
def test_a_wrong_gradient_is_found(tmp_path):
    """One sign flipped in a copy of the engine, run as plain Python in its own process; and a copy as it is."""
    for number, (file, right, wrong) in enumerate([*MUTANTS, ("losses.py", "", "")]):
        tree = tmp_path / str(number)
        shutil.copytree(Path(coreops.__file__).parent, tree / "coreops", ignore=shutil.ignore_patterns("__pycache__"))
        source = tree / "coreops" / file
        text = source.read_text()
        assert right in text, f"{right!r} is no longer in {file}: name another line to break"
        source.write_text(text.replace(right, wrong))
    found = json.loads(cases.output_of(CHECK, *sorted(tmp_path.iterdir()), NUMBA_DISABLE_JIT="1"))
    *wrong, unchanged = found.values()
    assert len(wrong) == len(MUTANTS) and min(wrong) > 1e-2 and unchanged <= BOUND, found
