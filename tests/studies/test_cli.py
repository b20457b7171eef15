"""The command line, through click's runner."""

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from studies.harness import paths
from studies.harness.cite import lecture_bibtex
from studies.harness.cli import COMMANDS, cli, options

pytestmark = pytest.mark.once


def call(*arguments, code=0):
    outcome = CliRunner().invoke(cli, list(arguments), prog_name="claimlab")
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == code, outcome.output
    return outcome


def as_json(*arguments, code=0):
    return json.loads(call(*arguments, "--json", code=code).stdout)


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help_with_an_example(command):
    text = call(command, "--help").output
    assert "Example: claimlab " + command in text
    assert "--json" in text


def test_help_names_the_commands():
    text = call("--help").output
    assert all(name in text for name in COMMANDS)


@pytest.mark.parametrize("command", ["run", "check"])
def test_target_cuda_without_a_gpu_is_one_sentence(command, monkeypatch):
    from numba import cuda

    monkeypatch.setattr(cuda, "is_available", lambda: False)
    text = call(command, "momentum", "--target", "cuda", code=2).output
    assert len(re.findall("target: got 'cuda' without", text)) == 1
    assert "target='cpu'" in text and "Traceback" not in text


def test_list(toy):
    rows = as_json("list")["claims"]
    assert [r["id"] for r in rows] == ["toy-effect", "toy-identity", "toy-unstudied"]
    assert (rows[0]["deck"], rows[0]["slide"], rows[0]["study"], rows[0]["verdict"]) == (
        "900",
        "Toys | bars",
        "toy/coin",
        None,
    )
    assert rows[2]["study"] is None
    call("run", "toy")
    assert [r["verdict"] for r in as_json("list")["claims"]] == ["confirmed", "exact", None]
    assert "3 claims, 2 with a study, 2 with a verdict." in call("list").output
    assert "did you mean 'toy'" in call("list", "--chapter", "toi", code=2).output


@pytest.mark.parametrize("content", [b"CLAIMS = (", b"# \xff"])
def test_lists_name_a_study_that_cannot_be_read(toy, content):
    """Its claims would seem to have no study, and its errata no finding."""
    (toy / "studies" / "toy" / "aaa.py").write_bytes(content)
    for arguments, line in (
        (("list", "--chapter", "toy"), "3 claims, 2 with a study, 0 with a verdict."),
        (("errata",), "1 errata, 1 shown by a finding."),
    ):
        text = call(*arguments, code=1).output
        assert line in text
        assert re.search(r"failed: toy/aaa: cannot be read: SyntaxError: .+aaa\.py", text)
        assert "aaa.py" in as_json(*arguments, code=1)["failed"]["toy/aaa"]


def test_errata(toy):
    call("run", "--all")
    (entry,) = as_json("errata")["errata"]
    assert entry["findings"] == [{"finding": "toy/coin:as-printed-t1", "verdict": "refuted"}]


def test_show(toy):
    (shown,) = as_json("show", "coin")["studies"]
    assert shown["criteria"][0]["criterion"] == "paired difference above 0, at least 0.1"
    assert shown["parameters"][0] == {
        "name": "seeds",
        "value": 12,
        "description": "reporting seeds",
        "range": "int, >= 2",
        "quick": 8,
    }
    assert "toy/coin, version 2" in call("show", "toy/coin").output


def test_run_json_and_why(toy):
    why = as_json("run", "coin", "--why")["studies"]
    assert why == [{"id": "toy/coin", "up_to_date": False, "reasons": ["no earlier result"]}]
    ran = as_json("run", "coin")
    assert ran["studies"][0]["claims"] == {"toy-effect": "confirmed", "toy-identity": "exact"}
    assert ran["studies"][0]["files"]["md"] == "reports/toy/coin.md"
    assert "up to date, nothing changed" in call("run", "coin", "--why").output
    assert as_json("run", "coin", "--quick")["mode"] == "quick"
    source = toy / "studies" / "toy" / "coin.py"
    source.write_text(source.read_text() + "\n", encoding="utf-8")
    assert "study source changed" in call("run", "coin", "--why").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run",), "give a study, a chapter or --all"),
        (("run", "tou/coin"), "did you mean 'toy/coin'"),
        (("run", "coin", "--set", "efect=1"), "did you mean 'effect'"),
        (("run", "coin", "--set", "effect=99"), "it is float, >= -5, <= 5"),
        (("run", "coin", "--seeds", "1"), "it is int, >= 2"),
        (("run", "coin", "--seeds", "3", "--set", "seeds=4"), "got seeds more than once"),
        (("run", "coin", "--set", "effect=1", "--set", "effect=2"), "got effect more than once"),
        (("run", "coin", "--target", "tpu"), "tpu"),
        (("check", "coin"), "no full report to check for toy/coin"),
        (("show", "cion"), "did you mean 'coin'"),
        (("chek",), "did you mean 'check'"),
    ],
)
def test_usage_errors_exit_2(toy, arguments, message):
    assert message in call(*arguments, code=2).output


