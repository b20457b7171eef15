"""Kernels compiled side by side: what is left to do, work shared by two processes, failures, one cache for all."""

import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import numba
import numpy as np
import pytest

from coreops import SGD, Dense, Network, Run, SquaredError, compiling, every_kernel, fit, fit_many, kernel_cache, sweep
from coreops.data import Data
from coreops.kernel_cache import LockedCache
from coreops.runs import encode


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_cache, "kernel_folder", lambda: tmp_path)
    monkeypatch.setattr(compiling, "JIT", True)
    monkeypatch.setattr(compiling, "available_cores", lambda: 2)
    monkeypatch.setattr(compiling, "_prepared", set())
    monkeypatch.setattr(compiling, "_running", {})
    return tmp_path


def test_what_was_compiled_is_not_compiled_again(folder):
    assert compiling.uncompiled() == ("float32", "float64")
    every_kernel.compile_all("float32")
    assert compiling.uncompiled(abreast=False) == ("float64",) and compiling.uncompiled() == ("float32", "float64")
    every_kernel.compile_abreast("float32")
    assert compiling.uncompiled() == ("float64",)
    assert compiling.uncompiled("float32") == compiling.uncompiled(("float32",)) == ()


@pytest.mark.once
def test_kernels_of_another_checkout_are_not_found(tmp_path):
    """As Numba looks for them by path and time of each source."""
    marks = set()
    for root in ("a", "b"):
        shutil.copytree(
            compiling.ROOT / "coreops", tmp_path / root / "coreops", ignore=shutil.ignore_patterns("__pyc*")
        )
    for root, touched in (("a", False), ("b", False), ("b", True)):
        if touched:
            os.utime(tmp_path / root / "coreops" / "rng.py")
        program = (
            "from coreops import kernel_cache as k; print(k.kernel_folder().name, k.compiled_mark('float32').name)"
        )
        env = os.environ | {"PYTHONPATH": str(tmp_path / root), "CLAIMLAB_CACHE": str(tmp_path)}
        command = [sys.executable, "-c", program]
        said = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
        marks.add(tuple(said.stdout.split()))
    assert len(marks) == 3 and len({folder for folder, _ in marks}) == 1


def test_nothing_is_compiled_where_kernels_run_as_python_or_cannot_be_kept(folder, monkeypatch):
    monkeypatch.setattr(compiling, "JIT", False)
    assert compiling.uncompiled() == ()
    monkeypatch.setattr(compiling, "JIT", True)
    monkeypatch.setattr(kernel_cache, "usable", lambda folder: False)
    assert compiling.uncompiled() == ()


@pytest.mark.parametrize(
    "ask", [compiling.uncompiled, compiling.precompile, lambda: kernel_cache.KernelCache(len).files]
)
def test_a_folder_that_cannot_keep_kernels_is_named_once(folder, monkeypatch, caplog, ask):
    (folder / "file").touch()
    kernels = folder / "file" / "kernels"
    monkeypatch.setattr(kernel_cache, "kernel_folder", lambda: kernels)
    for _ in range(2):
        ask()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("coreops", "WARNING")
    assert f"{kernels} cannot be written: set CLAIMLAB_CACHE to another" in caplog.text


def test_bad_dtype(folder):
    with pytest.raises(ValueError, match=r"dtypes.*float16.*'float32', 'float64'"):
        compiling.uncompiled(("float16",))
    for ask in (compiling.uncompiled, compiling.precompile):
        with pytest.raises(TypeError, match=r"dtypes: got 3, wanted names among 'float32', 'float64'"):
            ask(3)


def test_kernels_that_nobody_used_for_a_month_go(tmp_path, monkeypatch):
    """And a folder that another process removes at the same time, here a link into nothing, is no error."""
    monkeypatch.setenv("CLAIMLAB_CACHE", str(tmp_path))
    others = [tmp_path / "kernels" / name for name in ("old", "new")]
    for other, days in zip(others, (31, 29), strict=True):
        other.mkdir(parents=True)
        os.utime(other, times=2 * (time.time() - 86400 * days,))
    (tmp_path / "kernels" / "gone").symlink_to(tmp_path / "nowhere")
    current = kernel_cache.kernel_folder.__wrapped__()
    assert [other.exists() for other in (*others, current)] == [False, True, True]


