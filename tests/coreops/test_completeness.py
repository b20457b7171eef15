"""Every layer, loss, optimizer ... that coreops exports has an oracle, rows in the tables and a source."""

import re

import pytest

import coreops
from coreops.optimizers import base
from tests.coreops import cases
from tests.oracles import initializers, layers, losses, optimizers, schedules

TABLES = {
    "layer": (cases.LAYERS, layers.LAYERS),
    "loss": (cases.LOSSES, losses.LOSSES),
    "optimizer": (cases.OPTIMIZERS, optimizers.OPTIMIZERS),
    "schedule": (cases.SCHEDULES, schedules.SCHEDULES),
    "initializer": (cases.INITIALIZERS, initializers.INITIALIZERS),
}
CLASSES = [(kind, c) for kind in (*TABLES, "sampling") for c in cases.exported(kind).values()]


@pytest.mark.parametrize("kind", TABLES)
def test_every_class_has_an_oracle_and_cases(kind):
    table, oracles = TABLES[kind]
    assert set(cases.exported(kind)) == set(table) == set(oracles)
    assert all(table.values())


@pytest.mark.parametrize(("kind", "cls"), CLASSES, ids=lambda v: getattr(v, "__name__", v))
def test_docstring_names_a_source(kind, cls):
    """An author and a year, and for what computes something an equation."""
    text = cls.__dict__["__doc__"] or ""
    assert re.search(r"[A-Z]\w+.*\b(1[89]|20)\d\d\b", text, re.DOTALL), f"no source: {text!r}"
    if kind in ("layer", "loss", "optimizer", "schedule"):
        assert re.search(r"=|<-", text), f"no equation: {text!r}"


@pytest.mark.parametrize(("kind", "cls"), CLASSES, ids=lambda v: getattr(v, "__name__", v))
def test_specs_are_frozen_values(kind, cls):
    """Specs compare by value and cannot be changed after they were checked."""
    example = {"sampling": {cls.__name__: [cls()]} if kind == "sampling" else {}}.get(kind) or TABLES[kind][0]
    spec = example[cls.__name__][0]
    spec = spec[0] if isinstance(spec, tuple) else spec
    assert spec == type(spec)(**{name: getattr(spec, name) for name in spec.__dataclass_fields__})
    with pytest.raises(AttributeError):
        spec.lr = 1.0


def test_every_kind_of_rule_is_tried():
    """The update kernels are picked by these numbers; the benchmarks run over the same table."""
    kinds = {value for name, value in vars(base).items() if name.isupper() and name != "FIRST_OTHER"}
    assert {rule.kind for rule in cases.flat(cases.OPTIMIZERS)} == kinds
    assert {rule.kind for rule in cases.flat(cases.SCHEDULES)} == {
        value for name, value in vars(coreops.schedules).items() if name.isupper()
    }


def test_every_oracle_cites():
    for module in (initializers, layers, losses, optimizers, schedules):
        for function in vars(module).values():
            if callable(function) and getattr(function, "__module__", "") == module.__name__:
                assert function.__doc__, f"{module.__name__}.{function.__name__} has no docstring"
