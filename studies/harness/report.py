"""The report: one `Report`, written as JSON for machines and as Markdown for people."""

import json
import math
from functools import cache
from pathlib import Path

import jinja2

from studies.harness.cite import report_bibtex
from studies.harness.result import ClaimResult, ErratumResult, Parameter, Report, Slide

HERE = Path(__file__).parent


def number(value, unit="") -> str:
    """Four significant digits; integers whole; – for nothing."""
    if value is None:
        return "–"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e6):
        text = f"{int(value)}"
    else:
        text = f"{value:.4g}"
    return f"{text} {unit}" if unit else text


def interval(finding) -> str:
    """``[low, high] (95 %)``; – where there is none, or it is a point: a single curve, or equal values."""
    if finding.low is None or finding.high is None:
        return "–"
    low, high = number(finding.low), number(finding.high)
    return "–" if low == high else f"[{low}, {high}] ({100 * finding.level:.3g} %)"


def _finalize(value):
    return number(value) if isinstance(value, float) else value


@cache
def environment():
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=False,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, from the project's own texts
    )
    env.filters |= {"num": number, "interval": interval}
    return env


def fill(text, **names) -> str:
    """A study's text with ``{{ params.x }}`` and ``{{ finding["name"].estimate }}`` filled in."""
    return environment().from_string(text).render(**names)


def fill_findings(findings, params):
    """Findings whose statement and criterion have their parameters filled in."""
    return [
        f.model_copy(update={k: fill(getattr(f, k), params=params).rstrip(".") + end for k, end in _TEXTS})
        for f in findings
    ]


_TEXTS = (("statement", "."), ("criterion", ""))


def claim_results(study, findings, registry, verdict) -> tuple[ClaimResult, ...]:
    """The study's claims with their sources; a claim that is not registered keeps its id only."""
    out = []
    for id in study.CLAIMS:
        entry = registry.claims.get(id, {})
        regenerable = bool(entry.get("regenerable", True))
        out.append(
            ClaimResult(
                id=id,
                claim=entry.get("claim", "(not registered)"),
                sources=tuple(Slide(**s) for s in registry.sources(id)) if entry else (),
                scope=entry.get("scope", ""),
                errata=tuple(entry.get("errata", ())),
                regenerable=regenerable,
                verdict=verdict(id, findings, regenerable),
            )
        )
    return tuple(out)


def erratum_results(claims, findings, registry) -> tuple[ErratumResult, ...]:
    """The errata of the claims and of the as-printed findings."""
    shown = {}
    for f in findings:
        if f.erratum:
            shown.setdefault(f.erratum, []).append(f.name)
    out = []
    for id in sorted({e for c in claims for e in c.errata} | set(shown)):
        entry = registry.errata.get(id, {})
        out.append(
            ErratumResult(
                id=id,
                says=entry.get("says", "(not registered)"),
                problem=entry.get("problem", ""),
                correct=entry.get("correct", ""),
                findings=tuple(shown.get(id, ())),
            )
        )
    return tuple(out)


def parameters(params) -> tuple[Parameter, ...]:
    from studies.harness.overrides import describe

    values = params.model_dump(mode="json")
    return tuple(
        Parameter(name=n, value=values[n], description=f.description or "", range=describe(type(params), n))
        for n, f in type(params).model_fields.items()
    )


def plain_tables(tables) -> dict:
    """Tables with None for what JSON cannot hold."""

    def plain(value):
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return {name: tuple({k: plain(v) for k, v in row.items()} for row in rows) for name, rows in tables.items()}


def to_json(report: Report) -> str:
    return json.dumps(report.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text) -> Report:
    """A report from its JSON, checked against the committed schema and against the model."""
    data = json.loads(text)
    validate(data)
    return Report.model_validate(data)


@cache
def _validator():
    import jsonschema

    schema = json.loads((HERE / "report.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def validate(data: dict) -> None:
    """ValueError naming the place when `data` breaks report.schema.json."""
    for error in _validator().iter_errors(data):
        place = "/".join(map(str, error.path)) or "its top"
        raise ValueError(f"the report breaks its schema at {place}: {error.message}")


def to_markdown(report: Report, picture: str) -> str:
    """The report for people; `picture` is the figure's path relative to it."""
    text = environment().get_template("report.md.jinja").render(r=report, picture=picture, bibtex=report_bibtex(report))
    lines = [line.rstrip() for line in text.splitlines()]
    kept = [ln for i, ln in enumerate(lines) if ln or (i and lines[i - 1])]  # no double blank lines
    return "\n".join(kept).rstrip() + "\n"
