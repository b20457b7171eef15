"""Compiles kernels before they are needed, in processes of their own: one for each precision, two if cores allow.

The loop for rows abreast, which few tables need, is compiled last: others do not wait for it.
"""

import atexit
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from coreops import kernel_cache
from coreops.checks import wrong
from coreops.cores import available_cores
from coreops.target import JIT

DTYPES = ("float32", "float64")
ROOT = Path(os.path.abspath(__file__)).parent.parent  # with links unresolved: Numba keeps kernels by the path imported
# First in a process that compiles: ends it when the one that started it has gone, killed ones too, which stop nothing.
# (Windows names a parent that has gone for ever: there it goes on to its own end.)
ORPHANS_END = """import os, threading, time
def watch(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()
"""
log = logging.getLogger("coreops")
_running = {}  # precision -> the processes that compile it, until somebody has waited for them
_prepared = set()  # (precision, whether abreast) that need no second look


def uncompiled(dtypes=DTYPES) -> tuple[str, ...]:
    """Which of `dtypes`, a name or several, must still be compiled; none if kernels run as Python or cannot be kept."""
    dtypes = _names(dtypes)
    if not JIT or not kernel_cache.keeps(kernel_cache.kernel_folder()):
        return ()
    return tuple(dtype for dtype in dtypes if not _compiled(dtype, abreast=True))


def _compiled(dtype, abreast):
    parts = (False, True) if abreast else (False,)
    return all(kernel_cache.compiled_mark(dtype, part).exists() for part in parts)


def _names(dtypes):
    wanted = f"names among {', '.join(map(repr, DTYPES))}"
    if not isinstance(dtypes, Iterable):
        raise wrong("dtypes", dtypes, wanted, TypeError)
    names = (dtypes,) if isinstance(dtypes, str) else tuple(dtypes)
    for name in names:
        if name not in DTYPES:
            raise wrong("dtypes", name, wanted)
    return names


def precompile(dtypes=DTYPES, wait=True) -> None:
    """Bring the kernels of `dtypes`, a name or several, into the cache; returns at once if they are there.

    Nothing depends on it: what is not in the cache is compiled when it is first called. With wait=False the processes
    are only started, to be waited for by another call; they end with this process. RuntimeError with the compiler's
    message if one of them fails.
    """
    dtypes = _names(dtypes)
    _begin(uncompiled(dtypes))
    if wait:
        _wait(dtypes)


def _begin(dtypes):
    todo = [dtype for dtype in dtypes if dtype not in _running]
    for dtype in todo:
        _running[dtype] = _start(dtype, shared=2 * len(todo) <= available_cores())


def _wait(dtypes, abreast=True):
    """For the processes' end; abreast=False: or for all kernels that a row alone needs."""
    try:
        for dtype in [dtype for dtype in _running if dtype in dtypes]:
            while not abreast and any(process.poll() is None for process in _running[dtype]):
                if _compiled(dtype, abreast):
                    break
                time.sleep(0.02)
            else:
                _end(dtype)
    except BaseException:
        _stop()
        raise


def _end(dtype):
    while _running[dtype]:
        message = _running[dtype][0].communicate()[1]
        if _running[dtype].pop(0).returncode:
            raise RuntimeError(f"compiling the kernels of {dtype} failed:\n{message}")
    del _running[dtype]


def prepare(dtypes, abreast=False):
    """Precompile for somebody who is about to call kernels, and say so as they must wait.

    abreast: also the loop for rows abreast. Where it fails, that call compiles what it needs.
    """
    todo = sorted(dtype for dtype in set(dtypes) if (dtype, abreast) not in _prepared)
    if todo and sys.executable and not getattr(sys, "frozen", False):  # else it would start something that is no Python
        missing = [dtype for dtype in uncompiled(todo) if not _compiled(dtype, abreast)]
        if names := " and ".join(dtype for dtype in missing if dtype not in _running):
            log.warning("coreops compiles its kernels for %s, once per installation: about half a minute", names)
        with suppress(OSError, RuntimeError):
            _begin(missing)
            _wait(missing, abreast)
    _prepared.update((dtype, abreast) for dtype in todo)


@atexit.register
def _stop():
    for process in [process for group in _running.values() for process in group]:
        process.terminate()
        process.communicate()
    _running.clear()


def _start(dtype, shared):
    """The processes that compile one precision; the second hears what the first has compiled."""
    if _compiled(dtype, abreast=False):
        return [_process(dtype, "compile_abreast({!r})")]
    if not shared:
        return [_process(dtype, "compile_all({!r})")]
    share = _process(dtype, "compile_share({!r})", stdout=subprocess.PIPE)
    with share.stdout as end:
        return [share, _process(dtype, "compile_all({!r}, shared=True)", stdin=end)]


def _process(dtype, call, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
    program = ORPHANS_END + (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); "  # the sources of this process, wherever it runs
        "from coreops.compiler import only_compile; only_compile(); "
        f"from coreops import every_kernel; every_kernel.{call.format(dtype)}"
    )
    command = [sys.executable, "-Pc", program, dtype]  # -P: not those of the folder in which it runs
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True)
