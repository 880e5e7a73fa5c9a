"""What comes along with a value unseen: white space, line ends, byte order marks, and the quotes that a word processor makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTE_ORDER_MARK = "\ufeff"
_OPENING, _CLOSING = "\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb", "\u201c\u201d\u2018\u2019\u00ab\u00bb"
"""Typographic quotes (Unicode, general punctuation and Latin-1): no shell and no magic takes them for quotes."""


def stripped(value: str) -> str:
    """Return a value without what comes along unseen: a byte order mark, white space and quotes around it, CR before a line's end."""
    own = value.removeprefix(_BYTE_ORDER_MARK).strip().replace("\r\n", "\n")
    return own[1:-1] if _is_quoted(own) else own


def unseen_in(value: str) -> str:
    """Return what of a value nobody sees and :func:`stripped` takes off, as the end of a sentence; nothing if there is nothing."""
    own = value.removeprefix(_BYTE_ORDER_MARK)
    found = ["begins with a byte order mark"] if own != value else []
    if own[:1].isspace():
        found.append("begins with white space")
    if own[-1:].isspace():
        found.append("ends with a line end" if own.endswith("\n") else "ends with white space")
    if "\r\n" in own.rstrip():
        found.append("has CR LF at the ends of its lines")
    if _is_quoted(own.strip()):
        found.append("stands in typographic quotes")
    return " and ".join([", ".join(found[:-1]), found[-1]] if found[1:] else found)


def _is_quoted(value: str) -> bool:
    return len(value) > 1 and value[0] in _OPENING and value[-1] in _CLOSING


def remarks_on(name: str, content: Mapping[str, str], *, strip: str = "") -> list[str]:
    """Return a sentence for each value of a secret that is empty, or holds what nobody sees; ``strip`` says how to take that off."""
    found = {key: unseen_in(value) for key, value in content.items()}
    told = {key: f"{unseen}, which is kept{strip}" if unseen else "is empty" for key, unseen in found.items() if unseen or not content[key]}
    return [f"the value of {name}.{key} {what}." for key, what in told.items()]
