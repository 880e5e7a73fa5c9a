"""Comparison of the punctuation in a value with the punctuation in a text.

The text may quote, escape or wrap the value.

A *letter* is a byte that a skeleton keeps. A *gap* is the run of other bytes between two neighboring letters; it may be empty. An *edge* is
the punctuation before the first letter or after the last one. A text contains a value if their skeletons are equal and each gap of the text
is a way to write the same gap of the value.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_SPACE = b" \t\r\n\x0b\x0c\0"
_LINE_ENDS = b"\r\n"
# Characters that a syntax puts before or around other characters: shells (POSIX, "Quoting"), CSV (RFC 4180), PowerShell
# (about_Special_Characters), Docker Compose ($$, "Interpolation"), printf (%%), cmd (^), regular expressions, SQL, LaTeX and Markdown.
_GAP_QUOTING = frozenset(b"\\'\"`^$%{}~+(),&;|")
# Characters at the start or end of a wrapped line: table borders, quotes of adjacent string literals, continuation and mail quoting signs.
_AROUND_LINES = frozenset(b"\\'\"`|+>#*(),-=_:.") | frozenset(_SPACE)
# Signs that quote or escape a letter. They may stand between two letters that have no gap in the value.
_QUOTES = frozenset(b"\\'\"`^$")
# The border of two string literals that a language concatenates, as in `"ab" "cd"` and `'ab' + 'cd'`.
_ADJACENT_LITERALS = re.compile(rb"(['\"])[ \t]*\+?[ \t]*\1")
_MAX_GAP = 400
"""Maximum number of bytes that write one gap."""
_MAX_WRITTEN_BYTES = 6
"""Maximum number of bytes that write one byte of a gap. Longer escape sequences are decoded before the comparison."""
_ADDED_SIGNS = 3
"""Maximum number of signs, such as quotes, that may be written in addition to the signs of a gap."""
_MAX_EDGE_BYTES = 4
"""Maximum number of bytes that write one byte of an edge."""
# Signs that quote or escape a byte of an edge.
_EDGE_QUOTING = frozenset(b"\\'\"`^")
# Bytes of a value's edge that a text may leave out.
_OPTIONAL_AT_EDGE = b" \t\r\n\0\\'\"`^"
_BACKSLASH, _BLANK, _CARRIAGE_RETURN = b"\\ \r"


@lru_cache(maxsize=16_384)
def writes_gap(written: bytes, gap: bytes, *, is_long: bool) -> bool:
    """Return whether ``written`` is a way to write ``gap``.

    Args:
        written: The bytes between two letters of a text.
        gap: The bytes between the same letters of the value.
        is_long: Whether the match is long. Only a long match may be wrapped, or have other white space than the value.
    """
    if written == gap:
        return True
    if len(written) > _MAX_GAP:
        return False
    if is_long and not written and gap == b"-":
        # Some programs write a UUID without its dashes.
        return True
    gap_signs, written_signs = gap.translate(None, _SPACE), written.translate(None, _SPACE)
    if not gap:
        return _is_insertion(written, is_long=is_long)
    if gap_signs == written_signs:
        return is_long or _agree_on_space(written, gap)
    extra_bytes = _GAP_QUOTING | frozenset(gap_signs)
    is_short = len(written_signs) <= _MAX_WRITTEN_BYTES * (len(gap_signs) + _ADDED_SIGNS)
    return is_short and _is_subsequence(gap_signs, written_signs, extra_bytes)


@lru_cache(maxsize=4096)
def may_begin_gap(written: bytes, gap: bytes) -> bool:
    """Return whether ``written`` may be the beginning of a way to write ``gap``.

    ``written`` is at the end of a text. The order and the number of its bytes are not checked.
    """
    has_space = any(byte in _SPACE for byte in gap)
    # The zero byte may belong to a character in UTF-16.
    allowed_bytes = _GAP_QUOTING | frozenset(gap) | frozenset(_SPACE if has_space else b"\0")
    return all(byte in allowed_bytes for byte in written)


def _is_insertion(written: bytes, *, is_long: bool) -> bool:
    """Return whether ``written`` may be between two letters that have no gap in the value."""
    if not written.strip(b"\0"):
        return True
    if not is_long:
        return False
    if any(byte in _LINE_ENDS for byte in written):
        return all(byte in _AROUND_LINES for byte in written)
    return all(byte in _QUOTES for byte in written) or _ADJACENT_LITERALS.fullmatch(written) is not None


def _agree_on_space(written: bytes, gap: bytes) -> bool:
    """Return whether ``written`` and ``gap`` both contain white space, or neither does.

    A zero byte counts as white space. A ``written`` that is empty, or has only zero bytes, agrees with every gap.
    """
    has_space = any(byte in _SPACE for byte in gap)
    return has_space == any(byte in _SPACE for byte in written) or not written.strip(b"\0")


def _is_subsequence(signs: bytes, written: bytes, extra_bytes: frozenset[int]) -> bool:
    """Return whether ``written`` contains the bytes of ``signs`` in order.

    Its other bytes must all be in ``extra_bytes``.
    """
    index = 0
    for byte in written:
        if index < len(signs) and byte == signs[index]:
            index += 1
        elif byte not in extra_bytes:
            return False
    return index == len(signs)


class Edge(NamedTuple):
    """The punctuation that a text has before or after the letters of a value.

    Attributes:
        length: The length of the punctuation in bytes.
        is_complete: Whether the text has all punctuation of the value there, except white space, quotes and escaping signs.
    """

    length: int
    is_complete: bool


NO_EDGE = Edge(0, is_complete=True)


def edge_before(data: bytes, gap: bytes, position: int) -> Edge:
    """Return the edge before ``position`` that writes the end of ``gap``.

    ``gap`` is the punctuation before the first letter of a value.
    """
    return _edge(gap[::-1], data[max(0, position - _MAX_EDGE_BYTES * len(gap)) : position][::-1], reverse=True) if gap else NO_EDGE


def edge_after(data: bytes, gap: bytes, position: int) -> Edge:
    """Return the edge at ``position`` that writes the beginning of ``gap``.

    ``gap`` is the punctuation after the last letter of a value.
    """
    return _edge(gap, data[position : position + _MAX_EDGE_BYTES * len(gap)], reverse=False) if gap else NO_EDGE


def _edge(gap: bytes, text: bytes, *, reverse: bool) -> Edge:
    """Return the edge at the start of ``text`` that writes ``gap``.

    Args:
        gap: The punctuation of the value.
        text: The text to compare. Each byte of the punctuation may have a backslash or quotes before it.
        reverse: Whether ``gap`` and ``text`` are reversed, so that a backslash follows the byte that it escapes.
    """
    position = written_count = 0
    for byte in gap:
        offset = position
        # A carriage return may be missing, and a URL writes a blank as a plus sign.
        if byte == _CARRIAGE_RETURN and text[offset : offset + 1] != b"\r":
            written_count += 1
            continue
        if byte == _BLANK and text[offset : offset + 1] == b"+":
            position = offset + 1
            written_count += 1
            continue
        while not reverse and offset < len(text) and text[offset] != byte and text[offset] in _EDGE_QUOTING:
            offset += 1
        if offset >= len(text) or text[offset] != byte:
            break
        position = offset + 1
        written_count += 1
        if reverse and position < len(text) and text[position] == _BACKSLASH and byte != _BACKSLASH:
            position += 1
    return Edge(position, not gap[written_count:].translate(None, _OPTIONAL_AT_EDGE))
