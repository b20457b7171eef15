"""Normalisation layers as in torch, where it is installed: training, evaluation, running statistics, gradients."""

import numpy as np
import pytest

from coreops import (
    SGD,
    BatchNorm,
    Cyclic,
    Dense,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LinearLoss,
    Network,
    WeightNorm,
    fit,
    input_gradient,
    loss_and_gradient,
)
from tests.coreops.cases import DTYPES, distance, seen_as

torch = pytest.importorskip("torch")
functional = torch.nn.functional
torch.set_num_threads(1)
BOUND = {"float32": 1e-6, "float64": 1e-12}
M, H, W, C = 8, 3, 2, 4


def arrays(dtype, n):
    generator = np.random.default_rng(0)
    X = generator.normal(1.0, 2.0, (M, n)).astype(dtype)
    return X, generator.normal(size=(M, n)).astype(dtype)


def compare(layer, n, dtype, theirs, stats=None, training=True, **parameters):
    """Loss, input gradient and parameter gradients of the layer alone; theirs(x, *parameters) on flat examples."""
    net = Network(layer, loss=LinearLoss(), dtype=dtype, input_shape=n)
    X, targets = arrays(dtype, n)
    theta = np.concatenate([np.reshape(p, -1) for p in parameters.values()]).astype(dtype)
    settings = dict(stats=stats, training=training)
    value, gradient = loss_and_gradient(net, theta, X, targets, **settings)
    dx = input_gradient(net, theta, X, targets, **settings) / M
    x = torch.tensor(X, requires_grad=True)
    tensors = [torch.tensor(np.asarray(p, dtype), requires_grad=True) for p in parameters.values()]
    terms = theirs(x, *tensors) * torch.tensor(targets) / M
    terms.sum().backward()
    assert abs(value - terms.sum().item()) <= BOUND[dtype] * terms.abs().sum().item()
    assert distance(dx, x.grad.numpy()) <= BOUND[dtype]
    for part, tensor in zip(net.parameters(gradient).values(), tensors, strict=True):
        assert distance(part.reshape(-1), tensor.grad.numpy().reshape(-1)) <= BOUND[dtype]


GAIN, SHIFT = np.array([0.5, -1.0, 2.0, 1.5]), np.array([0.1, 0.2, -0.3, 0.0])


def image(x):
    return x.reshape(M, H, W, C).permute(0, 3, 1, 2)


def flat(y):
    return y.permute(0, 2, 3, 1).reshape(M, -1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(training, dtype):
    stats = np.concatenate([[0.9, 1.2, 1.0, 0.5], [4.0, 3.0, 5.0, 2.0], [0.0]])
    mean, variance = (torch.tensor(stats[k : k + 4].astype(dtype)) for k in (0, 4))

    def theirs(x, gain, shift):
        return functional.batch_norm(x, mean.clone(), variance.clone(), gain, shift, training, 0.1, 1e-5)

    settings = dict(stats=stats, training=training, gain=GAIN, shift=SHIFT)
    compare(BatchNorm(), C, dtype, theirs, **settings)
    compare(seen_as(BatchNorm(), H, W, C), H * W * C, dtype, lambda x, g, s: flat(theirs(image(x), g, s)), **settings)


@pytest.mark.parametrize("dtype", DTYPES)
def test_running_statistics(dtype):
    X, targets = arrays(dtype, H * W * C)
    layer = torch.nn.BatchNorm2d(C, momentum=0.3, dtype=getattr(torch, dtype))
    net = Network(seen_as(BatchNorm(decay=0.7), H, W, C), loss=LinearLoss(), dtype=dtype, input_shape=H * W * C)
    run = fit(net, X, targets, optimizer=SGD(0.0), batch_size=2, epochs=3, sampling=Cyclic())
    for k in 3 * [0, 2, 4, 6]:
        layer(torch.tensor(X[k : k + 2]).reshape(2, H, W, C).permute(0, 3, 1, 2))
    assert distance(run.statistics["0.running_mean"], layer.running_mean.numpy()) <= BOUND[dtype]
    assert distance(run.statistics["0.running_variance"], layer.running_var.numpy()) <= BOUND[dtype]
    assert run.statistics["0.batches"] == layer.num_batches_tracked


@pytest.mark.parametrize("dtype", DTYPES)
def test_layer_norm(dtype):
    compare(LayerNorm(), C, dtype, lambda x, g, s: functional.layer_norm(x, (C,), g, s), gain=GAIN, shift=SHIFT)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("groups", [1, 2])
def test_group_norm(groups, dtype):
    layer, settings = seen_as(GroupNorm(groups), H, W, C), dict(gain=GAIN, shift=SHIFT)
    compare(layer, H * W * C, dtype, lambda x, g, s: flat(functional.group_norm(image(x), groups, g, s)), **settings)
    compare(GroupNorm(1), C, dtype, lambda x, g, s: functional.group_norm(x, 1, g, s), **settings)


@pytest.mark.parametrize("dtype", DTYPES)
def test_instance_norm(dtype):
    def theirs(x, gain, shift):
        return flat(functional.instance_norm(image(x), weight=gain, bias=shift))

    compare(seen_as(InstanceNorm(), H, W, C), H * W * C, dtype, theirs, gain=GAIN, shift=SHIFT)


@pytest.mark.parametrize("dtype", DTYPES)
def test_weight_norm(dtype):
    v = np.random.default_rng(1).normal(size=(C, C))

    def theirs(x, v, bias, g):
        return functional.linear(x, torch._weight_norm(v.T, g[:, None], 0), bias)

    compare(WeightNorm(Dense(C, C)), C, dtype, theirs, direction=v, bias=SHIFT, gain=GAIN)
