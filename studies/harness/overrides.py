"""Changing parameters from the command line."""

import ast
import math

from pydantic import ValidationError

from studies.harness.model import FrozenModel
from studies.harness.suggest import suggestion

LIMITS = {
    "ge": ">=",
    "gt": ">",
    "le": "<=",
    "lt": "<",
    "multiple_of": "a multiple of",
    "min_length": "length >=",
    "max_length": "length <=",
}


def describe(model: type[FrozenModel], name: str) -> str:
    """Type and range of a field in words, e.g. ``int, >= 1, <= 100``."""
    field = model.model_fields[name]
    kind = getattr(field.annotation, "__name__", None) if not getattr(field.annotation, "__args__", None) else None
    parts = [kind or str(field.annotation).replace("typing.", "")]
    for constraint in field.metadata:
        parts += [
            f"{sign} {getattr(constraint, k)}" for k, sign in LIMITS.items() if getattr(constraint, k, None) is not None
        ]
    return ", ".join(parts)


def override(params: FrozenModel, settings: list[str]) -> FrozenModel:
    """`params` with ``name=value`` settings applied; ValueError names the parameter, its type and range."""
    model, values = type(params), params.model_dump()
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip()
        if not equals:
            raise ValueError(f"a setting is name=value, got {setting!r}")
        if name not in model.model_fields:
            known = ", ".join(model.model_fields)
            raise ValueError(f"unknown parameter {name!r}{suggestion(name, model.model_fields)} (known: {known})")
        try:
            values[name] = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError):
            values[name] = text.strip()
    try:
        made = model.model_validate(values)
    except ValidationError as error:
        lines = []
        for e in error.errors():
            name = str(e["loc"][0]) if e["loc"] else ""
            wanted = f" (it is {describe(model, name)})" if name in model.model_fields else ""
            lines.append(f"{name or model.__name__}: {e['msg']}, got {e['input']!r}{wanted}")
        raise ValueError("; ".join(lines)) from None
    for name, value in made.model_dump().items():
        if not _finite(value):  # no threshold, and one with nothing else in JSON
            raise ValueError(f"{name}: must be finite, got {value!r} (it is {describe(model, name)})")
    return made


def _finite(value) -> bool:
    """Whether every number in `value`, however nested, is finite."""
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, (tuple, list)):
        return all(map(_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