def test_studies_without_kernels_run_first_while_the_kernels_compile(toy, monkeypatch):
    chapter = toy / "studies" / "toy"
    text = (chapter / "coin.py").read_text(encoding="utf-8")
    row = "from collections import namedtuple\nRun = namedtuple('Run', 'arm seed value', defaults=[0.0])"
    (chapter / "zero.py").write_text(text.replace("from coreops import Run", row), encoding="utf-8")
    asked = []
    monkeypatch.setattr(sys.modules["coreops"], "precompile", lambda **how: asked.append(how))
    call("run", "--all", "--why")
    call("run", "zero", "--quick")
    assert asked == []
    assert [s["id"] for s in as_json("run", "--all")["studies"]] == ["toy/zero", "toy/coin"]
    assert asked == [{"wait": False, "abreast": False}]


def test_check(toy):
    call("run", "coin")
    checked = as_json("check", "coin")["studies"]["toy/coin"]
    assert {c["status"] for c in checked} == {"identical"}
    path = toy / "reports" / "toy" / "coin.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["findings"][0]["estimate"] *= 3
    path.write_text(json.dumps(data), encoding="utf-8")
    checked = as_json("check", "--all", code=1)["studies"]["toy/coin"]
    assert [c["quantity"] for c in checked if c["status"] == "moved"] == ["result hash", "estimate"]
    assert "stored report" in call("check", "coin", code=1).output
    data["findings"][0]["verdict"] = data["claims"][0]["verdict"] = "refuted"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert "verdict flipped" in call("check", "coin", code=1).output


def test_check_passes_when_only_a_timing_flipped(toy):
    source = toy / "studies" / "toy" / "coin.py"
    texts = 'claim="toy-effect", name="faster", statement="Less time", criterion="ratio at least 1"'
    added = {
        "CRITERIA = Criteria(": f'Criterion({texts}, role="secondary", volatile=True),',
        "    return [": 'CRITERIA.finding("faster", statistics.bound(__import__("time").time(), at_least=1.0)),',
    }
    text = source.read_text(encoding="utf-8")
    for line, more in added.items():
        text = text.replace(f"{line}\n", f"{line}\n        {more}\n")
    source.write_text(text, encoding="utf-8")
    call("run", "coin")
    path = toy / "reports" / "toy" / "coin.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data["findings"][0]["volatile"] and data["findings"][0]["verdict"] == "confirmed"
    data["findings"][0] |= {"verdict": "refuted", "estimate": 0.5}
    path.write_text(json.dumps(data), encoding="utf-8")
    checked = as_json("check", "coin")["studies"]["toy/coin"]
    assert {c["status"] for c in checked} == {"identical", "timing: not compared"}
    assert "timing: not compared" in call("check", "coin").output


