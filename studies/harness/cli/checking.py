"""The command check."""

import sys

import click

from studies.harness.cli.common import json_option, load, print_json, print_table, resolve
from studies.harness.cli.display import display
from studies.harness.cli.options import (
    interrupted,
    jobs_option,
    options_of,
    report_failures,
    target_option,
    tried,
)


@click.command(epilog="Example: claimlab check adaptive/adagrad_decay")
@click.argument("names", nargs=-1, metavar="[STUDY|CHAPTER]...")
@click.option("--all", "everything", is_flag=True, help="Every study that has a report.")
@click.option("--quick", is_flag=True, help="Compare with the last quick run instead of the committed full one.")
@target_option
@jobs_option
@json_option
def check(names, everything, quick, target, jobs, as_json):
    """Run studies again, without any cache, and say of every number whether it is identical, within its
    tolerance, moved, or its verdict flipped. Exit code 1 if anything moved or flipped. Writes nothing."""
    from studies.harness import cache, compare, runner
    from studies.harness.registry import registry

    ids = resolve(names, everything)
    options = options_of("cpu", jobs, quick, fresh=True)
    failed = tried(ids, options)
    ids = [id for id in ids if id not in failed]
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
    options = options_of(target, jobs, quick, fresh=True)
    results = {}
    try:
        with display(as_json) as line:
            for id in ids:
                show = line(id)
                loaded = load(id)
                params = runner.params_of(loaded, options)
                key = cache.result_components(loaded, params, target, registry())
                since = "; ".join(cache.changes(stored[id].key, key))
                show.state(
                    "measuring",
                    "again, without cache" + (f"; since the stored run: {since}" if since else ""),
                )
                try:
                    made, _, _ = runner.execute(loaded, params, options, key, show.rows, show.state)
                except Exception as error:
                    failed[id] = f"{type(error).__name__}: {error}"
                    show.state("failed", failed[id])
                    continue
                results[id] = compare.compare(stored[id], made)
                bad = sum(c.bad for c in results[id])
                show.state("checked", f"{bad} of {len(results[id])} values moved or flipped")
    except KeyboardInterrupt:
        interrupted(list(results), ids, writes=False)
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
