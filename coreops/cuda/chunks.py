"""Which rows run together, in how many lanes, and where in the flat buffers each finds its parts. Knows no GPU."""

import numpy as np

from coreops.plan import aligned

MOST_THREADS = 256  # with more, a lane could not have the 255 registers that the kernel may want
OUTPUTS_PER_LANE = 16  # of the largest layer, as many as a register tile of a product has
MOST_ROWS = 4096  # of one launch: so often are finished rows kept, and progress told
SHARE = 0.9  # of the free memory: the rest is the driver's

# The slices that `train_row` takes, and the flat buffer that each is cut from: buffers that all rows read, and buffers
# in which every row has a part of its own.
SHARED = {"ops": "ops", "x": "reals", "y": "reals", "weights": "reals", "train": "integers", "held_out": "integers",
          "groups": "integers"}  # fmt: skip
OWN = {"arena": "scratch", "state": "scratch", "order": "orders", "theta": "results", "step_theta": "results",
       "curves": "records", "step_loss": "records"}  # fmt: skip
PLACE = np.dtype([(name, np.int64, 2) for name in (*SHARED, *OWN)], align=True)  # their (start, end)


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


def own_sizes(task):
    """Elements of each part that the row has for itself."""
    row = task.row
    return {"arena": row.arena_size, "state": row.state_size, "theta": task.theta.size,
            "step_theta": task.step_theta.size, "order": row.order_size, "curves": task.curves.size,
            "step_loss": task.step_loss.size}  # fmt: skip


def own_bytes(task):
    """Device memory that the row takes while it runs."""
    real = task.row.network.dtype.itemsize
    width = {"scratch": real, "results": real, "orders": 8, "records": 8}
    fixed = task.row.record.nbytes + task.outcome.nbytes + PLACE.itemsize
    return fixed + sum(aligned(size) * width[OWN[name]] for name, size in own_sizes(task).items())


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

    @property
    def nbytes(self):
        return sum(array.itemsize * aligned(array.size) for _, _, array in self.parts)


def lay_out(tasks, shared):
    """(PLACE of each task, elements of each buffer in which every row has its own part)."""
    places, sizes = np.zeros(len(tasks), PLACE), dict.fromkeys(OWN.values(), 0)
    for place, task in zip(places, tasks, strict=True):
        for name in SHARED:
            place[name] = shared.place(name, getattr(task.row, name))
        for name, size in own_sizes(task).items():
            start = sizes[OWN[name]]
            place[name] = start, start + size
            sizes[OWN[name]] += aligned(size)
    return places, sizes
