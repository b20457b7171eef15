"""Compiles the kernels of several precisions at once, each in a process of its own, before they are needed.

Compiling takes about a minute for each precision and uses one core: side by side they take as long as one.
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from coreops import kernel_cache
from coreops.checks import wrong
from coreops.target import JIT

DTYPES = ("float32", "float64")
ROOT = Path(__file__).resolve().parent.parent
# LLVM makes a second, unrolled copy of every loop whose length it does not know. Without it kernels run as fast, and
# compile in a tenth less time. Its options hold for a whole process: only where nothing but kernels is compiled.
LLVM_OPTION = "--unroll-runtime=false"
CHILD = """
import sys
from llvmlite.binding import set_option
from coreops.compiling import compile_all

set_option("", sys.argv[1])
compile_all(sys.argv[2])
"""


def uncompiled(dtypes=DTYPES) -> tuple[str, ...]:
    """Which of `dtypes`, a name or several, must still be compiled; none if kernels run as Python or cannot be kept."""
    dtypes = (dtypes,) if isinstance(dtypes, str) else dtypes
    for dtype in dtypes:
        if dtype not in DTYPES:
            raise wrong("dtypes", dtype, f"names among {', '.join(map(repr, DTYPES))}")
    if not JIT or not kernel_cache.usable(kernel_cache.kernel_folder()):
        return ()
    return tuple(dtype for dtype in dtypes if not kernel_cache.compiled_mark(dtype).exists())


def precompile(dtypes=DTYPES) -> None:
    """Bring the kernels of `dtypes` into the cache; returns at once if they are there.

    Nothing depends on it: what is not in the cache is compiled when it is first called. RuntimeError with the
    compiler's message if a process fails.
    """
    with ExitStack() as running:
        processes = [running.enter_context(_start(dtype)) for dtype in uncompiled(dtypes)]
        try:
            for process in processes:
                message = process.communicate()[1]
                if process.returncode:
                    raise RuntimeError(f"compiling the kernels of {process.args[-1]} failed:\n{message}")
        except BaseException:
            for process in processes:
                process.terminate()
            raise


def _start(dtype):
    command = [sys.executable, "-c", CHILD, LLVM_OPTION, dtype]
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
