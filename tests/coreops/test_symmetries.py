"""Units renumbered or rescaled: the same function where the activation allows it, and not otherwise."""

from itertools import permutations, product

import numpy as np
import pytest

from coreops import (
    Dense,
    LeakyReLU,
    Network,
    ReLU,
    Residual,
    Scale,
    ScaledTanh,
    Sigmoid,
    SoftmaxCrossEntropy,
    SquaredError,
    Tanh,
    permute_units,
    rescale_units,
)
from coreops.inference import network_outputs
from tests.coreops.cases import complains

X = np.random.default_rng(0).normal(size=(20, 3))


def setting(*activations, n=4):
    net = Network(Dense(3, n), *activations, Dense(n, 5), Tanh(), Dense(5, 2), loss=SquaredError(), dtype="float64")
    return net, np.random.default_rng(1).normal(size=net.n_parameters)


def change(net, theta, new):
    """Largest difference of the outputs, relative to the largest output."""
    z = network_outputs(net, theta, X)
    return np.abs(network_outputs(net, new, X) - z).max() / np.abs(z).max()


@pytest.mark.parametrize(
    "activations", [(Tanh(),), (ReLU(),), (Sigmoid(), Scale(4), LeakyReLU()), (ScaledTanh(),), ()], ids=repr
)
def test_all_permutations(activations):
    """4! copies, all different, one function."""
    net, theta = setting(*activations)
    copies = [permute_units(net, theta, 0, p) for p in permutations(range(4))]
    assert len({copy.tobytes() for copy in copies}) == 24
    assert max(change(net, theta, copy) for copy in copies) < 1e-14
    np.testing.assert_array_equal(copies[0], theta)
    np.testing.assert_array_equal(
        permute_units(net, permute_units(net, theta, 0, [1, 2, 3, 0]), 0, [3, 0, 1, 2]), theta
    )


def test_a_permutation_moves_both_sides_of_the_unit():
    net, theta = setting(ReLU())
    old, new = net.parameters(theta), net.parameters(permute_units(net, theta, 0, [2, 0, 1, 3]))
    np.testing.assert_array_equal(new["0.weight"][:, 0], old["0.weight"][:, 2])
    assert new["0.bias"][0] == old["0.bias"][2]
    np.testing.assert_array_equal(new["2.weight"][0], old["2.weight"][2])
    np.testing.assert_array_equal(new["4.weight"], old["4.weight"])
    half = theta.copy()  # control: only what comes in
    net.parameters(half)["0.weight"][:] = new["0.weight"]
    assert change(net, theta, half) > 1e-2


def test_all_sign_flips_of_an_odd_activation():
    net, theta = setting(Tanh())
    copies = [rescale_units(net, theta, 0, np.array(signs, float)) for signs in product((-1, 1), repeat=4)]
    assert len({copy.tobytes() for copy in copies}) == 16 and max(change(net, theta, c) for c in copies) < 1e-14
    for even in (ReLU(), Sigmoid()):
        net, theta = setting(even)
        assert change(net, theta, rescale_units(net, theta, 0, [-1.0, 1, 1, 1])) > 1e-2


@pytest.mark.parametrize("scale", [1e-3, 0.5, 1e3])
def test_rescaling_rectifiers(scale):
    factors = scale ** np.array([1.0, -1.0, 0.5, 0.0])
    for activation in (ReLU(), LeakyReLU(0.2)):
        net, theta = setting(activation)
        new = rescale_units(net, theta, 0, factors)
        assert change(net, theta, new) < 1e-12
        old, new = net.parameters(theta), net.parameters(new)
        np.testing.assert_allclose(new["0.weight"], old["0.weight"] * factors)
        np.testing.assert_allclose(new["0.bias"], old["0.bias"] * factors)
        np.testing.assert_allclose(new["2.weight"], old["2.weight"] / factors[:, None])
    net, theta = setting(Tanh())
    assert change(net, theta, rescale_units(net, theta, 0, factors)) > 1e-2
    for linear in ((), (Scale(4),)):
        net, theta = setting(*linear)
        assert change(net, theta, rescale_units(net, theta, 0, -factors)) < 1e-12


def test_theta_is_left_alone_and_keeps_its_precision():
    net, theta = setting(ReLU())
    kept, single = theta.copy(), net.astype("float32")
    rescale_units(net, theta, 0, np.full(4, 2.0))
    permute_units(net, theta, 0, [3, 2, 1, 0])
    np.testing.assert_array_equal(theta, kept)
    assert rescale_units(single, theta.astype("float32"), 2, np.full(5, 2.0)).dtype == np.float32


def test_bad_arguments():
    net, theta = setting(ReLU())
    for function, argument in ((permute_units, [0, 1, 2, 3]), (rescale_units, np.ones(4))):
        complains("^network", "3", "Network", function, 3, theta, 0, argument)
        complains("^layer", "-1|9", "integer", function, net, theta, -1, argument)
        for layer in (1, 4):  # an activation; a Dense layer that none follows
            complains("^layer", str(layer), "Dense layer", function, net, theta, layer, argument)
        complains("^theta", r"\(2,\)", "shape", function, net, np.zeros(2), 0, argument)
    for wrong in ([0, 1, 2], [0, 1, 2, 2], [1, 2, 3, 4], [[0, 1, 2, 3]], [0.0, 1.0, 2.0, 3.0]):
        complains("^permutation", "got", "0 to 3", permute_units, net, theta, 0, wrong)
    complains("^permutation", "list", "rectangular", permute_units, net, theta, 0, [[0, 1], [2]])
    for wrong in (np.ones(3), [1, 1, 1, 0], [1, 1, 1, np.inf], 2.0):
        complains("^factors", "got", "wanted", rescale_units, net, theta, 0, wrong)
    other = Network(Dense(3, 4), Residual((Dense(4, 4),)), Dense(4, 3), loss=SoftmaxCrossEntropy())
    complains("^layer", "0 of", "elementwise", permute_units, other, other.initialize(0), 0, [0, 1, 2, 3])
