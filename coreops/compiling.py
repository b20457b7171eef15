"""Compiles the kernels of several precisions at once, each in a process of its own, before they are needed.

Compiling takes about a minute for each precision and uses one core: side by side they take as long as one.
"""

import atexit
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from coreops import kernel_cache
from coreops.checks import wrong
from coreops.target import JIT

DTYPES = ("float32", "float64")
ROOT = Path(__file__).resolve().parent.parent
_running = {}  # precision -> the process that compiles it, until somebody has waited for it


def uncompiled(dtypes=DTYPES) -> tuple[str, ...]:
    """Which of `dtypes`, a name or several, must still be compiled; none if kernels run as Python or cannot be kept."""
    dtypes = (dtypes,) if isinstance(dtypes, str) else dtypes
    for dtype in dtypes:
        if dtype not in DTYPES:
            raise wrong("dtypes", dtype, f"names among {', '.join(map(repr, DTYPES))}")
    if not JIT or not kernel_cache.usable(kernel_cache.kernel_folder()):
        return ()
    return tuple(dtype for dtype in dtypes if not kernel_cache.compiled_mark(dtype).exists())


def precompile(dtypes=DTYPES, wait=True) -> None:
    """Bring the kernels of `dtypes`, a name or several, into the cache; returns at once if they are there.

    Nothing depends on it: what is not in the cache is compiled when it is first called. With wait=False the processes
    are only started, to be waited for by another call; they end with this one. RuntimeError with the compiler's
    message if one of them fails.
    """
    for dtype in uncompiled(dtypes):
        if dtype not in _running:
            _running[dtype] = _start(dtype)
    if not wait:
        return
    try:
        for dtype in [dtype for dtype in _running if dtype in dtypes]:
            message = _running[dtype].communicate()[1]
            process = _running.pop(dtype)
            if process.returncode:
                raise RuntimeError(f"compiling the kernels of {dtype} failed:\n{message}")
    except BaseException:
        _stop()
        raise


@atexit.register
def _stop():
    while _running:
        _, process = _running.popitem()
        process.terminate()
        process.communicate()


def _start(dtype):
    # A twelfth of the time goes into collecting what compiling makes, nearly all of which it keeps; a tenth into
    # unrolling loops for more rounds than tiny networks have, which are a tenth slower then. An option of the whole
    # process: only where nobody else's code is compiled.
    program = (
        "import gc; gc.disable(); from llvmlite.binding import set_option; set_option('', '--unroll-runtime=false'); "
        f"from {__name__} import compile_all; compile_all({dtype!r})"
    )
    command = [sys.executable, "-c", program, dtype]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = os.environ | {"PYTHONPATH": path}  # the sources of this process, wherever it runs
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env)


def compile_all(dtype):
    """Train and differentiate a small network: the training loop and the passes hold every kernel."""
    from coreops.inference import loss_and_gradient
    from coreops.layers import Dense
    from coreops.losses import SquaredError
    from coreops.network import Network
    from coreops.optimizers import SGD
    from coreops.sweep import fit

    X, y = np.ones((2, 1)), np.ones((2, 1))
    network = Network(Dense(1, 1), loss=SquaredError(), dtype=dtype)
    trained = fit(network, X, y, optimizer=SGD(0.1), epochs=1)
    trained.evaluate(X, y)
    loss_and_gradient(network, trained.theta, X, y)
    kernel_cache.compiled_mark(dtype).touch()
