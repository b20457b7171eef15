"""The GPU: the training loop of the CPU, one thread block per row. Imported only when asked for.

Only this module can be imported without numba-cuda.
"""

import importlib.util

from coreops.checks import integer, wrong
from coreops.cuda.chunks import MOST_THREADS


def check_device(threads=None):
    """Raise, before any work, if nothing can run on a GPU here, or not in so many threads per block."""
    wanted = f"a power of two in [1, {MOST_THREADS}]"
    if threads is not None and integer("threads", threads, 1, MOST_THREADS, wanted).bit_count() > 1:
        raise wrong("threads", threads, wanted)
    if importlib.util.find_spec("numba_cuda") is None:
        wanted = "numba-cuda installed (pip install 'claimlab[cuda]'), or target='cpu'"
        raise wrong("target", "'cuda' without numba-cuda", wanted, RuntimeError)
    from numba import cuda

    if not cuda.is_available():
        wanted = "a machine with an NVIDIA GPU and its driver, or target='cpu'"
        raise wrong("target", "'cuda' without a GPU", wanted, RuntimeError)
