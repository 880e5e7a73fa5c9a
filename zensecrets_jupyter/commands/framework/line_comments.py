"""Comments at the end of a command's line, as a shell and Python have them."""

from __future__ import annotations

import re

_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+""", re.DOTALL)


def without_comment(line: str) -> str:
    """Return ``line`` without what begins with a word that begins with ``#``; in quotes, or inside of a word, a ``#`` is like any sign.

    A line with an open quote in front of its comment is returned as it is.
    """
    at = 0
    for word in _WORD.finditer(line):
        if line[at : word.start()].strip():
            return line
        if line[word.start()] == "#":
            return line[: word.start()].rstrip()
        at = word.end()
    return line
