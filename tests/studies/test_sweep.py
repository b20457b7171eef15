"""`fit_many` as a study sees it."""

import os
import sys

import pytest

from studies.harness import runner
from studies.harness.sweep import Sweep

pytestmark = pytest.mark.once


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="affinity")
def test_threads_are_the_cores_that_the_process_may_use(toy, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    fake, asked = sys.modules["coreops"], []
    real = fake.fit_many
    monkeypatch.setattr(fake, "fit_many", lambda *a, threads=None, **k: asked.append(threads) or real(*a, **k))
    done = runner.run("toy/coin")
    assert set(asked) == {1}
    assert done.report.provenance.threads == 1
    assert Sweep().threads == 1
    assert Sweep(threads=5).threads == 5


def test_threads_where_nothing_tells_the_affinity(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert Sweep().threads == 64


def test_on_a_gpu_a_blocks_threads_are_not_the_cores(toy, monkeypatch):
    fake, asked = sys.modules["coreops"], []
    monkeypatch.setattr(fake, "fit_many", lambda *a, **k: asked.append((k["target"], k["threads"])) or [])
    Sweep(target="cuda", threads=2)([])
    Sweep(target="cpu", threads=2)([])
    assert asked == [("cuda", None), ("cpu", 2)]
