"""The result of a run as one object: the JSON is its dump, the Markdown is written from it."""

from typing import Any

from studies.harness.files import sha256
from studies.harness.finding import Finding
from studies.harness.model import Field, FrozenModel
from studies.harness.verdict import Verdict

SCHEMA = "claimlab-report-1"


class Slide(FrozenModel):
    deck: str
    slide: str
    short: str = Field(description="the lecture's short name")


class ClaimResult(FrozenModel):
    id: str
    claim: str
    sources: tuple[Slide, ...]
    scope: str = ""
    errata: tuple[str, ...] = ()
    regenerable: bool = True
    verdict: Verdict


class ErratumResult(FrozenModel):
    id: str
    says: str
    problem: str = ""
    correct: str
    findings: tuple[str, ...] = Field(default=(), description="as-printed findings that show it")


class Parameter(FrozenModel):
    name: str
    value: Any
    description: str
    range: str = Field(description="type and range in words")


class Seeds(FrozenModel):
    first: int | None
    count: int
    doublings: int = 0


class Picture(FrozenModel):
    svg: str = Field(description="path from the folder of the outputs")
    png: str
    alt: str


class Machine(FrozenModel):
    cpu: str
    cores: int
    system: str
    gpu: str | None


class Provenance(FrozenModel):
    commit: str | None
    date: str | None = Field(description="of the commit")
    dirty: bool | None = Field(description="whether sources differed from the commit")
    versions: dict[str, str]
    machine: Machine
    target: str
    threads: int
    blas: tuple[str, ...]
    study_hash: str
    coreops_hash: str


class Volatile(FrozenModel):
    """Never compared: differs from run to run."""

    created: str = Field(description="UTC")
    seconds: float
    rows: int = Field(description="training runs asked for, journalled ones included")
    files: dict[str, str] = Field(description="output -> SHA-256")


class Report(FrozenModel):
    """Everything known about one study's run."""

    schema_version: str = SCHEMA
    id: str
    chapter: str
    title: str
    version: int
    changes: tuple[str, ...]
    mode: str = Field(description="full, quick or custom")
    claims: tuple[ClaimResult, ...]
    errata: tuple[ErratumResult, ...]
    theory: str
    protocol: str
    scope: str
    parameters: tuple[Parameter, ...]
    findings: tuple[Finding, ...]
    tables: dict[str, tuple[dict[str, Any], ...]]
    seeds: Seeds
    figure: Picture
    command: str
    expected_seconds: float
    criteria_hash: str = Field(description="SHA-256 of version, parameters and criteria, fixed before the run")
    result_hash: str = Field(description="SHA-256 of the criteria hash and the findings, without timings")
    key: dict[str, Any] = Field(description="everything that the result depends on")
    provenance: Provenance
    volatile: Volatile

    def finding(self, name) -> Finding:
        return next(f for f in self.findings if f.name == name)


def criteria_hash(study, params) -> str:
    """SHA-256 of version, parameters and declarations: what is fixed before anything is measured."""
    return sha256(
        {
            "study": study.id,
            "version": study.VERSION,
            "parameters": params.model_dump(mode="json"),
            "criteria": [_hashed(c) for c in study.CRITERIA],
        }
    )


def result_hash(criteria, findings) -> str:
    """SHA-256 of the criteria hash and of all findings that are no timings."""
    return sha256({"criteria": criteria, "findings": [_hashed(f) for f in findings if not f.volatile]})


def _hashed(declared) -> dict:
    """All fields; `volatile` only where it is set: results from before there was such a word keep their hashes."""
    return declared.model_dump(mode="json", exclude=None if declared.volatile else {"volatile"})


def schema() -> dict:
    """The JSON schema of a report. ``python -m studies.harness.result`` renews report.schema.json."""
    return Report.model_json_schema(mode="serialization")


if __name__ == "__main__":
    import json
    from pathlib import Path

    place = Path(__file__).with_name("report.schema.json")
    place.write_text(json.dumps(schema(), indent=1) + "\n", encoding="utf-8")
