"""Masks: the texts that replace values in output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch

FAILED = "‹redaction failed›"
"""Replacement of a text that could not be searched."""

_ESCAPE = b"\x1b"
# Terminal escape sequences of ECMA-48 (5.3 to 5.6) and ECMA-35: control sequences, control strings and character set designations.
_ESCAPE_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-Z\\`-~])")


def mask_text(name: str) -> str:
    """Return the mask of the value called ``name``, such as ``secret.key`` or ``env.VARIABLE``."""
    return f"‹secret:{name}›"


def mask_matches(
    data: bytes, matches: Iterable[PatternMatch], start: int = 0, end: int | None = None, *, is_mask_returned: bool = False
) -> bytes:
    """Return ``data[start:end]`` with a mask in place of each match.

    Terminal escape sequences inside a match are written after its mask, so that the rest of the output keeps its color.

    Args:
        data: The searched data.
        matches: The matches in the data, in order and without overlaps.
        start: The offset of the first byte to return. A match may begin before it.
        end: The offset after the last byte to return. The default is the end of the data.
        is_mask_returned: Whether the mask of a match that begins before ``start`` was already returned.
    """
    stop = len(data) if end is None else end
    pieces = []
    position = start
    for match in matches:
        if match.end <= start or match.start >= stop:
            continue
        match_start, match_end = max(match.start, start), min(match.end, stop)
        pieces.append(data[position:match_start])
        # A caller may return a match in several chunks, but its mask only once.
        if match.start >= start or not is_mask_returned:
            pieces.append(mask_text(match.name).encode("utf-8", "surrogatepass"))
        if _ESCAPE in data[match_start:match_end]:
            pieces += _ESCAPE_SEQUENCE.findall(data[match_start:match_end])
        position = match_end
    pieces.append(data[position:stop])
    return b"".join(pieces)
