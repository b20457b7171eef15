"""What the GPU's host side decides without a GPU: chunks, lanes, places in the buffers, and whether it can start."""

import importlib.util
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import coreops.cuda
import coreops.sweep
from coreops import SGD, Adam, Data, Dense, Network, ReLU, Run, SoftmaxCrossEntropy, SquaredError, fit_many
from coreops.cuda.chunks import (
    MOST_THREADS,
    OWN,
    SHARED,
    Shared,
    chunks,
    lay_out,
    own_bytes,
    reserved,
    shared_arena,
    shared_room,
    threads_of,
)
from coreops.cuda.products import TILE
from coreops.journal import Journal
from coreops.plan import aligned
from coreops.runs import encode
from coreops.task import Task
from tests.coreops import cases
from tests.coreops.cases import complains

X, Y = cases.problem()


def task(network=None, data=None, **settings):
    run = Run(network or cases.mlp(), **(dict(optimizer=SGD(0.1), batch_size=5, epochs=2) | settings))
    return Task(encode(run, data or Data(X, Y)), Journal(None), "cuda")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 50)), min_size=1, max_size=30), st.integers(50, 200),
       st.integers(1, 7))  # fmt: skip
def test_chunks_hold_every_row_once_longest_first_within_their_limits(rows, room, most):
    costs, sizes = zip(*rows, strict=True)
    parts = chunks(costs, sizes, room, most)
    order = [i for part in parts for i in part]
    assert sorted(order) == list(range(len(rows)))
    assert [costs[i] for i in order] == sorted(costs, reverse=True)
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        used = sum(sizes[i] for i in part)
        assert 1 <= len(part) <= most and used <= room
        assert following is None or len(part) == most or used + sizes[following[0]] > room, "room was left unused"


def test_a_row_larger_than_the_room_is_named():
    with pytest.raises(ValueError, match=r"^2$"):
        chunks([1, 1, 1], [5, 5, 11], 10)


@pytest.mark.parametrize(
    ("batch", "widths", "want"),
    [(1, (2, 8, 2), 32), (32, (64, 32, 10), 64), (32, (64, 128, 64, 10), 256), (128, (64, 256, 10), 256)],
    ids=["S0", "S1", "S2", "S3"],
)
def test_lanes_follow_from_the_shapes_of_a_row_alone(batch, widths, want):
    layers = [Dense(a, b) for a, b in pairwise(widths)]
    network = Network(*layers, loss=SoftmaxCrossEntropy())
    data = Data(np.zeros((200, widths[0])), np.zeros(200, int))
    assert threads_of(task(network, data, batch_size=batch).row) == want
    assert threads_of(task(network, data, batch_size=batch, epochs=50, seed=9).row) == want


def test_parts_of_rows_do_not_overlap_and_data_is_there_once():
    data, noisy = Data(X, Y), np.roll(Y, 1)
    tasks = [task(data=data), task(data=data, seed=1), task(data=data, y=noisy, record_theta_every=1),
             task(data=data, train=np.arange(7), validation=np.arange(7, 12), weights=np.ones(12)),
             task(cases.mlp(hidden=300), data=data), task(cases.mlp(hidden=301), data=data)]  # fmt: skip
    shared = Shared()
    places, sizes = lay_out(tasks, shared, 32)
    for buffer in set(OWN.values()):
        used = np.zeros(sizes[buffer], int)
        for place in places:
            for name in OWN:
                if OWN[name] == buffer and not (name == "arena" and place["arena_is_shared"]):
                    used[slice(*place[name])] += 1
        assert used.max(initial=0) <= 1, buffer
    for place, t in zip(places, tasks, strict=True):
        for name, want in {"arena": t.row.arena_size, "state": t.row.state_size, "order": t.row.order_size,
                           "theta": t.theta.size, "step_theta": t.step_theta.size, "curves": t.curves.size,
                           "step_loss": t.step_loss.size}.items():  # fmt: skip
            assert place[name][1] - place[name][0] == want, name
    assert len({tuple(place["x"]) for place in places}) == 1, "one X, four copies of it"
    assert len({tuple(place["y"]) for place in places}) == 2
    for place, t in zip(places, tasks, strict=True):
        for name, buffer in SHARED.items():
            part = next((a for b, start, a in shared.parts if b == buffer and start == place[name][0] and a.size), None)
            want = getattr(t.row, name)
            assert place[name][1] - place[name][0] == want.size, name
            assert want.size == 0 or np.array_equal(part, want), name


def test_only_an_arena_that_fits_beside_sums_and_products_lies_in_shared_memory():
    for network, threads in ((cases.mlp("float32"), 256), (cases.mlp("float64", hidden=300), 32), (cases.mlp(), 256)):
        t = task(network)
        places, sizes = lay_out([t], Shared(), threads)
        start, end = places[0]["arena"]
        first, itemsize = reserved(network.dtype, threads), network.dtype.itemsize
        assert first >= TILE and first * itemsize >= 8 * threads
        fits = (first + t.row.arena_size) * itemsize <= 48 * 1024
        assert places[0]["arena_is_shared"] == fits == (network.n_parameters < 1000)
        assert (start, end - start) == (first if fits else 0, t.row.arena_size)
        assert sizes["scratch"] == (0 if fits else aligned(t.row.arena_size)) + aligned(t.row.state_size)


