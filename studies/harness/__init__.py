"""The harness: what a study is, how it runs, and how its findings become verdicts and reports.

Names load on first use, so that the command line starts without NumPy, pandas or Matplotlib.
"""

from importlib import import_module

_HOME = {
    "FrozenModel": "model",
    "Distinct": "model",
    "Field": "model",
    "Natural": "model",
    "Positive": "model",
    "Verdict": "verdict",
    "Criterion": "finding",
    "Criteria": "finding",
    "Finding": "finding",
    "Outcome": "statistics.outcome",
}
_MODULES = ("statistics", "plotting", "datasets", "tuning")
__all__ = [*_HOME, *_MODULES]


def __getattr__(name):
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
