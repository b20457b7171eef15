"""BibTeX for a report and for the lectures that it examines."""

UNKNOWN_DATE = "n.d."
_WORDS = {"\\": "backslash", "{": "braceleft", "}": "braceright", "~": "asciitilde", "^": "asciicircum"}
_TEX = str.maketrans({c: f"\\{c}" for c in "&%_#$"} | {c: f"\\text{word}{{}}" for c, word in _WORDS.items()})


def report_key(study_id, version) -> str:
    """Stable: changes only with the study's version."""
    return f"claimlab-{study_id.replace('/', '-').replace('_', '-')}-v{version}"


def report_bibtex(report) -> str:
    """@techreport of one study: version, commit and result hash."""
    commit = report.provenance.commit
    state = f"commit {commit[:12]}{' with changes' if report.provenance.dirty else ''}" if commit else "no commit"
    claims = ", ".join(c.id for c in report.claims)
    fields = {
        "title": f"{{{_escape(report.title)}}}",
        "author": "{{The Claimlab authors}}",
        "institution": "{Claimlab}",
        "type": "{Study report}",
        "number": f"{{{_escape(report.id)}, version {report.version}}}",
        "year": f"{{{report.provenance.date[:4] if report.provenance.date else UNKNOWN_DATE}}}",
        "note": f"{{Claims: {_escape(claims)}. {state}, result {report.result_hash[:16]}}}",
    }
    return _entry("techreport", report_key(report.id, report.version), fields)


def lecture_bibtex(lecture) -> str:
    """@misc of one lecture; unknown authors and dates stay unknown."""
    authors = lecture.get("authors") or []
    authors = [authors] if isinstance(authors, str) else authors
    known = [a for a in authors if a and a.lower() not in ("unknown", "n.n.")]
    date = str(lecture.get("date") or UNKNOWN_DATE)
    fields = {"title": f"{{{_escape(lecture['title'])}}}"}
    if known:
        fields["author"] = f"{{{' and '.join(map(_escape, known))}}}"
    fields["year"] = f"{{{date[:4] if date[:4].isdigit() else UNKNOWN_DATE}}}"
    fields["howpublished"] = "{Lecture slides}"
    return _entry("misc", lecture.get("bibtex_key") or f"lecture{lecture['id']}", fields)


def _entry(kind, key, fields) -> str:
    width = max(map(len, fields))
    lines = [f"  {name:<{width}} = {value}," for name, value in fields.items()]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def _escape(text) -> str:
    return str(text).translate(_TEX)
