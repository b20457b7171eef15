"""Networks with convolutions: shared inputs, training, folding, and what does not fit."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from coreops import (
    SGD,
    Adam,
    BatchNorm,
    Concatenate,
    Conv1D,
    Conv2D,
    Cyclic,
    Dense,
    Flatten,
    LocallyConnected1D,
    LocallyConnected2D,
    MaxPool,
    Network,
    ReLU,
    Run,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    fit,
    fit_many,
    fold_batch_norm,
    gradient_check,
    input_gradient,
)
from coreops.inference import Prepared
from coreops.layers import patches
from coreops.records import INPUT_GRADIENT, TRAIN
from tests.coreops import cases
from tests.coreops.cases import DTYPES, complains, distance, seen_as
from tests.coreops.test_convolution import BOUND, PADDINGS, alone, gradients, outputs
from tests.oracles import training

GROUPS = {
    "valid": [Conv2D(2, 3, 3), LocallyConnected2D(2, 1, 3, bias=False), MaxPool(3, 1), Conv2D(2, 1, 3, bias=False)],
    "padded": [
        Conv2D(2, 3, 3, padding="same"),
        Conv2D(2, 2, 3, padding="circular"),
        LocallyConnected2D(2, 1, 3, padding="same"),
        LocallyConnected2D(2, 1, 3, padding="circular"),
    ],
}


@pytest.mark.parametrize("name", GROUPS)
def test_two_readers_of_an_image_add_their_gradients(name, rng):
    """Whichever comes first in the backward pass stores, the other adds."""
    X, layers = rng.normal(size=(3, 4, 5, 2)), GROUPS[name]
    for first in layers:
        for second in layers:
            both = alone(Concatenate((first,), (second,)), X.shape[1:])
            theta = rng.normal(size=both.n_parameters)
            parts = both.parameters(theta)
            dy = rng.normal(size=(3, *both.plan.outputs["0"].output.shape))
            want, start = 0.0, 0
            for k, layer in enumerate((first, second)):
                net = alone(layer, X.shape[1:])
                stop = start + net.plan.outputs["0"].output.shape[-1]
                own = [np.zeros(0), *(p.reshape(-1) for key, p in parts.items() if key.startswith(f"0.{k}."))]
                want = want + gradients(layer, X, np.concatenate(own), dy[..., start:stop])[1]
                start = stop
            got = input_gradient(both, theta, X, dy.reshape(3, -1)).reshape(X.shape)
            assert distance(got, want) <= BOUND, (first, second)


@pytest.mark.parametrize("kind", [Conv2D, LocallyConnected2D])
@pytest.mark.parametrize("padding", PADDINGS)
def test_patches_of_a_few_examples_at_a_time(kind, padding, monkeypatch, rng):
    """How many examples share a pass is a matter of speed: 1, 2 (the last pass is short) and all at once."""
    X, found = rng.normal(size=(5, 5, 4, 2)), []
    layer = kind(2, 3, 3, 1, padding)
    size = (6 if padding == "valid" else 20) * 18
    for cached in (1, 2 * size, 10 * size):
        monkeypatch.setattr(patches, "CACHED", cached)
        generator, net = np.random.default_rng(0), alone(layer, X.shape[1:])
        theta, dy = generator.normal(size=net.n_parameters), generator.normal(size=(5, net.n_out))
        y = cases.evaluated(net, theta, X.reshape(5, -1))
        found.append(np.concatenate([y.reshape(-1), *(g.reshape(-1) for g in gradients(layer, X, theta, dy))]))
    assert distance(found[0], found[2]) <= BOUND and distance(found[1], found[2]) <= BOUND


def test_a_second_backward_pass_finds_the_patches_unchanged(rng):
    """The gradient of the patches has a place of its own."""
    net = alone(Conv2D(2, 3, 3, padding="same"), (5, 4, 2))
    prepared = Prepared(net, rng.normal(size=net.n_parameters), net.initial_statistics(0), 4)
    prepared.forward(rng.normal(size=(4, net.n_in)), rng.normal(size=(4, net.n_out)), TRAIN)
    mode = TRAIN | INPUT_GRADIENT
    prepared.backward(4, mode)
    first = prepared.gradient.copy()
    prepared.backward(4, mode)
    assert np.abs(first).max() > 0 and (prepared.gradient == first).all()


def test_scratch_does_not_grow_with_the_batch():
    net = alone(Conv2D(2, 3, 3), (5, 4, 2))
    operations = [net.lay_out(capacity)[0][0] for capacity in (1, 10**4)]
    assert operations[0]["examples"] == 1
    assert operations[1]["examples"] == patches.CACHED // (3 * 2 * 9 * 2)


# --- whole networks ---

SMALL = (
    Conv2D(1, 2, 3, padding="same"),
    ReLU(),
    MaxPool(2),
    Conv2D(2, 3, 2, padding="valid"),
    Tanh(),
    Flatten(),
    Dense(3, 3),
)
SHAPES = ((4, 5, 1), None, (4, 5, 2), (2, 2, 2), None, None, None)  # of the inputs of SMALL


def images(n, shape=(4, 5, 1), seed=0):
    """A small classification problem: (X, y)."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 3, n)
    return generator.normal(size=(3, *shape))[y] + 0.5 * generator.normal(size=(n, *shape)), y


