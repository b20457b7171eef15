"""Convolutions and locally connected layers: what defines them, and how they relate to each other and to Dense."""

import numpy as np
import pytest
import scipy.linalg

from coreops import (
    Conv1D,
    Conv2D,
    Dense,
    Flatten,
    LinearLoss,
    LocallyConnected1D,
    LocallyConnected2D,
    Network,
    input_gradient,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import distance

BOUND = 1e-14
PADDINGS = ("valid", "same", "circular")


def alone(layer, shape, dtype="float64"):
    """The layer under a linear loss, whose targets are then dE/dy."""
    return Network(layer, Flatten(), loss=LinearLoss(), dtype=dtype, input_shape=shape)


def outputs(layer, X, **parameters):
    """What a layer alone computes for X (m, *shape), in the shape it has."""
    net = alone(layer, X.shape[1:])
    theta = net.initialize(0)
    for name, values in parameters.items():
        net.parameters(theta)[f"0.{name}"][...] = values
    y = cases.evaluated(net, theta, X.reshape(len(X), -1))
    return y.reshape(len(X), *net.plan.outputs["0"].output.shape)


def gradients(layer, X, theta, dy):
    """(dE/dtheta, dE/dx) of a layer alone with E = sum of dy y."""
    net, m = alone(layer, X.shape[1:]), len(X)
    dy = dy.reshape(m, -1)
    _, gradient = loss_and_gradient(net, theta, X, m * dy)
    return gradient, input_gradient(net, theta, X, dy).reshape(X.shape)


def same_function(first, second, X, Z):
    """Two layers with the same theta, of the same values X and Z: outputs and all gradients."""
    one, two = alone(first, X.shape[1:]), alone(second, Z.shape[1:])
    assert one.n_parameters == two.n_parameters and one.n_out == two.n_out
    generator = np.random.default_rng(1)
    theta, dy = generator.normal(size=one.n_parameters), generator.normal(size=(len(X), one.n_out))
    flat = [cases.evaluated(net, theta, X.reshape(len(X), -1)) for net in (one, two)]
    assert distance(*flat) <= BOUND
    for a, b in zip(gradients(first, X, theta, dy), gradients(second, Z, theta, dy), strict=True):
        assert distance(a.reshape(-1), b.reshape(-1)) <= BOUND


# --- shifts ---


@pytest.mark.parametrize("stride", [1, 2, (3, 2)])
def test_circular_convolution_commutes_with_shifts(stride, rng):
    """A shift by the stride moves the outputs by one; with zeros around the image it does not."""
    X = rng.normal(size=(2, 6, 4, 2))
    step = stride if isinstance(stride, tuple) else (stride, stride)
    moved = np.roll(X, step, axis=(1, 2))
    for padding in ("circular", "same"):
        layer = Conv2D(2, 3, 3, stride, padding)
        gap = distance(outputs(layer, moved), np.roll(outputs(layer, X), (1, 1), axis=(1, 2)))
        assert gap <= BOUND if padding == "circular" else gap > 0.1
    if stride == 1:
        own = LocallyConnected2D(2, 3, 3, 1, "circular")  # weights of their own know where they are
        assert distance(outputs(own, moved), np.roll(outputs(own, X), (1, 1), axis=(1, 2))) > 0.1


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", PADDINGS)
def test_the_interior_commutes_with_shifts(padding, stride, rng):
    """Without its first values a sequence has the same outputs but the first, and at the edges those of the padding."""
    X = rng.normal(size=(2, 13, 2))
    layer, edge = Conv1D(2, 3, 5, stride, padding), 0 if padding == "valid" else 2
    whole, part = outputs(layer, X), outputs(layer, X[:, stride:])
    inside = slice(edge, part.shape[1] - edge)
    assert part[:, inside].shape[1] >= 2
    assert distance(whole[:, 1:][:, inside], part[:, inside]) <= BOUND
    if padding != "valid":
        assert distance(whole[:, 1:][:, :edge], part[:, :edge]) > 0.1


@pytest.mark.parametrize("padding", ["same", "circular"])
def test_inside_all_paddings_are_the_same(padding, rng):
    X = rng.normal(size=(3, 6, 5, 2))
    inside = outputs(Conv2D(2, 3, 3, padding=padding), X)[:, 1:-1, 1:-1]
    assert distance(inside, outputs(Conv2D(2, 3, 3), X)) <= BOUND


# --- linear algebra ---


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_circular_convolution_is_a_circulant_matrix(size, rng):
    """Its eigenvectors are the Fourier modes, its eigenvalues the discrete Fourier transform of the kernel."""
    n, p, w = 7, (size - 1) // 2, rng.normal(size=size)
    layer = Conv1D(1, 1, size, padding="circular", bias=False)
    A = outputs(layer, np.eye(n)[:, :, None], weight=w[:, None, None])[:, :, 0].T
    column = np.zeros(n)
    column[(p - np.arange(size)) % n] = w
    np.testing.assert_array_equal(A, scipy.linalg.circulant(column))
    modes = np.exp(2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n)
    eigenvalues = np.exp(2j * np.pi * np.outer(np.arange(n), np.arange(size) - p) / n) @ w
    np.testing.assert_allclose(A @ modes, modes * eigenvalues, atol=1e-13)
    np.testing.assert_allclose(eigenvalues, np.fft.fft(column), atol=1e-13)


def test_circular_convolution_is_a_product_of_spectra(rng):
    """y_f = sum_c F^-1(F x_c conj(F w_cf)), on several channels and in two dimensions."""
    X, w = rng.normal(size=(3, 5, 6, 2)), rng.normal(size=(3, 5, 2, 4))
    kernel = np.zeros((5, 6, 2, 4))
    kernel[:3, :5] = w
    kernel = np.roll(kernel, (-1, -2), axis=(0, 1))  # so that the tap in the middle is at the origin
    spectra = np.einsum("mijc,ijcf->mijf", np.fft.fft2(X, axes=(1, 2)), np.conj(np.fft.fft2(kernel, axes=(0, 1))))
    y = np.fft.ifft2(spectra, axes=(1, 2)).real
    assert distance(outputs(Conv2D(2, 4, (3, 5), padding="circular", bias=False), X, weight=w), y) <= BOUND


@pytest.mark.parametrize("padding", ["same", "circular"])
def test_the_response_to_an_impulse_is_the_flipped_kernel(padding, rng):
    w = rng.normal(size=(3, 3, 2, 2))
    X = np.zeros((2, 5, 5, 2))
    X[[0, 1], 2, 2, [0, 1]] = 1
    y = outputs(Conv2D(2, 2, 3, padding=padding, bias=False), X, weight=w)
    np.testing.assert_array_equal(y[:, 1:4, 1:4], w[::-1, ::-1].transpose(2, 0, 1, 3))
    assert np.count_nonzero(y) == w.size


# --- relations between layers ---


def test_one_by_one_is_dense_at_each_position(rng):
    X = rng.normal(size=(3, 2, 4, 5))
    layer, dense = Conv2D(5, 3, 1), Dense(5, 3)
    theta, dy = rng.normal(size=18), rng.normal(size=(24, 3))
    alike = Network(dense, loss=LinearLoss(), dtype="float64")
    y = outputs(layer, X, weight=theta[:15].reshape(1, 1, 5, 3), bias=theta[15:])
    assert distance(y.reshape(-1, 3), cases.evaluated(alike, theta, X.reshape(-1, 5))) <= BOUND
    gradient, dx = gradients(layer, X, theta, dy)
    want, dz = gradients(dense, X.reshape(-1, 5), theta, dy)
    assert distance(gradient, want) <= BOUND and distance(dx.reshape(-1, 5), dz) <= BOUND


@pytest.mark.parametrize("kind", [Conv2D, LocallyConnected2D])
def test_a_kernel_as_large_as_the_image_is_dense(kind, rng):
    X = rng.normal(size=(4, 3, 2, 5))
    same_function(kind(5, 7, (3, 2)), Dense(30, 7), X, X.reshape(4, 30))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(("line", "plane"), [(Conv1D, Conv2D), (LocallyConnected1D, LocallyConnected2D)])
def test_a_sequence_is_an_image_of_height_one(line, plane, padding, stride, rng):
    X = rng.normal(size=(4, 7, 3))
    same_function(line(3, 2, 5, stride, padding), plane(3, 2, (1, 5), stride, padding), X, X[:, None])
    same_function(line(3, 2, 5, stride, padding), plane(3, 2, (5, 1), stride, padding), X, X[:, :, None])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize(
    ("shared", "own", "shape"),
    [(Conv1D, LocallyConnected1D, (7, 2)), (Conv2D, LocallyConnected2D, (5, 4, 2))],
)
def test_locally_connected_with_equal_weights_is_a_convolution(shared, own, shape, padding, bias, rng):
    """What is learned at all positions adds up to what the shared weights learn."""
    X = rng.normal(size=(3, *shape))
    settings = (2, 3, 3, 2, padding, bias)
    convolution, local = alone(shared(*settings), shape), alone(own(*settings), shape)
    theta, copies = rng.normal(size=convolution.n_parameters), np.zeros(local.n_parameters)
    given, views = convolution.parameters(theta), local.parameters(copies)
    for name, view in views.items():
        view.reshape(-1, given[name].size)[...] = given[name].reshape(-1)
    dy = rng.normal(size=(3, local.n_out))
    y = [cases.evaluated(net, t, X.reshape(3, -1)) for net, t in ((convolution, theta), (local, copies))]
    assert distance(*y) <= BOUND
    gradient, dx = gradients(shared(*settings), X, theta, dy)
    of_copies, dz = gradients(own(*settings), X, copies, dy)
    assert distance(dz, dx) <= BOUND
    for name, want in convolution.parameters(gradient).items():
        got = local.parameters(of_copies)[name].reshape(-1, want.size).sum(axis=0)
        assert distance(got, want.reshape(-1)) <= BOUND


def test_weights_start_with_the_fans_of_a_window():
    """He et al. 2015, section 2.2: fan-in k^2 c, whatever the size of the image."""
    for layer, fan in ((Conv2D(8, 64, 3), 72), (Conv1D(8, 128, 5), 40), (LocallyConnected2D(4, 16, 3), 36)):
        net = alone(layer, (20, 8) if isinstance(layer, Conv1D) else (12, 12, layer.in_channels))
        w = net.parameters(net.initialize(1))["0.weight"]
        # Four standard errors of the standard deviation of w.size draws.
        assert w.std() == pytest.approx(np.sqrt(2 / fan), rel=4 / np.sqrt(2 * w.size))
