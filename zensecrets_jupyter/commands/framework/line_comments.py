"""Comments at the end of a command line, as in shells and in Python."""

from __future__ import annotations

import re

_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+""", re.DOTALL)


def strip_comment(line: str) -> str:
    """Return a line without its comment: the first word that begins with ``#``, and all after it.

    A ``#`` in quotes or inside a word begins no comment. A line with an unclosed quote before its comment is returned unchanged.
    """
    at = 0
    for word in _WORD.finditer(line):
        if line[at : word.start()].strip():
            return line
        if line[word.start()] == "#":
            return line[: word.start()].rstrip()
        at = word.end()
    return line
