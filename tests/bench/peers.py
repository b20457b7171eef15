"""Measure coreops and its peers side by side; write reports/performance.md and .json.   See README.md."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from rig import environments, kernels, one_thread, starts, sweeps
from rig.machine import machine_class
from rig.process import ROOT
from rig.report import markdown
from rig.shapes import SHAPES

TABLES = ("one", "sweep", "architectures", "optimizers", "starts")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--create-environments", metavar="DIR", help="make the peers' environments in DIR, then stop")
    parser.add_argument("--environments", metavar="DIR", help="a folder that --create-environments made")
    parser.add_argument(
        "--python", action="append", default=[], metavar="NAME=PATH",
        help="interpreter of coreops (default: this one), torch, sklearn, numpy, jax-VERSION",
    )  # fmt: skip
    parser.add_argument("--tables", default=",".join(TABLES), help="comma-separated; default all: %(default)s")
    parser.add_argument("--shapes", default=",".join(SHAPES), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds, at least 7 for the record")
    parser.add_argument("--seconds", type=float, default=0.15, help="about how long one run takes; sets the epochs")
    parser.add_argument("--core", type=int, help="core of the one-thread tables; default the last one")
    parser.add_argument("--out", default=str(ROOT / "reports"), help="where performance.md and .json go")
    parser.add_argument(
        "--update", action="store_true", help="keep the tables of an earlier run that are not asked for"
    )
    parser.add_argument("--render", action="store_true", help="only write the .md again from the .json")
    return parser.parse_args(arguments)


def interpreters(options):
    found = {}
    if options.environments:
        for folder in sorted(Path(options.environments).iterdir()):
            if environments.python_of(folder).exists():
                found[folder.name] = environments.python_of(folder).absolute()
    for pair in options.python:
        name, _, path = pair.partition("=")
        if not Path(path).exists():
            raise SystemExit(f"--python {pair}: no such file")
        found[name] = Path(path).absolute()
    return found


def say(text):
    print(text, file=sys.stderr, flush=True)


def measure(options, result):
    """Fill result["tables"] with what was asked for."""
    specs = environments.contenders(interpreters(options))
    tables, shapes = options.tables.split(","), options.shapes.split(",")
    core = max(os.sched_getaffinity(0)) if options.core is None else options.core
    done, facts = result["tables"], result["contenders"]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "inductor")  # so that torch.compile compiles
        if "one" in tables:
            done["one"], found = one_thread.measure(specs, shapes, options.rounds, options.seconds, folder, core, say)
            facts["one thread"] = found
        if "sweep" in tables:
            chosen = [name for name in ("S1", "S0") if name in shapes]
            done["sweep"], found = sweeps.measure(specs, chosen, options.rounds, 4 * options.seconds, folder, say)
            facts["all cores"] = found
        if "architectures" in tables:
            done["architectures"] = sweeps.measure_architectures(specs, min(3, options.rounds), folder, say)
        if "optimizers" in tables:
            done["optimizers"] = kernels.measure(specs, options.rounds, core, say)
        if "starts" in tables:
            _, arrays = one_thread.write_problem(SHAPES["S1"], folder)
            done["starts"] = starts.measure(specs["coreops"][1], options.rounds, folder, arrays, say)


def main(arguments=None):
    options = parse(arguments)
    if options.create_environments:
        environments.create(options.create_environments)
        return
    out = Path(options.out)
    path = out / "performance.json"
    result = {"machine": machine_class(), "rounds": options.rounds, "contenders": {}, "tables": {}}
    if options.render or (options.update and path.exists()):
        earlier = json.loads(path.read_text())
        result = earlier if options.render else {**earlier, "machine": result["machine"], "rounds": options.rounds}
    if not options.render:
        measure(options, result)
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    (out / "performance.md").write_text(markdown(result))


if __name__ == "__main__":
    main()
