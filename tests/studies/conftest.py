"""A toy tree: the harness as it is, one toy study, toy registers, and a stand-in for coreops."""

import importlib.util
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

import studies
from studies.harness import drawing, paths, registry, runner, study

TOY = Path(__file__).parent / "toy"
HOME = Path(studies.__file__).parent


def lay_out(tree):
    """Writes the toy tree's own files under `tree`."""
    package = tree / "studies"
    (package / "toy").mkdir(parents=True)
    (tree / "pyproject.toml").write_text('[project]\nname = "claimlab"\n', encoding="utf-8")
    (tree / "README.md").write_text(
        "# Toy\n\n<!-- verdicts:begin -->\n<!-- verdicts:end -->\n\nEnd.\n", encoding="utf-8"
    )
    (package / "toy" / "__init__.py").write_text('"""Toys."""\n', encoding="utf-8")
    shutil.copy(TOY / "coin.py", package / "toy" / "coin.py")
    for name in ("claims", "errata", "lectures"):
        shutil.copy(TOY / f"{name}.toml", package / f"{name}.toml")
    return tree


@contextmanager
def inside(folder):
    """A toy tree under `folder` inside this process; yields its root."""
    tree = lay_out(folder / "tree")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAIMLAB_CACHE", str(folder / "cache"))
        patch.setattr(study, "root", lambda: tree / "studies")
        patch.setattr(paths, "tree", lambda: tree)
        patch.setattr(drawing, "apart", lambda: nullcontext(drawing.draw))  # another process would not know the toy
        patch.setattr(studies, "__path__", [str(HOME), str(tree / "studies")])
        spec = importlib.util.spec_from_file_location("coreops", TOY / "fake_coreops.py")
        fake = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, "coreops", fake)
        spec.loader.exec_module(fake)
        registry.registry.cache_clear()
        forget_toys()
        try:
            yield tree
        finally:
            forget_toys()
            registry.registry.cache_clear()


@pytest.fixture
def toy(tmp_path):
    """The toy tree inside this process; returns its root."""
    with inside(tmp_path) as tree:
        yield tree


@pytest.fixture(scope="session")
def done(tmp_path_factory):
    """What one full run of the toy study left, for all tests that only read it."""
    with inside(tmp_path_factory.mktemp("done")):
        return runner.run("toy/coin")


@pytest.fixture
def toy_done(toy, done):
    """A toy tree of the test's own, as that run left it."""
    shutil.copytree(done.files["md"].parents[3], toy.parent, dirs_exist_ok=True)
    return toy


def forget_toys():
    for name in [n for n in sys.modules if n.startswith("studies.toy")]:
        del sys.modules[name]
    if hasattr(studies, "toy"):
        del studies.toy
    importlib.invalidate_caches()


@pytest.fixture
def toy_process(tmp_path):
    """A toy tree for real processes: called with claimlab's arguments it gives a Popen."""
    tree = lay_out(tmp_path / "processes" / "tree")
    shutil.copytree(HOME / "harness", tree / "studies" / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(HOME / name, tree / "studies" / name)
    (tree / "coreops").mkdir()
    shutil.copy(TOY / "fake_coreops.py", tree / "coreops" / "__init__.py")
    return ToyProcess(tree, tmp_path / "log")


class ToyProcess:
    def __init__(self, tree, log):
        self.tree, self.log = tree, log

    def __call__(self, *arguments, delay=0.0, cache="cache", stdout=subprocess.PIPE):
        environment = os.environ | {
            "CLAIMLAB_CACHE": str(self.tree.parent / cache),
            "TOY_LOG": str(self.log),
            "TOY_DELAY": str(delay),
        }
        environment.pop("PYTHONPATH", None)
        return subprocess.Popen(
            [sys.executable, "-m", "studies", *arguments],
            cwd=self.tree,
            env=environment,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments, **options):
        """(exit code, stdout, stderr)."""
        process = self(*arguments, **options)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def rows(self):
        return self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