def _program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_one_process_for_each_precision_at_the_same_time(folder, monkeypatch):
    """Each waits for the other's sign of life: one after the other, they would never end."""
    wait = f"touch {folder}/$3; for i in $(seq 100); do [ -e {folder}/float32 -a -e {folder}/float64 ] && exit 0"
    monkeypatch.setattr(sys, "executable", _program(folder / "both", f"{wait}; sleep 0.1; done; exit 1"))
    compiling.precompile()


def test_two_processes_for_one_precision(folder, monkeypatch):
    """What the second waits for is there at the latest when its input ends."""
    share = f"sleep 0.3; touch {folder}/share"
    whole = f"[ -e {folder}/share ] && exit 2; cat; [ -e {folder}/share ] && touch {folder}/whole"
    text = f'case "$2" in *compile_share*) {share};; *shared=True*) {whole};; *) exit 3;; esac'
    monkeypatch.setattr(sys, "executable", _program(folder / "two", text))
    compiling.precompile("float32", abreast=False)
    assert (folder / "whole").exists() and not compiling._running


def test_a_kernel_is_waited_for_until_it_is_there_or_none_will_come(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("forward\nbackward\nupdate\n"))
    every_kernel.wait_for("backward")
    assert sys.stdin.read() == "update\n"
    every_kernel.wait_for("forward")


KERNELS = """
from coreops.target import kernel

@kernel
def double(x):
    return x + x

@kernel
def triple(x):
    return double(x) + x
"""
SHARED = (
    """
import sys, time
from coreops.compiler import only_compile, signature
only_compile()
from coreops.every_kernel import wait_for
"""
    + KERNELS
    + """
if sys.argv[1] == "share":
    time.sleep(2)  # the other one would be first, if it did not wait
    double.compile(signature(1.0))
    print("double", flush=True)
    time.sleep(600)  # and would never end, if it waited for more
else:
    if sys.argv[1] == "shared":
        double._cache.before_loading = lambda: wait_for("double")
    assert triple(1.0) == 3.0
found = {f: len(list(f.stats.cache_hits)) for f in (double, triple)}
print(*found.values(), *(getattr(r.library, "untranslated", False) for f in found for r in f.overloads.values()))
"""
)


@pytest.mark.jit_only
@pytest.mark.parametrize(
    ("shared", "said", "kept"),
    [(True, ["1 0 False False"], {"double", "triple"}), (False, ["0 0 True False"], {"triple"})],
)
def test_what_is_called_is_translated_with_its_caller_or_found_in_the_cache(tmp_path, shared, said, kept):
    program = tmp_path / "program.py"
    program.write_text(SHARED)
    env = os.environ | {"PYTHONPATH": str(compiling.ROOT), "CLAIMLAB_CACHE": str(tmp_path / "cache")}

    def start(what, stdin, stdout):
        return subprocess.Popen([sys.executable, program, what], stdin=stdin, stdout=stdout, env=env, text=True)

    other = start("share", subprocess.DEVNULL, subprocess.PIPE) if shared else None
    try:
        stdin = other.stdout if shared else subprocess.DEVNULL
        process = start("shared" if shared else "alone", stdin, subprocess.PIPE)
        assert process.communicate(timeout=100)[0].splitlines() == said and process.returncode == 0
    finally:
        if shared:
            other.stdout.close()
            other.kill()
            other.wait()
    assert {path.name.split(".")[1].split("-")[0] for path in tmp_path.rglob("*.nbc")} == kept


def test_training_begins_with_kernels_compiled_aside(monkeypatch):
    network = Network(Dense(1, 1), loss=SquaredError(), dtype="float64")
    asked, one = [], ([[1.0]], [[1.0]])
    monkeypatch.setattr(sweep, "prepare", lambda dtypes, abreast=False: asked.append((*dtypes, abreast)))
    fit(network, *one, optimizer=SGD(0.1), epochs=1)
    fit_many([Run(network, optimizer=SGD(0.1), epochs=1)] * 4, *one)
    assert asked == [("float64", False)] * 2


