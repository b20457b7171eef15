"""Compiles kernels before they are needed, in processes of their own: one for each precision, two if cores allow.

The loop for rows abreast, which few tables are large enough for, is compiled after all else, for those who ask for it.
"""

import atexit
import logging
import os
import subprocess
import sys
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
# What is compiled, one after the other: by one process if both are asked for at once.
FIRST, ABREAST = "kernels", "loop for rows abreast"
SAID = {
    FIRST: "coreops compiles its kernels for %s, once per installation: about half a minute",
    ABREAST: "coreops compiles the loop that trains tiny networks abreast for %s, once: about ten seconds",
}
log = logging.getLogger("coreops")
_running = {}  # (precision, part) -> the processes that compile it, until somebody has waited for them
_prepared = set()  # (precision, part) that need no second look


def uncompiled(dtypes=DTYPES, abreast=True) -> tuple[str, ...]:
    """Which of `dtypes`, a name or several, must still be compiled; none if kernels run as Python or cannot be kept.

    abreast: whether that includes the loop that trains tiny networks abreast (`fit_many`).
    """
    dtypes = _names(dtypes)
    missing = {dtype for part in _parts(abreast) for dtype in _missing(dtypes, part)}
    return tuple(dtype for dtype in dtypes if dtype in missing)


def _parts(abreast):
    return (FIRST, ABREAST) if abreast else (FIRST,)


def _missing(dtypes, part):
    if not JIT or not kernel_cache.keeps(kernel_cache.kernel_folder()):
        return []
    return [dtype for dtype in dtypes if not kernel_cache.compiled_mark(dtype, part == ABREAST).exists()]


def _names(dtypes):
    wanted = f"names among {', '.join(map(repr, DTYPES))}"
    if not isinstance(dtypes, Iterable):
        raise wrong("dtypes", dtypes, wanted, TypeError)
    names = (dtypes,) if isinstance(dtypes, str) else tuple(dtypes)
    for name in names:
        if name not in DTYPES:
            raise wrong("dtypes", name, wanted)
    return names


def precompile(dtypes=DTYPES, wait=True, abreast=True) -> None:
    """Bring the kernels of `dtypes`, a name or several, into the cache; returns at once if they are there.

    Nothing depends on it: what is not in the cache is compiled when it is first called. abreast: also the loop that
    trains tiny networks abreast (`fit_many`). With wait=False the processes are only started, to be waited for by
    another call; they end with this process. RuntimeError with the compiler's message if one of them fails.
    """
    dtypes = _names(dtypes)
    for part in _parts(abreast):
        if _begin(dtypes, part, abreast) and not wait:
            return
        _wait(dtypes, part)


def _begin(dtypes, part, abreast):
    """Start what is neither there nor under way; returns whether anything is under way."""
    todo = [dtype for dtype in _missing(dtypes, part) if (dtype, part) not in _running]
    for dtype in todo:
        _running[dtype, part] = _start(dtype, part, abreast, shared=2 * len(todo) <= available_cores())
    return any((dtype, part) in _running for dtype in dtypes)


def _wait(dtypes, part):
    try:
        for dtype in dtypes:
            if (dtype, part) in _running:
                _end(dtype, part)
    except BaseException:
        _stop()
        raise


def _end(dtype, part):
    processes = _running[dtype, part]
    while processes:
        message = processes[0].communicate()[1]
        if processes.pop(0).returncode:
            raise RuntimeError(f"compiling the {part} of {dtype} failed:\n{message}")
    del _running[dtype, part]


def prepare(dtypes, abreast=False):
    """Precompile for somebody who is about to call kernels, and say so as they must wait.

    abreast: also the loop for rows abreast. Where it fails, that call compiles what it needs.
    """
    for part in _parts(abreast):
        todo = sorted(dtype for dtype in set(dtypes) if (dtype, part) not in _prepared)
        if todo and sys.executable and not getattr(sys, "frozen", False):  # else it would start what is no Python
            if new := [dtype for dtype in _missing(todo, part) if (dtype, part) not in _running]:
                log.warning(SAID[part], " and ".join(new))
            with suppress(OSError, RuntimeError):
                _begin(todo, part, abreast)
                _wait(todo, part)
        _prepared.update((dtype, part) for dtype in todo)


def loop_abreast_is_there(dtype) -> bool:
    """Whether the loop for rows abreast is compiled, or will be by whoever calls it; what is there stays there."""
    if (dtype, ABREAST) not in _prepared and not _missing([dtype], ABREAST):
        _prepared.add((dtype, ABREAST))
    return (dtype, ABREAST) in _prepared


@atexit.register
def _stop():
    for processes in _running.values():
        while processes:
            processes[-1].terminate()
            processes.pop().communicate()
    _running.clear()


def _start(dtype, part, abreast, shared):
    """The processes that compile a part of one precision; of two, the second hears what the first has compiled."""
    if part == ABREAST:
        return [_process(dtype, "compile_abreast({!r})")]
    if not shared:
        return [_process(dtype, f"compile_all({{!r}}, abreast={abreast})")]
    share = _process(dtype, "compile_share({!r})", stdout=subprocess.PIPE)
    with share.stdout as end:
        return [share, _process(dtype, f"compile_all({{!r}}, shared=True, abreast={abreast})", stdin=end)]


def _process(dtype, call, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
    program = ORPHANS_END + (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); "  # the sources of this process, wherever it runs
        "from coreops.compiler import only_compile; only_compile(); "
        f"from coreops import every_kernel; every_kernel.{call.format(dtype)}"
    )
    command = [sys.executable, "-Pc", program, dtype]  # -P: not those of the folder in which it runs
    return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True)
