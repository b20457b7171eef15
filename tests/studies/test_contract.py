"""The study contract: discovery by file, validation, parameters from the command line."""

import importlib
import types

import pytest

from studies.harness import Field, FrozenModel, paths, study
from studies.harness.overrides import override


class Params(FrozenModel):
    seeds: int = Field(20, ge=1, le=100, description="seeds")
    rate: float = Field(0.1, gt=0, description="rate")
    grid: tuple[float, ...] = Field((1.0, 2.0), description="grid")


def test_override():
    changed = override(Params(), ["seeds=5", "grid=(3, 4.5)"])
    assert (changed.seeds, changed.grid, changed.rate) == (5, (3.0, 4.5), 0.1)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("seeds=0", r"seeds: .*got 0 \(it is int, >= 1, <= 100\)"),
        ("seeds=many", r"seeds: .*got 'many' \(it is int"),
        ("rate=-1", r"rate: .*\(it is float, > 0\)"),
        ("rate=inf", r"rate: must be finite, got inf \(it is float, > 0\)"),
        ("grid=(1, 1e999)", r"grid: must be finite"),
        ("seed=3", r"unknown parameter 'seed'; did you mean 'seeds'\?"),
        ("seeds", "name=value"),
    ],
)
def test_bad_settings_name_parameter_type_and_range(setting, message):
    with pytest.raises(ValueError, match=message):
        override(Params(), [setting])


def test_the_toy_is_found_by_file_and_read_without_import(toy):
    listing = study.discover()["toy/coin"]
    assert listing.claims == ("toy-effect", "toy-identity")
    assert listing.version == 2
    assert listing.errata == {"T1": ["as-printed-t1"]}
    assert "studies.toy.coin" not in __import__("sys").modules


@pytest.mark.parametrize("name", ["toy/coin", "coin", "toy", "toy-effect", "toy/coin.py"])
def test_names_resolve(toy, name):
    assert study.resolve(name, study.discover()) == ["toy/coin"]


def test_an_unknown_name_gets_a_suggestion(toy):
    with pytest.raises(KeyError, match="did you mean 'toy/coin'"):
        study.resolve("toy/con", study.discover())


def test_the_toy_keeps_the_contract(toy):
    assert study.load("toy/coin").TITLE == "A toy effect"


def test_everything_that_breaks_the_contract_is_named(toy):
    good = vars(study.load("toy/coin").module)
    bad = types.SimpleNamespace(**{k: v for k, v in good.items() if not k.startswith("__")})
    bad.TITLE, bad.CHANGES, bad.FULL = "", (), object()
    bad.CLAIMS = ("toy-effect", "toy-other")
    bad.judge = lambda data: []
    del bad.draw, bad.EXPECTED_SECONDS
    text = "\n".join(study.problems_of(bad))
    for part in (
        "TITLE must be a non-empty str",
        "CHANGES must be a tuple of 1 lines",
        "FULL must be an instance of Params",
        "'identity' is about 'toy-identity', which is not in CLAIMS",
        "'toy-other' has no primary",
        "judge must take 2 arguments",
        "draw must be a function of 2 arguments",
        "EXPECTED_SECONDS must be a dict",
    ):
        assert part in text


def test_parameters_need_a_description(toy):
    module = study.load("toy/coin").module

    class Bare(FrozenModel):
        steps: int = 3

    changed = types.SimpleNamespace(**vars(module))
    changed.Params, changed.QUICK, changed.FULL = Bare, Bare(), Bare()
    assert "Params.steps needs Field(description=...): it is printed as a caveat" in study.problems_of(changed)


def test_a_module_that_cannot_be_imported_says_so(toy):
    (toy / "studies" / "toy" / "broken.py").write_text("import nonsense_xyz\n", encoding="utf-8")
    with pytest.raises(study.StudyError, match=r"toy/broken: cannot be imported: ModuleNotFoundError"):
        study.load("toy/broken")


def test_seeds():
    assert study.seeds_of(Params(seeds=2), 1) == [1000, 1001, 1002, 1003]
    assert study.seeds_of(FrozenModel()) == []


def test_the_example_of_the_readme_is_a_study(tmp_path, monkeypatch):
    text = (paths.tree() / "studies" / "README.md").read_text(encoding="utf-8")
    (tmp_path / "readme_example.py").write_text(text.split("```python\n")[1].split("```")[0], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert study.problems_of(importlib.import_module("readme_example")) == []
