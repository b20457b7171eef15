"""What the commands share."""

import json
import shutil

import click

from studies.harness import study as studies


def json_option(command):
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)


def print_json(value):
    click.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def resolve(names, everything=False) -> list[str]:
    """Study ids of names and chapters; UsageError (exit 2) with a suggestion."""
    listings = studies.discover()
    if everything:
        if names:
            raise click.UsageError("give names or --all, not both")
        return list(listings)
    if not names:
        raise click.UsageError("give a study, a chapter or --all")
    found = []
    for name in names:
        try:
            found += [i for i in studies.resolve(name, listings) if i not in found]
        except KeyError as error:
            raise click.UsageError(error.args[0]) from None
    return found


def load(id):
    """One study; a module that breaks the contract ends the command with exit code 1."""
    try:
        return studies.load(id)
    except studies.StudyError as error:
        raise click.ClickException(str(error)) from None


def relative(path) -> str:
    """A path as seen from the working tree."""
    from studies.harness import paths

    return path.relative_to(paths.tree()).as_posix() if path.is_relative_to(paths.tree()) else str(path)


def print_table(columns, rows):
    """A table as wide as the terminal; when piped, tab-separated lines under a header."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        for row in [columns, *rows]:
            click.echo("\t".join(str(v).replace("\n", " ") for v in row))
        return
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, width=min(shutil.get_terminal_size().columns, 160))
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(_styled(str(v)) for v in row))
    console.print(table)


COLOURS = {
    "void": "magenta",
    "refuted": "red",
    "inconclusive": "yellow",
    "qualified": "cyan",
    "null": "blue",
    "confirmed": "green",
    "exact": "green",
    "moved": "red",
    "verdict flipped": "red",
}


def _styled(text):
    from rich.markup import escape

    return f"[{COLOURS[text]}]{text}[/]" if text in COLOURS else escape(text)
