"""Where compiled kernels are kept, so that a second process need not compile them."""

import functools
import hashlib
import logging
import os
import shutil
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import llvmlite.binding as llvm
import numba
import platformdirs
from numba.core.caching import FunctionCache, NullCache

log = logging.getLogger("coreops")
MONTH = 30 * 86400.0  # seconds


@functools.cache
def source_hash(target="cpu") -> str:
    """SHA-256 over every coreops source and the versions that decide what it compiles to for a target.

    Numba's own cache does not notice an edit in a callee of another file (numba#1833); a folder named by
    this hash does.
    """
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for name in ("numba", "llvmlite", "numpy", "scipy", *(("numba-cuda",) if target == "cuda" else ())):
        try:
            digest.update(f"{name}=={version(name)}\0".encode())
        except PackageNotFoundError:
            continue
    return digest.hexdigest()


def cache_root() -> Path:
    """Where claimlab keeps what it can make again: $CLAIMLAB_CACHE, or the user's cache folder."""
    chosen = os.environ.get("CLAIMLAB_CACHE")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("claimlab", appauthor=False))


def usable(folder) -> bool:
    """Whether the folder can be written to. If not, Numba would keep its cache beside the sources, by no hash."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def keeps(folder) -> bool:
    """Whether compiled kernels can be kept in the folder; says so, once, where they cannot."""
    writable = usable(folder)
    if not writable:
        _tell(folder)
    return writable


@functools.cache
def _tell(folder):
    log.warning(
        "coreops compiles its kernels in each process anew, as their folder %s cannot be written: set "
        "CLAIMLAB_CACHE to another one",
        folder,
    )


@functools.cache
def kernel_folder() -> Path:
    """Where the compiled kernels of exactly these sources are kept; those of sources unused for a month go."""
    folder = cache_root() / "kernels" / source_hash("cuda")[:16]
    if usable(folder):
        os.utime(folder)
        for other in folder.parent.iterdir():
            with suppress(FileNotFoundError):  # another process was faster
                if time.time() - other.stat().st_mtime > MONTH:
                    shutil.rmtree(other, ignore_errors=True)
    return folder


@functools.cache
def checkout() -> str:
    """Hash of where the sources lie and when they were written: Numba finds no kernels of another checkout."""
    root = Path(os.path.abspath(__file__)).parent  # as Numba does, which resolves no links
    files = [(str(path), path.stat().st_mtime_ns) for path in sorted(root.rglob("*.py"))]
    return hashlib.sha256(repr(files).encode()).hexdigest()[:16]


def compiled_mark(dtype, abreast=False) -> Path:
    """The file that says that all kernels of `dtype` are in the folder, for this checkout and kind of CPU.

    abreast: the loop that trains rows abreast, as against all others.
    """
    part = "-abreast" if abreast else ""
    return kernel_folder() / f"{dtype}{part}-{llvm.get_host_cpu_name()}-{checkout()}.compiled"


class NotAsCompiled(Exception):
    """What a kernel calls by name is no longer what it was when the kernel was compiled."""


class LockedCache(FunctionCache):
    """Numba's cache of one function, one process at a time.

    Numba reads a function's index, adds to it and writes it back without a lock: of two processes that compile at once
    for different types, one loses its entry, or leaves its code under the other's.
    """

    def load_overload(self, sig, target_context):
        # Numba would set up its compiler first, in 0.4 s; code that has been compiled does not need it.
        with self._guard_against_spurious_io_errors(), suppress(NotAsCompiled):
            found = self._load_overload(sig, target_context)
            if found:  # a caller that is compiled now needs what this one calls by name; Numba forgets it
                found.library._reload_init.update(found.reload_init)
            return found

    def save_overload(self, sig, data):
        if getattr(data.library, "untranslated", False):
            return
        from filelock import FileLock  # which imports asyncio, and nothing is saved by most processes

        with FileLock(Path(self.cache_path) / "lock"):
            super().save_overload(sig, data)


class KernelCache:
    """The cache of one kernel, opened when it is first asked for: a process has hundreds of kernels and loads three."""

    before_loading = staticmethod(lambda: None)  # waits for another process, if one is about to save the kernel

    def __init__(self, function):
        self.function, self.folder = function, kernel_folder()
        self.symbols = {}  # types -> symbol, where the one that the kernel was compiled with matters

    @functools.cached_property
    def files(self):
        if not keeps(self.folder):
            return NullCache()
        before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(self.folder)
        try:
            return LockedCache(self.function)
        finally:
            numba.config.CACHE_DIR = before

    @property
    def cache_path(self):
        return self.files.cache_path

    def load_overload(self, sig, target_context):
        self.before_loading()
        found = self.files.load_overload(sig, target_context)
        wanted = self.symbols.get(sig)
        return found if not (found and wanted) or found.fndesc.llvm_func_name == wanted else None

    def save_overload(self, sig, data):
        self.files.save_overload(sig, data)
