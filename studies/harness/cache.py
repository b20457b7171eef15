"""The cache of measurements: a frame is found again exactly when everything it depends on is the same."""

import io
import json
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from studies.harness import paths, provenance
from studies.harness.files import sha256, sources_hash, write_atomic
from studies.harness.study import REPORTING_SEED, sources

HARNESS = Path(__file__).parent
MEASURING = (  # what a measurement depends on, of the harness; studies take slopes while they measure
    "datasets.py",
    "generators/**/*.py",
    "model.py",
    "selection.py",
    "statistics/*.py",
    "sweep.py",
    "tuning.py",
    "verdict.py",
)
JUDGING = (  # what findings and reports depend on besides
    "cite.py",
    "drawing.py",
    "finding.py",
    "judging.py",
    "labels.py",
    "overrides.py",
    "panels.py",
    "plotting.py",
    "report.py",
    "result.py",
    "runner.py",
    "templates/*.jinja",
)
MEASURING_PACKAGES = ("numpy", "scipy", "pandas", "scikit-learn")  # coreops.source_hash covers Numba
JUDGING_PACKAGES = ("scipy", "matplotlib", "seaborn", "jinja2")
KEPT = 4  # measurements kept per study


@dataclass(frozen=True)
class Measurement:
    """The tidy frame of a study and the tables that it recorded on the way."""

    data: pd.DataFrame
    tables: dict = field(default_factory=dict)


def coreops_hash(target) -> str:
    if find_spec("coreops") is None:
        return "absent"
    import coreops

    return coreops.source_hash(target)


def harness_sources(patterns) -> list[Path]:
    return [path for pattern in patterns for path in HARNESS.glob(pattern)]


def versions(packages) -> dict[str, str]:
    """Those that may move a number: of Python 3.11.x only 3.11, as patches mend and change nothing."""
    found = provenance.versions(packages)
    return found | {"python": ".".join(found["python"].split(".")[:2])}


def _measuring(study, params, target) -> dict:
    """What a study's frame depends on, apart from the seeds."""
    return {
        "study": study.id,
        "study source": sources_hash(sources(study.path)),
        "parameters": json.loads(params.model_dump_json()),
        "harness sources (measuring)": sources_hash(harness_sources(MEASURING)),
        "coreops sources": coreops_hash(target),
        "versions (measuring)": versions(MEASURING_PACKAGES),
        "target": target,
    }


def measurement_components(study, params, seeds, target) -> dict:
    """Everything that a measurement depends on."""
    return _measuring(study, params, target) | {"seeds": f"{seeds[0]}..{seeds[-1]}" if seeds else "none"}


def result_components(study, params, target, registry) -> dict:
    """Everything that a report depends on. The seeds follow: doubling is decided by the data."""
    claims = [registry.claims.get(c) for c in study.CLAIMS]
    named = sorted(
        {e for c in claims if c for e in c.get("errata", [])} | {c.erratum for c in study.CRITERIA if c.erratum}
    )
    decks = sorted({str(ref["deck"]) for c in claims if c for ref in c.get("lectures", [])})
    texts = {
        "claims": claims,
        "errata": [registry.errata.get(e) for e in named],
        "lectures": [registry.lectures.get(d) for d in decks],
    }
    return _measuring(study, params, target) | {
        "first seed": REPORTING_SEED,
        "harness sources (judging and reporting)": sources_hash(harness_sources(JUDGING)),
        "register entries": sha256(json.loads(json.dumps(texts, default=str))),
        "versions (judging)": versions(JUDGING_PACKAGES),
    }


def changes(old: dict | None, new: dict) -> list[str]:
    """What differs between two sets of components, named down to the parameter or package."""
    if old is None:
        return ["no earlier result"]
    out = []
    for name in [*new, *(n for n in old if n not in new)]:
        a, b = old.get(name), new.get(name)
        if a == b:
            continue
        if isinstance(a, dict) and isinstance(b, dict):
            out += [f"{name}: {k} {a.get(k)!r} -> {b.get(k)!r}" for k in sorted({*a, *b}) if a.get(k) != b.get(k)]
        elif name.endswith(("sources", "source", "entries")) or "sources (" in name:
            out.append(f"{name} changed")
        else:
            out.append(f"{name}: {a!r} -> {b!r}")
    return out


def folder(study_id) -> Path:
    return paths.cache_folder() / study_id.replace("/", ".")


def journal_path(study_id) -> Path:
    """Rows are journalled under a hash of all that decides them: one file serves every version of a study."""
    return folder(study_id) / "rows.sqlite"


def tidy(frame) -> pd.DataFrame:
    """`frame` with columns of numbers, bools and strings only; TypeError or ValueError naming the column."""
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"measure must return a pandas DataFrame, got {type(frame).__name__}")
    out = {}
    for name in frame.columns:
        column = frame[name]
        if not isinstance(name, str):
            raise TypeError(f"column names must be str, got {name!r}")
        if column.dtype.kind in "biuf":
            out[name] = column.to_numpy()
        elif column.isna().any():
            raise ValueError(f"column {name!r} holds strings with gaps: fill them")
        else:
            out[name] = np.array([str(v) for v in column], dtype=np.str_)
    return pd.DataFrame({k: v.astype(object) if v.dtype.kind == "U" else v for k, v in out.items()}, columns=list(out))


def load(study_id, components) -> Measurement | None:
    """The measurement stored under these components; None when there is none or it is damaged."""
    path = folder(study_id) / f"{sha256(components)[:20]}.npz"
    try:
        meta = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        content = path.read_bytes()
        columns, tables = meta["columns"], meta["tables"]
        if meta["components"] != components or meta["sha256"] != _seal(content, columns, tables):
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            data = {name: arrays[f"c{i}"] for i, name in enumerate(columns)}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):  # JSON of another form is damage, too
        return None
    return Measurement(tidy(pd.DataFrame(data, columns=columns)), tables)


def store(study_id, components, measurement) -> Measurement:
    """Writes a measurement, the data before the description that makes it count; returns what `load` will."""
    frame = tidy(measurement.data)
    arrays = {}
    for i, name in enumerate(frame.columns):
        values = frame[name].to_numpy()
        arrays[f"c{i}"] = values if values.dtype.kind in "biuf" else values.astype(np.str_)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    content = buffer.getvalue()
    path = folder(study_id) / f"{sha256(components)[:20]}.npz"
    write_atomic(path, content)
    columns, tables = list(frame.columns), json.loads(json.dumps(measurement.tables, default=_plain))
    meta = {
        "components": components,
        "columns": columns,
        "sha256": _seal(content, columns, tables),
        "tables": tables,
    }
    # not `canonical`: sorted keys would give a report from the cache another order of tables and columns
    write_atomic(path.with_suffix(".json"), json.dumps(meta, ensure_ascii=False))
    _prune(path.parent)
    return Measurement(frame, tables)


def _seal(content, columns, tables) -> str:
    """Digest of all that a measurement consists of."""
    return sha256([sha256(content), columns, tables])


def _plain(value):
    return value.item() if isinstance(value, np.generic) else str(value)


def _prune(place):
    """Forgets all but the newest measurements of a study; another process may do so at the same time."""
    written = {}
    for path in place.glob("*.npz"):
        with suppress(FileNotFoundError):
            written[path] = path.stat().st_mtime
    for path in sorted(written, key=written.get, reverse=True)[KEPT:]:
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
