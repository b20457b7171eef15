"""Commands that only read: list, errata, show, cite."""

import click

from studies.harness import study as studies
from studies.harness.cli.common import json_option, load, print_json, print_table, resolve
from studies.harness.cli.options import report_failures
from studies.harness.suggest import suggestion


def readable(reports):
    """What `reports()` of the index returns; a damaged report ends the command with exit code 1."""
    from studies.harness.index import ReportError

    try:
        return reports()
    except ReportError as error:
        raise click.ClickException(str(error)) from None


def unreadable(listings) -> dict[str, str]:
    """{id: why} of studies of whose claims and findings their source, broken, says nothing."""
    return {id: listing.broken for id, listing in listings.items() if listing.broken}


def claim_rows(listings) -> list[dict]:
    """Every registered claim with its study and its verdict, None where there is none."""
    from studies.harness.index import verdicts
    from studies.harness.registry import registry

    known, measured = registry(), readable(verdicts)
    by_claim = {}
    for id, listing in listings.items():
        for claim in listing.claims:
            by_claim.setdefault(claim, id)
    rows = []
    for id, claim in known.claims.items():
        sources = known.sources(id)
        first = sources[0] if sources else {"deck": None, "slide": None}
        rows.append(
            {
                "id": id,
                "deck": first["deck"],
                "slide": first["slide"],
                "claim": claim["claim"],
                "study": by_claim.get(id),
                "verdict": measured.get(id, (None, None))[0],
                "lectures": sources,
                "group": claim.get("group"),
                "chapter": claim.get("chapter"),
                "scope": claim.get("scope", ""),
                "errata": list(claim.get("errata", [])),
                "regenerable": bool(claim.get("regenerable", True)),
            }
        )
    return rows


@click.command("list", epilog="Example: claimlab list --chapter momentum")
@click.option("--chapter", help="Only the claims of one chapter.")
@click.option("--studied", is_flag=True, help="Only claims that have a study.")
@json_option
def list_claims(chapter, studied, as_json):
    """All claims of the lectures, with the study and the verdict where there is one."""
    listings = studies.discover()
    rows, failed = claim_rows(listings), unreadable(listings)
    chapters = {r["chapter"] for r in rows if r["chapter"]}
    if chapter and chapter not in chapters:
        raise click.UsageError(f"no chapter is called {chapter!r}{suggestion(chapter, chapters)}")
    rows = [r for r in rows if (not chapter or r["chapter"] == chapter) and (not studied or r["study"])]
    if as_json:
        print_json({"claims": rows, "failed": failed})
    else:
        print_table(
            ("claim", "deck", "slide", "study", "verdict", "statement"),
            [(r["id"], r["deck"], r["slide"], r["study"] or "–", r["verdict"] or "–", r["claim"]) for r in rows],
        )
        with_study, judged = sum(bool(r["study"]) for r in rows), sum(bool(r["verdict"]) for r in rows)
        click.echo(f"{len(rows)} claims, {with_study} with a study, {judged} with a verdict.")
    report_failures(failed, as_json)


@click.command(epilog="Example: claimlab errata --json")
@json_option
def errata(as_json):
    """All errata of the lectures, with the finding that shows each."""
    from studies.harness.index import summaries
    from studies.harness.registry import registry

    listings, shown, verdicts = studies.discover(), {}, {}
    failed = unreadable(listings)
    for id, listing in listings.items():
        for erratum, names in listing.errata.items():
            shown.setdefault(erratum, []).extend(f"{id}:{n}" for n in names)
    for report in readable(summaries):
        for f in report["findings"]:
            if f["erratum"]:
                name = f"{report['id']}:{f['name']}"
                verdicts[name] = f["verdict"]
                shown.setdefault(f["erratum"], [])
                if name not in shown[f["erratum"]]:
                    shown[f["erratum"]].append(name)
    rows = [
        entry | {"findings": [{"finding": n, "verdict": verdicts.get(n)} for n in shown.get(id, [])]}
        for id, entry in registry().errata.items()
    ]
    if as_json:
        print_json({"errata": rows, "failed": failed})
    else:
        print_table(
            ("erratum", "kind", "as printed", "corrected", "shown by"),
            [
                (
                    r["id"],
                    r.get("kind", ""),
                    r.get("says", ""),
                    r.get("correct", ""),
                    ", ".join(f"{f['finding']} ({f['verdict'] or 'not run'})" for f in r["findings"]) or "–",
                )
                for r in rows
            ],
        )
        click.echo(f"{len(rows)} errata, {sum(bool(r['findings']) for r in rows)} shown by a finding.")
    report_failures(failed, as_json)


@click.command(epilog="Example: claimlab show momentum/optimal_rate")
@click.argument("study")
@json_option
def show(study, as_json):
    """One study: claims, criteria, parameters with their ranges, expected time, and the last verdicts."""
    from studies.harness import report, result, runner

    shown = []
    for id in resolve([study]):
        loaded = load(id)
        if broken := runner.damage(id, "full"):
            raise click.ClickException(broken)
        old = runner.previous(id, "full")
        shown.append(
            {
                "id": id,
                "title": loaded.TITLE,
                "version": loaded.VERSION,
                "claims": list(loaded.CLAIMS),
                "criteria": [
                    c.model_dump(mode="json")
                    | {k: report.fill(getattr(c, k), params=loaded.FULL) for k in ("statement", "criterion")}
                    for c in loaded.CRITERIA
                ],
                "criteria_hash": result.criteria_hash(loaded, loaded.FULL),
                "parameters": [
                    p.model_dump(mode="json") | {"quick": loaded.QUICK.model_dump(mode="json")[p.name]}
                    for p in report.parameters(loaded.FULL)
                ],
                "expected_seconds": loaded.EXPECTED_SECONDS,
                "verdicts": {f.name: str(f.verdict) for f in old.findings} if old else {},
            }
        )
    if as_json:
        print_json({"studies": shown})
        return
    for s in shown:
        times = s["expected_seconds"]
        click.echo(
            f"{s['title']}\n{s['id']}, version {s['version']}, about {times['full']} s ({times['quick']} s quick)"
        )
        click.echo(f"claims: {', '.join(s['claims'])}\n")
        print_table(
            ("finding", "role", "verdict", "criterion"),
            [(c["name"], c["role"], s["verdicts"].get(c["name"], "–"), c["criterion"]) for c in s["criteria"]],
        )
        click.echo()
        print_table(
            ("parameter", "full", "quick", "type and range", "meaning"),
            [(p["name"], p["value"], p["quick"], p["range"], p["description"]) for p in s["parameters"]],
        )
        click.echo()


@click.command(epilog="Example: claimlab cite momentum/optimal_rate > references.bib")
@click.argument("study")
@json_option
def cite(study, as_json):
    """BibTeX of a study's report (version, commit, result hash) and of the lectures that it examines."""
    from studies.harness import runner
    from studies.harness.cite import lecture_bibtex, report_bibtex
    from studies.harness.registry import registry

    entries, decks = [], []
    for id in resolve([study]):
        report = runner.previous(id, "full")
        if report is None:
            broken = runner.damage(id, "full")
            raise click.ClickException(broken or f"{id} has no full report to cite yet: claimlab run {id}")
        entries.append(report_bibtex(report))
        decks += [s.deck for c in report.claims for s in c.sources if s.deck not in decks]
    entries += [lecture_bibtex(registry().lectures[d]) for d in dict.fromkeys(decks) if d in registry().lectures]
    if as_json:
        print_json({"bibtex": entries})
    else:
        click.echo("\n\n".join(entries))
