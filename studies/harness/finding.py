"""Criteria, fixed before the run, and findings, what the run says about each."""

import math
import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, field_validator, model_validator

from studies.harness.model import Field, FrozenModel
from studies.harness.verdict import Verdict

Role = Literal["primary", "secondary", "break", "null", "as-printed"]
Names = Annotated[tuple[str, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)]
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Criterion(FrozenModel):
    """One decision declared before anything is measured. Texts may use ``{{ params.x }}``.

    Its hash, with the parameters and the study's version, goes into every result.
    """

    claim: str = Field(description="id of the claim in claims.toml")
    name: str = Field(description="slug, unique within the study")
    role: Role = "primary"
    statement: str = Field(description="what is asserted, in one sentence")
    criterion: str = Field(description="statistic, comparator, threshold and seeds, in words")
    guards: Names = Field(default=(), description="findings that become void when this control goes wrong")
    erratum: str | None = Field(default=None, description="erratum that an as-printed finding shows")
    unit: str = Field(default="", description="unit of estimate, interval and threshold")
    tolerance: float | None = Field(default=None, ge=0, description="relative, for `check`; None: the statistic's")
    extendable: bool = Field(default=False, description="double the seeds while this finding is inconclusive")
    volatile: bool = Field(default=False, description="a timing of the machine at hand: reported, never compared")

    @field_validator("name")
    @classmethod
    def _slug(cls, value):
        if not SLUG.fullmatch(value):
            raise ValueError(f"name must be a slug such as 'late-slope', got {value!r}")
        return value

    @model_validator(mode="after")
    def _roles(self):
        control = self.role in ("break", "null")
        if control and not self.guards:
            raise ValueError(f"control {self.name!r} must name the finding that it guards")
        if self.guards and not control:
            raise ValueError(f"{self.name!r} is {self.role}: only break and null controls guard findings")
        if self.role == "as-printed" and not self.erratum:
            raise ValueError(f"as-printed finding {self.name!r} must name its erratum")
        if self.extendable and self.role != "primary":
            raise ValueError(f"{self.name!r} is {self.role}: only a primary finding is extendable")
        if self.volatile and self.role != "secondary":
            raise ValueError(f"{self.name!r} is {self.role}: only a secondary finding is volatile (a timing)")
        return self


class Measured(FrozenModel):
    """What a statistic said, in numbers. Non-finite ones become None."""

    verdict: Verdict
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n: int = 0
    threshold: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = Field(default=None, description="Holm's; of primary findings over all of the study")
    tolerance: float = Field(default=1e-6, ge=0, description="relative to max(|old|, |new|, |threshold|)")

    @field_validator("estimate", "low", "high", "threshold", "p_value", mode="before")
    @classmethod
    def _finite(cls, value):
        return None if value is None or not math.isfinite(value) else float(value)


class Point(Measured):
    """One point of the axis along which a finding was judged."""

    at: str


class Finding(Measured):
    """One criterion's outcome: estimate, interval and verdict."""

    claim: str
    name: str
    role: Role
    statement: str
    criterion: str
    guards: Names = ()
    erratum: str | None = None
    unit: str = ""
    points: tuple[Point, ...] = Field(default=(), description="of its axis; the finding joins them")
    extendable: bool = False
    volatile: bool = Field(default=False, description="a timing of the machine at hand: never compared")
    unguarded: Verdict | None = Field(default=None, description="the verdict before controls and Holm, if changed")
    note: str = ""

    @property
    def control_ok(self) -> bool | None:
        """For controls: whether it came out as it must. None for other roles."""
        if self.role == "break":
            return not self.verdict.passes
        if self.role == "null":
            return self.verdict.passes or self.verdict is Verdict.NULL
        return None


class Criteria(tuple):
    """The declarations of one study in the report's order: ``CRITERIA = Criteria(Criterion(...), ...)``."""

    def __new__(cls, *criteria):
        self = super().__new__(cls, criteria)
        names = [c.name for c in criteria]
        for c in criteria:
            if names.count(c.name) > 1:
                raise ValueError(f"criterion {c.name!r} is declared twice")
            for guarded in c.guards:
                target = next((d for d in criteria if d.name == guarded), None)
                if target is None or target.role in ("break", "null"):
                    raise ValueError(f"control {c.name!r} guards {guarded!r}, which is no finding of this study")
        return self

    def finding(self, name, outcome, *, note="") -> Finding:
        """The declared criterion `name` with what was measured (an ``Outcome`` from `statistics`)."""
        declared = next((c for c in self if c.name == name), None)
        if declared is None:
            raise ValueError(f"no criterion {name!r} was declared; declared: {', '.join(c.name for c in self)}")

        def measured(outcome):
            values = {k: getattr(outcome, k) for k in Measured.model_fields if k != "p_adjusted"}
            return values if declared.tolerance is None else values | {"tolerance": declared.tolerance}

        return Finding(
            **(declared.model_dump() | measured(outcome)),
            points=tuple(Point(at=label, **measured(o)) for label, o in outcome.points),
            note="; ".join(t for t in (outcome.note, note) if t),
        )