def test_a_cache_that_cannot_be_written_is_named_before_anything_runs(toy, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("CLAIMLAB_CACHE", str(blocked / "cache"))
    output = call("run", "coin", code=1).output
    assert "cannot be written" in output and "CLAIMLAB_CACHE" in output and "Traceback" not in output
    assert not (toy / "reports").exists()


@pytest.mark.parametrize(("name", "arguments"), [("reports", ()), ("figures", ()), ("build", ("--quick",))])
def test_an_output_folder_that_cannot_be_written_is_named_before_anything_runs(toy, monkeypatch, name, arguments):
    (toy / name).touch()
    monkeypatch.setattr("studies.harness.runner.begin", None)
    output = call("run", "coin", *arguments, code=1).output
    assert f"{name}" in output and "cannot be written" in output and "Traceback" not in output


def test_a_full_run_wants_registered_claims(toy):
    path = toy / "studies" / "claims.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('id = "toy-effect"', 'id = "toy-other"'), encoding="utf-8")
    assert "toy-effect: in no entry of claims.toml" in as_json("run", "coin", "--why", code=1)["failed"]["toy/coin"]
    call("run", "coin", code=1)
    assert not (toy / "reports" / "toy").exists()
    call("run", "coin", "--quick")


def test_why_names_what_is_broken(toy):
    source = toy / "studies" / "toy" / "coin.py"
    source.write_text(source.read_text(encoding="utf-8") + "\ndef (", encoding="utf-8")
    answer = as_json("run", "--all", "--why", code=1)
    assert answer["studies"] == [] and "coin" in str(answer["failed"])


def test_a_damaged_report_is_named_and_can_be_made_again(toy):
    call("run", "coin")
    path = toy / "reports" / "toy" / "coin.json"
    whole = path.read_text(encoding="utf-8")
    for text in (whole[:100], "[]", whole.replace('"version": 2', '"version": "two"', 1)):
        path.write_text(text, encoding="utf-8")
        for arguments in (("check", "coin"), ("check", "--all"), ("cite", "coin"), ("show", "coin")):
            assert "reports/toy/coin.json is damaged" in call(*arguments, code=1).output
        assert "coin.json is damaged" in call("status").output
    edits = (('"verdict": "', '"verdict": "not '), ('"claims":', '"clams":'), ('"role":', '"rule":'))
    for text in ("[]", whole[:100], *(whole.replace(*edit) for edit in edits)):
        assert text != whole
        path.write_text(text, encoding="utf-8")
        for command in ("list", "errata"):
            assert "reports/toy/coin.json is damaged" in call(command, code=1).output
    call("run", "coin")
    assert json.loads(path.read_text(encoding="utf-8"))["findings"] == json.loads(whole)["findings"]
    assert "hence not checked" not in call("check", "--all").output
    path.unlink()
    assert "hence not checked: toy/coin" in call("check", "--all").output


def test_check_of_a_quick_run(toy):
    call("run", "coin", "--quick")
    call("check", "coin", "--quick")


def test_cite(toy):
    assert "no full report to cite" in call("cite", "coin", code=1).output
    call("run", "coin")
    report, first, second = as_json("cite", "toy-effect")["bibtex"]
    assert report.startswith("@techreport{claimlab-toy-coin-v2,")
    assert "result " in report
    assert "Ann Author and Bob Writer" in first
    assert r"toys \& bars" in first
    assert "author" not in second
    assert "{n.d.}" in second


def test_bibtex_holds_whatever_a_title_does():
    """A single brace would end the field, and with it the entry; BibTeX counts escaped ones, too."""
    entry = lecture_bibtex({"id": "1", "title": "50% & a_b {x \\y ~z"})
    assert r"{50\% \& a\_b \textbraceleft{}x \textbackslash{}y \textasciitilde{}z}" in entry
    assert entry.count("{") == entry.count("}")


def test_status(toy):
    assert as_json("status")["studies"][0]["full"]["state"] == "not run"
    call("run", "coin")
    row = as_json("status")["studies"][0]
    assert (row["full"]["state"], row["quick"]["state"]) == ("up to date", "not run")
    call("run", "coin", "--quick")
    (toy / "build" / "quick" / "figures" / "toy" / "coin.svg").unlink()
    assert "quick: svg file is missing or was changed" in call("status").output


@pytest.mark.parametrize("mode", [(), ("--quick",), ("--set", "seeds=13")])
def test_a_report_edited_by_hand_is_out_of_date(toy, mode):
    """A number by less than is printed, or the verdict of a claim, of which no finding's hash knows."""
    ran = as_json("run", "coin", *mode)
    path = toy / ran["studies"][0]["files"]["md"].replace(".md", ".json")
    whole = json.loads(path.read_text(encoding="utf-8"))
    estimate = whole["findings"][0]["estimate"] * (1 + 1e-9)
    for part, change in (("findings", {"estimate": estimate}), ("claims", {"verdict": "refuted"})):
        edited = whole | {part: [whole[part][0] | change, *whole[part][1:]]}
        path.write_text(json.dumps(edited), encoding="utf-8")
        assert "would run: json file was changed" in call("run", "coin", "--why", *mode).output
        call("run", "coin", *mode)
        assert json.loads(path.read_text(encoding="utf-8"))[part] == whole[part]
        assert "up to date" in call("run", "coin", "--why", *mode).output


def test_a_failing_study_does_not_stop_the_others(toy):
    source = (toy / "studies" / "toy" / "coin.py").read_text()
    broken = source.replace("    fig, ax = plotting.figure()", "    raise RuntimeError('no ink')")
    (toy / "studies" / "toy" / "aaa.py").write_text(broken, encoding="utf-8")
    (toy / "studies" / "toy" / "bbb.py").write_text("CLAIMS = 3 +\n", encoding="utf-8")
    ran = as_json("run", "--all", code=1)
    assert ran["failed"]["toy/aaa"] == "RuntimeError: no ink"
    assert "SyntaxError" in ran["failed"]["toy/bbb"]
    assert [s["id"] for s in ran["studies"]] == ["toy/coin"]


def test_check_goes_on_after_a_study_that_fails(toy):
    call("run", "coin")
    source = toy / "studies" / "toy" / "coin.py"
    (toy / "studies" / "toy" / "aaa.py").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    call("run", "aaa")
    broken = source.read_text(encoding="utf-8").replace("    wide = ", "    raise RuntimeError('no data')\n    wide = ")
    (toy / "studies" / "toy" / "aaa.py").write_text(broken, encoding="utf-8")
    sys.modules.pop("studies.toy.aaa")
    checked = as_json("check", "--all", code=1)
    assert checked["failed"] == {"toy/aaa": "RuntimeError: no data"}
    assert list(checked["studies"]) == ["toy/coin"]
    text = call("check", "--all", code=1).output
    assert "failed: toy/aaa: RuntimeError: no data" in text
    assert "Traceback" in text  # of run and of check alike


def test_commands_share_code_by_name_not_by_copy():
    blocks = {}
    for path in sorted(Path(options.__file__).parent.glob("*.py")):
        lines = [s for line in path.read_text(encoding="utf-8").splitlines() if (s := line.strip())]
        for block in {tuple(lines[i : i + 5]) for i in range(len(lines) - 4)}:
            blocks.setdefault(block, []).append(path.name)
    assert [names for names in blocks.values() if len(names) > 1] == []


def test_bench_needs_a_checkout(toy):
    assert "benchmarks need a checkout" in call("bench", code=1).output


@pytest.mark.parametrize("text", ['{"trunc', "[]", '{"commit": null, "created": "2020", "benchmarks": []}'])
def test_bench_names_a_damaged_result(toy, text):
    from studies.harness import bench

    bench.folder().mkdir(parents=True)
    (bench.folder() / "aaaa.json").write_text(text)
    assert "aaaa.json is damaged" in call("bench", "--compare", code=1).output


def measured(name, *seconds, **other):
    middle = sorted(seconds)[len(seconds) // 2]
    return {
        "machine": {}, "commit": "c" * 40, "dirty": False, "created": "2020", "versions": {"numpy": "1"},
        "benchmarks": {name: {"median": middle, "seconds": list(seconds)}},
    } | other  # fmt: skip


def test_bench_keeps_what_is_stored_for_the_same_sources(toy, monkeypatch):
    from studies.harness import bench

    def kept(**other):
        bench.store(measured("a", 1.0, versions={"numpy": "1"}))
        path = paths.tree() / bench.store(measured("b", 2.0, **other))
        found = json.loads(path.read_text())["benchmarks"]
        path.unlink()
        return sorted(found)

    assert kept() == ["a", "b"]
    assert kept(versions={"numpy": "2"}) == kept(dirty=True) == ["b"]
    bench.store(measured("a", 1.0))
    assert json.loads((paths.tree() / bench.store(measured("a", 3.0))).read_text())["benchmarks"]["a"]["median"] == 3


def test_bench_that_compares_nothing_fails(toy, monkeypatch):
    from studies.harness import bench

    monkeypatch.setattr(bench, "writable", lambda save: None)
    for name, code, says in (("a", 0, "1 of 2 benchmarks are not stored there"), ("b", 1, "nothing was compared: ccc")):
        bench.store(measured(name, *[1.0] * 9, dirty=True))
        two = measured("a", *[1.0] * 9)["benchmarks"] | measured("c", 1.0)["benchmarks"]
        now = measured("a", 1.0, commit="d" * 40, benchmarks=two)
        monkeypatch.setattr(bench, "measure", lambda _, now=now: now)
        assert says in call("bench", "--compare", "c" * 12, code=code).output


def test_interrupted_anywhere_is_130(monkeypatch):
    from studies.harness.cli import catalogue, cli

    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(catalogue.list_claims, "callback", stopped)
    result = CliRunner().invoke(cli, ["list"])
    assert result.exit_code == 130 and "interrupted" in result.output


def test_bench_looks_first_whether_it_can_store(toy, monkeypatch):
    from studies.harness import bench

    monkeypatch.setattr(bench, "measure", lambda _: pytest.fail("measured"))
    monkeypatch.setattr(bench.paths, "in_checkout", lambda: True)
    bench.folder().parent.parent.mkdir(parents=True, exist_ok=True)
    bench.folder().parent.write_text("a file")
    assert "cannot be written" in call("bench", code=1).output


def test_bench_rule(toy, monkeypatch):
    import numpy as np

    from studies.harness import bench

    random = np.random.default_rng(0)

    def made(factor, commit, created):
        seconds = list(factor * (1 + 0.01 * random.random(30)))
        timed = {"median": float(np.median(seconds)), "seconds": seconds}
        return {
            "machine": bench.machine_class(),
            "commit": commit,
            "dirty": False,
            "created": created,
            "versions": {},
            "benchmarks": {"s0": timed},
        }

    bench.store(made(1.0, "a" * 40, "2020"))
    for factor, verdict, code in ((1.05, "same", 0), (1.2, "slower", 1), (0.8, "faster", 0)):
        monkeypatch.setattr(bench, "measure", lambda _, f=factor: made(f, "b" * 40, "2019"))
        (row,) = as_json("bench", "--compare", "aaaa", code=code)["comparison"]
        assert row["verdict"] == verdict
    assert "nothing is stored for 'cccc'" in call("bench", "--compare", "cccc", code=1).output
