"""The study contract: discovery by file, validation, parameters from the command line."""

import importlib
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, get_args, get_origin

import pytest
from pydantic import model_validator

from studies.harness import Distinct, Field, FrozenModel, Natural, Positive, paths, study, syntax
from studies.harness.overrides import override

pytestmark = pytest.mark.once


class Params(FrozenModel):
    seeds: int = Field(20, ge=1, le=100, description="seeds")
    rate: float = Field(0.1, gt=0, description="rate")
    grid: tuple[Positive, ...] = Field((1.0, 2.0), min_length=2, description="grid")
    arms: Distinct[Positive] = Field((1.0, 2.0), description="arms")
    pairs: Distinct[tuple[Natural, Positive]] = Field(((1, 1.0), (1, 2.0)), description="pairs")
    shape: tuple[Natural, Annotated[float, Field(ge=0, lt=1)]] = Field((3, 0.5), description="shape")
    named: dict[str, tuple[Positive, ...]] = Field({"a": (1.0,)}, min_length=1, description="named")

    @model_validator(mode="after")
    def _together(self):
        if self.seeds == 13:
            raise ValueError(f"seeds must not be 13 with rate {self.rate}")
        return self


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
        ("grid=[]", r"grid: .*got \[\] \(it is tuple of float > 0, length >= 2\)$"),
        ("grid=(1, -2)", r"^grid\[1\]: .*got -2 \(it is tuple of float > 0, length >= 2\)$"),
        (
            "arms=(3, 3)",
            r"^arms: must hold every value once, .*: 3 is there 2 times, got .3, 3. .*float > 0, all different",
        ),
        ("arms=(1, 1.0000001)", r"^arms: must hold every value once, to six digits: 1 is there 2 times"),
        ("pairs=((1, 2), (2, 1), (1, 2.0))", r"^pairs: must hold every value once, .*: 1, 2 is there 2 times"),
        ("grid=3", r"grid: .*got 3 \(it is tuple of float > 0"),
        ("shape=(0, 0.5)", r"shape\[0\]: .*got 0 \(it is tuple \(int >= 1, float >= 0 and < 1\)\)"),
        ("named={'a': (0,)}", r"named\['a'\]\[0\]: .*\(it is dict of str to tuple of float > 0, length >= 1\)"),
        ("seeds=13", r"^seeds must not be 13 with rate 0.1$"),
        ("seed=3", r"unknown parameter 'seed'; did you mean 'seeds'\?"),
        ("seeds", "name=value"),
        ("seeds={[]: 1}", r"seeds: .*got '{\[\]: 1}' \(it is int"),  # Python's own complaints about a literal
        pytest.param(f"seeds={'-' * 4000}1", r"seeds: .*\(it is int", id="too deep"),
    ],
)
def test_bad_settings_name_parameter_type_and_range(setting, message):
    with pytest.raises(ValueError, match=message):
        override(Params(), [setting])


@pytest.mark.parametrize("id", ["adaptive/adagrad_decay", "losses/saturation", "momentum/optimal_rate"])
def test_no_list_of_a_study_takes_what_would_break_its_run(id):
    """Neither no element at all, nor a negative one anywhere, nor one of another type."""
    full = study.load(id).FULL
    lists = {n: v for n, v in full.model_dump().items() if isinstance(v, (tuple, list, dict))}
    assert lists
    for name, value in lists.items():
        bad = [type(value)()]
        if isinstance(value, dict):
            bad += [{**value, key: (-1.0, *v[1:])} for key, v in value.items()]
        else:
            elements = [((-1, *v[1:]), v) if isinstance(v, tuple) else (-1, v) for v in value]
            bad += [(*value[:i], worse, *value[i + 1 :]) for i, (worse, _) in enumerate(elements)]
            bad.append(("many", *value[1:]))
        for wrong in bad:
            with pytest.raises(ValueError, match=rf"^{name}.*, got .*\(it is (tuple|dict)"):
                override(full, [f"{name}={wrong!r}"])


REPEATABLE = {"hidden", "short_depths", "short_draws", "long_draws"}  # of each layer, or of each width


