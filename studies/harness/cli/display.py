"""Progress: a live line per study on a terminal, plain lines when piped."""

import sys
import time
from contextlib import contextmanager

import click


class Plain:
    """One line per change of state; rows are announced every few seconds."""

    def __init__(self, id):
        self.id, self.last = id, time.monotonic()

    def state(self, word, reason=""):
        click.echo(f"{self.id}: {word}{f' ({reason})' if reason else ''}", err=True)

    def rows(self, done, total):
        if time.monotonic() - self.last > 5:
            self.last = time.monotonic()
            click.echo(f"{self.id}: {done} of {total} rows", err=True)


class Live:
    """A rich progress line."""

    def __init__(self, id, progress):
        self.progress = progress
        self.id = id
        self.task = progress.add_task(id, total=None, state="starting")

    def state(self, word, reason=""):
        from rich.markup import escape

        self.progress.update(
            self.task, total=None, completed=0, state=escape(f"{word}{f': {reason}' if reason else ''}")
        )

    def rows(self, done, total):
        self.progress.update(self.task, completed=done, total=total)


@contextmanager
def display(quiet=False):
    """Yields a factory id -> object with `state` and `rows`."""
    if quiet:
        yield lambda id: _Silent()
    elif not sys.stderr.isatty():
        yield Plain
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[state]}"),
        )
        with Progress(*columns, console=Console(stderr=True)) as progress:
            yield lambda id: Live(id, progress)


class _Silent:
    def state(self, word, reason=""):
        pass

    def rows(self, done, total):
        pass
