"""Matches of patterns in a text, and the merging of overlapping matches."""

from __future__ import annotations

from typing import NamedTuple


class PatternMatch(NamedTuple):
    """An occurrence of a value, or of a part of a value, in ``data[start:end]``.

    Attributes:
        start: The offset of the first byte.
        end: The offset after the last byte.
        name: The name of the value.
        may_continue: Whether more of the value may follow the match. A search returns ``True`` only for a match at the end of the text.
        encoding: The encoding of the match; ``plain`` if it is not encoded.
        is_whole: Whether the match is the whole value.
        part: ``None`` if the match has all sensitive letters of its pattern, which are all letters except a public part, such as the
            prefix of a token. Otherwise the span in ``data`` of the sensitive letters that are there, with the punctuation around them.
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

    A match is from an extra decoding if it contains an encoded match of the whole value, and has more nested encodings than that one.

    For example, a value in base85 may end with ``=`` at the end of a line. In quoted-printable, this ``=`` continues the line. If the text
    is decoded so, the next line is appended to the base85, which then decodes to the value and a few more bytes.
    """
    whole_matches: dict[str, PatternMatch] = {}
    remaining = []
    # In reverse order, a match comes after all matches inside it.
    for match in reversed(matches):
        whole_match = whole_matches.get(match.name)
        if whole_match is not None and whole_match.end <= match.end and _nesting_depth(match) > _nesting_depth(whole_match):
            continue
        if match.is_whole and match.encoding != "plain":
            whole_matches[match.name] = match
        remaining.append(match)
    return remaining[::-1]


def _nesting_depth(match: PatternMatch) -> int:
    """Return the number of encodings around the innermost one: 1 for ``base64 in hexadecimal``."""
    return match.encoding.count(" in ")


def _sort_key(match: PatternMatch) -> tuple[int, int, bool, bool]:
    # Matches with the same start are sorted from the longest to the shortest. In equal spans, a whole and a plain value come first.
    return match.start, -match.end, not match.is_whole, match.encoding != "plain"


def _rank(match: PatternMatch) -> tuple[int, bool]:
    return match.end - match.start, match.is_whole
