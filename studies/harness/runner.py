"""Runs one study: look up, measure, judge, have it drawn, report. Every file is written whole or not at all."""

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from studies.harness import cache, drawing, judging, paths, provenance, report, result
from studies.harness.files import sha256, write_atomic
from studies.harness.overrides import override
from studies.harness.registry import registry
from studies.harness.study import load, seeds_of, trains
from studies.harness.sweep import Sweep


@dataclass(frozen=True)
class Options:
    """How to run: `settings` are name=value changes, which make the run a custom one."""

    quick: bool = False
    settings: tuple = ()
    target: str = "cpu"
    threads: int | None = None
    force: bool = False
    fresh: bool = False  # neither cache nor journal; for `check`

    @property
    def mode(self) -> str:
        return "custom" if self.settings or self.target != "cpu" else "quick" if self.quick else "full"


@dataclass(frozen=True)
class Done:
    """What became of one study: state is "up to date", "judged again" or "measured"; reasons say why."""

    id: str
    state: str
    reasons: tuple
    report: result.Report
    seconds: float
    files: dict = field(default_factory=dict)  # kind -> path


def outputs(study_id, mode) -> dict[str, Path]:
    """The four files of a study's run."""
    return {
        "json": paths.reports(mode) / f"{study_id}.json",
        "md": paths.reports(mode) / f"{study_id}.md",
        "svg": paths.figures(mode) / f"{study_id}.svg",
        "png": paths.figures(mode) / f"{study_id}.png",
    }


def params_of(study, options):
    """The parameters of a run; ValueError for a bad setting."""
    return override(study.QUICK if options.quick else study.FULL, list(options.settings))


