"""claimlab as a real process: killed and resumed, interrupted, piped."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from studies.harness import paths
from studies.harness.cli import cli

pytestmark = pytest.mark.once

posix = pytest.mark.skipif(os.name != "posix", reason="signals")


def wait_for_rows(toy_process, process, n):
    limit = time.monotonic() + 30
    while len(toy_process.rows()) < n and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.005)


def numbers(tree):
    data = json.loads((tree / "reports" / "toy" / "coin.json").read_text(encoding="utf-8"))
    return data["result_hash"], data["findings"]


@posix
def test_stopped_and_resumed_gives_the_same_numbers_and_trains_no_row_twice(toy, toy_process, monkeypatch):
    monkeypatch.setenv("TOY_LOG", str(toy_process.log))
    cli(["run", "--all"], standalone_mode=False)  # what is wanted, by nobody stopped
    expected, total = numbers(toy), len(toy_process.rows())
    assert len(set(toy_process.rows())) == total
    toy_process.log.unlink()

    for stop in (5, 11, 17, total):  # while tuning, by Ctrl-C, while measuring, while judging or writing
        process = toy_process("run", "--all", delay=0.02 if stop == 11 else 0.01)
        wait_for_rows(toy_process, process, stop)
        process.send_signal(signal.SIGINT if stop == 11 else signal.SIGKILL)
        _, err = process.communicate(timeout=30)
        if stop == 11:
            assert process.returncode == 130
            assert "interrupted: 0 of 1 studies finished" in err
            assert "every trained row too" in err
            assert 11 <= len(toy_process.rows()) < total
        for path in (toy_process.tree / "reports").rglob("*.json"):
            json.loads(path.read_text(encoding="utf-8"))
    before = len(toy_process.rows())
    code, out, err = toy_process.run("run", "--all")
    assert code == 0, err
    assert "toy-effect\tconfirmed" in out and "\x1b" not in out + err
    assert numbers(toy_process.tree) == expected
    assert len(toy_process.rows()) == len(set(toy_process.rows())) == total
    assert before >= 17
    left = [p.name for p in toy_process.tree.rglob("*.tmp")]
    assert left == []


def with_second_study(toy_process, begin="", name="aaa"):
    """Beside coin a copy of it whose `draw` begins with other lines. Returns a function: figure -> bytes."""
    chapter = toy_process.tree / "studies" / "toy"
    text = (chapter / "coin.py").read_text(encoding="utf-8")
    first = "def draw(data, p):\n"
    (chapter / f"{name}.py").write_text(text.replace(first, first + begin), encoding="utf-8")
    return lambda name: (toy_process.tree / "figures" / "toy" / name).read_bytes()


def test_figures_drawn_in_another_process_are_the_same_to_the_byte(toy_process):
    pid = "    import os\n    print('drawn by', os.getpid(), 'for', os.getppid(), flush=True)\n"
    figure = with_second_study(toy_process, pid)
    process = toy_process("run", "--all", "--json")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    drawn, rest = out.split("\n", 1)
    assert drawn.split()[2] != drawn.split()[4] == str(process.pid)
    assert [s["id"] for s in json.loads(rest)["studies"]] == ["toy/aaa", "toy/coin"]
    apart = {name: figure(name) for name in ("aaa.svg", "aaa.png", "coin.svg")}
    assert apart["aaa.svg"] == apart["coin.svg"]
    process = toy_process("run", "aaa", "--force")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert f"drawn by {process.pid} for" in out
    assert {name: figure(name) for name in apart} == apart


def test_a_figure_that_fails_in_another_process_and_a_process_that_dies_cost_one_figure_each(toy_process):
    """The one names its study and the line; after the other, another process draws."""
    with_second_study(toy_process, "    raise RuntimeError('no ink')\n")
    with_second_study(toy_process, "    import os\n    os._exit(3)\n", "bbb")
    code, out, err = toy_process.run("run", "--all")
    assert code == 1
    assert "failed: toy/aaa: RuntimeError: no ink" in err
    assert re.search(r'aaa\.py", line \d+, in draw', err)
    assert "failed: toy/bbb: RuntimeError: the process that draws ended" in err
    assert "toy-effect\tconfirmed\ttoy/coin\tmeasured" in out
    for name in ("aaa", "bbb"):
        assert not list(toy_process.tree.rglob(f"{name}.svg")) and not list(toy_process.tree.rglob(f"{name}.json"))


@posix
def test_stopped_while_a_figure_is_drawn(toy_process):
    """The process that draws ends too, what it drew for is not written, and nothing is trained again."""
    sign = toy_process.tree / "drawing"
    lines = (
        "    import os, pathlib, time\n"
        f"    sign = pathlib.Path({str(sign)!r})\n"
        "    if not sign.exists() or sign.read_text() == 'once more':\n"
        "        again = sign.exists()\n"
        "        sign.write_text(f'{os.getpid()}\\n')\n"
        "        time.sleep(1 if again else 60)\n"
    )
    with_second_study(toy_process, lines)
    for stop in (signal.SIGINT, signal.SIGKILL):
        process = toy_process("run", "--all", delay=0.02)
        limit = time.monotonic() + 60
        while not (sign.exists() and sign.read_text().endswith("\n")) and time.monotonic() < limit:
            time.sleep(0.01)
        drawing = int(sign.read_text())
        if stop == signal.SIGINT:
            os.kill(drawing, stop)  # a terminal's Ctrl-C goes to both
            time.sleep(0.3)
        process.send_signal(stop)
        _, err = process.communicate(timeout=20)
        if stop == signal.SIGINT:
            assert process.returncode == 130
            assert "interrupted: 0 of 2 studies finished" in err
            assert "failed" not in err and "Traceback" not in err
        while time.monotonic() < limit:
            try:
                os.kill(drawing, 0)
            except ProcessLookupError:
                break
            time.sleep(0.05)
        else:
            pytest.fail("the process that draws is still there")
        assert not list(toy_process.tree.rglob("aaa.json"))
        sign.write_text("once more")
    sign.write_text("no more")
    assert toy_process.run("run", "--all")[0] == 0
    assert max(Counter(toy_process.rows()).values()) == 2  # once by each study


def test_piped_json_is_all_there_is_and_usage_exits_2(toy_process):
    code, out, err = toy_process.run("run", "coin", "--quick", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["mode"] == "quick"
    code, _, err = toy_process.run("rum", "coin")
    assert code == 2
    assert "did you mean 'run'" in err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
@pytest.mark.parametrize("arguments", [("status",), ("list", "--json"), ("run", "coin", "--quick"), ("--help",)])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written_is_one_sentence(toy_process, monkeypatch, arguments, unbuffered):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    with open("/dev/full", "w") as full:
        process = toy_process(*arguments, stdout=full)
        err = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert err.splitlines()[-1] == "Error: the output cannot be written: No space left on device"
    assert "Traceback" not in err and "Exception ignored" not in err


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from studies.harness.cli import cli\n"
        "assert CliRunner().invoke(cli, ['--help']).exit_code == 0\n"
        "heavy = ('numpy', 'pandas', 'matplotlib', 'numba', 'pydantic', 'rich.table', 'scipy')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=paths.tree(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
