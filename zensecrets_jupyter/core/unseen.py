"""What comes along with a value unseen: white space, line ends, byte order marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTE_ORDER_MARK = "\ufeff"


def stripped(value: str) -> str:
    """Return a value without what comes along unseen: a byte order mark, white space at its ends, and CR before a line's end."""
    return value.removeprefix(_BYTE_ORDER_MARK).strip().replace("\r\n", "\n")


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
    return " and ".join([", ".join(found[:-1]), found[-1]] if found[1:] else found)


def remarks_on(name: str, content: Mapping[str, str], *, strip: str = "") -> list[str]:
    """Return a sentence for each value of a secret that is empty, or holds what nobody sees; ``strip`` says how to take that off."""
    found = {key: unseen_in(value) for key, value in content.items()}
    told = {key: f"{unseen}, which is kept{strip}" if unseen else "is empty" for key, unseen in found.items() if unseen or not content[key]}
    return [f"the value of {name}.{key} {what}." for key, what in told.items()]
