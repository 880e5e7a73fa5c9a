"""Bytes with marks in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.ansi import ESCAPE, sequences_in
from zensecrets_jupyter.core.redaction.marks import mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.core.redaction.pattern_match import PatternMatch


def masked(data: bytes, matches: Iterable[PatternMatch], start: int = 0, end: int | None = None, *, marked: bool = False) -> bytes:
    """Return ``data[start:end]`` with a mark in the place of each match.

    Colours that change inside a value are kept behind its mark, else the rest of the output would be in the wrong one.

    Args:
        data: What was looked through.
        matches: What was found in it, in order and without overlaps.
        start: Where to begin; a match may have begun before.
        end: Where to end.
        marked: Whether a match that began before ``start`` has its mark already.
    """
    stop = len(data) if end is None else end
    pieces = []
    position = start
    for match in matches:
        if match.end <= start or match.start >= stop:
            continue
        begin, position_after = max(match.start, start), min(match.end, stop)
        pieces.append(data[position:begin])
        if match.start >= start or not marked:
            pieces.append(mark(match.name).encode("utf-8", "surrogatepass"))
        if ESCAPE in data[begin:position_after]:
            pieces.append(sequences_in(data[begin:position_after]))
        position = position_after
    pieces.append(data[position:stop])
    return b"".join(pieces)
