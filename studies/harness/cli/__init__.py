"""The command line. Heavy imports happen inside commands: ``claimlab --help`` must be immediate."""

import errno
import os
import sys

import click

from studies.harness.suggest import suggestion

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)  # what the output may meet
COMMANDS = {
    "list": ("catalogue", "list_claims", "All claims of the lectures, with study and verdict."),
    "errata": ("catalogue", "errata", "All errata, with the finding that shows each."),
    "show": ("catalogue", "show", "One study: claims, criteria, parameters, results."),
    "run": ("running", "run", "Run studies; write figures and reports."),
    "check": ("checking", "check", "Run studies again and compare every number."),
    "figure": ("figures", "figure", "The panels of a figure, or one of them for a slide."),
    "cite": ("catalogue", "cite", "BibTeX of a report and of its lectures."),
    "status": ("running", "status", "Which results are up to date, and why others are not."),
    "bench": ("benching", "bench", "Run the benchmarks, store them, name slowdowns."),
}


class Lazy(click.Group):
    """Loads a command's module when the command is used, and suggests for unknown names."""

    def list_commands(self, ctx):
        return list(COMMANDS)

    def get_command(self, ctx, name):
        if name not in COMMANDS:
            return None
        from importlib import import_module

        module, attribute, _ = COMMANDS[name]
        return getattr(import_module(f"{__name__}.{module}"), attribute)

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # where no command says more; click would end with 1
            click.echo("interrupted", err=True)
            sys.exit(130)

    def format_commands(self, ctx, formatter):
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])

    def resolve_command(self, ctx, args):
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            ctx.fail(f"no such command {args[0]!r}{suggestion(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


def _version(ctx, _, value):
    if value and not ctx.resilient_parsing:
        from importlib import metadata

        try:
            click.echo(f"claimlab {metadata.version('claimlab')}")
        except metadata.PackageNotFoundError:
            click.echo("claimlab (not installed)")
        ctx.exit()


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: claimlab run momentum/optimal_rate --quick",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version."
)
def cli():
    """Claims of five lectures on training neural networks, measured and judged."""


def main():
    """The console script. Exit codes: 0 done, 1 a check or a study failed, 2 usage, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign must not end a run
    try:
        cli.main(prog_name="claimlab")
    except OSError as error:
        if error.errno not in NO_ROOM or error.filename is not None:  # a fault, wanted with its traceback
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would try again at its end
        click.echo(f"Error: the output cannot be written: {error.strerror}", err=True)
        sys.exit(1)
