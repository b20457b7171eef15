"""Schedules: on the constant gradient 1, plain descent shows the rate of every step."""

import numpy as np
import pytest

from coreops import (
    SGD,
    Adam,
    ConstantRate,
    CosineDecay,
    Cyclic,
    ExponentialDecay,
    HarmonicDecay,
    InverseSquareRoot,
    LinearLoss,
    Network,
    ProgressiveDecay,
    Scale,
    StepDecay,
    WarmUp,
    fit,
    robbins_monro,
)
from tests.coreops import cases
from tests.coreops.cases import complains
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


# schedule -> (the rates sum to infinity, their squares to less)
CONDITIONS = {
    ConstantRate(): (True, False),
    InverseSquareRoot(): (True, False),
    ProgressiveDecay(0.0): (True, False),
    ProgressiveDecay(0.5): (True, True),
    HarmonicDecay(every=3): (True, True),
    StepDecay(0.5, every=2): (False, True),
    StepDecay(1.0): (True, False),
    ExponentialDecay(0.9): (False, True),
    ExponentialDecay(1.0): (True, False),
    CosineDecay(50): (False, True),
    CosineDecay(50, floor=0.1): (True, False),
    WarmUp(10, HarmonicDecay(every=3)): (True, True),
    WarmUp(10): (True, False),
}


@pytest.mark.parametrize("schedule", CONDITIONS, ids=repr)
def test_robbins_monro(schedule):
    """Against partial sums: from 10^4 to 10^6 a divergent one grows by ln(100)/c or more, a convergent one hardly."""
    assert robbins_monro(schedule) == CONDITIONS[schedule]
    rule = SCHEDULES[type(schedule).__name__]
    t = np.unique(np.geomspace(1, 10**6, 4000).astype(int)) - 1
    a = np.array([rule(schedule, 1.0, int(k), int(k) // 10) for k in t])
    for values, diverges in ((a, CONDITIONS[schedule][0]), (a**2, not CONDITIONS[schedule][1])):
        late = np.sum((values * np.gradient(t))[t >= 10**4])
        assert late > 1 if diverges else late < 0.01, late


def test_robbins_monro_wants_a_schedule():
    complains("schedule", "0.1", "a schedule such as", robbins_monro, 0.1)


def test_warm_up_ends_where_its_schedule_is():
    """Its clock starts at step 0, so that the end of training does not move."""
    plain, warm = (rates(s, SGD(LR)) for s in (InverseSquareRoot(), WarmUp(10, InverseSquareRoot())))
    np.testing.assert_allclose(warm[9:], plain[9:], rtol=1e-9)
    np.testing.assert_allclose(warm[:10], plain[:10] * np.arange(1, 11) / 10, rtol=1e-9)
