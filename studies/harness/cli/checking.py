"""The command check."""

import sys

import click

from studies.harness.cli.common import load, print_json, print_table, resolve
from studies.harness.cli.options import each, options_of, report_failures, selection, tried


@click.command(epilog="Example: claimlab check adaptive/adagrad_decay")
@click.option("--all", "everything", is_flag=True, help="Every study that has a report.")
@click.option("--quick", is_flag=True, help="Compare with the last quick run instead of the committed full one.")
@selection
def check(names, everything, quick, target, jobs, as_json):
    """Run studies again, without any cache, and say of every number whether it is identical, within its
    tolerance, moved, or its verdict flipped; timings are not compared. Exit code 1 if anything moved or flipped. Writes
    nothing."""
    from studies.harness import cache, compare, runner
    from studies.harness.registry import registry

    again = options_of(target, jobs, quick, fresh=True)
    options = options_of("cpu", jobs, quick, fresh=True)  # of the stored report
    ids, failed = tried(resolve(names, everything), options)
    stored = {id: runner.previous(id, options.mode) for id in ids}
    damaged = {id: text for id in stored if (text := runner.damage(id, options.mode))}
    failed |= damaged
    missing = [id for id, report in stored.items() if report is None and id not in damaged]
    ids = [id for id in ids if stored[id]]
    if missing and everything:
        click.echo(f"no {options.mode} report, hence not checked: {', '.join(missing)}", err=True)
    elif missing:
        hint = f"claimlab run {missing[0]}{' --quick' if quick else ''}"
        raise click.UsageError(f"no {options.mode} report to check for {', '.join(missing)}: {hint}")
    options = again

    def work(id, show):
        loaded = load(id)
        params = runner.params_of(loaded, options)
        key = cache.result_components(loaded, params, target, registry())
        since = "; ".join(cache.changes(stored[id].key, key))
        show.state("measuring", "again, without cache" + (f"; since the stored run: {since}" if since else ""))
        made, *_ = runner.execute(loaded, params, options, key, show.rows, show.state)
        compared = compare.compare(stored[id], made)
        judged = [c for c in compared if c.status != compare.NOT_COMPARED]
        timings = f"; {skipped} timings not compared" if (skipped := len(compared) - len(judged)) else ""
        show.state("checked", f"{sum(c.bad for c in judged)} of {len(judged)} values moved or flipped{timings}")
        return lambda: compared

    results = each(ids, work, failed, as_json, writes=False)
    if as_json:
        print_json({"studies": {i: [c.as_dict() for c in r] for i, r in results.items()}, "failed": failed})
    else:
        for id, rows in results.items():
            print_table(
                ("study", "finding", "quantity", "stored", "now", "tolerance", "status"),
                [(id, c.finding, c.quantity, *map(_text, (c.old, c.new, c.tolerance)), c.status) for c in rows],
            )
    report_failures(failed, as_json)
    if any(c.bad for rows in results.values() for c in rows):
        sys.exit(1)


def _text(value):
    return "–" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
