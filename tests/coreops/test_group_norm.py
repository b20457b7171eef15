"""Layer, instance and group normalisation: one example at a time, over groups of channels."""

import numpy as np
import pytest

from coreops import (
    BatchNorm,
    Dense,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LinearLoss,
    Network,
    SoftmaxCrossEntropy,
    SquaredError,
    input_gradient,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import complains, distance, seen_as
from tests.coreops.test_batch_norm import alone, differences, outputs

IMAGE = (3, 2, 4)  # height, width, channels
LAYERS = [
    (LayerNorm(eps=0.1), 6),
    (GroupNorm(2, eps=0.1), 6),
    (seen_as(LayerNorm(), *IMAGE), 24),
    (seen_as(InstanceNorm(), *IMAGE), 24),
    (seen_as(GroupNorm(2), *IMAGE), 24),
    (seen_as(GroupNorm(2, gain=False), *IMAGE), 24),
]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("m", [1, 2, 4])
@pytest.mark.parametrize(("layer", "n"), LAYERS, ids=str)
def test_gradient_of_everything(layer, n, m, training):
    generator = np.random.default_rng(m)
    network = alone(layer, n)
    X, targets = generator.normal(1.0, 1.0, (m, n)), generator.normal(size=(m, n))
    theta = generator.uniform(0.5, 1.5, network.n_parameters)
    _, gradient = loss_and_gradient(network, theta, X, targets, training=training)
    dx = input_gradient(network, theta, X, targets, training=training) / m
    assert distance(dx, differences(lambda x: loss_and_gradient(network, theta, x, targets)[0], X)) <= 1e-7
    numeric = differences(lambda t: loss_and_gradient(network, t, X, targets)[0], theta)
    assert distance(gradient, numeric) <= 1e-7


@pytest.mark.parametrize(("layer", "n"), LAYERS, ids=str)
def test_examples_do_not_see_each_other(layer, n):
    """The outputs of an example are the same to the bit in any batch; those of a batch norm are not."""
    X = np.random.default_rng(0).normal(size=(9, n))
    whole = outputs(layer, X)
    np.testing.assert_array_equal(outputs(layer, X[:1]), whole[:1])
    np.testing.assert_array_equal(outputs(layer, X[::-2]), whole[::-2])
    np.testing.assert_array_equal(outputs(layer, X, batch_statistics=False), whole)
    other = outputs(BatchNorm(), X)
    assert distance(outputs(BatchNorm(), X[:4]), other[:4]) > 1e-2


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_every_group_is_standardised(groups):
    X = np.random.default_rng(0).normal(5.0, 3.0, (5, 24))
    y = outputs(seen_as(GroupNorm(groups), *IMAGE), X).reshape(5, 6, groups, 4 // groups)
    v = X.reshape(y.shape).var(axis=(1, 3))
    np.testing.assert_allclose(y.mean(axis=(1, 3)), 0, atol=1e-14)
    np.testing.assert_allclose(y.var(axis=(1, 3)), v / (v + 1e-5), rtol=1e-12)


def test_group_norm_between_layer_and_instance_norm():
    """One group: layer norm. As many as channels: instance norm. To the bit, they are one kernel."""
    X = np.random.default_rng(0).normal(size=(5, 24))
    for groups, layer in ((1, LayerNorm()), (4, InstanceNorm())):
        same = outputs(seen_as(GroupNorm(groups), *IMAGE), X)
        np.testing.assert_array_equal(outputs(seen_as(layer, *IMAGE), X), same)
    assert distance(outputs(seen_as(GroupNorm(2), *IMAGE), X), same) > 1e-2


def test_layer_norm_is_invariant_to_the_scale_of_all_weights_only():
    X, y = cases.problem(n=10)
    net = Network(Dense(3, 5, bias=False), LayerNorm(eps=0.0), Dense(5, 3), loss=SoftmaxCrossEntropy(), dtype="float64")
    theta, one_unit = net.initialize(1), net.initialize(1)
    E, gradient = loss_and_gradient(net, theta, X, y)
    W = net.parameters(theta)["0.weight"]
    assert abs(np.sum(W * net.parameters(gradient)["0.weight"])) <= 1e-14
    W *= 37.0
    assert abs(loss_and_gradient(net, theta, X, y)[0] - E) <= 1e-13
    net.parameters(one_unit)["0.weight"][:, 0] *= 37.0
    assert abs(loss_and_gradient(net, one_unit, X, y)[0] - E) > 1e-3


def test_groups_that_do_not_fit():
    def network(layer, n):
        return Network(Dense(3, n), layer, loss=SquaredError())

    complains(
        r"layers 0 Dense.* and 1 GroupNorm", "10 channels in 4 groups", "divides the channels",
        network, GroupNorm(4), 10,
    )  # fmt: skip
    for layer, n in ((InstanceNorm(), 4), (GroupNorm(4), 4), (LayerNorm(), 1)):
        complains("1 " + type(layer).__name__, "1 value per group", "at least 2 values", network, layer, n)
    for groups in (0, -1, 1.5, None):
        complains("GroupNorm groups", "got", "integer", GroupNorm, groups)
    for kind, arguments in ((LayerNorm, ()), (InstanceNorm, ()), (GroupNorm, (2,))):
        complains(f"{kind.__name__} eps", "-1", ">= 0", kind, *arguments, eps=-1)
        complains(f"{kind.__name__} gain", "None", "True or False", kind, *arguments, gain=None)


def test_no_learned_parameters_when_both_are_off():
    net = Network(LayerNorm(gain=False, shift=False), loss=LinearLoss(), input_shape=5)
    assert net.n_parameters == 0 and net.n_statistics == 0
