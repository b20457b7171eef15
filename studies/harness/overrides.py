"""Changing parameters from the command line."""

import ast
import math
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import ValidationError

from studies.harness.model import FrozenModel, distinct
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
    """Type and range of a field in words, e.g. ``int, >= 1, <= 100`` or ``tuple of float > 0, length >= 2``."""
    field = model.model_fields[name]
    return ", ".join([_kind(field.annotation), *_limits(field.metadata)])


def _kind(annotation) -> str:
    """A type in words, its elements with their ranges."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        of, *limits = inner
        return " ".join(filter(None, (_kind(of), " and ".join(_limits(limits)))))
    if origin is tuple and inner[1:] == (...,):
        return f"tuple of {_kind(inner[0])}"
    if origin is tuple:
        return f"tuple ({', '.join(map(_kind, inner))})"
    if origin is dict:
        return f"dict of {_kind(inner[0])} to {_kind(inner[1])}"
    if origin in (Union, UnionType):
        return " or ".join(map(_kind, inner))
    if origin is None:
        return getattr(annotation, "__name__", str(annotation))
    return str(annotation).replace("typing.", "")


def _limits(metadata) -> list[str]:
    """The constraints among a type's metadata in words; those of a nested `Field` are in its own metadata."""
    constraints = [c for m in metadata for c in getattr(m, "metadata", [m])]
    found = [(sign, getattr(c, k, None)) for c in constraints for k, sign in LIMITS.items()]
    words = [f"{sign} {value}" for sign, value in found if value is not None]
    return words + ["all different"] * any(getattr(c, "func", None) is distinct for c in constraints)


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
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):  # a list as a key; 1000 brackets
            values[name] = text.strip()
    try:
        made = model.model_validate(values)
    except ValidationError as error:
        first = {}  # of each parameter: a bad element makes its list too short as well
        for e in error.errors():
            first.setdefault(e["loc"][:1], _problem(model, e))
        raise ValueError("; ".join(first.values())) from None
    for name, value in made.model_dump().items():
        if not _finite(value):  # no threshold, and one with nothing else in JSON
            raise ValueError(f"{name}: must be finite, got {value!r} (it is {describe(model, name)})")
    return made


def _problem(model, error) -> str:
    """One complaint of pydantic, with the parameter (and the place within it), its type and range."""
    if not error["loc"]:  # of parameters together; the message names them
        return error["msg"].removeprefix("Value error, ")
    name, *places = error["loc"]
    where = "".join(f"[{place!r}]" for place in places)
    wanted = f" (it is {describe(model, name)})" if name in model.model_fields else ""
    return f"{name}{where}: {error['msg'].removeprefix('Value error, ')}, got {error['input']!r}{wanted}"


def _finite(value) -> bool:
    """Whether every number in `value`, however nested, is finite."""
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, (tuple, list)):
        return all(map(_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
