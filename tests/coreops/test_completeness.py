"""Everything that coreops exports, and every erratum it can run, has an oracle, rows in the tables and a source.

A new class of a kind below fails here until all of it is there; nothing in this file needs to be changed for it.
"""

import importlib
import re

import pytest

import coreops
from coreops import records
from coreops.plan import Plan
from tests.coreops import cases, test_gradients
from tests.oracles import (
    adversaries,
    initializers,
    layers,
    losses,
    optimizers,
    penalties,
    sampling,
    schedules,
)

pytestmark = pytest.mark.once

TABLES = {
    "layer": (cases.LAYERS, layers.LAYERS),
    "loss": (cases.LOSSES, losses.LOSSES),
    "optimizer": (cases.OPTIMIZERS, optimizers.OPTIMIZERS),
    "schedule": (cases.SCHEDULES, schedules.SCHEDULES),
    "initializer": (cases.INITIALIZERS, initializers.INITIALIZERS),
    "sampling": (cases.SAMPLING, sampling.SAMPLING),
    "penalty": (cases.PENALTIES, penalties.PENALTIES),
    "adversary": (cases.ADVERSARIES, adversaries.ADVERSARIES),
}
ORACLES = (adversaries, initializers, layers, losses, optimizers, penalties, sampling, schedules)
CLASSES = [(kind, c) for kind in TABLES for c in cases.exported(kind).values()]
ERRATA = set(cases.errata().values())
each_class = pytest.mark.parametrize(("kind", "cls"), CLASSES, ids=lambda v: getattr(v, "__name__", v))


def first_case(kind, cls):
    """The first spec of a class in its table; for layers and losses the rows are tuples that begin with it."""
    case = TABLES[kind][0][cls.__name__][0]
    return case[0] if isinstance(case, tuple) else case


def parameters_of(function):
    """Everything that a test function is parametrised with, in one flat list; fails if it is not parametrised."""
    marks = [mark.args[1] for mark in function.pytestmark if mark.name == "parametrize"]
    assert marks, function
    found, todo = [], [value for values in marks for value in values]
    for value in todo:
        if hasattr(value, "values") and hasattr(value, "marks"):  # pytest.param
            todo.extend(value.values)
        elif isinstance(value, (tuple, list)):
            todo.extend(value)
        else:
            found.append(value)
    return found


# --- nothing is missing ---


@pytest.mark.parametrize("kind", TABLES)
def test_every_class_has_an_oracle_and_cases(kind):
    table, oracles = TABLES[kind]
    assert set(cases.exported(kind)) == set(table) == set(oracles)
    assert all(table.values())


def test_every_differentiable_layer_and_loss_has_a_gradient_row():
    """Whole networks against central differences; the exceptions are named, with the reason, in the tables."""
    rows = {type(row).__name__ for row in parameters_of(test_gradients.test_gradient_row_of_every_layer_and_loss)}
    assert (set(cases.exported("layer")) | set(cases.exported("loss"))) - rows == set(cases.NOT_DIFFERENTIABLE)


def test_every_optimizer_has_a_benchmark():
    """By name, in the benchmark that runs each rule as the training loop calls it."""
    module = importlib.import_module("tests.bench.test_optimizers")
    assert set(cases.exported("optimizer")) <= set(parameters_of(module.test_rule))


def test_every_optimizer_is_held_against_the_triad():
    """By what it moves per value; the full matrix, of 50 parameters at most, is no matter of bandwidth."""
    kernels = importlib.import_module("tests.bench.rig.kernels")
    rules = importlib.import_module("tests.bench.contenders.coreops_rules")
    names = {
        "HeavyBall" if name == "momentum" else name for name in {*kernels.TRAFFIC, *kernels.DISPATCHED} - {"triad"}
    }
    assert names == set(cases.exported("optimizer")) - set(cases.errata()) - {"FullMatrixAdaGrad"}
    assert {name: type(rule).__name__ for name, rule in rules.RULES.items()} == {
        name: name for name in kernels.DISPATCHED
    }


def test_every_kind_of_rule_is_tried():
    """The update kernels are picked by these numbers; the benchmarks run over the same table."""
    for module, table in (
        (coreops.optimizers.base, cases.OPTIMIZERS),
        (coreops.schedules, cases.SCHEDULES),
        (coreops.penalties.specs, cases.PENALTIES),
        (coreops.sampling.base, cases.SAMPLING),
    ):
        names = {name for name, value in vars(module).items() if name.isupper() and isinstance(value, int)}
        kinds = {getattr(module, name) for name in names - {"FIRST_OTHER"}}
        assert {spec.kind for spec in cases.flat(table)} == kinds, module


def test_every_kind_of_operation_is_tried():
    """What the interpreter tells apart is built by a layer or a loss of the tables."""
    built = set()
    for layer, shape in cases.flat(cases.LAYERS):
        plan = Plan(shape if isinstance(shape, tuple) else (shape,), coreops.HeNormal())
        plan.stack([layer], plan.input)
        built |= {operation["kind"] for operation in plan.operations}
    built |= {loss.kind for loss, *_ in cases.flat(cases.LOSSES)}
    names = set(re.findall(r"\brecords\.([A-Z_]+)", (cases.ROOT / "coreops" / "interpreter.py").read_text()))
    assert "DENSE" in names and {name for name in names if getattr(records, name) not in built} == set()


def test_what_fit_many_says_it_raises_is_exported():
    raised = set(re.findall(r"raises\s+(Sweep\w+)", coreops.fit_many.__doc__))
    assert len(raised) == 2 and raised <= set(coreops.__all__)


# --- everything says where it comes from ---


@each_class
def test_docstring_names_a_source(kind, cls):
    """An author and a year, and for what computes something an equation."""
    text = cls.__dict__["__doc__"] or ""
    assert re.search(r"[A-Z]\w+.*\b(1[89]|20)\d\d\b", text, re.DOTALL), f"no source: {text!r}"
    if kind not in ("initializer", "sampling"):
        assert re.search(r"=|<-", text), f"no equation: {text!r}"


def test_every_oracle_cites():
    for module in ORACLES:
        for function in vars(module).values():
            if callable(function) and getattr(function, "__module__", "") == module.__name__:
                assert function.__doc__, f"{module.__name__}.{function.__name__} has no docstring"


@pytest.mark.parametrize("cls", sorted(ERRATA, key=lambda c: c.__name__), ids=lambda c: c.__name__)
def test_errata_say_what_they_are(cls):
    """They are not exported, so that nobody trains with them by accident."""
    assert re.match(r"ERRATUM E\d\d", cls.__doc__)
    assert cls.__name__ not in vars(coreops)


# --- specs are values ---


@each_class
def test_specs_are_frozen_values(kind, cls):
    """Specs compare by value and cannot be changed after they were checked."""
    spec = first_case(kind, cls)
    assert spec == type(spec)(**{name: getattr(spec, name) for name in spec.__dataclass_fields__})
    assert hash(spec) == hash(type(spec)(**{name: getattr(spec, name) for name in spec.__dataclass_fields__}))
    with pytest.raises(AttributeError):
        spec.lr = 1.0
