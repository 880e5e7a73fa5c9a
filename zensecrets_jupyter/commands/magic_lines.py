"""The names of the magics, and a function that removes a line's comment."""

from __future__ import annotations

import re

GROUPS: dict[str, list[str]] = {"zen": [], "secret": ["secret"], "stack": ["stack"]}
"""The names of the line magics, each with the words of its command group.

For example, ``%secret list`` runs ``zen secret list``.
"""

LINE_MAGICS = "|".join(GROUPS)
"""Alternatives of a regular expression that matches the name of a line magic."""

WITH_SECRETS = "with_secrets"
"""The name of the cell magic ``%%with_secrets``."""

# A word of a shell: texts in double or single quotes, escaped characters, and other characters.
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+""", re.DOTALL)


def strip_comment(line: str) -> str:
    """Return a line without the comment at its end.

    The comment starts at the first word that begins with ``#``. A ``#`` in quotes or inside a word begins no comment. If a quote before
    the comment is unclosed, the line is returned unchanged.
    """
    position = 0
    for word in _WORD.finditer(line):
        # Only an unclosed quote or a final backslash matches no word. It may be before this word.
        if line[position : word.start()].strip():
            return line
        if line[word.start()] == "#":
            return line[: word.start()].rstrip()
        position = word.end()
    return line
