"""Schedules: on the constant gradient 1, plain descent shows the rate of every step."""

import numpy as np
import pytest

from coreops import SGD, Adam, ConstantRate, Cyclic, LinearLoss, Network, Scale, fit
from tests.coreops import cases
from tests.oracles.schedules import SCHEDULES

EPOCHS, BATCHES, LR = 25, 3, 0.5


def rates(schedule, optimizer, **settings):
    """The rate of each step: minus the differences of theta."""
    network = Network(Scale(1), loss=LinearLoss(), dtype="float64")
    ones = np.ones((BATCHES, 1))
    run = fit(
        network,
        ones,
        ones,
        optimizer=optimizer,
        batch_size=1,
        epochs=EPOCHS,
        seed=0,
        sampling=Cyclic(),
        theta0=np.zeros(1),
        record_theta_every=1,
        **({"schedule": schedule} | settings),
    )
    return -np.diff(run.step_theta[:, 0])


@pytest.mark.parametrize("schedule", cases.flat(cases.SCHEDULES), ids=repr)
def test_rate_of_every_step(schedule):
    want = [
        SCHEDULES[type(schedule).__name__](schedule, LR, epoch * BATCHES + batch, epoch)
        for epoch in range(EPOCHS)
        for batch in range(BATCHES)
    ]
    np.testing.assert_allclose(rates(schedule, SGD(LR)), want, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("schedule", cases.flat(cases.SCHEDULES), ids=repr)
def test_schedule_multiplies_the_rate_of_an_adaptive_rule_too(schedule):
    """Adam with eps = 0 on a constant gradient steps by exactly the scheduled rate."""
    np.testing.assert_allclose(rates(schedule, Adam(LR, eps=0.0)), rates(schedule, SGD(LR)), rtol=1e-8, atol=1e-12)


def test_default_is_constant():
    network = Network(Scale(1), loss=LinearLoss(), dtype="float64")
    runs = [
        fit(network, [[1.0]], [[1.0]], optimizer=SGD(0.1), epochs=4, theta0=[0.0], **settings)
        for settings in ({}, {"schedule": ConstantRate()})
    ]
    assert runs[0].theta == runs[1].theta
