"""'Did you mean' for names."""

import difflib


def suggestion(name, known) -> str:
    """``; did you mean 'x'?`` or an empty string."""
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
