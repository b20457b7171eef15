"""Cache keys change with what a result depends on; frames come back as they went; files are whole."""

import errno
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from studies.harness import cache, files, paths, study
from studies.harness.registry import registry

pytestmark = pytest.mark.once

FRAME = pd.DataFrame(
    {
        "arm": ["a", "b"],
        "seed": [1000, 1001],
        "x": [0.1, np.nan],
        "y": np.array([0.1, 2], np.float32),
        "ok": [True, False],
    }
)


def test_a_frame_comes_back_with_its_types(toy):
    stored = cache.store(
        "toy/coin", {"a": 1}, cache.Measurement(FRAME, {"t": [{"v": np.float64(1), "w": np.bool_(1)}]})
    )
    found = cache.load("toy/coin", {"a": 1})
    pd.testing.assert_frame_equal(found.data, stored.data)
    assert [d.kind for d in found.data.dtypes] == ["O", "i", "f", "f", "b"]
    assert found.tables == {"t": [{"v": 1.0, "w": True}]}
    assert cache.load("toy/coin", {"a": 2}) is None


def test_tables_keep_their_order(toy):
    tables = {"z": [{"value": 1.0, "arm": "b"}], "a": [{"v": 2.0}]}
    frame = pd.DataFrame({"x": [1.0]})
    stored = cache.store("toy/coin", {"k": 1}, cache.Measurement(frame, tables))
    for found in (stored, cache.load("toy/coin", {"k": 1})):
        assert list(found.tables) == ["z", "a"]
        assert list(found.tables["z"][0]) == ["value", "arm"]


def test_damage_is_a_miss(toy):
    cache.store("toy/coin", {"a": 1}, cache.Measurement(FRAME))
    (path,) = cache.folder("toy/coin").glob("*.npz")
    path.write_bytes(path.read_bytes()[:-7])
    assert cache.load("toy/coin", {"a": 1}) is None


@pytest.mark.parametrize("change", [("0.25", "0.75"), ('"tables"', '"fables"'), ('"arm"', '"arg"'), ("", "[]")])
def test_damage_of_the_description_is_a_miss(toy, change):
    cache.store("toy/coin", {"a": 1}, cache.Measurement(FRAME, {"t": [{"v": 0.25}]}))
    (path,) = cache.folder("toy/coin").glob("*.json")
    old, new = change
    path.write_text(path.read_text(encoding="utf-8").replace(old, new) if old else new, encoding="utf-8")
    assert cache.load("toy/coin", {"a": 1}) is None


def test_only_the_newest_measurements_are_kept(toy):
    for i in range(7):
        cache.store("toy/coin", {"a": i}, cache.Measurement(FRAME))
    assert len(list(cache.folder("toy/coin").glob("*.npz"))) == cache.KEPT


def test_another_process_may_forget_at_the_same_time(toy, monkeypatch):
    listed = Path.glob
    monkeypatch.setattr(Path, "glob", lambda place, pattern: [*listed(place, pattern), place / "forgotten.npz"])
    cache.store("toy/coin", {"a": 1}, cache.Measurement(FRAME))
    assert cache.load("toy/coin", {"a": 1})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([1, 2], "must return a pandas DataFrame"),
        (pd.DataFrame({"s": ["a", None]}), "'s' holds strings with gaps"),
        (pd.DataFrame({3: [1]}), "must be str"),
    ],
)
def test_frames_must_be_tidy(frame, message):
    with pytest.raises((TypeError, ValueError), match=message):
        cache.tidy(frame)


def components(**changes):
    loaded = study.load("toy/coin")
    params = loaded.FULL.model_copy(update=changes.pop("params", {}))
    return cache.result_components(loaded, params, changes.pop("target", "cpu"), registry())


def test_the_key_changes_with_each_thing_it_names(toy, monkeypatch):
    base = components()
    assert cache.changes(base, components()) == []
    assert cache.changes(None, base) == ["no earlier result"]
    assert cache.changes(base, components(params={"effect": 2.0})) == ["parameters: effect 1.0 -> 2.0"]
    assert cache.changes(base, components(target="cuda")) == ["target: 'cpu' -> 'cuda'"]
    source = toy / "studies" / "toy" / "coin.py"
    source.write_text(source.read_text() + "\n# touched\n", encoding="utf-8")
    assert cache.changes(base, components()) == ["study source changed"]
    source.write_text(source.read_text().replace("\n# touched\n", ""), encoding="utf-8")
    helper = source.with_name("_helper.py")
    helper.write_text("X = 1\n", encoding="utf-8")
    assert components() == base  # not imported
    text = source.read_text()
    source.write_text(text + "\nfrom studies.toy._helper import X\n", encoding="utf-8")
    with_helper = components()
    helper.write_text("X = 2\n", encoding="utf-8")
    assert cache.changes(with_helper, components()) == ["study source changed"]
    source.write_text(text, encoding="utf-8")
    sys.modules["coreops"].source_hash = lambda target: "other"
    assert cache.changes(base, components()) == ["coreops sources changed"]
    sys.modules["coreops"].source_hash = lambda target: "fake"
    monkeypatch.setitem(registry().claims["toy-effect"], "scope", "elsewhere")
    assert cache.changes(base, components()) == ["register entries changed"]


