"""The kernel: one block per row, in which `train_row` runs as on the CPU.

The training loop, the layers and the optimizers are the CPU's: numba-cuda compiles the same functions for the device.
"""

import functools
import time
from contextlib import contextmanager
from types import SimpleNamespace

import numba
import numpy as np
from numba import cuda
from numba.cuda.core import config

from coreops import records
from coreops.checks import wrong
from coreops.cuda import simulator
from coreops.cuda.chunks import PLACE
from coreops.kernel_cache import keeps, kernel_folder
from coreops.training import train_row

POLL = 0.002  # seconds
# Of 255 that the kernel would take: twice the blocks on a multiprocessor, for a few hundred bytes of spilled values.
REGISTERS = 128
SIMULATED = bool(numba.config.ENABLE_CUDASIM)
if not SIMULATED:
    from coreops.cuda import overloads  # noqa: F401


def block_per_row(rows, places, ops, reals, integers, scratch, orders, results, curves, outcomes):
    """Block r trains row r, whose parts of the flat buffers places[r] names."""
    r = cuda.blockIdx.x
    p = places[r]
    shared = cuda.shared.array(0, scratch.dtype)
    if p["arena_is_shared"]:
        arena = shared[p["arena"][0] : p["arena"][1]]
    else:
        arena = scratch[p["arena"][0] : p["arena"][1]]
    train_row(
        rows,
        r,
        ops[p["ops"][0] : p["ops"][1]],
        reals[p["x"][0] : p["x"][1]],
        reals[p["y"][0] : p["y"][1]],
        reals[p["weights"][0] : p["weights"][1]],
        integers[p["train"][0] : p["train"][1]],
        integers[p["held_out"][0] : p["held_out"][1]],
        integers[p["groups"][0] : p["groups"][1]],
        arena,
        scratch[p["state"][0] : p["state"][1]],
        orders[p["order"][0] : p["order"][1]],
        results[p["theta"][0] : p["theta"][1]],
        curves[p["curves"][0] : p["curves"][1]],
        curves[p["step_loss"][0] : p["step_loss"][1]],
        results[p["step_theta"][0] : p["step_theta"][1]],
        outcomes,
    )


def simulated_block_per_row(*buffers):
    simulator.run(cuda, block_per_row, *buffers)


@contextmanager
def setting(name, value):
    """numba-cuda's configuration with one value changed."""
    before = getattr(config, name)
    setattr(config, name, value)
    try:
        yield
    finally:
        setattr(config, name, before)


@functools.cache
def compiled():
    """The kernel, ready to be launched; the machine code is kept beside the CPU's."""
    if SIMULATED:
        return cuda.jit(simulated_block_per_row)
    folder = kernel_folder()
    with setting("CACHE_DIR", str(folder)):
        # Optimised again at link time it takes twice as long to compile, and spills four times as much.
        return cuda.jit(block_per_row, cache=keeps(folder), max_registers=REGISTERS, lto=False)


def launch(blocks, threads, shared_bytes, *buffers):
    """Run the kernel and wait for its end; Ctrl-C is heard meanwhile."""
    with setting("CUDA_LOW_OCCUPANCY_WARNINGS", 0):  # a table of few rows is no mistake
        compiled()[blocks, threads, 0, shared_bytes](*buffers)
    if SIMULATED:
        return
    end = cuda.event(timing=False)
    end.record()
    while not end.query():
        time.sleep(POLL)
    end.synchronize()  # an error of the kernel is raised here


def ptx(dtype="float32", compute_capability=(9, 0)):
    """The kernel as PTX, on any machine that has numba-cuda, with a GPU or without.

    dtype: "float32" or "float64"; compute_capability: (major, minor), default Hopper's. A second architecture in the
    same process takes half as long: numba-cuda keeps what it typed and lowered, and only NVVM works again. Nested
    device functions ask the driver for its device while they compile; here a stand-in answers.
    """
    if str(dtype) not in ("float32", "float64"):
        raise wrong("dtype", dtype, "'float32' or 'float64'")
    import numba.cuda.dispatcher as dispatcher

    def flat(element):
        return numba.types.Array(element, 1, "C")

    rows, places, ops, outcomes = (
        flat(numba.from_dtype(schema)) for schema in (records.ROW, PLACE, records.OP, records.OUTCOME)
    )
    real, integers, doubles = flat(numba.from_dtype(np.dtype(dtype))), flat(numba.int64), flat(numba.float64)
    signature = numba.void(rows, places, ops, real, integers, real, integers, real, doubles, outcomes)
    saved = dispatcher.get_current_device
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=compute_capability)
    try:
        text, _ = cuda.compile_ptx(block_per_row, signature, device=False, cc=compute_capability)
    finally:
        dispatcher.get_current_device = saved
    return text
