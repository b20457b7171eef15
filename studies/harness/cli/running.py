"""Commands that bring results up to date, or say which are not: run, status."""

from contextlib import nullcontext

import click

from studies.harness import study as studies
from studies.harness.cli.common import json_option, load, print_json, print_table, relative, resolve
from studies.harness.cli.options import each, options_of, report_failures, selection, tried, unregistered, writable


@click.command(epilog="Example: claimlab run momentum --quick")
@click.option("--all", "everything", is_flag=True, help="Every study.")
@click.option("--quick", is_flag=True, help="Reduced sizes, into build/quick/.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change a parameter; into build/custom/.")
@click.option("--seeds", type=click.IntRange(1), help="Number of reporting seeds (same as --set seeds=N).")
@click.option("--why", is_flag=True, help="Only say what would be run again, and why.")
@click.option("--force", is_flag=True, help="Measure even if nothing changed.")
@selection
def run(names, everything, quick, settings, seeds, target, jobs, why, force, as_json):
    """Run studies whose result is missing or out of date; write figures and reports.

    Full runs write reports/ and figures/, quick ones build/quick/, runs with changed parameters
    build/custom/.
    """
    ids = resolve(names, everything)
    if not why:
        ids = compiling(ids, target)
    options = options_of(target, jobs, quick, settings, seeds, force=force)
    if not why:
        writable(options.mode)
    ids, failed = tried(ids, options)
    failed |= unregistered(ids, options.mode)
    ids = [id for id in ids if id not in failed]
    from studies.harness import drawing, index, runner

    if why:
        reasons = {id: runner.stale(load(id), options)[0] + (["forced"] if force else []) for id in ids}
        if as_json:
            rows = [{"id": i, "up_to_date": not r, "reasons": r} for i, r in reasons.items()]
            print_json({"studies": rows, "failed": failed})
        else:
            for id, found in reasons.items():
                click.echo(f"{id}: {'would run: ' + '; '.join(found) if found else 'up to date, nothing changed'}")
        report_failures(failed, as_json)
        return

    def work(id, show):
        rest = runner.begin(id, options, show.rows, show.state, draw)

        def finish():
            done = rest()
            show.state(done.state, f"{done.seconds:.1f} s")
            if options.mode == "full":
                try:
                    index.update()
                except index.ReportError as error:
                    failed[id] = f"the index and the README were not renewed: {error}"
            return done

        return finish

    with drawing.apart() if len(ids) > 1 else nullcontext(drawing.draw) as draw:
        results = each(ids, work, failed, as_json).values()
    if as_json:
        print_json(
            {
                "mode": options.mode,
                "studies": [
                    {
                        "id": d.id,
                        "state": d.state,
                        "reasons": d.reasons,
                        "claims": {c.id: str(c.verdict) for c in d.report.claims},
                        "findings": [f.model_dump(mode="json") for f in d.report.findings],
                        "files": {k: relative(p) for k, p in d.files.items() if k != "volatile"},
                    }
                    for d in results
                ],
                "failed": failed,
            }
        )
    else:
        rows = [
            (c.id, str(c.verdict), d.id, d.state, relative(d.files["md"])) for d in results for c in d.report.claims
        ]
        if rows:
            print_table(("claim", "verdict", "study", "state", "report"), rows)
    report_failures(failed, as_json)


def compiling(ids, target):
    """Starts to compile kernels that are not there; returns `ids` with those first that can do without them."""

    def trains(id):
        return studies.trains(studies.root() / f"{id}.py")

    if target == "cpu" and any(map(trains, ids)):
        import coreops

        coreops.precompile(wait=False, abreast=False)
    return sorted(ids, key=trains)


@click.command(epilog="Example: claimlab status --json")
@json_option
def status(as_json):
    """Which full and quick results are up to date, and what changed where they are not."""
    from studies.harness import runner

    rows = []
    for id in studies.discover():
        row = {"id": id}
        for mode in ("full", "quick"):
            try:
                reasons, _, _ = runner.stale(load(id), options_of(quick=mode == "quick"))
                never = reasons == ["no earlier result"]
                state = "up to date" if not reasons else "not run" if never else "out of date"
            except click.ClickException as error:
                state, reasons = "broken", [error.message]
            row[mode] = {"state": state, "reasons": [] if state == "not run" else reasons}
        rows.append(row)
    if as_json:
        print_json({"studies": rows})
        return
    print_table(
        ("study", "full", "quick", "why"),
        [(r["id"], r["full"]["state"], r["quick"]["state"], _reasons(r)) for r in rows],
    )


def _reasons(row):
    """Why a study's results are out of date; the quick ones only where it is not for the same reasons."""
    full, quick = row["full"]["reasons"], row["quick"]["reasons"]
    return "; ".join([*full, *(f"quick: {r}" for r in quick if r not in full)]) or "–"