@pytest.mark.parametrize("id", sorted(study.discover()))
def test_no_list_of_a_study_takes_a_value_twice(id):
    """It would be one arm with two results, which a run of minutes notices at its end; nor values that look alike."""
    full = study.load(id).FULL
    for name, field in type(full).model_fields.items():
        value = getattr(full, name)
        if get_origin(field.annotation) is not tuple or get_args(field.annotation)[1:] != (...,) or name in REPEATABLE:
            continue
        twins = [value[0]]
        if isinstance(value[0], float) and value[0]:
            twins.append(value[0] * (1 + 1e-9))
        for twin in twins if value else ():
            with pytest.raises(ValueError, match=rf"^{name}(\[\d+\])?: must hold every value once|^{name} must"):
                override(full, [f"{name}={(value[0], twin, *value[2:])!r}"])


@pytest.mark.parametrize(
    ("id", "setting", "message"),
    [
        ("losses/saturation", "curve_scale=2", "curve_scale must be one of scales"),
        ("losses/saturation", "scales=(3.0, 1.0)", "scales must increase"),
        ("adaptive/adagrad_decay", "checked_burst=5", "checked_burst must be one of bursts"),
        ("adaptive/adagrad_decay", "number=3", r"settings must hold \(number, distance\)"),
        ("adaptive/adagrad_decay", "sparse_sizes=(9, 5)", "sparse_sizes must increase"),
        ("adaptive/adagrad_decay", "features=20", "last_rank must be at most features"),
        ("adaptive/adagrad_decay", "bursts=(1, 10)", r"bursts must hold two above 7.9\d* for \(10, 10.0\)"),
        ("adaptive/adagrad_decay", "small_sizes=(1e-200, 1)", r"^small_sizes\[0\]: .* got 1e-200"),
        ("adaptive/adagrad_decay", "sizes=(1, 1e200)", r"^sizes\[1\]: .* got 1e\+200"),
        ("initialization/signal_propagation", "noises=(1e-8, 1e-6)", "noises must hold two of at most linear_noise"),
        ("initialization/signal_propagation", "log_depths=()", r"^log_depths: .*length >= 1"),
        ("regularization/dropout", "noises=(0.1, 0.3)", "noises must hold 0 and one above it"),
        ("regularization/dropout", "noises=(0.0,)", "noises must hold 0 and one above it"),
        ("regularization/dropout", "widths=(8,)", r"^widths: .*length >= 2"),
        ("regularization/dropout", "hidden_rates=(0.0, 0.2, 0.8)", "hidden_rates must hold 0 and 0.5"),
        ("regularization/dropout", "extreme_rate=0.8", "extreme_rate must not be among hidden_rates"),
        ("generalization/benign_overfitting", "copies=(3, 9)", r"copies must hold 1, got \(3, 9\)"),
        ("generalization/benign_overfitting", "grid_points=(1, 15)", r"^grid_points\[0\]: .*got 1 "),
        ("generalization/benign_overfitting", "grid_points=(15,)", r"^grid_points: .*length >= 2"),
        ("generalization/benign_overfitting", "powers=(2, 4)", "powers must hold one of at most 1"),
        ("generalization/benign_overfitting", "powers=(0.6, 400)", r"^powers\[1\]: .*got 400"),
        ("generalization/benign_overfitting", "law_powers=(0.6,)", r"^law_powers\[0\]: .*got 0.6"),
        ("generalization/benign_overfitting", "exponents=(0, 1, 3)", "exponents must hold 0, 1 and 2"),
        ("generalization/benign_overfitting", "around=(7, 7)", "around must increase"),
        ("generalization/benign_overfitting", "map_weights=(1, 1, 3)", "the first two of map_weights must increase"),
        ("generalization/benign_overfitting", "map_weights=(0, 1, 3)", r"^map_weights\[0\]: .*got 0 "),
        ("generalization/benign_overfitting", "degrees=(0, 3)", r"^degrees\[0\]: .*got 0 "),
        ("generalization/benign_overfitting", "shown=(1, 2)", r"^shown: .*length >= 6, length <= 6"),
        ("generalization/benign_overfitting", "rank_points=(2, 40)", r"^rank_points\[0\]: .*got 2 "),
        ("generalization/benign_overfitting", "tempered_powers=(1,)", r"^tempered_powers\[0\]: .*got 1 "),
        ("momentum/optimal_rate", "momentum=0.7", "momenta must hold momentum"),
        ("momentum/optimal_rate", "memories=(500,)", "memories must be below stream_steps"),
        ("momentum/optimal_rate", "frequency_steps=(3.0,)", "frequency_steps must hold one below 2"),
        ("momentum/optimal_rate", "ravine_steps=(0.5, 1.5)", "ravine_steps must hold two above 1"),
    ],
)
def test_parameters_that_do_not_go_together_are_named(id, setting, message):
    with pytest.raises(ValueError, match=message):
        override(study.load(id).FULL, [setting])


