"""In training an activation overwrites its input where nobody else looks at it: a smaller arena, the same result."""

import numpy as np
import pytest

from coreops import (
    FGSM,
    SGD,
    BatchNorm,
    Conv2D,
    Data,
    Dense,
    Dropout,
    Flatten,
    LeakyReLU,
    MaxPool,
    Network,
    PReLU,
    ReLU,
    Residual,
    Run,
    Sigmoid,
    SoftmaxCrossEntropy,
    Softplus,
    SquaredError,
    Tanh,
    fit,
)
from coreops.plan import Plan
from coreops.runs import encode
from tests.coreops import cases

X = np.random.default_rng(3).normal(size=(7, 16))
Y = np.arange(7) % 3
IMAGES = dict(input_shape=(4, 4, 1))

# name -> (layers, settings, how many activations overwrite their input, how many of them dense layers do in passing)
NETWORKS = {
    "dense": ((Dense(16, 5), ReLU(), Dense(5, 4), Tanh(), Dense(4, 3), Sigmoid()), {}, 3, 1),
    "leaky": ((Dense(16, 5), LeakyReLU(0.1), Dense(5, 3)), {}, 1, 1),
    "three in a row": ((Dense(16, 5), ReLU(), Dense(5, 4), LeakyReLU(0.2), Dense(4, 3), ReLU()), {}, 3, 2),
    "the sign of the output tells nothing": ((Dense(16, 5), LeakyReLU(-0.5), Dense(5, 3)), {}, 0, 0),
    "the derivative needs the input": ((Dense(16, 5), Softplus(), Dense(5, 4), PReLU(), Dense(4, 3)), {}, 0, 0),
    "convolution": ((Conv2D(1, 2, 3), ReLU(), Flatten(), Dense(8, 3)), IMAGES, 1, 0),
    "under another shape": ((Conv2D(1, 2, 3), Flatten(), ReLU(), Dense(8, 3)), IMAGES, 1, 0),
    "batch norm": ((Dense(16, 5), BatchNorm(), ReLU(), Dense(5, 3)), {}, 1, 0),
    "a pool needs its output": ((MaxPool(2, 2), ReLU(), Flatten(), Dense(4, 3)), IMAGES, 0, 0),
    "dropout needs nothing of its own": ((Dense(16, 5), ReLU(), Dropout(0.5), Dense(5, 3)), {}, 1, 0),
    "the input is read again": ((Dense(16, 5), Residual((ReLU(), Dense(5, 5))), Dense(5, 3)), {}, 0, 0),
    "inside a residual": ((Dense(16, 5), Residual((Dense(5, 5), Tanh())), ReLU(), Dense(5, 3)), {}, 2, 0),
    "the network's input": ((ReLU(), Dense(16, 3)), {}, 0, 0),
    "after another activation": ((Dense(16, 5), Tanh(), ReLU(), Dense(5, 3)), {}, 1, 0),
}


def places(ops):
    return sum(int(op["x"] == op["y"]) for op in ops), sum(int(op["dx"] == op["dy"] >= 0) for op in ops)


def assert_same_without(monkeypatch, layers, **settings):
    """Training gives the same bits where nothing is overwritten."""

    def train():
        network = Network(*layers, loss=SoftmaxCrossEntropy(), dtype="float64", **settings)
        return fit(network, X, Y, optimizer=SGD(0.3), batch_size=4, epochs=1, seed=4)

    got = train()
    with monkeypatch.context() as patch:
        patch.setattr(Plan, "_overwritten", lambda self: {})
        want = train()
    np.testing.assert_array_equal(got.theta, want.theta)
    np.testing.assert_array_equal(got.loss, want.loss)
    assert got.status == "completed" and (got.theta != got.network.initialize(4)).any()


@pytest.mark.parametrize("name", NETWORKS)
def test_training_is_the_same_with_and_without(name, monkeypatch):
    layers, settings, overwriting, folded = NETWORKS[name]
    network = Network(*layers, loss=SoftmaxCrossEntropy(), **settings)
    run = Run(network, optimizer=SGD(0.3), batch_size=4, epochs=2, seed=4)
    ops, all_ops = encode(run, Data(X, Y)).ops, network.lay_out(4)[0]
    assert places(ops) == (overwriting - folded, overwriting - folded)
    assert ops.size == all_ops.size - folded
    assert places(all_ops) == (0, 0), "outside training, every layer's output is kept"
    assert_same_without(monkeypatch, layers, **settings)


@pytest.mark.parametrize("name", cases.LAYERS)
def test_training_is_the_same_between_any_layer_and_activations(name, monkeypatch):
    """No layer reads, on its way back, what the one behind it overwrites."""
    for spec, width in cases.LAYERS[name]:
        n = Network(Dense(16, width), spec, loss=SquaredError()).n_out
        assert_same_without(monkeypatch, (Dense(16, width), ReLU(), spec, Tanh(), Dense(n, 3)))


def test_the_arena_is_smaller_by_what_is_overwritten_and_by_the_gradient_of_the_inputs():
    network = Network(Dense(16, 32), ReLU(), Dense(32, 16), loss=SquaredError())
    data = Data(X, np.zeros((7, 16)))
    sizes = [
        encode(Run(network, optimizer=SGD(0.1), batch_size=4, epochs=1, evaluate_every=0, **more), data).arena_size
        for more in ({}, {"adversary": FGSM(0.1)})
    ]
    assert sizes[1] - sizes[0] == 4 * 16
    assert network.lay_out(4)[2] - sizes[1] == 2 * 4 * 32


def test_a_loss_on_the_inputs_themselves_has_somewhere_to_leave_its_gradient():
    network = Network(Flatten(), loss=SquaredError(), input_shape=(4, 2, 2))
    row = encode(Run(network, optimizer=SGD(0.1), epochs=1), Data(X, X))
    op = row.ops[-1]
    assert 0 <= op["dx"] < row.arena_size and op["dx"] not in (op["x"], op["x2"])
