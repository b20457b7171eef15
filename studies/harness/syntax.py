"""Syntax trees of Python files."""

import ast
import threading

_turn = threading.Lock()


def syntax_tree(path) -> ast.Module:
    """The tree of a file's source; SyntaxError where it has none.

    One thread at a time: CPython 3.11 counts how deep it is in the trees of all threads together, and raises
    SystemError when the count differs in the end (github.com/python/cpython/issues/106905).
    """
    try:
        text = path.read_text(encoding="utf-8")
        with _turn:
            return ast.parse(text, path.name)
    except ValueError as error:  # not UTF-8, or with null bytes
        raise SyntaxError(f"{error} ({path.name})") from None