def test_a_typical_study_trains_in_shared_memory():
    """64-32-10 in batches of 32, evaluated after each epoch: fewer examples at a time, so that it still fits."""
    X, y = np.zeros((300, 64)), np.arange(300) % 10
    network = Network(Dense(64, 32), ReLU(), Dense(32, 10), loss=SoftmaxCrossEntropy())
    run = Run(network, optimizer=Adam(1e-3), batch_size=32, epochs=1)
    roomy, tight = encode(run, Data(X, y)), encode(run, Data(X, y), shared_room(network.dtype))
    assert roomy.record[0]["capacity"] == 128 and tight.record[0]["capacity"] == 32
    assert tight.arena_size * 4 < 40 * 1024 < roomy.arena_size * 4
    for row, fits in ((roomy, False), (tight, True)):
        assert shared_arena(Task(row, Journal(None), "cuda"), threads_of(row)) == fits
    row = encode(replace(run, batch_size=33), Data(X, y), shared_room(network.dtype))
    assert row.record[0]["capacity"] == 33, "half of 64 would be less than a batch"
    wide = Network(Dense(64, 300), ReLU(), Dense(300, 10), loss=SoftmaxCrossEntropy())
    row = encode(Run(wide, optimizer=Adam(1e-3), batch_size=1, epochs=1), Data(X, y), shared_room(wide.dtype))
    assert row.record[0]["capacity"] == 128, "it fits in no case: evaluated as ever"


@pytest.mark.parametrize("dtype", [np.dtype("float32"), np.dtype("float64")])
def test_the_room_for_an_arena_is_all_that_the_widest_block_leaves(dtype):
    for size, fits in ((shared_room(dtype), True), (shared_room(dtype) + 1, False)):
        row = SimpleNamespace(arena_size=size, network=SimpleNamespace(dtype=dtype))
        assert shared_arena(SimpleNamespace(row=row), MOST_THREADS) == fits


def test_only_rows_for_a_gpu_keep_to_its_shared_memory(monkeypatch):
    rooms = []

    def stop(run, data, room=None):
        rooms.append(room)
        raise ValueError("laid out")

    monkeypatch.setattr(coreops.sweep, "encode", stop)
    monkeypatch.setattr(coreops.cuda, "check_device", lambda threads: None)
    for target in ("cpu", "cuda"):
        with pytest.raises(ValueError, match="laid out"):
            fit_many([Run(cases.mlp("float32"), optimizer=SGD(0.1), epochs=1)], X, Y, target=target)
    assert rooms == [None, shared_room(np.dtype("float32"))]


def test_device_memory_of_a_row_is_what_its_buffers_take():
    tasks = [task(), task(cases.mlp(hidden=9), record_theta_every=1), task(optimizer=SGD(0.1), epochs=0)]
    width = {"scratch": 8, "results": 8, "orders": 8, "records": 8}
    for t in tasks:
        places, sizes = lay_out([t], Shared(), 32)
        buffers = sum(size * width[name] for name, size in sizes.items())
        assert own_bytes(t, 32) == buffers + t.row.record.nbytes + t.outcome.nbytes + places.nbytes


# --- without a GPU ---


def start(**settings):
    return fit_many([Run(cases.mlp(), optimizer=SGD(0.1), epochs=1)], X, Y, target="cuda", **settings)


def test_without_numba_cuda_or_a_driver_it_says_so_before_any_work(monkeypatch):
    monkeypatch.setattr(coreops.sweep, "encode", lambda *_: pytest.fail("it started"))
    pytest.importorskip("numba_cuda")
    from numba import cuda

    monkeypatch.setattr(cuda, "is_available", lambda: False)
    with pytest.raises(RuntimeError, match=r"^target: got 'cuda' without a GPU, wanted .* driver, or target='cpu'$"):
        start()
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "numba_cuda" else real(name))
    with pytest.raises(RuntimeError, match=r"^target: got 'cuda' without numba-cuda, wanted .*pip install .*cuda"):
        start()


@pytest.mark.parametrize("threads", [0, 48, 512, 64.0])
def test_lanes_that_a_block_cannot_have(threads):
    complains("threads", str(threads), r"a power of two in \[1, 256\]", start, threads=threads)


def test_a_regression_has_no_errors_to_report():
    t = task(Network(Dense(3, 1), loss=SquaredError(), dtype="float64"), Data(X, X[:, 0]))
    t.start()
    t.curves[:] = 0
    t.finish()
    assert t.done and np.isnan(t.result().error).all() and not t.result().loss.any()