@pytest.mark.parametrize("dtype", DTYPES)
def test_training_with_a_short_last_batch_against_the_oracle(dtype):
    X, y = images(11)
    bound = {"float32": 2e-5, "float64": 1e-12}[dtype]
    settings = dict(loss=SoftmaxCrossEntropy(), dtype=dtype)
    net = Network(*SMALL, **settings, input_shape=(4, 5, 1))
    layers = [layer if shape is None else seen_as(layer, *shape) for layer, shape in zip(SMALL, SHAPES, strict=True)]
    theta0 = net.initialize(1000)
    run = fit(
        net, X, y, optimizer=Adam(0.02), batch_size=4, epochs=3, sampling=Cyclic(), theta0=theta0,
        record_theta_every=1, record_loss_every=1,
    )  # fmt: skip
    flat = Network(*layers, **settings, input_shape=20)
    order = [[np.arange(11)[k : k + 4] for k in (0, 4, 8)]] * 3
    X = X.astype(dtype).astype(float)
    want = training.train(flat, X.reshape(11, -1), y, optimizer=Adam(0.02), order=order, theta0=theta0)
    assert distance(run.step_theta, want.thetas) <= bound
    assert distance(run.step_loss, want.batch_losses) <= bound
    assert distance(run.loss, want.losses) <= bound


def test_gradient_of_a_whole_network():
    X, y = images(4)
    for layers in (
        SMALL,
        (LocallyConnected2D(1, 1, (2, 3)), BatchNorm(), Tanh(), Flatten(), Dense(9, 3)),
        (Conv2D(1, 2, 3, 2, "circular"), Tanh(), LocallyConnected2D(2, 1, 1), Tanh(), Flatten(), Dense(6, 3)),
    ):
        net = Network(*layers, loss=SoftmaxCrossEntropy(), dtype="float64", input_shape=(4, 5, 1))
        theta = np.random.default_rng(2).uniform(-1, 1, net.n_parameters)
        assert max(gradient_check(net, X, y, theta=theta).values()) <= 1e-7


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", [Conv2D, LocallyConnected2D])
def test_batch_norm_folded_into_a_convolution(kind, bias, dtype):
    """Also where every position has weights and a bias of its own."""
    X, y = images(12)
    layers = (kind(1, 2, 3, 1, "same", bias), BatchNorm(), ReLU(), kind(2, 3, 2, 2), BatchNorm(), Flatten())
    net = Network(*layers, Dense(12, 3), loss=SoftmaxCrossEntropy(), dtype=dtype, input_shape=(4, 5, 1))
    run = fit(net, X, y, optimizer=SGD(0.2), batch_size=6, epochs=3, seed=1)
    folded = fold_batch_norm(run)
    assert [type(layer) for layer in folded.network.layers] == [kind, ReLU, kind, Flatten, Dense]
    got = cases.evaluated(folded.network, folded.theta, X.reshape(12, -1))
    assert distance(got, run.outputs(X)) <= {"float32": 1e-5, "float64": 1e-12}[dtype]
    other = fold_batch_norm(run.network, run.theta, run.network.initial_statistics(0))
    assert distance(got, cases.evaluated(other.network, other.theta, X.reshape(12, -1))) > 1e-2


