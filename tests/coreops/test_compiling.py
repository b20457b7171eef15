"""Kernels of both precisions compiled side by side: what is left to do, failures, and two processes in one cache."""

import sys
import threading
import time

import numba
import pytest

from coreops import compiling, kernel_cache
from coreops.kernel_cache import LockedCache


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_cache, "kernel_folder", lambda: tmp_path)
    monkeypatch.setattr(compiling, "JIT", True)
    return tmp_path


def test_what_was_compiled_is_not_compiled_again(folder):
    assert compiling.uncompiled() == ("float32", "float64")
    compiling.compile_all("float32")
    assert compiling.uncompiled() == ("float64",)
    assert compiling.uncompiled(("float32",)) == ()


def test_nothing_is_compiled_where_kernels_run_as_python_or_cannot_be_kept(folder, monkeypatch):
    monkeypatch.setattr(compiling, "JIT", False)
    assert compiling.uncompiled() == ()
    monkeypatch.setattr(compiling, "JIT", True)
    monkeypatch.setattr(kernel_cache, "usable", lambda folder: False)
    assert compiling.uncompiled() == ()


def test_bad_dtype(folder):
    with pytest.raises(ValueError, match=r"dtypes.*float16.*'float32', 'float64'"):
        compiling.uncompiled(("float16",))


def _program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_one_process_for_each_precision_at_the_same_time(folder, monkeypatch):
    """Each waits for the other's sign of life: one after the other, they would never end."""
    wait = f"touch {folder}/$3; for i in $(seq 100); do [ -e {folder}/float32 -a -e {folder}/float64 ] && exit 0"
    monkeypatch.setattr(sys, "executable", _program(folder / "both", f"{wait}; sleep 0.1; done; exit 1"))
    compiling.precompile()


def test_a_failure_shows_the_compilers_message(folder, monkeypatch):
    monkeypatch.setattr(sys, "executable", _program(folder / "fails", "echo no such instruction >&2; exit 1"))
    with pytest.raises(RuntimeError, match=r"float32 failed:\nno such instruction"):
        compiling.precompile()


@pytest.mark.jit_only
def test_two_that_save_at_once_both_find_their_code(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def double(x):
        return x + x

    compiled = numba.njit(double)
    caches, data = [LockedCache(double), LockedCache(double)], []
    for number in (1, 1.0):
        compiled(number)
    for cache, signature in zip(caches, compiled.signatures, strict=True):
        data.append((signature, compiled.overloads[signature]))
        slowly(monkeypatch, cache._cache_file)
    threads = [threading.Thread(target=c.save_overload, args=d) for c, d in zip(caches, data, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    context = compiled.targetctx
    for signature, result in data:
        found = LockedCache(double).load_overload(signature, context)
        assert found is not None and found.signature == result.signature


def slowly(monkeypatch, file):
    """Between reading the index and writing it, time enough for somebody else."""
    write = file._save_index
    monkeypatch.setattr(file, "_save_index", lambda overloads: (time.sleep(0.3), write(overloads))[1])
