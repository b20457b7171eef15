"""What run and check share: their options, the trial of the settings, the loop over studies, and how they end."""

import sys
import tempfile
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import click

from studies.harness import study as studies
from studies.harness.cli import NO_ROOM
from studies.harness.cli.common import json_option
from studies.harness.cli.display import display


def selection(command):
    """names, --target, -j and --json."""
    for option in (
        json_option,
        click.option("-j", "jobs", type=click.IntRange(1), help="Threads; default: the cores it may use."),
        click.option("--target", type=click.Choice(["cpu", "cuda"]), default="cpu", help="Where rows train."),
        click.argument("names", nargs=-1, metavar="[STUDY|CHAPTER]..."),
    ):
        command = option(command)
    return command


def options_of(target="cpu", jobs=None, quick=False, settings=(), seeds=None, **rest):
    from studies.harness.runner import Options

    if target == "cuda":
        from coreops.cuda import check_device

        try:
            check_device()
        except RuntimeError as error:
            raise click.UsageError(str(error)) from None
    settings = (*settings, *([f"seeds={seeds}"] if seeds else []))
    names = [setting.partition("=")[0].strip() for setting in settings]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise click.UsageError(f"--set, --seeds: got {', '.join(twice)} more than once, wanted each parameter once")
    return Options(quick=quick, settings=settings, target=target, threads=jobs, **rest)


def tried(ids, options) -> tuple[list[str], dict[str, str]]:
    """Tries the settings on every study before anything runs: (ids that can run, {id: what breaks it})."""
    from studies.harness import runner

    broken = {}
    for id in ids:
        try:
            runner.params_of(studies.load(id), options)
        except studies.StudyError as error:
            broken[id] = str(error)
        except ValueError as error:
            raise click.UsageError(f"{id}: {error}") from None
    return [id for id in ids if id not in broken], broken


def each(ids, work, failed, as_json, writes=True) -> dict:
    """{id: work(id, show)()} with a line of progress, `show`, for every study. What `work` leaves to be done, a
    function, is called while it works on the next study. What raises goes to `failed`, and the others go on; Ctrl-C
    ends the command."""
    done = {}

    @contextmanager
    def caught(id, show):
        try:
            yield
        except Exception as error:
            failed[id] = f"{type(error).__name__}: {error}"
            show.state("failed", failed[id])
            if not as_json and not (isinstance(error, OSError) and error.errno in NO_ROOM):
                traceback.print_exc()

    def finish(id, show, rest):
        with caught(id, show):
            done[id] = rest()

    later = ThreadPoolExecutor(1)
    try:
        with display(as_json) as line:
            for id in ids:
                show = line(id)
                with caught(id, show):
                    later.submit(finish, id, show, work(id, show))
            later.shutdown()
    except KeyboardInterrupt:
        later.shutdown(wait=False, cancel_futures=True)
        interrupted(list(done), ids, writes)
    return done


def writable(mode):
    """Ends the command, before anything is measured, when the cache or what such runs write cannot be written."""
    from studies.harness import paths

    move = "use a checkout that you may write to"
    for name, folder, remedy in (
        ("cache folder", paths.cache_folder(), "set CLAIMLAB_CACHE to another one"),
        ("folder of reports", paths.reports(mode), move),
        ("folder of figures", paths.figures(mode), move),
    ):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            text = f"the {name} {folder} cannot be written ({error.strerror}): {remedy}"
            raise click.ClickException(text) from None


def unregistered(ids, mode):
    """{id: which of its claims are in no register}, of full runs: they would count among the lectures' claims."""
    from studies.harness.registry import registry

    missing = {id: [c for c in studies.load(id).CLAIMS if c not in registry().claims] for id in ids}
    text = "{}: in no entry of claims.toml, which a full run wants (--quick does not)"
    return {id: text.format(", ".join(claims)) for id, claims in missing.items() if claims and mode == "full"}


def interrupted(finished, ids, writes=True):
    """Says what Ctrl-C left behind; exit code 130."""
    left = [i for i in ids if i not in finished]
    click.echo(
        f"interrupted: {len(finished)} of {len(ids)} studies finished ({', '.join(finished) or 'none'})",
        err=True,
    )
    if writes and left:
        click.echo("what is finished is kept, every trained row too: the same command goes on from there", err=True)
    sys.exit(130)


def report_failures(failed, quiet=False):
    """Names what failed; exit code 1 if anything did."""
    if not quiet:
        for id, text in failed.items():
            click.echo(f"failed: {id}: {text}", err=True)
    if failed:
        sys.exit(1)