def test_a_row_of_a_table_is_the_run_alone():
    X, y = images(11)
    nets = [
        Network(*layers, loss=SoftmaxCrossEntropy(), input_shape=(4, 5, 1))
        for layers in (SMALL, (LocallyConnected2D(1, 1, 3, 1, "circular"), Flatten(), Dense(20, 3)))
    ]
    rows = [Run(net, optimizer=Adam(0.01), batch_size=4, epochs=2, seed=s) for net in nets for s in (1, 2)]
    table = fit_many(rows, X, y, threads=2)
    for row, got in zip(rows, table, strict=True):
        alone = fit(row.network, X, y, optimizer=Adam(0.01), batch_size=4, epochs=2, seed=row.seed)
        np.testing.assert_array_equal(got.theta, alone.theta)
        np.testing.assert_array_equal(got.loss, alone.loss)


@pytest.mark.jit_only
def test_a_small_lenet_learns_the_digits():
    """LeCun et al. 1998, in small: all training digits are learned, and the test digits nearly so."""
    X, y = load_digits(return_X_y=True)
    X = X.reshape(-1, 8, 8, 1) / 16
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[:1200], order[1200:]
    net = Network(
        Conv2D(1, 8, 3, padding="same"), ReLU(), MaxPool(2), Conv2D(8, 16, 3, padding="same"), ReLU(), MaxPool(2),
        Flatten(), Dense(64, 10), loss=SoftmaxCrossEntropy(), input_shape=(8, 8, 1),
    )  # fmt: skip
    settings = dict(optimizer=Adam(1e-2), batch_size=32, epochs=25, seed=0, validation=(X[test], y[test]))
    run = fit(net, X[train], y[train], **settings)
    assert run.loss[-1] < 0.01 and run.error[-1] == 0
    assert run.validation_error[-1] < 0.04


# --- what does not fit ---


def stack(*layers, shape):
    return Network(*layers, Flatten(), loss=SquaredError(), input_shape=shape)


@pytest.mark.parametrize(
    ("got", "layers", "shape"),
    [
        ("3 channels into 2", (Conv2D(2, 3, 3),), (5, 5, 3)),
        ("4 channels into 2", (Conv2D(1, 4, 3), LocallyConnected2D(2, 1, 1)), (5, 5, 1)),
        ("3 channels into 2", (Conv1D(2, 3, 3),), (5, 3)),
        (r"shape \(5, 3\)", (Conv2D(3, 1, 3),), (5, 3)),
        (r"shape \(5, 5, 3\)", (Conv1D(3, 1, 3),), (5, 5, 3)),
        (r"shape \(10,\)", (Conv1D(10, 1, 1),), (10,)),
        (r"shape \(10,\)", (LocallyConnected1D(10, 1, 1),), (10,)),
        (r"shape \(3,\)", (Flatten(), Conv2D(1, 1, 1)), (1, 1, 3)),
        (r"shape \(3, 3, 4\)", (Conv2D(1, 4, 3), Dense(36, 2)), (5, 5, 1)),
        ("6 on 5", (Conv1D(1, 1, 6),), (5, 1)),
        ("3 x 4 on 4 x 3", (Conv2D(1, 1, (3, 4)),), (4, 3, 1)),
        ("2 x 4 on 4 x 3", (LocallyConnected2D(1, 1, (2, 4)),), (4, 3, 1)),
        ("5 on 4", (Conv1D(1, 1, 5, padding="circular"),), (4, 1)),
        ("9 x 9 on 2 x 2", (Conv2D(1, 1, 9),), (2, 2, 1)),
    ],
)
def test_layers_that_do_not_fit(got, layers, shape):
    """The message names both."""
    where = "the input and 0" if len(layers) == 1 else r"0 \w+.* and 1"
    complains(f"layers {where} {type(layers[-1]).__name__}", got, "wanted", stack, *layers, shape=shape)


def test_a_window_that_just_fits():
    """As large as its padded input: one output."""
    assert outputs(Conv1D(1, 2, 5), np.ones((1, 5, 1))).shape == (1, 1, 2)
    assert outputs(Conv2D(1, 2, (4, 3)), np.ones((1, 4, 3, 1))).shape == (1, 1, 1, 2)
    assert outputs(Conv1D(1, 1, 5, padding="circular"), np.ones((1, 5, 1))).shape == (1, 5, 1)
    assert outputs(Conv2D(1, 1, 3, 2, "same"), np.ones((1, 1, 4, 1))).shape == (1, 1, 2, 1)
