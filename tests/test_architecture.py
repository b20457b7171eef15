"""Imports flow one way, and only target.py and the folder cuda know that there is a CUDA."""

import ast
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parent.parent
# A module of coreops may import from its own rank and from lower ones.
RANKS = (
    {
        "callees",
        "checks",
        "compiler",
        "cores",
        "cpu",
        "emitter",
        "kernel_cache",
        "microkernel",
        "records",
        "spans",
        "step_sizes",
        "target",
        "vectors",
    },
    {"elementary", "products", "rng"},
    {
        "adversaries",
        "initializers",
        "layers",
        "losses",
        "optimizers",
        "other_losses",
        "penalties",
        "plan",
        "sampling",
        "schedules",
    },
    {"network"},
    {"interpreter"},
    {"extra_passes"},
    {"training"},
    {"abreast", "cuda"},
)
FOREIGN = {"matplotlib", "pandas", "seaborn", "sklearn", "studies", "tests"}


def sources(package):
    return sorted((ROOT / package).rglob("*.py"))


def imported(path):
    return names_imported(path.read_text(encoding="utf-8"), path.relative_to(ROOT).with_suffix("").parts[:-1])


def names_imported(text, package):
    """Absolute names of everything that a module of `package` imports, at any depth of nesting."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def rank(module):
    """The rank of a module of coreops, given by its second name; anything unnamed sits on top, beside sweep."""
    return next((k for k, names in enumerate(RANKS) if module in names), len(RANKS))


@pytest.mark.parametrize("path", sources("coreops"), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_coreops_imports_downwards(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    for name in imported(path):
        assert name.split(".")[0] not in FOREIGN, f"{path.name} imports {name}"
        if name.startswith("coreops.") and parts[1] != "__init__":
            mine, other = rank(parts[1]), rank(name.split(".")[1])
            lazily_up = parts[1] == "sweep" or mine == len(RANKS)
            assert other <= mine or lazily_up, f"{path.name} (rank {mine}) imports {name} (rank {other})"


@pytest.mark.parametrize("path", sources("studies"), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_study_imports_no_study_and_nothing_imports_tests(path):
    """A study may share private modules (`_name.py`) with its own chapter; the harness knows no chapter by name."""
    own = path.relative_to(ROOT).with_suffix("").parts
    chapters = {p.parent.name for p in (ROOT / "studies").glob("*/__init__.py")} - {"harness"}
    for name in imported(path):
        parts = tuple(name.split("."))
        assert parts[0] != "tests", f"{path} imports {name}"
        if parts[0] == "studies" and len(parts) > 1 and parts[1] in chapters:
            shared = parts[1] == own[1] and (len(parts) == 2 or parts[2].startswith("_"))
            assert shared, f"{path} imports {name}"


@pytest.mark.parametrize("path", sources("coreops"), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_only_the_target_and_the_folder_cuda_mention_it_in_code(path):
    """Docstrings and comments may say the word; names, imports and strings in code may not."""
    if path.relative_to(ROOT / "coreops").parts[0] in ("target.py", "cuda"):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    mentioned = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    mentioned |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    mentioned = {name for name in mentioned if "cuda" in name.lower()}
    mentioned |= {n for n in imported(path) if "cuda" in n and not (path.stem == "sweep" and n.startswith("coreops"))}
    assert not mentioned, f"{path.name}: {mentioned}"


# What target.py and spans.py dress up as plain functions; nobody else may know of them.
MACHINE = {"cpu", "emitter", "microkernel", "vectors"}
COMPILER = {f"{name}.py" for name in MACHINE | {"callees", "compiler", "kernel_cache", "spans", "step_sizes", "target"}}


@pytest.mark.parametrize("path", sources("coreops"), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_only_the_target_knows_the_compiler(path):
    folder, *names = path.relative_to(ROOT / "coreops").parts
    if folder in COMPILER | {"cuda"} or (folder == "abreast" and names[0] in ("spans.py", "vectors.py")):
        return
    for name in imported(path):
        assert name.split(".")[0] not in ("numba", "llvmlite"), f"{path.name} imports {name}"
        assert not (name.startswith("coreops.") and name.split(".")[1] in MACHINE), f"{path.name} imports {name}"


def test_the_parser_sees_every_form_of_import():
    text = "import numpy as np\nfrom .target import kernel\ndef f():\n    from .. import studies\n"
    text += "    from coreops import cuda\n"
    names = set(names_imported(text, ("coreops", "layers")))
    assert {"numpy", "coreops.layers.target.kernel", "coreops.studies", "coreops.cuda"} <= names
