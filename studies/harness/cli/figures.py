"""The command figure."""

from pathlib import Path

import click

from studies.harness.cli.common import json_option, print_json, print_table, relative, resolve
from studies.harness.suggest import suggestion


@click.command(epilog="Example: claimlab figure normalization/batch_norm --panel G --out slide.png")
@click.argument("study")
@click.option("--panel", metavar="LETTER", help="Write this panel alone, cut out of the figure.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File for the panel, .svg or .png; by default NAME-LETTER.svg in this folder.",
)
@json_option
def figure(study, panel, out, as_json):
    """The panels of a study's figure, or one of them as a file of its own, for a slide.

    The panel is cut out of the figure of the last full run; nothing is measured or drawn.
    """
    from studies.harness import crop, files, runner

    id = one(study)
    if out and not panel:
        raise click.UsageError("--out is for one panel: give --panel too")
    if out and out.suffix.lower() not in crop.KINDS:
        raise click.UsageError(f"{out} must end in {' or '.join(crop.KINDS)}, which says the format")
    pictures = {kind: runner.outputs(id, "full")[kind] for kind in ("svg", "png")}
    kind = out.suffix.lower()[1:] if out else "svg"
    content, found = carried(id, pictures[kind])
    paths = {kind: relative(path) for kind, path in pictures.items()}
    if panel is None:
        if as_json:
            print_json({"study": id} | paths | {"panels": found})
            return
        print_table(("panel", "title"), [(p["panel"], p["title"]) for p in found])
        click.echo(f"{' and '.join(paths.values())}\none of them: claimlab figure {id} --panel {found[-1]['panel']}")
        return
    known = {p["panel"]: p for p in found}
    if panel.upper() not in known:
        hint = suggestion(panel.upper(), known)
        raise click.UsageError(f"{id} has no panel {panel!r}, it has {', '.join(known)}{hint}")
    chosen = known[panel.upper()]
    out = out or Path(f"{Path(id).name}-{panel.lower()}.svg")
    try:
        files.write_atomic(out, crop.crop(content, chosen["box"]))
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from None
    if as_json:
        print_json({"study": id} | chosen | {"file": str(out)})
    else:
        click.echo(f"{out}: panel {' '.join((chosen['panel'], chosen['title'])).strip()}, cut out of {paths[kind]}")


def one(name) -> str:
    """The id of a single study; UsageError for a chapter of several."""
    ids = resolve([name])
    if len(ids) > 1:
        raise click.UsageError(f"{name} has several studies, give one: {', '.join(ids)}")
    return ids[0]


def carried(id, path):
    """(content, panels) of a figure's file; a missing or older one ends the command with exit code 1."""
    from studies.harness import crop

    try:
        content = path.read_bytes()
        return content, crop.panels(content)
    except FileNotFoundError:
        raise click.ClickException(f"{id} has no figure of a full run yet: claimlab run {id}") from None
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{relative(path)} {error}; draw it again: claimlab run {id}") from None