def test_the_loop_for_rows_abreast_is_compiled_once_it_pays(monkeypatch):
    """Where it is not there, rows go alone until they have taken as long, in one table or in several."""
    network, one = Network(Dense(1, 1), loss=SquaredError(), dtype="float64"), ([[1.0]], [[1.0]])
    rows = [Run(network, optimizer=SGD(0.1), epochs=1, seed=s) for s in range(4)]
    cost = 4 * encode(rows[0], Data(*one)).cost
    there, abreast = set(), []
    monkeypatch.setattr(sweep, "loop_abreast_is_there", lambda dtype: dtype in there)
    monkeypatch.setattr(sweep, "prepare", lambda dtypes, abreast=False: abreast and there.update(dtypes))
    monkeypatch.setattr(sweep, "train_bundle", lambda tasks, take: abreast.append(len(tasks)))
    for tables, price in ((1, 0.9), (1, 1.0), (2, 1.5), (3, 2.5)):
        there.clear(), abreast.clear()
        monkeypatch.setattr(sweep, "_alone", Counter())
        monkeypatch.setattr(sweep, "LOOP_PRICE", price * cost)
        results = [fit_many(rows, *one) for _ in range(tables)]
        assert abreast == ([4] if tables > price else [])
        assert all(np.array_equal(table["loss"], results[0]["loss"]) for table in results)
        fit_many(rows[:3], *one)  # too few to pay at all
        assert there == ({"float64"} if tables > price else set())


def test_a_loop_that_is_there_is_not_looked_for_again(folder, monkeypatch):
    assert not compiling.loop_abreast_is_there("float64")
    kernel_cache.compiled_mark("float64", abreast=True).touch()
    assert compiling.loop_abreast_is_there("float64")
    monkeypatch.setattr(compiling, "_missing", None)
    assert compiling.loop_abreast_is_there("float64")


def test_the_loop_for_rows_abreast_is_compiled_for_those_who_ask_and_after_all_else(folder, monkeypatch, caplog):
    log = folder / "log"
    for abreast in (False, True):
        monkeypatch.setenv(f"MARK_{abreast}", str(kernel_cache.compiled_mark("float64", abreast)))
    text = f'echo "$2" | grep -o "compile_[a-z]*(.*" | tr -d " " >> {log}; sleep 0.1\n'
    text += 'case "$2" in *compile_all*) touch $MARK_False;; esac\n'
    text += 'case "$2" in *compile_abreast*|*abreast=True*) touch $MARK_True;; esac'
    monkeypatch.setattr(sys, "executable", _program(folder / "compiles", text))
    monkeypatch.setattr(compiling, "available_cores", lambda: 1)
    compiling.prepare(["float64"])
    compiling.precompile("float64", abreast=False)
    assert log.read_text().split() == ["compile_all('float64',abreast=False)"]
    assert compiling.uncompiled("float64", abreast=False) == () and compiling.uncompiled("float64") == ("float64",)
    compiling.prepare(["float64"], abreast=True)
    assert log.read_text().split()[1:] == ["compile_abreast('float64')"]
    assert [record.getMessage().split(" for ")[0] for record in caplog.records] == [
        "coreops compiles its kernels",
        "coreops compiles the loop that trains tiny networks abreast",
    ]
    # one process if both are asked for at once; two, one after the other, if not
    for first, processes in ((True, 1), (False, 2), (None, 1)):
        assert compiling.uncompiled("float64") == () and not compiling._running
        for abreast in (False, True):
            kernel_cache.compiled_mark("float64", abreast).unlink()
        log.unlink()
        if first is not None:
            compiling.precompile("float64", wait=False, abreast=first)
        compiling.precompile("float64")
        assert len(log.read_text().split()) == processes


def test_rows_alone_do_not_wait_for_the_loop_for_rows_abreast(folder, monkeypatch):
    kernel_cache.compiled_mark("float64").touch()
    monkeypatch.setattr(sys, "executable", _program(folder / "compiles", "exec sleep 60"))
    compiling.precompile("float64", wait=False)
    compiling.prepare(["float64"])
    compiling.precompile("float64", abreast=False)
    ((process,),) = compiling._running.values()
    assert process.poll() is None
    compiling._stop()


def test_what_cannot_be_compiled_aside_is_left_to_the_first_call(folder, monkeypatch):
    log = folder / "log"
    monkeypatch.setattr(sys, "executable", _program(folder / "fails", f"echo tried >> {log}; sleep 1; exit 1"))
    compiling.prepare(["float32"])
    assert "tried" in log.read_text()
    log.unlink()
    compiling.prepare(["float32"])
    assert not log.exists()
    monkeypatch.setattr(sys, "executable", str(folder / "nowhere"))
    compiling.prepare(["float64"])


def test_whoever_waits_is_told_once_unless_they_asked_for_it(folder, monkeypatch, caplog):
    """By `precompile`, as `claimlab run` does, which says so itself."""
    monkeypatch.setattr(sys, "executable", _program(folder / "compiles", "sleep 0.1"))
    compiling.precompile("float64", wait=False)
    compiling.prepare({"float32", "float64"})
    compiling.prepare({"float32", "float64"})
    assert [(r.name, r.levelname) for r in caplog.records] == [("coreops", "WARNING")]
    assert "kernels for float32, once" in caplog.text


