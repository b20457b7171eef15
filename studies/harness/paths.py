"""Where things are: the working tree, the outputs of each kind of run, and the cache."""

import os
from functools import cache
from pathlib import Path

MODES = ("full", "quick", "custom")


@cache
def tree() -> Path:
    """The working tree: where this package lies in a checkout, else the current folder."""
    home = Path(__file__).resolve().parents[2]
    return home if _is_checkout(home) else Path.cwd()


def in_checkout() -> bool:
    return _is_checkout(tree())


def _is_checkout(folder) -> bool:
    project = folder / "pyproject.toml"
    return project.is_file() and "claimlab" in project.read_text(encoding="utf-8")


def reports(mode) -> Path:
    """Full runs feed the committed folder; quick ones and those with changed parameters stay under build/."""
    return tree() / "reports" if mode == "full" else tree() / "build" / mode / "reports"


def figures(mode) -> Path:
    return tree() / "figures" if mode == "full" else tree() / "build" / mode / "figures"


def cache_folder() -> Path:
    """$CLAIMLAB_CACHE, else build/cache in a checkout, else the user's cache folder."""
    given = os.environ.get("CLAIMLAB_CACHE")
    if given:
        return Path(given).expanduser()
    if in_checkout():
        return tree() / "build" / "cache"
    import platformdirs

    return Path(platformdirs.user_cache_dir("claimlab", appauthor=False))
