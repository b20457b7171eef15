"""Sizes may be NumPy's integers, as `labels.max() + 1` is: they count as Python's, whose products do not overflow."""

import dataclasses

import numpy as np
import pytest

from coreops import SGD, Dense, Duplicated, Network, Reshuffle, SoftmaxCrossEntropy, SquaredError, Tanh, fit
from coreops.augmentation import Occlude, Shift, augment
from tests.coreops import cases

X, Y = cases.problem(n=300)
MANY = 10_000  # examples of 4 numbers are more than int16 counts


def small(value):
    """The same spec with int16 for its integers."""
    if isinstance(value, tuple):
        return tuple(map(small, value))
    if dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value) if field.init]
        return dataclasses.replace(value, **{name: small(getattr(value, name)) for name in fields})
    return np.int16(value) if type(value) is int else value


@pytest.mark.parametrize(("layer", "n"), cases.flat(cases.LAYERS), ids=str)
def test_of_layers(layer, n):
    networks = [Network(spec, loss=SquaredError(), input_shape=n) for spec in (layer, small(layer))]
    (ops, fields, size), (small_ops, small_fields, small_size) = [network.lay_out(MANY) for network in networks]
    np.testing.assert_array_equal(small_ops, ops)
    assert small_fields == fields and small_size == size


def test_the_arena_has_room_for_outputs_counted_by_labels():
    classes = Y.astype(np.uint8).max() + 1
    networks = [Network(Dense(3, k), Tanh(), Dense(k, k), loss=SoftmaxCrossEntropy()) for k in (3, classes)]
    a, b = [fit(network, X, Y, optimizer=SGD(0.1), epochs=2) for network in networks]
    np.testing.assert_array_equal(a.theta, b.theta)
    np.testing.assert_array_equal(a.curves, b.curves)


def test_of_a_run():
    net, settings = cases.mlp(), dict(optimizer=SGD(0.1), sampling=Reshuffle(), epochs=2, record_loss_every=1)
    a, b = [fit(net, X, Y, batch_size=size, **settings) for size in (100, np.int8(100))]
    np.testing.assert_array_equal(a.theta, b.theta)
    np.testing.assert_array_equal(a.step_loss, b.step_loss)
    assert Network(Tanh(), loss=SquaredError(), input_shape=np.int64(3)).input_shape == (3,)


@pytest.mark.parametrize("transform", [Shift(1), Occlude(2)], ids=repr)
def test_of_transforms(transform):
    images, settings = np.random.default_rng(0).normal(size=(2, 200, 4)), dict(copies=1, seed=0)
    a, b = [augment(images, [0, 1], transforms=t, **settings)[0] for t in (transform, small(transform))]
    np.testing.assert_array_equal(a, b)


def test_of_duplicated_units():
    net = [Network(Dense(3, 300, init=Duplicated(outputs=k)), loss=SquaredError()) for k in (2, np.int8(2))]
    np.testing.assert_array_equal(net[0].initialize(0), net[1].initialize(0))
