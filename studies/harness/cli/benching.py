"""The command bench."""

import sys

import click

from studies.harness.cli.common import json_option, print_json, print_table


@click.command(epilog="Example: claimlab bench --compare")
@click.option("-k", "expression", help="Only benchmarks that match, as in pytest.")
@click.option("--save", is_flag=True, help="Store under reports/bench (committed) instead of build/bench.")
@click.option(
    "--compare",
    "baseline",
    is_flag=False,
    flag_value="latest",
    metavar="[COMMIT]",
    help="Name slowdowns against a stored commit, by default the one stored last.",
)
@json_option
def bench(expression, save, baseline, as_json):
    """Run tests/bench, and store the times per class of machine and commit; no host name is stored.

    With --compare, a slowdown is a Mann-Whitney p below 0.002 together with a ratio of medians above 1.1;
    then the exit code is 1.
    """
    from studies.harness import bench as benching

    try:
        stored = benching.baseline(baseline) if baseline else None
        benching.writable(save)
        current = benching.measure(expression)
    except benching.BenchError as error:
        raise click.ClickException(str(error)) from None
    place = benching.store(current, save)
    rows = benching.compare(stored, current) if stored else []
    if as_json:
        print_json({"machine": current["machine"], "commit": current["commit"], "comparison": rows})
    else:
        medians = [(n, f"{b['median']:.4g}", len(b["seconds"])) for n, b in current["benchmarks"].items()]
        print_table(("benchmark", "median (s)", "rounds"), medians)
        if stored:
            click.echo(f"\nagainst {(stored['commit'] or 'no commit')[:12]}:")
            print_table(
                ("benchmark", "ratio", "p", "verdict"),
                [(r["name"], f"{r['ratio']:.3f}", f"{r['p']:.2g}", r["verdict"]) for r in rows],
            )
            if missing := len(current["benchmarks"]) - len(rows):
                click.echo(f"{missing} of {len(current['benchmarks'])} benchmarks are not stored there")
        click.echo(f"stored as {place}")
    if stored and not rows:
        raise click.ClickException(f"nothing was compared: {(stored['commit'] or 'no commit')[:12]} has none of these")
    if any(r["verdict"] == "slower" for r in rows):
        sys.exit(1)
