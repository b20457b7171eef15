"""Everything that needs an NVIDIA GPU, in one call: tests, compute-sanitizer, benchmarks; tables to commit in --out.

python tests/bench/on_gpu.py --out reports [--jax PYTHON-WITH-JAX-FOR-CUDA] [--rounds 9] [--only tests,sanitizer,sweeps]
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from rig import gpu
from rig.process import ROOT

STAGES = ("tests", "sanitizer", "sweeps")
TESTS = [sys.executable, "-m", "pytest", "-m", "gpu", "tests/coreops/test_on_gpu.py", "-p", "no:cacheprovider", "-q"]
TOOLS = ("memcheck", "initcheck", "racecheck", "synccheck")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=str(ROOT / "build" / "gpu"), help="where gpu.json and gpu.md go")
    parser.add_argument("--jax", help="an interpreter that has JAX for CUDA; without it that column is left out")
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds, at least 7 for the record")
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long one run takes; sets the epochs")
    parser.add_argument("--rows", default="4096,512,132", help="sizes of the sweeps; default %(default)s")
    parser.add_argument("--only", default=",".join(STAGES), help="default: all of %(default)s")
    return parser.parse_args(arguments)


def say(text):
    print(text, file=sys.stderr, flush=True)


def last_line(done):
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return lines[-1].strip("= ") if lines else f"no output, exit code {done.returncode}"


def run(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})  # fmt: skip
    sys.stderr.write(done.stdout + done.stderr)
    return {"passed": done.returncode == 0, "says": last_line(done)}


def sanitize():
    """{tool: outcome} over the smallest of the GPU tests."""
    tool = shutil.which("compute-sanitizer")
    if tool is None:
        return {"compute-sanitizer": {"passed": None, "says": "not installed"}}
    return {name: run([tool, "--tool", name, "--error-exitcode", "9", *TESTS, "-k", "sanitized"]) for name in TOOLS}


def main(arguments=None):
    options = parse(arguments)
    sys.path.insert(0, str(ROOT))
    from coreops.cuda import check_device

    try:
        check_device()
    except RuntimeError as error:
        print(f"nothing to run here: {error}", file=sys.stderr)
        return 2
    stages, out = options.only.split(","), Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "gpu.json"
    result = json.loads(path.read_text()) if path.exists() else {}
    result |= {"hardware": gpu.hardware(), "rounds": options.rounds}
    if "tests" in stages:
        result["tests"] = run(TESTS)
    if "sanitizer" in stages:
        result["sanitizer"] = sanitize()
    if "sweeps" in stages:
        specs = {gpu.OURS: ("coreops_fit", sys.executable), gpu.CPU: ("coreops_fit", sys.executable)}
        if options.jax:
            specs[gpu.JAX] = ("jax_scan", options.jax)
        sizes = [int(n) for n in options.rows.split(",")]
        with tempfile.TemporaryDirectory() as folder:
            result["sweeps"] = gpu.measure(specs, sizes, options.rounds, options.seconds, Path(folder), say)
    path.write_text(json.dumps(result, indent=1) + "\n")
    text = gpu.markdown({int(n): t for n, t in result.get("sweeps", {}).items()}, result["hardware"], result["rounds"])
    checks = {"tests": result.get("tests"), **result.get("sanitizer", {})}
    text += "\n" + "".join(f"* {name}: {found['says']}\n" for name, found in checks.items() if found)
    (out / "gpu.md").write_text(text)
    failed = [name for name, found in checks.items() if found and found["passed"] is False]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
