"""One object, two texts: the schema holds, the Markdown's numbers are the JSON's, runs repeat."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

from studies.harness import (
    Criteria,
    Criterion,
    Outcome,
    Verdict,
    compare,
    files,
    index,
    paths,
    report,
    result,
    runner,
    study,
)
from studies.harness.finding import Point
from studies.harness.runner import Options

pytestmark = pytest.mark.once

COMMITTED = sorted(paths.reports("full").glob("*/*.json"))


def read(done):
    data, text = (done.files[kind].read_text(encoding="utf-8") for kind in ("json", "md"))
    return json.loads(data), text


def test_the_committed_schema_is_that_of_the_model():
    committed = json.loads((report.HERE / "report.schema.json").read_text(encoding="utf-8"))
    assert committed == result.schema(), "renew it: python -m studies.harness.result"


def test_a_run_writes_a_valid_report_with_its_figure(done):
    data, text = read(done)
    report.validate(data)
    assert report.from_json(json.dumps(data)) == done.report
    assert {c["id"]: c["verdict"] for c in data["claims"]} == {
        "toy-effect": "confirmed",
        "toy-identity": "exact",
    }
    for kind in ("svg", "png"):
        assert done.files[kind].stat().st_size > 1000
    assert "QUICK" not in text
    picture = re.search(r"\]\((\S+\.svg)\)", text).group(1)
    assert (done.files["md"].parent / picture).resolve() == done.files["svg"]


def test_a_broken_report_is_refused_with_the_place(done):
    data, _ = read(done)
    data["findings"][0]["verdict"] = "great"
    with pytest.raises(ValueError, match="findings/0/verdict"):
        report.validate(data)


def test_every_number_of_the_markdown_is_the_jsons(done):
    data, text = read(done)
    tables = text[text.index("## Findings") : text.index("## Scope")]
    rows = {m[1]: m[2] for m in re.finditer(r"^\| `([a-z0-9-]+)` \|(.*)\|$", tables, re.M)}
    for f in data["findings"]:
        cells = [c.strip() for c in rows[f["name"]].split("|")]
        assert report.number(f["estimate"], f["unit"]) in cells
        assert report.number(f["threshold"], f["unit"]) in cells
        assert str(f["n"]) in cells
        assert f["verdict"] in [c.strip("*") for c in cells]
        if f["low"] == f["high"]:
            assert "[" not in rows[f["name"]]
        else:
            low, high = map(float, re.search(r"\[(\S+), (\S+)\]", rows[f["name"]]).groups())
            assert (low, high) == pytest.approx((f["low"], f["high"]), rel=1e-3)
    effect = next(f for f in data["findings"] if f["name"] == "effect")
    assert f"the measured difference is {report.number(effect['estimate'])}." in text
    for p in data["parameters"]:
        assert f"| `{p['name']}` | {p['value']} |" in text
    assert "as it must" in text
    assert "**T1**" in text
    assert "The difference is 1." in text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.25, 0.5, "[0.25, 0.5] (95 %)"), (0.25, 0.25, "–"), (0.5, 0.5 + 1e-15, "–"), (None, None, "–")],
)
def test_a_point_is_no_interval(low, high, text):
    point = Point(at="1", verdict="confirmed", estimate=0.5, low=low, high=high)
    assert report.interval(point) == text


@pytest.fixture
def with_points(done):
    """A report whose first finding was judged at two points."""
    points = tuple(
        Point(at=at, verdict="confirmed", estimate=e, low=e - 1, high=e + 1, n=7, p_value=0.002, p_adjusted=0.004)
        for at, e in (("width 8", 2.5), ("width 9", 3.5))
    )
    findings = (done.report.findings[0].model_copy(update={"points": points}), *done.report.findings[1:])
    return done.report.model_copy(update={"findings": findings})


def test_points_of_an_axis_are_printed_with_their_corrected_p(with_points):
    text = report.to_markdown(report.from_json(report.to_json(with_points)), "x.svg")
    assert "Points of the findings judged along an axis (2 rows)" in text
    assert "| `effect` | width 8 | confirmed | 2.5 | [1.5, 3.5] (95 %) | – | 7 | 0.002 | 0.004 |" in text


def test_check_compares_points(with_points, done):
    def changed(**update):
        first, *rest = with_points.findings
        points = (first.points[0], first.points[1].model_copy(update=update))
        new = with_points.model_copy(update={"findings": (first.model_copy(update={"points": points}), *rest)})
        return {(c.finding, c.quantity): c.status for c in compare.compare(with_points, new)}

    assert changed(estimate=4.5)["effect at width 9", "estimate"] == "moved"
    assert changed(verdict="refuted")["effect at width 9", "verdict"] == "verdict flipped"
    assert changed(at="width 10")["effect", "points"] == "moved"
    assert ("effect", "points") not in changed()


def test_the_markdown_follows_from_the_json_alone(done):
    data, text = read(done)
    assert report.to_markdown(report.from_json(json.dumps(data)), "../../figures/toy/coin.svg") == text


def test_nothing_names_the_host_the_user_or_a_path(done):
    import getpass
    import platform

    data, text = read(done)
    both = json.dumps(data) + text
    assert str(done.files["md"].parents[3]) not in both
    assert f"/{getpass.getuser()}" not in both
    assert len(platform.node()) < 4 or platform.node() not in both


def test_runs_repeat_but_for_what_is_volatile(done, toy_done):
    again = runner.run("toy/coin", Options(force=True))
    assert again.state == "measured"
    assert again.report.model_copy(update={"volatile": done.report.volatile}) == done.report
    assert again.report.volatile.files == done.report.volatile.files


def test_states_of_a_run(done, toy_done):
    assert done.state == "measured"
    same = runner.run("toy/coin")
    assert same.state == "up to date"
    same.files["png"].unlink()
    redone = runner.run("toy/coin")
    assert (redone.state, redone.reasons) == ("judged again", ("png file is missing or was changed",))
    same.files["md"].write_text("tampered", encoding="utf-8")
    assert runner.run("toy/coin").reasons == ("md file is missing or was changed",)


def test_quick_runs_stay_out_of_the_tree_and_are_marked(toy):
    done = runner.run("toy/coin", Options(quick=True))
    _, text = read(done)
    assert done.files["md"].is_relative_to(toy / "build" / "quick")
    assert "**QUICK**" in text
    assert not (toy / "reports").exists()
    custom = runner.run("toy/coin", Options(settings=("effect=2",)))
    assert custom.files["json"].is_relative_to(toy / "build" / "custom")
    assert custom.report.command == "claimlab run toy/coin --set effect=2"


def test_the_criteria_hash_is_fixed_by_parameters_version_and_declarations(toy):
    study = runner.load("toy/coin")
    base = result.criteria_hash(study, study.FULL)
    assert base == result.criteria_hash(study, study.FULL)
    assert base != result.criteria_hash(study, study.FULL.model_copy(update={"margin": 0.2}))


def test_inconclusive_findings_double_the_seeds_as_declared(toy):
    done = runner.run("toy/coin", Options(settings=("effect=0.1", "margin=0.12", "seeds=6")))
    assert done.report.seeds.doublings in (1, 2)
    assert done.report.finding("effect").n == 6 * 2**done.report.seeds.doublings
    none = runner.run("toy/coin", Options(settings=("effect=0.1", "margin=0.12", "seeds=6", "max_doublings=0")))
    assert (none.report.seeds.count, none.report.finding("effect").verdict) == (6, "inconclusive")


def test_check_names_identical_within_moved_and_flipped(done):
    old = done.report
    assert {c.status for c in compare.compare(old, old)} == {"identical"}

    def changed(**update):
        findings = tuple(f.model_copy(update=update) if f.name == "effect" else f for f in old.findings)
        new = old.model_copy(update={"findings": findings})
        return {(c.finding, c.quantity): c.status for c in compare.compare(old, new)}

    effect = old.finding("effect")
    near = changed(estimate=effect.estimate * 1.01)
    assert near["effect", "estimate"] == "within tolerance"
    assert changed(estimate=effect.estimate * 2)["effect", "estimate"] == "moved"
    assert changed(estimate=None)["effect", "estimate"] == "moved"
    assert changed(verdict="refuted")["effect", "verdict"] == "verdict flipped"
    assert changed(n=effect.n + 1)["effect", "n"] == "moved"
    assert changed(p_value=effect.p_value + 0.2)["effect", "p_value"] == "moved"
    fewer = old.model_copy(update={"findings": old.findings[1:]})
    assert any(c.bad for c in compare.compare(old, fewer))


def test_check_sees_a_stored_number_changed_within_its_tolerance(done):
    near = tuple(f.model_copy(update={"estimate": f.estimate * 1.001}) for f in done.report.findings)
    found = compare.compare(done.report.model_copy(update={"findings": near}), done.report)
    assert [(c.finding, c.quantity) for c in found if c.bad] == [("stored report", "result hash")]


@pytest.fixture
def with_timing(done):
    """(a function of what the timing finding says -> report, the report that says "confirmed")"""
    criteria = Criteria(
        Criterion(claim="toy-effect", name="a", statement="s", criterion="c"),
        Criterion(claim="toy-effect", name="faster", role="secondary", volatile=True, statement="s", criterion="c"),
    )

    def made(verdict="confirmed", estimate=2.0, other=1.0):
        found = (
            criteria.finding("a", Outcome(Verdict.CONFIRMED, estimate=other)),
            criteria.finding("faster", Outcome(Verdict(verdict), estimate=estimate, n=5)),
        )
        stated = result.result_hash(done.report.criteria_hash, found)
        return done.report.model_copy(update={"findings": found, "result_hash": stated})

    return made, made()


def test_timings_are_not_compared_and_check_says_so(with_timing):
    made, old = with_timing
    found = compare.compare(old, made("refuted", 0.5))
    assert not any(c.bad for c in found)
    (timing,) = (c for c in found if c.finding == "faster")
    assert (timing.old, timing.new, timing.status) == ("confirmed", "refuted", "timing: not compared")
    assert any(c.bad for c in compare.compare(old, made(other=3.0)))  # what is no timing still is
    gone = old.model_copy(update={"findings": old.findings[:1]})
    assert [c.finding for c in compare.compare(old, gone) if c.bad] == ["faster"]


def test_timings_are_in_no_hash_but_in_the_report(with_timing):
    made, old = with_timing
    assert made("refuted", 0.5).result_hash == old.result_hash != made(other=3.0).result_hash
    text = report.to_markdown(report.from_json(report.to_json(old)), "x.svg")
    assert "| `faster` | `toy-effect` | secondary (timing: not compared) | **confirmed** | 2 |" in text
    assert "| `a` | `toy-effect` | primary | **confirmed** |" in text


def test_the_hash_of_criteria_knows_a_timing_from_others(toy):
    study = runner.load("toy/coin")
    old = result.criteria_hash(study, study.FULL)
    fields = study.CRITERIA[0].model_dump() | {"role": "secondary", "extendable": False}

    def hashed(**update):
        changed = replace(
            study, module=SimpleNamespace(**vars(study.module) | {"CRITERIA": (Criterion(**fields | update),)})
        )
        return result.criteria_hash(changed, study.FULL)

    assert hashed(volatile=True) != hashed() == hashed(volatile=False) != old


def test_rounding_errors_may_be_anything_up_to_their_threshold_only():
    assert compare.judge_number(1e-13, 8e-11, 1.0, 1e-10) == "within tolerance"
    assert compare.judge_number(0.5, 0.51, 1.0, 1e-10) == "within tolerance"
    assert compare.judge_number(0.5, 1.5, 1.0, 1e-10) == "moved"


def test_index_and_readme_follow_the_reports(toy_done):
    written = index.update()
    assert {p.name for p in written} == {"index.md", "README.md"}
    readme = (toy_done / "README.md").read_text(encoding="utf-8")
    assert "**confirmed** | [toy/coin](reports/toy/coin.md)" in readme
    assert readme.endswith("\n\nEnd.\n")
    assert "2 of 3 claims measured" in (toy_done / "reports" / "index.md").read_text(encoding="utf-8")
    assert index.update() == []


@pytest.mark.parametrize("path", COMMITTED, ids=lambda p: p.stem)
def test_committed_reports_are_valid_and_their_markdown_follows(path):
    loaded = report.from_json(path.read_text(encoding="utf-8"))
    assert loaded.mode == "full"
    picture = f"../../figures/{loaded.id}.svg"
    assert path.with_suffix(".md").read_text(encoding="utf-8") == report.to_markdown(loaded, picture)
    assert (paths.tree() / loaded.figure.png).is_file()


@pytest.mark.parametrize("path", COMMITTED, ids=lambda p: p.stem)
def test_committed_reports_are_of_the_studies_as_they_are(path):
    old = report.from_json(path.read_text(encoding="utf-8"))
    loaded = study.load(old.id)
    assert old.key["study source"] == files.sources_hash(study.sources(loaded.path)), f"claimlab run {old.id}"
    assert old.criteria_hash == result.criteria_hash(loaded, loaded.FULL)
    for kind, digest in old.volatile.files.items():
        assert files.sha256(runner.outputs(old.id, "full")[kind].read_bytes()) == digest


def test_committed_index_and_readme_are_up_to_date():
    if not list(paths.reports("full").glob("*/*.json")):
        pytest.skip("no full reports yet")
    for path, text in index.expected().items():
        assert path.read_text(encoding="utf-8") == text, f"renew {path.name}: claimlab run --all"