def test_started_once_and_waited_for_by_a_later_call(folder, monkeypatch):
    log, go = folder / "log", folder / "go"
    wait = f"for i in $(seq 200); do [ -e {go} ] && exit 0; sleep 0.05; done; exit 1"
    monkeypatch.setattr(sys, "executable", _program(folder / "waits", f"echo $3 >> {log}; {wait}"))
    compiling.precompile(wait=False, abreast=False)
    compiling.precompile("float64", wait=False, abreast=False)
    go.touch()
    compiling.precompile("float32", abreast=False)
    assert set(compiling._running) == {("float64", compiling.FIRST)}
    compiling.precompile("float64", abreast=False)
    assert sorted(log.read_text().split()) == ["float32", "float64"]


@pytest.mark.once
def test_nothing_goes_on_compiling_after_the_process_that_asked(folder):
    program = _program(folder / "sleeps", f"echo $$ >> {folder}/pids; exec sleep 60")
    code = (
        "import sys, time; from pathlib import Path; from coreops import compiling, kernel_cache\n"
        f"kernel_cache.kernel_folder, compiling.JIT = lambda: Path({str(folder)!r}), True\n"
        f"sys.executable, pids = {program!r}, Path({str(folder / 'pids')!r})\n"
        "compiling.precompile(wait=False)\n"
        "while not pids.exists() or len(pids.read_text().split()) < 2: time.sleep(0.01)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=compiling.ROOT, check=True, timeout=50)
    assert not any(_alive(int(pid)) for pid in (folder / "pids").read_text().split())


@pytest.mark.once
@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_goes_on_compiling_after_a_process_that_was_killed(folder, number):
    """Which stops nothing itself; with a stand-in for what compiles."""
    package = folder / "tree" / "coreops"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "compiler.py").write_text("def only_compile(): pass\n")
    (package / "every_kernel.py").write_text(
        "import os, pathlib, time\n"
        "def compile_all(dtype, abreast):\n"
        f"    pathlib.Path({str(folder)!r}, f'{{os.getpid()}}.pid').touch()\n"
        "    time.sleep(60)\n"
    )
    code = (
        "from pathlib import Path; from coreops import compiling, kernel_cache\n"
        f"kernel_cache.kernel_folder, compiling.JIT = lambda: Path({str(folder)!r}), True\n"
        f"compiling.ROOT, compiling.available_cores = {str(package.parent)!r}, lambda: 2\n"
        "compiling.precompile()"
    )
    env = os.environ | {"PYTHONPATH": str(compiling.ROOT)}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=folder, env=env)
    limit = time.monotonic() + 50
    while len(pids := [int(path.stem) for path in folder.glob("*.pid")]) < 2 and time.monotonic() < limit:
        time.sleep(0.01)
    process.send_signal(number)
    assert process.wait() == -number and len(pids) == 2
    limit = time.monotonic() + 20
    while any(map(_alive, pids)) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not any(map(_alive, pids))


ASKS = """
import os, sys
from pathlib import Path
from coreops import compiling, kernel_cache
kernel_cache.kernel_folder, compiling.JIT = lambda: Path(sys.argv[1]), True
os.chdir(sys.argv[2])
compiling.precompile("float64", abreast=False)
print(compiling.__file__)
"""


@pytest.fixture
def checkouts(tmp_path):
    """Two trees whose processes only write down which sources they have: one to be found, and `other`."""
    for name in ("mine", "a:b", "other"):
        package = tmp_path / name / "coreops"
        shutil.copytree(compiling.ROOT / "coreops", package, ignore=shutil.ignore_patterns("__pyc*", "cuda"))
        (package / "__init__.py").write_text("")
        (package / "compiler.py").write_text("def only_compile(): pass\n")
        (package / "every_kernel.py").write_text(
            f"def compile_share(*_, **how): print(__file__, file=open({str(tmp_path / 'log')!r}, 'a'))\n"
            "compile_all = compile_share\n"
        )
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    for name in ("mine", "scripts"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "asks.py").write_text(ASKS)
    (tmp_path / "scripts" / "sitecustomize.py").write_text(
        f"import sys; sys.path.append({str(tmp_path / 'mine')!r})  # as an editable installation does\n"
    )
    (tmp_path / "scripts" / "inserts.py").write_text(f"import sys; sys.path[0] = {str(tmp_path / 'a:b')!r}\n" + ASKS)
    return tmp_path


