"""Matches of patterns in a text, and the merging of overlapping matches."""

from __future__ import annotations

from typing import NamedTuple


class PatternMatch(NamedTuple):
    """An occurrence of a value, or of a part of a value, in ``data[start:end]``.

    Attributes:
        start: The offset of the first byte.
        end: The offset after the last byte.
        name: The name of the value.
        may_continue: Whether more of the value may follow the match. In the results of a search, this is only set at the end of the text.
        encoding: The encoding of the match; ``plain`` if it is not encoded.
        is_whole: Whether the match is the whole value.
        part: ``None`` if the match has all sensitive letters of its pattern. Otherwise the span in the data of the sensitive letters that
            it has, with the punctuation around them.
    """

    start: int
    end: int
    name: str
    may_continue: bool = False
    encoding: str = "plain"
    is_whole: bool = False
    part: tuple[int, int] | None = None


def merge_matches(matches: list[PatternMatch]) -> list[PatternMatch]:
    """Return the matches in order, with overlapping matches merged.

    A merged match has the name and the encoding of the longest match in it.
    """
    merged: list[PatternMatch] = []
    longest: PatternMatch | None = None
    for match in _without_extra_decodings(sorted(matches, key=_sort_key)):
        if longest is not None and match.start < merged[-1].end:
            last_merged = merged[-1]
            if _rank(match) > _rank(longest):
                longest = match
            start, end = last_merged.start, max(last_merged.end, match.end)
            is_whole = longest.is_whole and (longest.start, longest.end) == (start, end)
            may_continue = last_merged.may_continue or match.may_continue
            merged[-1] = PatternMatch(start, end, longest.name, may_continue, longest.encoding, is_whole)
        else:
            merged.append(match)
            longest = match
    return merged


def _without_extra_decodings(matches: list[PatternMatch]) -> list[PatternMatch]:
    """Return the sorted ``matches`` without those from an extra decoding.

    Such a match contains the match of a whole value and additional bytes, and was found after more nested decodings than that match.

    For example, a value in base85 may end with ``=`` at the end of a line. If this ``=`` is decoded as quoted-printable, it joins the next
    line, and the base85 decodes to the value and a few more bytes.
    """
    whole_matches: dict[str, PatternMatch] = {}
    remaining = []
    for match in reversed(matches):
        whole_match = whole_matches.get(match.name)
        if whole_match is not None and whole_match.end <= match.end and _nesting_depth(match) > _nesting_depth(whole_match):
            continue
        if match.is_whole and match.encoding != "plain":
            whole_matches[match.name] = match
        remaining.append(match)
    return remaining[::-1]


def _nesting_depth(match: PatternMatch) -> int:
    """Return how many encodings the match has besides the innermost one."""
    return match.encoding.count(" in ")


def _sort_key(match: PatternMatch) -> tuple[int, int, bool, bool]:
    return match.start, -match.end, not match.is_whole, match.encoding != "plain"


def _rank(match: PatternMatch) -> tuple[int, bool]:
    return match.end - match.start, match.is_whole
