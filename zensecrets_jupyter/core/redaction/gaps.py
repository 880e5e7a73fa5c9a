"""Gaps between the letters of a value: its own punctuation, as a text may quote, escape or wrap it.

A gap is the run of bytes that a skeleton leaves out between two bytes that it keeps. A text shows a value if their skeletons are equal and
each gap of the text is a way to write the gap of the value.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SPACE = b" \t\r\n\x0b\x0c\0"
_LINE_ENDS = b"\r\n"
# What shells, regular expressions, CSV, SQL, LaTeX, Markdown, PowerShell (`), cmd (^), Compose ($$) and printf (%%) put before or around a
# character: POSIX, "Quoting"; RFC 4180; about_Special_Characters; Compose, "Interpolation".
_QUOTING = frozenset(b"\\'\"`^$%{}~+(),&;|")
# What stands at the edges of a wrapped line: borders, quotes of adjacent literals, marks of continuation and of quoted mail.
_AROUND_LINES = frozenset(b"\\'\"`|+>#*(),-=_:.") | frozenset(_SPACE)
_QUOTES = frozenset(b"\\'\"`^$")
# Literals that the language joins, or adds.
_SIDE_BY_SIDE = re.compile(rb"(['\"])[ \t]*\+?[ \t]*\1")
_LONGEST = 400
_LONGEST_WRITTEN = 6
"""Bytes that one byte of punctuation is written with at most, before it is decoded."""


@lru_cache(maxsize=16_384)
def writes_gap(written: bytes, gap: bytes, *, is_long: bool) -> bool:
    """Tell whether ``written`` is a way to write ``gap``.

    Args:
        written: What stands between two letters in a text.
        gap: What stands there in the value.
        is_long: Whether the match is so long that white space may be lost or a line may be broken in it.
    """
    if written == gap:
        return True
    if len(written) > _LONGEST:
        return False
    if is_long and not written and gap == b"-":
        # A UUID is written with dashes and without.
        return True
    own, shown = gap.translate(None, _SPACE), written.translate(None, _SPACE)
    if not gap:
        return _is_inserted(written, is_long=is_long)
    if own == shown:
        return is_long or _same_breaks(written, gap)
    extra = _QUOTING | frozenset(own)
    return len(shown) <= _LONGEST_WRITTEN * (len(own) + 3) and _is_within(own, shown, extra)


def _is_inserted(written: bytes, *, is_long: bool) -> bool:
    """Tell whether ``written`` may stand between two letters that are neighbours in the value."""
    if not written.strip(b"\0"):
        return True
    if not is_long:
        return False
    if any(byte in _LINE_ENDS for byte in written):
        return all(byte in _AROUND_LINES for byte in written)
    return all(byte in _QUOTES for byte in written) or _SIDE_BY_SIDE.fullmatch(written) is not None


def _same_breaks(written: bytes, gap: bytes) -> bool:
    """Tell whether both have white space, or neither has."""
    has_space = any(byte in _SPACE for byte in gap)
    return has_space == any(byte in _SPACE for byte in written) or not written.strip(b"\0")


def _is_within(own: bytes, shown: bytes, extra: frozenset[int]) -> bool:
    """Tell whether the bytes of ``own`` come in that order in ``shown``, and all others are ``extra``."""
    index = 0
    for byte in shown:
        if index < len(own) and byte == own[index]:
            index += 1
        elif byte not in extra:
            return False
    return index == len(own)


@lru_cache(maxsize=4096)
def may_begin_gap(written: bytes, gap: bytes) -> bool:
    """Tell whether ``written``, at the end of a text, may be the beginning of a way to write ``gap``."""
    allowed = _QUOTING | frozenset(gap) | (frozenset(_SPACE) if any(byte in _SPACE for byte in gap) else frozenset(b"\0"))
    return all(byte in allowed for byte in written)
