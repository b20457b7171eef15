"""Which rows run together, in how many lanes, and where in the flat buffers each finds its parts. Knows no GPU."""

import numpy as np

from coreops.cuda.products import TILE
from coreops.plan import aligned

MOST_THREADS = 256  # what the products' tiles are sized for
OUTPUTS_PER_LANE = 16  # of the largest layer, as many as a register tile of a product has
MOST_ROWS = 4096  # of one launch: so often are finished rows kept, and progress told
SHARE = 0.9  # of the free memory: the rest is the driver's
SHARED_BYTES = 48 * 1024  # of a multiprocessor's memory, that a block gets without asking for more

# (start, end) of the slices that `train_row` takes, and the flat buffer that each is cut from: buffers that all rows
# read, and buffers in which every row has a part of its own. A small arena lies in the block's shared memory.
SHARED = {"ops": "ops", "x": "reals", "y": "reals", "weights": "reals", "train": "integers", "held_out": "integers",
          "groups": "integers"}  # fmt: skip
OWN = {"arena": "scratch", "state": "scratch", "order": "orders", "theta": "results", "step_theta": "results",
       "curves": "records", "step_loss": "records"}  # fmt: skip
PARTS = (*SHARED, *OWN)
PLACE = np.dtype([(name, np.int64, 2) for name in PARTS] + [("arena_is_shared", np.int64)], align=True)


def threads_of(row):
    """Threads per block for a row: a power of two in [32, 256], one per 16 outputs of its largest layer.

    A result depends on the number of lanes (sums over the block have another order), so it must follow from the row
    alone.
    """
    largest = int(row.record[0]["batch_size"]) * int(row.ops["n_out"].max())
    threads = 32
    while threads < MOST_THREADS and threads * OUTPUTS_PER_LANE < largest:
        threads *= 2
    return threads


def reserved(dtype, threads):
    """Elements at the start of a block's shared memory that sums and products use."""
    return aligned(max(TILE, -(-8 * threads // dtype.itemsize)))


def shared_room(dtype):
    """Elements of a block's shared memory that an arena may take."""
    return SHARED_BYTES // dtype.itemsize - reserved(dtype, MOST_THREADS)


def shared_arena(task, threads):
    """Whether parameters, gradients and activations fit in the block's shared memory."""
    dtype = task.row.network.dtype
    return (reserved(dtype, threads) + task.row.arena_size) * dtype.itemsize <= SHARED_BYTES


def own_sizes(task, threads):
    """Elements of each part that the row has for itself in the device's memory."""
    row = task.row
    arena = 0 if shared_arena(task, threads) else row.arena_size
    return {"arena": arena, "state": row.state_size, "theta": task.theta.size, "step_theta": task.step_theta.size,
            "order": row.order_size, "curves": task.curves.size, "step_loss": task.step_loss.size}  # fmt: skip


def own_bytes(task, threads):
    """Device memory that the row takes while it runs."""
    real = task.row.network.dtype.itemsize
    width = {"scratch": real, "results": real, "orders": 8, "records": 8}
    fixed = task.row.record.nbytes + task.outcome.nbytes + PLACE.itemsize
    return fixed + sum(aligned(size) * width[OWN[name]] for name, size in own_sizes(task, threads).items())


def chunks(costs, sizes, room, most=MOST_ROWS):
    """Lists of row numbers that are launched together: longest first, each list at most `room` bytes and `most` rows.

    costs: expected times; sizes: bytes. A row larger than the room raises ValueError(its number).
    """
    order = sorted(range(len(costs)), key=lambda i: -costs[i])
    parts, left = [], 0
    for i in order:
        if sizes[i] > room:
            raise ValueError(i)
        if not parts or sizes[i] > left or len(parts[-1]) == most:
            parts.append([])
            left = room
        parts[-1].append(i)
        left -= sizes[i]
    return parts


class Shared:
    """The arrays that rows only read, each once however many rows share it: data, example numbers, plans."""

    def __init__(self):
        self.places, self.parts, self.sizes = {}, [], dict.fromkeys(SHARED.values(), 0)

    def place(self, name, array):
        """(start, end) of `array` in the buffer of this name's parts."""
        buffer = SHARED[name]
        key = (buffer, array.ctypes.data, array.size)
        if key not in self.places:
            start = self.sizes[buffer]
            self.places[key] = (start, start + array.size)
            self.parts.append((buffer, start, array))  # the reference keeps the address from being reused
            self.sizes[buffer] += aligned(array.size)
        return self.places[key]

    def places_of(self, row):
        return {name: self.place(name, getattr(row, name)) for name in SHARED}

    @property
    def nbytes(self):
        return sum(array.itemsize * aligned(array.size) for _, _, array in self.parts)


def lay_out(tasks, shared, threads):
    """(PLACE of each task, elements of each buffer in which every row has its own part)."""
    lines, sizes = [], dict.fromkeys(OWN.values(), 0)
    for task in tasks:
        places = shared.places_of(task.row)
        for name, size in own_sizes(task, threads).items():
            start = sizes[OWN[name]]
            places[name] = start, start + size
            sizes[OWN[name]] += aligned(size)
        is_shared = shared_arena(task, threads)
        if is_shared:
            start = reserved(task.row.network.dtype, threads)
            places["arena"] = start, start + task.row.arena_size
        lines.append([*(end for name in PARTS for end in places[name]), is_shared])
    return np.array(lines, np.int64).view(PLACE).reshape(-1), sizes
