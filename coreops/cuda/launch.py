"""The host's side: a table's rows to the device, chunk by chunk, and their results back."""

import numpy as np
from numba import cuda

from coreops import records
from coreops.checks import wrong
from coreops.cuda import entry
from coreops.cuda.chunks import SHARE, Shared, chunks, lay_out, own_bytes, reserved, shared_arena, threads_of


def train_all(tasks, threads=None, progress=None):
    """Train every task that is not done, in launches of one block per row.

    threads: per block, default `threads_of` each row; progress: called as progress(done, total) after each chunk. A
    failure raises RuntimeError naming the chunk; the chunks before it are done.
    """
    kinds = {}
    for i, task in enumerate(tasks):
        if not task.done:
            lanes = threads_of(task.row) if threads is None else threads
            key = task.row.network.dtype, lanes, shared_arena(task, lanes)
            kinds.setdefault(key, {})[i] = task
    groups = [Group(numbered, *key[:2]) for key, numbered in kinds.items()]
    total, done, k = sum(len(group.chunks) for group in groups), sum(task.done for task in tasks), 0
    for group in groups:
        for numbers in group.chunks:
            k += 1
            try:
                group.run(numbers)
            except Exception as error:
                some = ", ".join(map(str, numbers[:3])) + (f" and {len(numbers) - 3} more" if len(numbers) > 3 else "")
                reason = str(error).strip() or type(error).__name__
                raise RuntimeError(f"chunk {k} of {total} (rows {some}): {reason}") from error
            for i in numbers:
                tasks[i].finish()
            done += len(numbers)
            if progress is not None:
                progress(done, len(tasks))
        group.release()


def free_bytes():
    return cuda.current_context().get_memory_info().free


class Group:
    """Tasks {number in the table: task} of one precision that run in blocks of one kind, and the data they share."""

    def __init__(self, tasks, dtype, threads):
        self.tasks, self.dtype, self.threads = tasks, dtype, threads
        self.shared, self.read = Shared(), None
        for task in tasks.values():
            self.shared.places_of(task.row)
        free, numbers = int(min(SHARE * free_bytes(), 2**62)), list(tasks)
        sizes = [own_bytes(task, threads) for task in tasks.values()]
        try:
            parts = chunks([task.row.cost for task in tasks.values()], sizes, free - self.shared.nbytes)
        except ValueError as error:
            i = error.args[0]
            got = f"{(sizes[i] + self.shared.nbytes) / 2**30:.3g} GiB on the device for one row and the data"
            raise wrong(f"rows[{numbers[i]}]: batch_size", got, f"at most {free / 2**30:.3g} GiB") from None
        self.chunks = [[numbers[i] for i in part] for part in parts]

    def upload(self):
        """The data, once for all chunks."""
        types = {"ops": records.OP, "reals": self.dtype, "integers": np.int64}
        self.read = {name: cuda.device_array(max(1, size), types[name]) for name, size in self.shared.sizes.items()}
        for name, start, array in self.shared.parts:
            if array.size:
                self.read[name][start : start + array.size].copy_to_device(array)

    def release(self):
        self.read = None

    def run(self, numbers):
        """Train these tasks in one launch."""
        if self.read is None:
            self.upload()
        tasks = [self.tasks[i] for i in numbers]
        places, sizes = lay_out(tasks, self.shared, self.threads)
        host = {"results": np.empty(max(1, sizes["results"]), self.dtype),
                "records": np.empty(max(1, sizes["records"]))}  # fmt: skip
        rows = np.empty(len(tasks), records.ROW)
        for i, (task, parts) in enumerate(own_parts(tasks, places, host)):
            task.start()
            rows[i] = task.row.record[0]
            for name, view in parts.items():
                view[:] = getattr(task, name).reshape(-1)
        results, curves = cuda.to_device(host["results"]), cuda.to_device(host["records"])
        outcomes = cuda.to_device(np.zeros(len(tasks), records.OUTCOME))
        arenas = places["arena"][:, 1] * places["arena_is_shared"]  # where they end in shared memory, or 0
        shared_bytes = max(int(arenas.max()), reserved(self.dtype, self.threads)) * self.dtype.itemsize
        entry.launch(
            len(tasks), self.threads, shared_bytes,
            cuda.to_device(rows), cuda.to_device(places),
            self.read["ops"], self.read["reals"], self.read["integers"],
            cuda.device_array(max(1, sizes["scratch"]), self.dtype),
            cuda.device_array(max(1, sizes["orders"]), np.int64), results, curves, outcomes,
        )  # fmt: skip
        results.copy_to_host(host["results"])
        curves.copy_to_host(host["records"])
        for outcome, (task, parts) in zip(outcomes.copy_to_host(), own_parts(tasks, places, host), strict=True):
            for name, view in parts.items():
                getattr(task, name).reshape(-1)[:] = view
            task.outcome[0] = outcome


def own_parts(tasks, places, host):
    """(task, {name of a result: its slice of the host's buffers}) for each task."""
    buffers = {"theta": "results", "step_theta": "results", "curves": "records", "step_loss": "records"}
    ends = {name: places[name].tolist() for name in buffers}
    for i, task in enumerate(tasks):
        yield task, {name: host[buffer][slice(*ends[name][i])] for name, buffer in buffers.items()}
