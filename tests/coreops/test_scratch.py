"""No kernel writes outside of the buffers that its row was promised."""

import numpy as np
import pytest

import coreops.sweep
from coreops import (
    PGD,
    SGD,
    Adam,
    Dense,
    JacobianPenalty,
    LeakyReLU,
    LinearLoss,
    Network,
    RandomReLUFeatures,
    fit,
)
from coreops.inference import aligned_empty
from tests.coreops import cases

BEYOND = 4096  # elements watched on either side of a buffer: more than the largest of these cases has
MARK = 77


class Watched:
    """Scratch with marks before and behind every buffer."""

    def __init__(self):
        self.sides = []

    def take(self, name, n, dtype):
        whole = aligned_empty(n + 2 * BEYOND, dtype)
        whole[:] = MARK
        self.sides += [(name, whole[:BEYOND]), (name, whole[BEYOND + n :])]
        return whole[BEYOND : BEYOND + n]


@pytest.fixture
def check(monkeypatch):
    """fit, with every mark found where it was put."""

    def run(network, **settings):
        watched = Watched()
        monkeypatch.setattr(coreops.sweep, "_scratch", watched)
        generator = np.random.default_rng(0)
        X, y = (generator.normal(size=(5, n)) for n in (network.n_in, network.n_out))
        result = fit(network, X, y, batch_size=4, epochs=2, drop_last=True, **settings)
        assert {name for name, _ in watched.sides} == {"arena", "state", "order"}
        assert [name for name, side in watched.sides if (side != MARK).any()] == []
        return result

    return run


@pytest.mark.parametrize(("layer", "n"), cases.flat(cases.LAYERS), ids=str)
def test_of_layers(check, layer, n):
    network = Network(layer, loss=LinearLoss(), dtype="float64", input_shape=n)
    check(network, optimizer=SGD(1e-3))
    check(network, optimizer=SGD(1e-3), adversary=PGD(0.1, steps=2))


@pytest.mark.parametrize("optimizer", cases.flat(cases.OPTIMIZERS), ids=repr)
def test_of_optimizers(check, optimizer):
    """Fixed layers too: more units than parameters."""
    stacks = [(Dense(3, 4), LeakyReLU(), Dense(4, 3)), (RandomReLUFeatures(60, 4), Dense(4, 1)), (Dense(1, 1, False),)]
    for stack in stacks:
        check(Network(*stack, loss=LinearLoss(), dtype="float64"), optimizer=optimizer)


def test_of_the_extra_passes(check):
    network = Network(Dense(3, 4), LeakyReLU(), Dense(4, 3), loss=LinearLoss(), dtype="float64")
    check(network, optimizer=Adam(), penalty=JacobianPenalty(0.1))
    check(network, optimizer=Adam(), weights=np.ones(5), record_loss_every=1, record_theta_every=3, target_noise=0.1)
