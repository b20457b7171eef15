"""claimlab as a real process: killed and resumed, interrupted, piped."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from studies.harness import paths

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


def test_piped_output_is_plain_and_usage_exits_2(toy_process):
    code, out, err = toy_process.run("run", "coin", "--quick", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["mode"] == "quick"
    code, out, err = toy_process.run("run", "coin", "--quick")
    assert "\x1b" not in out + err
    assert "toy/coin: up to date" in err
    code, _, err = toy_process.run("run", "coni")
    assert code == 2
    assert "did you mean 'coin'" in err


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
