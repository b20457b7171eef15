"""claimlab as a real process: killed and resumed, interrupted, piped."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from studies.harness import paths

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
def test_killed_and_resumed_gives_the_same_numbers_and_trains_no_row_twice(toy_process):
    code, out, err = toy_process.run("run", "--all")
    assert code == 0, err
    assert "toy-effect\tconfirmed" in out
    expected, total = numbers(toy_process.tree), len(toy_process.rows())
    assert len(set(toy_process.rows())) == total
    for name in ("json", "md"):
        (toy_process.tree / "reports" / "toy" / f"coin.{name}").unlink()
    toy_process.log.unlink()

    for stop in (5, 17, total):  # while tuning, while measuring, while judging or writing
        process = toy_process("run", "--all", delay=0.01, cache="second")
        wait_for_rows(toy_process, process, stop)
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
        for path in (toy_process.tree / "reports").rglob("*.json"):
            json.loads(path.read_text(encoding="utf-8"))
    before = len(toy_process.rows())
    code, _, _ = toy_process.run("run", "--all", cache="second")
    assert code == 0
    assert numbers(toy_process.tree) == expected
    assert len(toy_process.rows()) == len(set(toy_process.rows())) == total
    assert before >= 17
    left = [p.name for p in toy_process.tree.rglob("*.tmp")]
    assert left == []


@posix
def test_ctrl_c_says_what_is_kept(toy_process):
    process = toy_process("run", "coin", delay=0.02)
    wait_for_rows(toy_process, process, 3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted: 0 of 1 studies finished" in err
    assert "every trained row too" in err
    kept = len(toy_process.rows())
    assert toy_process.run("run", "coin")[0] == 0
    assert len(set(toy_process.rows())) == len(toy_process.rows()) > kept


def with_second_study(toy_process, begin=""):
    """Beside coin a copy of it, aaa, whose `draw` begins with other lines. Returns a function: figure -> bytes."""
    chapter = toy_process.tree / "studies" / "toy"
    text = (chapter / "coin.py").read_text(encoding="utf-8")
    first = "def draw(data, p):\n"
    (chapter / "aaa.py").write_text(text.replace(first, first + begin), encoding="utf-8")
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
    for study in ("aaa", "coin"):
        code, out, err = toy_process.run("run", study, "--force")
        assert code == 0, err
    assert f"drawn by {os.getpid()}" not in out
    assert {name: figure(name) for name in apart} == apart


def test_a_figure_that_fails_in_another_process_names_its_study_and_the_line(toy_process):
    with_second_study(toy_process, "    raise RuntimeError('no ink')\n")
    code, out, err = toy_process.run("run", "--all")
    assert code == 1
    assert "failed: toy/aaa: RuntimeError: no ink" in err
    assert "aaa.py" in err.split("Traceback")[-1]
    assert "toy-effect\tconfirmed\ttoy/coin\tmeasured" in out
    assert not list(toy_process.tree.rglob("aaa.svg")) and not list(toy_process.tree.rglob("aaa.json"))


def test_a_process_that_dies_while_it_draws_costs_one_figure(toy_process):
    with_second_study(toy_process, "    import os\n    os._exit(3)\n")
    code, out, err = toy_process.run("run", "--all")
    assert code == 1
    assert "failed: toy/aaa: RuntimeError: the process that draws ended" in err
    assert "toy/coin\tmeasured" in out


@posix
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_stopped_while_a_figure_is_drawn(toy_process, stop):
    """The process that draws ends too, what it drew for is not written, and nothing is trained again."""
    sign = toy_process.tree / "drawing"
    lines = (
        "    import os, pathlib, time\n"
        f"    sign = pathlib.Path({str(sign)!r})\n"
        "    if not sign.exists():\n"
        "        sign.write_text(f'{os.getpid()}\\n')\n"
        "        time.sleep(SECONDS)\n"
    ).replace("SECONDS", "60" if stop == signal.SIGINT else "1")
    with_second_study(toy_process, lines)
    process = toy_process("run", "--all", delay=0.02)
    limit = time.monotonic() + 60
    while not (sign.exists() and sign.read_text().endswith("\n")) and time.monotonic() < limit:
        time.sleep(0.01)
    if stop == signal.SIGINT:
        os.kill(int(sign.read_text()), stop)  # a terminal's Ctrl-C goes to both
        time.sleep(0.3)
    process.send_signal(stop)
    _, err = process.communicate(timeout=20)
    if stop == signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted: 0 of 2 studies finished" in err
        assert "failed" not in err and "Traceback" not in err
    while time.monotonic() < limit:
        try:
            os.kill(int(sign.read_text()), 0)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the process that draws is still there")
    assert not list(toy_process.tree.rglob("aaa.json"))
    assert toy_process.run("run", "--all")[0] == 0
    assert max(Counter(toy_process.rows()).values()) == 2  # once by each study


def test_piped_output_is_plain_and_usage_exits_2(toy_process):
    code, out, err = toy_process.run("run", "coin", "--quick", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["mode"] == "quick"
    code, out, err = toy_process.run("run", "coin", "--quick")
    assert "\x1b" not in out + err
    assert "toy/coin: up to date" in err
    code, _, err = toy_process.run("rum", "coin")
    assert code == 2
    assert "did you mean 'run'" in err


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
