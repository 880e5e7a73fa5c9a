"""Matches of patterns in a text, and the merging of overlapping matches."""

from __future__ import annotations

from typing import NamedTuple


class PatternMatch(NamedTuple):
    """An occurrence of a value or of a part of it: ``data[start:end]``.

    Attributes:
        start: The offset of the first byte.
        end: The offset behind the last byte.
        name: The name of the value.
        may_continue: Whether the value may continue behind the match; in results of a search, only at the end of the text.
        encoding: How the value is written; ``plain`` if it is not encoded.
        is_whole: Whether the match is the whole value.
        part: The span of the sensitive letters, if the match has only some of them.
    """

    start: int
    end: int
    name: str
    may_continue: bool = False
    encoding: str = "plain"
    is_whole: bool = False
    part: tuple[int, int] | None = None


def merge_matches(matches: list[PatternMatch]) -> list[PatternMatch]:
    """Return the matches in order, those that overlap as one, with the name and the encoding of the longest of them."""
    ranges: list[PatternMatch] = []
    longest: PatternMatch | None = None
    for match in _tightest(sorted(matches, key=_by_start)):
        if longest is not None and match.start < ranges[-1].end:
            one = ranges[-1]
            if _rank(match) > _rank(longest):
                longest = match
            start, end = one.start, max(one.end, match.end)
            is_whole = longest.is_whole and (longest.start, longest.end) == (start, end)
            ranges[-1] = PatternMatch(start, end, longest.name, one.may_continue or match.may_continue, longest.encoding, is_whole)
        else:
            ranges.append(match)
            longest = match
    return ranges


def _tightest(matches: list[PatternMatch]) -> list[PatternMatch]:
    """Return the sorted ``matches`` without those that take neighbours of a whole value for more of its digits.

    A text in base85 may end in ``=``. As quoted-printable it goes on in the next line, and decodes to the value and some bytes more.
    """
    wholes: dict[str, PatternMatch] = {}
    kept = []
    for match in reversed(matches):
        inner = wholes.get(match.name)
        if inner is not None and inner.end <= match.end and _depth(match) > _depth(inner):
            continue
        if match.is_whole and match.encoding != "plain":
            wholes[match.name] = match
        kept.append(match)
    return kept[::-1]


def _depth(match: PatternMatch) -> int:
    """Return how many encodings are inside each other."""
    return match.encoding.count(" in ")


def _by_start(match: PatternMatch) -> tuple[int, int, bool, bool]:
    return match.start, -match.end, not match.is_whole, match.encoding != "plain"


def _rank(match: PatternMatch) -> tuple[int, bool]:
    return match.end - match.start, match.is_whole
