"""Convolutions as matrices: the same outputs, circulants and shifts with zeros as the control, dense by mask."""

import numpy as np
import pytest
import scipy.linalg

from coreops import (
    Conv1D,
    Conv2D,
    Dense,
    LinearLoss,
    LocallyConnected1D,
    LocallyConnected2D,
    Network,
    circulant,
    layer_matrix,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import complains, distance

BOUND = 1e-14
LAYERS = [
    (layer, layer.image)
    for name in ("Conv1D", "Conv2D", "LocallyConnected1D", "LocallyConnected2D")
    for layer, _ in cases.LAYERS[name]
]
each_layer = pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)


def plain(layer):
    """The layer of coreops that a row of the table, which takes flat vectors, stands for."""
    return type(layer).__mro__[1](**{name: getattr(layer, name) for name in layer.__dataclass_fields__})


def network_of(layer, shape):
    """The row of the table under a linear loss, whose targets are then dE/dy, and random parameters."""
    network = Network(layer, loss=LinearLoss(), dtype="float64", input_shape=int(np.prod(shape)))
    return network, np.random.default_rng(0).normal(size=network.n_parameters)


@each_layer
def test_a_layer_is_its_matrix(layer, shape, rng):
    network, theta = network_of(layer, shape)
    parts = network.parameters(theta)
    W = layer_matrix(plain(layer), parts["0.weight"], shape)
    assert W.shape == (network.n_out, network.n_in)
    X, b = rng.normal(size=(3, network.n_in)), parts.get("0.bias", np.zeros(1))
    want = X @ W.T + np.tile(b, network.n_out // len(b))
    assert distance(cases.evaluated(network, theta, X), want) <= BOUND


@pytest.mark.parametrize(("layer", "shape"), [row for row in LAYERS if "Locally" in str(row[0])], ids=str)
def test_locally_connected_is_dense_with_a_mask(layer, shape, rng):
    """The same outputs, and the same gradient where the mask is 1; the dense layer's own has other entries."""
    network, theta = network_of(layer, shape)
    parts, m = network.parameters(theta), 4
    mask = layer_matrix(plain(layer), np.ones_like(parts["0.weight"]), shape)
    assert np.isin(mask, (0, 1)).all()
    W = layer_matrix(plain(layer), parts["0.weight"], shape)
    dense = Network(Dense(network.n_in, network.n_out, layer.bias), loss=LinearLoss(), dtype="float64")
    own = np.concatenate([W.T.reshape(-1), parts.get("0.bias", np.zeros(0))])
    X, dy = rng.normal(size=(m, network.n_in)), rng.normal(size=(m, network.n_out))
    assert distance(cases.evaluated(dense, own, X), cases.evaluated(network, theta, X)) <= BOUND
    local = network.parameters(loss_and_gradient(network, theta, X, dy)[1])["0.weight"]
    whole = dense.parameters(loss_and_gradient(dense, own, X, dy)[1])["0.weight"].T
    assert distance(layer_matrix(plain(layer), local, shape), mask * whole) <= BOUND
    assert mask.all() or distance(whole, mask * whole) > 0.1


def fourier(n):
    """The unitary matrix of the discrete Fourier transform."""
    return np.fft.fft(np.eye(n), norm="ortho")


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_circulant_is_diagonal_in_fourier_modes(size, rng):
    """F C F^H = diag(h), h the transform of the flipped kernel; a zero-padded one is not diagonal there."""
    n, p, w = 7, size // 2, rng.normal(size=size)
    C, F = circulant(w, n), fourier(n)
    h = np.exp(2j * np.pi * np.outer(np.arange(n), np.arange(size) - p) / n) @ w
    np.testing.assert_allclose(F @ C @ F.conj().T, np.diag(h), atol=1e-14)
    np.testing.assert_array_equal(layer_matrix(Conv1D(1, 1, size, padding="circular"), w[:, None, None], (n, 1)), C)
    if size > 1:
        padded = F @ layer_matrix(Conv1D(1, 1, size, padding="same"), w[:, None, None], (n, 1)) @ F.conj().T
        assert np.abs(padded - np.diag(np.diag(padded))).max() > 0.1


def test_circulant_in_two_dimensions_is_diagonal_in_fourier_modes(rng):
    """Block-circulant: F x F diagonalises it, with the two-dimensional transform of the flipped kernel."""
    shape, w = (4, 5), rng.normal(size=(3, 5))
    C = layer_matrix(Conv2D(1, 1, (3, 5), padding="circular"), w[:, :, None, None], (*shape, 1))
    F = np.kron(fourier(4), fourier(5))
    kernel = np.zeros(shape)
    kernel[:3, :5] = w
    h = np.conj(np.fft.fft2(np.roll(kernel, (-1, -2), axis=(0, 1)))).reshape(-1)
    np.testing.assert_allclose(F @ C @ F.conj().T, np.diag(h), atol=1e-13)


def test_circulant_commutes_with_shifts_and_zero_padding_does_not(rng):
    w, n = rng.normal(size=3), 6
    shift = np.roll(np.eye(n), 1, axis=0)
    C = circulant(w, n)
    np.testing.assert_array_equal(C @ shift, shift @ C)
    other = circulant(rng.normal(size=5), n)
    np.testing.assert_allclose(C @ other, other @ C, atol=1e-14)
    padded = layer_matrix(Conv1D(1, 1, 3, padding="same"), w[:, None, None], (n, 1))
    local = layer_matrix(LocallyConnected1D(1, 1, 3, padding="circular"), rng.normal(size=(n, 3, 1, 1)), (n, 1))
    for W in (padded, local):
        assert np.abs(W @ shift - shift @ W).max() > 0.1


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_with_zeros_or_none_it_is_a_toeplitz_matrix(padding, rng):
    """scipy's convolution matrix is that of the flipped kernel; constant along diagonals, and no circulant."""
    w, n = rng.normal(size=5), 8
    W = layer_matrix(Conv1D(1, 1, 5, padding=padding), w[:, None, None], (n, 1))
    np.testing.assert_array_equal(W, scipy.linalg.convolution_matrix(w[::-1], n, mode=padding))
    np.testing.assert_array_equal(W, scipy.linalg.toeplitz(W[:, 0], W[0]))
    assert padding == "valid" or np.abs(W - scipy.linalg.circulant(W[:, 0])).max() > 0.1


def test_shared_weights_repeat_and_few_entries_are_seen(rng):
    """A convolution's matrix has as many different numbers as its kernel, a locally connected one's one per entry."""
    shape, size = (5, 4, 2), (3, 3)
    shared, own = Conv2D(2, 3, size, padding="same"), LocallyConnected2D(2, 3, size, padding="same")
    W = layer_matrix(shared, rng.normal(size=(3, 3, 2, 3)), shape)
    assert len(np.unique(W)) == 54 + 1  # and 0
    tied = rng.normal(size=(3, 3, 2, 3))
    same = layer_matrix(own, np.broadcast_to(tied, (5, 4, *tied.shape)), shape)
    np.testing.assert_array_equal(same, layer_matrix(shared, tied, shape))
    assert np.count_nonzero(same) == (5 * 3 - 2) * (4 * 3 - 2) * 2 * 3


def test_bad_input():
    kernel = np.ones((3, 1, 1))
    with pytest.raises(TypeError, match=r"^layer: got Dense.*, wanted a Conv1D"):
        layer_matrix(Dense(3, 3), kernel, (3, 1))
    complains("kernel", r"shape \(5, 1, 1\)", r"\(3, 1, 1\)", layer_matrix, Conv1D(1, 1, 3), np.ones((5, 1, 1)), (6, 1))
    complains("layers", "2 channels into 1", "as many", layer_matrix, Conv1D(1, 1, 3), kernel, (6, 2))
    complains("layers", "window of 3 on 2", "within", layer_matrix, Conv1D(1, 1, 3), kernel, (2, 1))
    complains("input_shape", "0", ">= 1", layer_matrix, Conv1D(1, 1, 3), kernel, (0, 1))
    complains("kernel", "2 numbers", "odd", circulant, [1, 2], 5)
    complains("kernel", "5 numbers", "at most n = 3", circulant, np.ones(5), 3)
    complains("n", "0", ">= 1", circulant, [1.0], 0)