# Of the harness: what finds, compares, displays or stores results but does not shape them.
NEITHER = {
    "__init__.py",
    "bench.py",
    "cache.py",
    "cli",
    "compare.py",
    "crop.py",
    "files.py",
    "index.py",
    "paths.py",
    "provenance.py",
    "registry.py",
    "report.schema.json",
    "study.py",
    "syntax.py",
    "suggest.py",
}


def test_every_file_of_the_harness_is_in_the_key_or_known_not_to_matter():
    covered = set(cache.harness_sources(cache.MEASURING)) | set(cache.harness_sources(cache.JUDGING))
    files_ = {p for p in cache.HARNESS.rglob("*") if p.suffix in (".py", ".jinja", ".json")}
    left = {p.relative_to(cache.HARNESS).parts[0] for p in files_ - covered}
    assert left == NEITHER, "add it to MEASURING or JUDGING of cache.py, or to NEITHER here"
    assert set(cache.harness_sources(cache.MEASURING)).isdisjoint(cache.harness_sources(cache.JUDGING))


def test_versions_are_part_of_the_key(toy, monkeypatch):
    base = components()
    real = cache.provenance.versions
    monkeypatch.setattr(cache.provenance, "versions", lambda names: real(names) | {"scipy": "9.9"})
    assert any("scipy" in c and "'9.9'" in c for c in cache.changes(base, components()))


def test_patches_of_python_are_not_part_of_the_key(toy, monkeypatch):
    keys = []
    for python in ("3.11.2", "3.11.7", "3.12.0"):
        monkeypatch.setattr(cache.provenance.platform, "python_version", lambda python=python: python)
        keys.append(components())
    assert keys[0] == keys[1] and len(cache.changes(keys[1], keys[2])) == 2  # measuring and judging


def test_the_cache_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("CLAIMLAB_CACHE", str(tmp_path))
    assert paths.cache_folder() == tmp_path
    monkeypatch.delenv("CLAIMLAB_CACHE")
    monkeypatch.setattr(paths, "tree", lambda: tmp_path)
    assert "claimlab" in str(paths.cache_folder())
    (tmp_path / "pyproject.toml").write_text('name = "claimlab"', encoding="utf-8")
    assert paths.cache_folder() == tmp_path / "build" / "cache"


def test_writing_replaces_whole_files_and_leaves_nothing_else(tmp_path):
    target = tmp_path / "deep" / "file.txt"
    files.write_atomic(target, "one")
    files.write_atomic(target, b"two")
    assert target.read_text() == "two"
    assert [p.name for p in target.parent.iterdir()] == ["file.txt"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "file.txt"
    files.write_atomic(target, "old")
    monkeypatch.setattr(files.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        files.write_atomic(target, "new")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*file.txt'"):
        files.write_atomic(tmp_path / "file.txt", "new")
    assert not list(tmp_path.iterdir())


def test_killed_writers_leave_whole_files(tmp_path):
    target = tmp_path / "file.txt"
    code = (
        "import itertools, sys; from studies.harness.files import write_atomic\n"
        "for i in itertools.count(): write_atomic(sys.argv[1], chr(97 + i % 26) * 2_000_000)"
    )
    for pause in (0.0, 0.013, 0.029):
        writer = subprocess.Popen([sys.executable, "-c", code, str(target)], cwd=paths.tree())
        while not target.exists() and writer.poll() is None:
            time.sleep(0.01)
        time.sleep(pause)
        writer.kill()
        writer.wait()
        text = target.read_text()
        assert len(text) == 2_000_000
        assert len(set(text)) == 1
        target.unlink()
    files.write_atomic(target, "last")
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]  # leftovers are swept up


def test_hashes_are_of_content():
    assert files.sha256({"b": 1, "a": [1.5]}) == files.sha256({"a": [1.5], "b": 1})
    assert files.canonical({"é": 1}) == '{"é":1}'
