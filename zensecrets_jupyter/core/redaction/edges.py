"""Punctuation at the two ends of a value, as a text may write it."""

from __future__ import annotations

from typing import NamedTuple

_LONGEST = 4
"""Bytes that one byte of punctuation at an end of a value is written with at most."""
_QUOTING = frozenset(b"\\'\"`^")
_NO_SIGNS = b" \t\r\n\0\\'\"`^"
_BLANK, _CARRIAGE_RETURN = b" \r"


class Edge(NamedTuple):
    """Punctuation found at an end of a value: its length in bytes, and whether all but white space and quotes is there."""

    length: int
    is_complete: bool


NO_EDGE = Edge(0, is_complete=True)


def edge_before(data: bytes, gap: bytes, position: int) -> Edge:
    """Return how the end of ``gap`` is written before ``position``."""
    return _edge(gap[::-1], data[max(0, position - _LONGEST * len(gap)) : position][::-1], reverse=True) if gap else NO_EDGE


def edge_after(data: bytes, gap: bytes, position: int) -> Edge:
    """Return how the beginning of ``gap`` is written from ``position`` on."""
    return _edge(gap, data[position : position + _LONGEST * len(gap)], reverse=False) if gap else NO_EDGE


def _edge(edge: bytes, text: bytes, *, reverse: bool) -> Edge:
    """Return how much of ``text`` writes ``edge``, byte by byte, each perhaps with a backslash or a quote before it."""
    position = taken = written = 0
    for byte in edge:
        at = position
        if byte == _CARRIAGE_RETURN and text[at : at + 1] != b"\r":
            written += 1
            continue
        if byte == _BLANK and text[at : at + 1] == b"+":
            position = taken = at + 1
            written += 1
            continue
        while not reverse and at < len(text) and text[at] != byte and text[at] in _QUOTING:
            at += 1
        if at >= len(text) or text[at] != byte:
            break
        position = taken = at + 1
        written += 1
        if reverse and position < len(text) and text[position] == 0x5C and byte != 0x5C:  # noqa: PLR2004 - a backslash
            position = taken = position + 1
    return Edge(taken, not edge[written:].translate(None, _NO_SIGNS))
