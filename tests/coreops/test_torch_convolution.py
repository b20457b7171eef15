"""Convolutions, pooling and what runs beside them as in torch, where it is installed: outputs and all gradients."""

import numpy as np
import pytest

from coreops import (
    AveragePool,
    Concatenate,
    Conv1D,
    Conv2D,
    Flatten,
    GlobalAveragePool,
    GlobalMaxPool,
    LinearLoss,
    MaxPool,
    Network,
    Residual,
    Tanh,
    input_gradient,
    loss_and_gradient,
)
from tests.coreops import cases
from tests.coreops.cases import DTYPES, distance

torch = pytest.importorskip("torch")
functional = torch.nn.functional
torch.set_num_threads(1)
BOUND = {"float32": 1e-6, "float64": 1e-12}
LINE, PLANE = (9, 3), (6, 7, 3)
if cases.JIT:  # several passes of patches, products of many tiles
    LINE, PLANE = (37, 3), (14, 13, 3)
CONVOLUTIONS = [
    *(Conv1D(3, 5, k, s, p) for k, s, p in ((3, 1, "valid"), (4, 3, "valid"), (5, 1, "same"), (3, 2, "circular"))),
    *(Conv2D(3, 5, k, s) for k, s in ((3, 1), ((2, 4), 2), (1, (3, 2)), ((6, 7), 1))),
    *(Conv2D(3, 17, 3, s, p, bias=False) for s in (1, (2, 3)) for p in ("same", "circular")),
    *(Conv2D(3, 2, (5, 3), 1, p) for p in ("same", "circular")),
]
POOLS = [(kind(k, s), shape) for kind in (MaxPool, AveragePool) for k, s, shape in (
    (2, None, LINE), (3, 2, LINE), (2, None, PLANE), ((3, 2), 1, PLANE), (2, (3, 4), PLANE),
)]  # fmt: skip


def first(x):
    """Channels first."""
    return x.movedim(-1, 1)


def pair(layer, value):
    return (value,) if isinstance(layer, Conv1D) else np.broadcast_to(value, 2).tolist()


def convolution(layer, x, weight, bias=None):
    """x, and what is returned, channels first; torch wants (F, C, kernel)."""
    name = "conv1d" if isinstance(layer, Conv1D) else "conv2d"
    if layer.padding != "valid":
        margins = [(k - 1) // 2 for k in reversed(pair(layer, layer.size)) for _ in range(2)]  # the last axis first
        x = functional.pad(x, margins, mode="circular" if layer.padding == "circular" else "constant")
    weight = weight.movedim((-2, -1), (1, 0))
    return getattr(functional, name)(x, weight, bias, stride=tuple(pair(layer, layer.stride)))


def pooling(layer, x):
    axes = x.ndim - 2
    if isinstance(layer, GlobalMaxPool):
        return getattr(functional, f"adaptive_max_pool{axes}d")(x, 1)
    if isinstance(layer, GlobalAveragePool):
        return getattr(functional, f"adaptive_avg_pool{axes}d")(x, 1)
    name = "max" if isinstance(layer, MaxPool) else "avg"
    return getattr(functional, f"{name}_pool{axes}d")(x, layer.size, layer.stride)


def compare(layer, shape, theirs, dtype):
    """Outputs, input gradient and parameter gradients of the layer alone."""
    generator, m = np.random.default_rng(0), 5
    net = Network(layer, Flatten(), loss=LinearLoss(), dtype=dtype, input_shape=shape)
    X, dy = generator.normal(size=(m, *shape)).astype(dtype), generator.normal(size=(m, net.n_out)).astype(dtype)
    theta = generator.normal(size=net.n_parameters).astype(dtype)
    x = torch.tensor(X, requires_grad=True)
    tensors = [torch.tensor(p.copy(), requires_grad=True) for p in net.parameters(theta).values()]
    y = theirs(layer, first(x), *tensors).movedim(1, -1).reshape(m, -1)
    (y * torch.tensor(dy)).sum().backward()
    got = cases.evaluated(net, theta, X.reshape(m, -1))
    assert distance(got, y.detach().numpy()) <= BOUND[dtype]
    assert distance(input_gradient(net, theta, X, dy).reshape(X.shape), x.grad.numpy()) <= BOUND[dtype]
    parts = net.parameters(loss_and_gradient(net, theta, X, m * dy)[1])
    for part, tensor in zip(parts.values(), tensors, strict=True):
        assert distance(part, tensor.grad.numpy()) <= BOUND[dtype]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layer", CONVOLUTIONS, ids=repr)
def test_convolution(layer, dtype):
    compare(layer, LINE if isinstance(layer, Conv1D) else PLANE, convolution, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("layer", "shape"), POOLS, ids=repr)
def test_pooling(layer, shape, dtype):
    compare(layer, shape, pooling, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [LINE, PLANE])
@pytest.mark.parametrize("layer", [GlobalMaxPool(), GlobalAveragePool()], ids=repr)
def test_global_pooling(layer, shape, dtype):
    compare(layer, shape, pooling, dtype)


BESIDE = {
    "concatenation": (Concatenate((Conv2D(3, 4, 3, padding="same"), Tanh()), ()), lambda x, h: torch.cat([h, x], 1)),
    "order": (Concatenate((), (Conv2D(3, 4, 3, padding="same"), Tanh())), lambda x, h: torch.cat([x, h], 1)),
    "residual": (Residual((Conv2D(3, 3, 3, padding="same"), Tanh()), 0.3), lambda x, h: x + 0.3 * h),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", BESIDE)
def test_branches_beside_the_identity(name, dtype):
    layer, joined = BESIDE[name]
    inner = next(x for x in getattr(layer, "layers", None) or layer.first + layer.second if isinstance(x, Conv2D))
    compare(layer, PLANE, lambda _, x, *tensors: joined(x, torch.tanh(convolution(inner, x, *tensors))), dtype)