@pytest.mark.once
@pytest.mark.parametrize(
    ("cwd", "command", "path", "found"),
    [
        ("other", ["scripts/asks.py"], "mine", "mine"),
        ("other", ["scripts/asks.py"], "link", "link"),
        ("other", ["mine/asks.py"], "other", "mine"),
        ("other", ["scripts/inserts.py"], "", "a:b"),
        ("other", ["scripts/asks.py"], "scripts", "mine"),
        ("mine", ["-c", ASKS], "", "mine"),
        ("mine", ["-m", "asks"], "other", "mine"),
    ],
    ids=["PYTHONPATH", "link", "beside-the-script", "sys.path", "installed", "folder-left", "module"],
)
def test_processes_have_the_sources_of_the_one_that_asks(checkouts, cwd, command, path, found):
    """Wherever it found them, and though it asks from within another checkout."""
    env = os.environ | {"PYTHONPATH": str(checkouts / path) if path else ""}
    command = [str(checkouts / word) if word.endswith(".py") else word for word in command]
    command = [sys.executable, *command, str(checkouts / "kernels"), str(checkouts / "other")]
    (checkouts / "kernels").mkdir()
    said = subprocess.run(command, cwd=checkouts / cwd, env=env, capture_output=True, text=True, timeout=100)
    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == [str(checkouts / found / "coreops" / "compiling.py")]
    files = set((checkouts / "log").read_text().splitlines())
    assert files == {str(checkouts / found / "coreops" / "every_kernel.py")}


@pytest.mark.once
@pytest.mark.parametrize(
    ("dtypes", "calls"),
    [
        ("float64", {"share float64", "all float64 True True"}),
        (compiling.DTYPES, {"all float32 False True", "all float64 False True"}),
    ],
)
def test_what_the_processes_run_is_a_program(folder, monkeypatch, dtypes, calls):
    """With stand-ins for what compiles."""
    package = folder / "tree" / "coreops"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "compiler.py").write_text("def only_compile(): pass\n")
    (package / "every_kernel.py").write_text(
        f"def log(*words): print(*words, file=open({str(folder / 'log')!r}, 'a'))\n"
        "def compile_share(dtype): log('share', dtype)\n"
        "def compile_all(dtype, shared=False, abreast=False): log('all', dtype, shared, abreast)\n"
    )
    monkeypatch.setattr(compiling, "ROOT", package.parent)
    monkeypatch.chdir(folder)
    compiling.precompile(dtypes, wait=False)
    compiling.precompile(dtypes, abreast=False)
    assert set((folder / "log").read_text().splitlines()) == calls


def test_a_failure_shows_the_compilers_message_and_stops_the_other_process(folder, monkeypatch):
    text = "[ $3 = float64 ] && exec sleep 60; echo no such instruction >&2; exit 1"
    monkeypatch.setattr(sys, "executable", _program(folder / "fails", text))
    with pytest.raises(RuntimeError, match=r"float32 failed:\nno such instruction"):
        compiling.precompile()
    assert not compiling._running


AFTERWARDS = (
    "import sys"
    + KERNELS
    + """
print(double(1.0), "numba.cpython.unicode" in sys.modules)
print(triple(1.0) if "triple" in sys.argv else "", *(len(f.stats.cache_hits) for f in (double, triple)))
"""
)


@pytest.mark.jit_only
def test_kernels_from_the_cache_work_before_and_after_numba_has_set_up_its_compiler(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(AFTERWARDS)
    env = os.environ | {"PYTHONPATH": str(compiling.ROOT), "CLAIMLAB_CACHE": str(tmp_path / "cache")}
    said = [
        subprocess.run([sys.executable, program, *what], env=env, capture_output=True, text=True, check=True).stdout
        for what in ([], [], ["triple"], ["triple"])
    ]
    assert said == ["2.0 True\n 0 0\n", "2.0 False\n 1 0\n", "2.0 False\n3.0 1 0\n", "2.0 False\n3.0 1 1\n"]


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


def test_what_only_cuda_needs_is_no_part_of_the_code_for_the_cpu(monkeypatch):
    """The test extra brings it, the first command of the README does not: their reports are the same."""
    hashes = []
    for found in ("1.0", "2.0"):
        monkeypatch.setattr(kernel_cache, "version", lambda name, found=found: found if name == "numba-cuda" else "0")
        hashes.append([kernel_cache.source_hash.__wrapped__(target) for target in ("cpu", "cuda")])
    assert hashes[0][0] == hashes[1][0] and hashes[0][1] != hashes[1][1]
