"""Replacement of matches in bytes by masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.ansi import ESCAPE, sequences_in
from zensecrets_jupyter.core.redaction.mask_text import mask_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.core.redaction.pattern_match import PatternMatch


def masked(data: bytes, matches: Iterable[PatternMatch], start: int = 0, end: int | None = None, *, is_masked: bool = False) -> bytes:
    """Return ``data[start:end]`` with a mask in place of each match.

    Escape sequences inside a value are written after its mask. Otherwise the rest of the output would have the wrong color.

    Args:
        data: The searched data.
        matches: The matches in it, in order and without overlaps.
        start: The offset of the first byte to return; a match may begin before it.
        end: The offset behind the last byte to return.
        is_masked: Whether the mask of a match that begins before ``start`` was already returned.
    """
    stop = len(data) if end is None else end
    pieces = []
    position = start
    for match in matches:
        if match.end <= start or match.start >= stop:
            continue
        begin, position_after = max(match.start, start), min(match.end, stop)
        pieces.append(data[position:begin])
        if match.start >= start or not is_masked:
            pieces.append(mask_text(match.name).encode("utf-8", "surrogatepass"))
        if ESCAPE in data[begin:position_after]:
            pieces.append(sequences_in(data[begin:position_after]))
        position = position_after
    pieces.append(data[position:stop])
    return b"".join(pieces)