HELPERS = {
    "_one.py": "from studies.toy import _two\n",
    "_two.py": "from . import _three\n",
    "_three.py": "def late():\n    from ._parts.inner import X\n    return X\n",
    "_parts/__init__.py": "",
    "_parts/inner.py": "from .._four import Y\nfrom .beside import Z\nX = Y + Z\n",
    "_parts/beside.py": "Z = 1\n",
    "_four.py": "Y = 1\n",
}


def test_the_sources_of_a_study_are_all_its_helpers_however_imported(toy):
    folder = toy / "studies" / "toy"
    (folder / "_parts").mkdir()
    for name, text in {**HELPERS, "_idle.py": ""}.items():
        (folder / name).write_text(text, encoding="utf-8")
    coin = folder / "coin.py"
    coin.write_text(coin.read_text(encoding="utf-8") + "\nimport studies.toy._one\n", encoding="utf-8")
    names = {p.relative_to(folder).as_posix() for p in study.sources(coin)}
    assert names == {"coin.py", *HELPERS}


def test_the_toy_is_found_by_file_and_read_without_import(toy):
    listing = study.discover()["toy/coin"]
    assert listing.claims == ("toy-effect", "toy-identity")
    assert listing.version == 2
    assert listing.errata == {"T1": ["as-printed-t1"]}
    assert "studies.toy.coin" not in __import__("sys").modules


def test_a_study_that_has_changed_is_read_again(toy):
    coin = toy / "studies" / "toy" / "coin.py"
    assert study.discover()["toy/coin"].title == "A toy effect"
    text = coin.read_text(encoding="utf-8")
    coin.write_text(text.replace('"A toy effect"', '"Another effect"').replace('"T1"', '"T22"'), encoding="utf-8")
    listing = study.discover()["toy/coin"]
    assert (listing.title, set(listing.errata)) == ("Another effect", {"T22"})


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


def test_no_file_of_the_studies_holds_several_ideas():
    """About 250 lines are one idea; 300 never are. Split a study into private modules."""
    lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in (paths.tree() / "studies").rglob("*.py")}
    assert {p.name: n for p, n in lengths.items() if n > 300} == {}


def test_the_example_of_the_readme_is_a_study(tmp_path, monkeypatch):
    text = (paths.tree() / "studies" / "README.md").read_text(encoding="utf-8")
    (tmp_path / "readme_example.py").write_text(text.split("```python\n")[1].split("```")[0], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert study.problems_of(importlib.import_module("readme_example")) == []


def test_a_study_trains_if_its_sources_import_coreops(toy):
    """Itself or by a part of its chapter: then its kernels are compiled before it measures."""
    path = toy / "studies" / "toy" / "coin.py"
    assert study.trains(path)
    text = path.read_text(encoding="utf-8").replace("from coreops import Run\n", "Run = 'coreops'\n")
    path.write_text(text, encoding="utf-8")
    assert not study.trains(path)
    path.with_name("_part.py").write_text("import coreops.losses\n", encoding="utf-8")
    path.write_text(text.replace("import numpy", "from studies.toy import _part\nimport numpy", 1), encoding="utf-8")
    assert study.trains(path)


def test_two_threads_parse_one_after_the_other(monkeypatch, tmp_path):
    inside, most = [], []

    def parse(text, name):
        inside.append(threading.get_ident())
        time.sleep(0.02)
        most.append(len(inside))
        inside.pop()
        return text

    (tmp_path / "module.py").write_text("x = 1", encoding="utf-8")
    monkeypatch.setattr(syntax, "ast", types.SimpleNamespace(parse=parse))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(syntax.syntax_tree, [tmp_path / "module.py"] * 4)) == ["x = 1"] * 4
    assert most == [1] * 4
