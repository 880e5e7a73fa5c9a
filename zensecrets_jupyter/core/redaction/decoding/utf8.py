"""Boundaries of characters in UTF-8, so that bytes are never cut inside a character."""

from __future__ import annotations

_CONTINUATION = 0x80
"""The two highest bits of a continuation byte, which is 10xxxxxx in binary (RFC 3629). The mask 0xC0 selects these bits."""
_CONTINUATION_BYTES = bytes(range(0x80, 0xC0))
_MAX_CONTINUATION = 3
"""Maximum number of continuation bytes of one character."""


def character_start(data: bytes, position: int, minimum: int = 0) -> int:
    """Return the start of the character that contains ``position``, or ``minimum`` if the character starts earlier.

    The end of ``data`` is returned unchanged, because no character contains it.
    """
    minimum = max(minimum, position - _MAX_CONTINUATION)
    while minimum < position < len(data) and data[position] & 0xC0 == _CONTINUATION:
        position -= 1
    return position


def character_end(data: bytes, position: int) -> int:
    """Return the first offset from ``position`` on that is not inside a character."""
    maximum = min(len(data), position + _MAX_CONTINUATION)
    while position < maximum and data[position] & 0xC0 == _CONTINUATION:
        position += 1
    return position


def count_characters(data: bytes) -> int:
    """Return how many characters begin in ``data``."""
    return len(data.translate(None, _CONTINUATION_BYTES))
