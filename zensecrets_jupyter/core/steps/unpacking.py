"""How many values the code that runs unpacks, as its bytecode shows: code of a cell or of ``exec`` has no source text to read."""

from __future__ import annotations

import dis
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from types import CodeType

_BITS_BEFORE_STAR = 8


class Wanted(NamedTuple):
    """How many values are unpacked."""

    names: int
    """The names without a star."""
    starred: bool
    """Whether one more has a star, and takes what is left."""

    def fits(self, count: int) -> bool:
        """Tell whether ``count`` values can be unpacked so."""
        return count >= self.names if self.starred else count == self.names

    def __str__(self) -> str:
        """Return the number as errors say it."""
        return f"{'at least ' if self.starred else ''}{self.names} {'are' if self.names > 1 else 'is'}"


def names_unpacked(code: CodeType, offset: int) -> Wanted | None:
    """Return how many values the instruction at ``offset`` unpacks; ``None`` if it is another instruction."""
    # Python 3.10 gives the offset of the prefix that a large argument has.
    reached = (one for one in dis.get_instructions(code) if one.offset >= offset and one.opname != "EXTENDED_ARG")
    found = next(reached, None)
    if found is None or found.arg is None or found.opname not in {"UNPACK_SEQUENCE", "UNPACK_EX"}:
        return None
    if found.opname == "UNPACK_SEQUENCE":
        return Wanted(found.arg, starred=False)
    return Wanted((found.arg & 0xFF) + (found.arg >> _BITS_BEFORE_STAR), starred=True)
