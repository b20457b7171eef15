"""fit and fit_many: from rows to results, over a pool of plain threads."""

import os
import threading
from collections import Counter, deque
from collections.abc import Iterable
from queue import SimpleQueue

import numpy as np

from coreops.abreast.bundles import bundles, train_bundle
from coreops.checks import choice, instance, positive_integer, real_array, wrong
from coreops.compiling import loop_abreast_is_there, prepare
from coreops.cores import available_cores
from coreops.inference import aligned_empty
from coreops.journal import Journal
from coreops.network import Network
from coreops.plan import aligned
from coreops.results import Result, Table
from coreops.runs import Data, Run, encode
from coreops.task import Task, result_bytes
from coreops.training import train_row

LIMIT = 4 * 2**30  # bytes that the results of one call may take
SCRATCH_LIMIT = 64 * 2**30  # bytes that one row may need while it runs
LOOP_PRICE = 1e10  # cost of rows: ten seconds or more, which the loop for rows abreast takes to compile
TARGETS = ("cpu", "cuda")
FINISHED, ENDED = "a row", "a thread"  # what a thread of a sweep reports, besides an exception


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C during fit_many. `table`: what had finished (also in the journal); `missing`: the other row numbers."""

    def __init__(self, table, missing):
        super().__init__(f"interrupted with {len(table)} rows finished and {len(missing)} not")
        self.table, self.missing = table, missing


class SweepFailed(RuntimeError):
    """The device failed in fit_many. `table`: what had finished (also in the journal); `missing`: the other rows."""

    def __init__(self, reason, table, missing):
        super().__init__(f"target 'cuda': {reason}; {len(table)} rows are finished and {len(missing)} are not")
        self.table, self.missing = table, missing


class Scratch(threading.local):
    """The buffers of one thread, grown to the largest row it has met."""

    def __init__(self):
        self.buffers = {}

    def take(self, name, n, dtype):
        buffer = self.buffers.get((name, dtype))
        if buffer is None or buffer.size < n:
            buffer = self.buffers[name, dtype] = aligned_empty(aligned(n), dtype)
        return buffer[:n]


_scratch = Scratch()
_alone = Counter()  # precision -> cost of the rows that this process trained alone for want of that loop


def train_encoded(row, journal):
    """One encoded row: from the journal if it is there, else trained and journalled. Returns its Result."""
    return train_all([row], journal)[0]


def train_all(rows, journal):
    """Encoded rows, abreast if they are several, which then must be alike. Returns their Results."""
    tasks = [Task(row, journal, "cpu") for row in rows]
    missing = [task for task in tasks if not task.done]
    if len(missing) > 1:
        train_bundle(missing, _scratch.take)
    for task in missing:
        if not task.done:
            train_alone(task)
    return [task.result() for task in tasks]


def train_alone(task):
    task.start()
    row, dtype = task.row, task.row.network.dtype
    train_row(
        row.record, 0, row.ops, row.x, row.y, row.weights, row.train, row.held_out, row.groups,
        _scratch.take("arena", row.arena_size, dtype),
        _scratch.take("state", row.state_size, dtype),
        _scratch.take("order", row.order_size, np.dtype(np.int64)),
        task.theta, task.curves.reshape(-1), task.step_loss, task.step_theta.reshape(-1), task.outcome,
    )  # fmt: skip
    task.finish()


def _check_size(rows):
    total = sum(result_bytes(row) for row in rows)
    if total > LIMIT:
        raise wrong(
            "epochs, record_theta_every, record_loss_every",
            f"{total / 2**30:.1f} GiB of records",
            f"at most {LIMIT / 2**30:.0f} GiB in one call: record less often, or fewer rows at a time",
        )
    scratch = max((row.arena_size + row.state_size) * row.network.dtype.itemsize for row in rows)
    if scratch > SCRATCH_LIMIT:
        raise wrong(
            "batch_size",
            f"{scratch / 2**30:.1f} GiB of scratch for one row",
            f"at most {SCRATCH_LIMIT / 2**30:.0f} GiB: smaller batches or layers",
        )


def fit(network, X, y, *, optimizer, epochs, batch_size=None, seed=0, validation=None, **settings) -> Result:
    """Train one network and return its Result: the row that fit_many would return, bitwise.

    X: (n, n_in); y: what the loss wants; validation: (Xv, yv) evaluated after each epoch; batch_size: None is the full
    batch; the other arguments are those of Run: schedule, sampling, drop_last, evaluate_every, record_loss_every,
    record_theta_every, early_stopping, theta0, penalty, ...  Raises ValueError or TypeError naming the
    argument before it starts.

    >>> run = fit(net, X, y, optimizer=Adam(lr=1e-3), batch_size=32, epochs=20, seed=0, validation=(Xv, yv))
    """
    for name in ("data", "train", "y"):
        if name in settings:
            raise wrong(name, "an argument of fit", "it only in Run; fit trains on all of X, y", TypeError)
    instance("network", network, Network, "a Network")
    if validation is not None:
        X, y, train, held_out = _joined(network, X, y, validation)
        settings |= {"train": train, "validation": held_out}
        if settings.get("weights") is not None:
            settings["weights"] = _padded(settings["weights"], len(train), len(held_out))
    run = Run(network, optimizer=optimizer, epochs=epochs, batch_size=batch_size, seed=seed, **settings)
    row = encode(run, Data(X, y))
    _check_size([row])
    prepare([network.dtype.name])
    return train_encoded(row, Journal(None))


def _joined(network, X, y, validation):
    """Training and validation examples in one array, with the numbers of each."""
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise wrong("validation", f"a {type(validation).__name__}", "a pair (Xv, yv)", TypeError)
    parts = []
    for inputs, targets, prefix in ((X, y, ""), (*validation, "validation ")):
        inputs = network.encode_inputs(inputs, prefix + "X")
        network.encode_targets(targets, len(inputs), prefix + "y")
        parts.append((inputs, np.asarray(targets)))
    (x, y), (xv, yv) = parts
    if y.shape[1:] != yv.shape[1:]:
        raise wrong("validation y", f"shape {yv.shape}", f"the form of y, shape {y.shape}")
    return np.concatenate([x, xv]), np.concatenate([y, yv]), np.arange(len(x)), len(x) + np.arange(len(xv))


def _padded(weights, n, more):
    """Weights of n training examples, checked, and of `more` that are only evaluated."""
    weights = real_array("weights", weights)
    if weights.shape != (n,):
        raise wrong("weights", f"shape {weights.shape}", f"{n} numbers >= 0, one per example of X")
    return np.concatenate([weights, np.ones(more)])


def fit_many(rows, X=None, y=None, *, target="cpu", threads=None, journal=None, progress=None) -> Table:
    """Train every Run of `rows` and return a Table with one Result per row, in the same order.

    X, y: the data of all rows that do not bring their own; target: "cpu", or "cuda" for one thread block per row on an
    NVIDIA GPU; threads: default all cores, on CUDA those of a block, a power of two up to 256, default by the row's
    shapes; journal: path of a file in which finished rows are kept, and from which a rerun takes them; progress: called
    as progress(done, total) after each row, on CUDA after each launch. A row's result depends on the row alone, not on
    other rows, nor on the CPU on threads, though tiny networks that are alike are trained several at a time, which
    takes less. A row that diverges is recorded as such. Ctrl-C waits for the rows in flight and raises
    SweepInterrupted, a failing GPU raises SweepFailed; both hold what was finished.
    """
    if not isinstance(rows, Iterable):
        raise wrong("rows", rows, "a sequence of Run", TypeError)
    rows = list(rows)
    if not rows:
        raise wrong("rows", "an empty table", "at least one Run")
    for i, run in enumerate(rows):
        instance(f"rows[{i}]", run, Run, "a Run")
    choice("target", target, TARGETS)
    if progress is not None and not callable(progress):
        raise wrong("progress", progress, "a callable progress(done, total)", TypeError)
    if journal is not None and not isinstance(journal, (str, os.PathLike)):
        raise wrong("journal", journal, "the path of a file, or None", TypeError)
    if target == "cuda":
        from coreops.cuda import check_device
        from coreops.cuda.chunks import shared_room

        check_device(threads)
    else:
        threads = available_cores() if threads is None else positive_integer("threads", threads)
    if X is None and any(run.data is None for run in rows):
        raise wrong("X", "None", "data, or a Run(data=Data(X, y)) in every row")
    shared, encoded = Data(X, y), []
    for i, run in enumerate(rows):
        try:
            room = shared_room(run.network.dtype) if target == "cuda" else None
            encoded.append(encode(run, shared, room))
        except (TypeError, ValueError) as error:
            raise type(error)(f"rows[{i}]: {error}") from None
    _check_size(encoded)
    kept = Journal(journal)
    try:
        if target == "cuda":
            results = _run_on_device(encoded, kept, threads, progress)
        else:
            results = _run_all(encoded, kept, threads, progress)
    finally:
        kept.close()
    return Table(results)


def _parts(encoded):
    """Lists of row numbers, each to be trained in one go: abreast, or a row alone.

    Where the loop for rows abreast is not there, rows go alone until they have taken as long as it takes to compile.
    """

    def dtype(part):
        return encoded[part[0]].network.dtype.name

    parts, alone = bundles(encoded), set()
    for name in {dtype(part) for part in parts if len(part) > 1}:
        if loop_abreast_is_there(name):
            continue
        _alone[name] += sum(encoded[i].cost for part in parts if len(part) > 1 and dtype(part) == name for i in part)
        if _alone[name] > LOOP_PRICE:
            prepare([name], abreast=True)
        else:
            alone.add(name)
    return [piece for part in parts for piece in ([[i] for i in part] if dtype(part) in alone else [part])]


def _run_all(encoded, journal, threads, progress):
    """Longest rows first, each by the next free thread, tiny ones that are alike abreast.

    The main thread only waits, so Ctrl-C reaches it at once.
    """
    prepare({row.network.dtype.name for row in encoded})
    parts = sorted(_parts(encoded), key=lambda part: -encoded[part[0]].cost)
    threads = min(threads, len(parts))
    results, stop = [None] * len(encoded), [None] * threads  # a thread that draws None ends
    pending = deque(parts + stop)
    events, done = SimpleQueue(), 0

    def work():
        event = ENDED
        try:
            for part in iter(pending.popleft, None):
                for i, result in zip(part, train_all([encoded[i] for i in part], journal), strict=True):
                    results[i] = result
                    if progress is not None:  # else nobody waits for it: waking the main thread takes 40 us
                        events.put(FINISHED)
        except BaseException as error:
            event = error
        events.put(event)

    pool = [threading.Thread(target=work, name=f"coreops_{k}") for k in range(threads)]
    try:
        for thread in pool:
            thread.start()
        while threads:
            event = events.get()
            if isinstance(event, BaseException):
                raise event
            if event is ENDED:
                threads -= 1
            else:
                done += 1
                progress(done, len(encoded))
    except BaseException as error:
        pending.extendleft(stop)
        for thread in pool:
            if thread.is_alive():
                thread.join()
        if not isinstance(error, KeyboardInterrupt):
            raise
        missing = [i for i, result in enumerate(results) if result is None]
        raise SweepInterrupted(Table(r for r in results if r is not None), missing) from None
    return results


def _run_on_device(encoded, journal, threads, progress):
    """One thread block per row; see `cuda.launch`, imported here because most users have no GPU."""
    from coreops.cuda.launch import train_all

    tasks = [Task(row, journal, "cuda") for row in encoded]
    try:
        train_all(tasks, threads, progress)
    except (KeyboardInterrupt, RuntimeError) as error:
        table = Table(task.result() for task in tasks if task.done)
        missing = [i for i, task in enumerate(tasks) if not task.done]
        if isinstance(error, KeyboardInterrupt):
            raise SweepInterrupted(table, missing) from None
        raise SweepFailed(error, table, missing) from error.__cause__
    return [task.result() for task in tasks]
