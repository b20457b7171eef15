"""One CUDA block per row: the entry point that runs `train_row` for row blockIdx.x.

The training loop, the layers and the optimizers are the CPU's: numba-cuda compiles the same functions for the device.
"""

from types import SimpleNamespace

import numba
import numpy as np

from coreops import records
from coreops.checks import wrong
from coreops.training import train_row


def _import_cuda():
    try:
        import numba_cuda  # noqa: F401
    except ImportError:
        raise ImportError("CUDA: got no numba-cuda, wanted it installed: pip install 'claimlab[cuda]'") from None
    from numba import cuda

    from coreops.cuda import overloads  # noqa: F401

    return cuda


def block_per_row(
    rows, ops, x, y, weights, train, held_out, groups, arena, state, order, result, curves, step_loss, step_theta,
    outcomes,
):  # fmt: skip
    """Block r trains row r in scratch arena[r], state[r], order[r]; train_row's arguments, one more axis in front."""
    r = numba.cuda.blockIdx.x
    train_row(
        rows, r, ops, x, y, weights, train, held_out, groups, arena[r], state[r], order[r], result[r], curves[r],
        step_loss[r], step_theta[r], outcomes,
    )  # fmt: skip


def ptx(dtype="float32", compute_capability=(9, 0)):
    """The kernel as PTX, on any machine that has numba-cuda, with a GPU or without.

    dtype: "float32" or "float64"; compute_capability: (major, minor), default Hopper's. Nested device functions ask
    the driver for its device while they compile; here a stand-in answers.
    """
    if str(dtype) not in ("float32", "float64"):
        raise wrong("dtype", dtype, "'float32' or 'float64'")
    cuda = _import_cuda()
    import numba.cuda.dispatcher as dispatcher

    real = numba.from_dtype(np.dtype(dtype))

    def array(element, ndim):
        return numba.types.Array(element, ndim, "C")

    def record(schema):
        return array(numba.from_dtype(schema), 1)

    integers, i64, f64 = array(numba.types.int64, 1), numba.types.int64, numba.types.float64
    signature = numba.types.void(
        record(records.ROW), record(records.OP), array(real, 1), array(real, 1), array(real, 1), integers, integers,
        integers, array(real, 2),
        array(real, 2), array(i64, 2), array(real, 2), array(f64, 3), array(f64, 2), array(real, 3),
        record(records.OUTCOME),
    )  # fmt: skip
    saved = dispatcher.get_current_device
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=compute_capability)
    try:
        text, _ = cuda.compile_ptx(block_per_row, signature, device=False, cc=compute_capability)
    finally:
        dispatcher.get_current_device = saved
    return text