def previous(study_id, mode) -> result.Report | None:
    """The report that is there, if it is whole and of this program's schema."""
    try:
        return report.from_json(outputs(study_id, mode)["json"].read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def damage(study_id, mode) -> str | None:
    """What is wrong with a report that is there but cannot be read; None for a whole one or none at all."""
    path = outputs(study_id, mode)["json"]
    try:
        report.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return f"{path.relative_to(paths.tree()).as_posix()} is damaged: {str(error).splitlines()[0]}"
    return None


def markdown(made) -> bytes:
    """The report for people, with the picture where the run's mode puts it."""
    files = outputs(made.id, made.mode)
    picture = Path(os.path.relpath(files["svg"], files["md"].parent)).as_posix()
    return report.to_markdown(made, picture).encode("utf-8")


def untouched(made) -> bool:
    """Whether a report gives the hash of its findings and the Markdown that were written with it."""
    hashed = result.result_hash(made.criteria_hash, made.findings)
    return hashed == made.result_hash and sha256(markdown(made)) == made.volatile.files.get("md")


def stale(study, options) -> tuple[list[str], dict, result.Report | None]:
    """(why the outputs must be made again, empty when they need not; the key; the report that is there)."""
    params = params_of(study, options)
    key = cache.result_components(study, params, options.target, registry())
    old = previous(study.id, options.mode)
    broken = None if old else damage(study.id, options.mode)
    reasons = [broken] if broken else cache.changes(old.key if old else None, key)
    if not reasons:
        files = outputs(study.id, options.mode)
        for kind, digest in old.volatile.files.items():
            if not files[kind].is_file() or sha256(files[kind].read_bytes()) != digest:
                reasons.append(f"{kind} file is missing or was changed")
        if not reasons and not untouched(old):
            reasons.append("json file was changed")
    return reasons, key, old


def run(study_id, options=None, progress=None, state=None) -> Done:
    """Runs a study if anything changed. `progress(done, total)` hears rows, `state(word, reason)` stages."""
    return begin(study_id, options, progress, state)()


def begin(study_id, options=None, progress=None, state=None, draw=drawing.draw):
    """Measures and judges, as `run` does; returns what is left: a function that draws, writes and returns a Done."""
    options = options or Options()
    say = state or (lambda word, reason="": None)
    start = time.perf_counter()
    study = load(study_id)
    reasons, key, old = stale(study, options)
    if options.force:
        reasons = [*reasons, "forced"]
    if not reasons:
        done = Done(study_id, "up to date", (), old, time.perf_counter() - start, outputs(study_id, options.mode))
        return lambda: done
    say("measuring", reasons[0])
    params = params_of(study, options)
    made, data, measured = execute(study, params, options, key, progress, say, start)

    def finish():
        say("drawing", "")
        files = write(made, draw(study_id, data, params, options.mode))
        final = made.model_copy(update={"volatile": files.pop("volatile")})
        state_word = "measured" if measured else "judged again"
        return Done(study_id, state_word, tuple(reasons), final, time.perf_counter() - start, files)

    return finish


def execute(study, params, options, key, progress=None, say=None, start=None):
    """(report, data of its figure, whether anything was measured) of one run; writes to the cache only."""
    say, start = say or (lambda *_: None), start or time.perf_counter()
    journal = None if options.fresh else cache.journal_path(study.id)
    sweep = Sweep(target=options.target, threads=options.threads, journal=journal, progress=progress)
    most = getattr(params, "max_doublings", 0)
    measured = False
    for doublings in range(most + 1):
        seeds = seeds_of(params, doublings)
        components = cache.measurement_components(study, params, seeds, options.target)
        found = None if options.fresh or options.force else cache.load(study.id, components)
        if found is None:
            measured, sweep.tables = True, {}
            if options.target == "cpu":
                compile_kernels(study, say)
            data = study.measure(params, seeds, sweep)
            found = cache.Measurement(cache.tidy(data), sweep.tables)
            if not options.fresh:
                found = cache.store(study.id, components, found)
        say("judging", f"{len(seeds)} seeds")
        findings = judging.settle(study.judge(found.data.copy(), params), study.CRITERIA)
        if not judging.wants_more_seeds(findings) or not seeds or doublings == most:
            break
        say("measuring", f"inconclusive with {len(seeds)} seeds, doubling")
    findings = report.fill_findings(findings, params)
    made = assemble(study, params, options, key, found, findings, seeds, doublings, sweep, start)
    sweep.forget()
    return made, found.data, measured


def compile_kernels(study, say):
    """All precisions at once, so that the study does not wait for one after the other. A table that needs the loop for
    rows abreast has it compiled.
    """
    if not trains(study.path):
        return
    import coreops

    todo = coreops.uncompiled(abreast=False)
    if todo:
        say("compiling", f"{' and '.join(todo)}, once for these sources: a minute or two")
        coreops.precompile(abreast=False)
        say("measuring", "kernels compiled")


def assemble(study, params, options, key, measurement, findings, seeds, doublings, sweep, start) -> result.Report:
    """Puts the one object together that JSON and Markdown are written from."""
    names = {"params": params, "finding": {f.name: f for f in findings}, "seeds": seeds}
    claims = report.claim_results(study, findings, registry(), judging.claim_verdict)
    criteria = result.criteria_hash(study, params)
    flags = "".join(f" --set {s}" for s in options.settings)
    flags += (" --quick" if options.quick else "") + (f" --target {options.target}" if options.target != "cpu" else "")
    return result.Report(
        id=study.id,
        chapter=study.chapter,
        title=study.TITLE,
        version=study.VERSION,
        changes=getattr(study.module, "CHANGES", ()),
        mode=options.mode,
        claims=claims,
        errata=report.erratum_results(claims, findings, registry()),
        theory=report.fill(study.THEORY, **names),
        protocol=report.fill(study.PROTOCOL, **names),
        scope=report.fill(study.SCOPE, **names),
        parameters=report.parameters(params),
        findings=tuple(findings),
        tables=report.plain_tables(measurement.tables),
        seeds=result.Seeds(first=seeds[0] if seeds else None, count=len(seeds), doublings=doublings),
        figure=result.Picture(svg=f"figures/{study.id}.svg", png=f"figures/{study.id}.png", alt=study.ALT),
        command=f"claimlab run {study.id}{flags}",
        expected_seconds=study.EXPECTED_SECONDS["quick" if options.quick else "full"],
        criteria_hash=criteria,
        result_hash=result.result_hash(criteria, findings),
        key=key,
        provenance=result.Provenance(
            **provenance.commit(),
            versions=provenance.versions(),
            machine=provenance.machine(options.target),
            target=options.target,
            threads=sweep.threads,
            blas=provenance.blas(),
            study_hash=key["study source"],
            coreops_hash=key["coreops sources"],
        ),
        volatile=result.Volatile(
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=round(time.perf_counter() - start, 2),
            rows=sweep.rows,
            files={},
        ),
    )


def write(made, figure) -> dict:
    """Writes figure, Markdown and, last, the JSON that makes them count. Returns the paths and `volatile`."""
    files = outputs(made.id, made.mode)
    svg, png = figure
    content = {"svg": svg, "png": png, "md": markdown(made)}
    volatile = made.volatile.model_copy(update={"files": {k: sha256(v) for k, v in content.items()}})
    text = report.to_json(made.model_copy(update={"volatile": volatile}))
    report.from_json(text)  # refuses what breaks the schema before anything is written
    for kind, data in content.items():
        write_atomic(files[kind], data)
    write_atomic(files["json"], text)
    return files | {"volatile": volatile}
