"""Find and remove characters that users overlook in a value.

They are white space, line ends, byte order marks and typographic quotes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTE_ORDER_MARK = "\ufeff"
_OPENING_QUOTES, _CLOSING_QUOTES = "\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb", "\u201c\u201d\u2018\u2019\u00ab\u00bb"
"""Typographic quotes (Unicode blocks General Punctuation and Latin-1), which no shell and no magic treats as quotes.

A quote that closes a text in one language may open it in another one, so most quotes are in both strings. For example, U+201C opens an
English quotation and closes a German one.
"""


def strip_invisible(value: str) -> str:
    """Return a value without the characters that users overlook.

    The byte order mark, surrounding white space and surrounding typographic quotes are removed, and each CR LF becomes LF.
    """
    cleaned = value.removeprefix(_BYTE_ORDER_MARK).strip().replace("\r\n", "\n")
    return cleaned[1:-1] if _is_quoted(cleaned) else cleaned


def describe_invisible(value: str) -> str:
    """Return words about the characters that :func:`strip_invisible` changes, such as ``ends with white space``.

    The result is an empty text if there are none.
    """
    cleaned = value.removeprefix(_BYTE_ORDER_MARK)
    problems = ["begins with a byte order mark"] if cleaned != value else []
    if cleaned[:1].isspace():
        problems.append("begins with white space")
    if cleaned[-1:].isspace():
        problems.append("ends with a line end" if cleaned.endswith("\n") else "ends with white space")
    # A CR LF after the last line is reported above.
    if "\r\n" in cleaned.rstrip():
        problems.append("has CR LF at the ends of its lines")
    if _is_quoted(cleaned.strip()):
        problems.append("is in typographic quotes")
    if len(problems) > 1:
        return f"{', '.join(problems[:-1])} and {problems[-1]}"
    return "".join(problems)


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] in _OPENING_QUOTES and value[-1] in _CLOSING_QUOTES


def list_value_warnings(name: str, content: Mapping[str, str], *, removal_hint: str = "") -> list[str]:
    """Return a sentence for each value that is empty or has invisible characters.

    Args:
        name: The name of the secret.
        content: Its keys and values.
        removal_hint: Words that name a way to remove invisible characters. They are the end of each sentence about these characters.
    """
    warnings = []
    for key, value in content.items():
        invisible = describe_invisible(value)
        if invisible:
            warnings.append(f"the value of {name}.{key} {invisible}, which is kept{removal_hint}.")
        elif not value:
            warnings.append(f"the value of {name}.{key} is empty.")
    return warnings
