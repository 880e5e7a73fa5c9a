"""Comparison of patterns with a view around their anchors.

The comparison measures how much of each pattern is in the view. A view is a text with some of its encodings decoded. An anchor is a short
run of a pattern's letters, by which an index found the pattern in the view. A skeleton has only the letters and digits of a text, in lower
case; here, a *letter* is any character of a skeleton. A gap is the punctuation, perhaps empty, before, between or after two letters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.decoding.utf8 import character_start
from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch
from zensecrets_jupyter.core.redaction.matching.punctuation import NO_EDGE, edge_after, edge_before, writes_gap
from zensecrets_jupyter.core.redaction.patterns.pattern import MAX_CHANCE_LETTERS, SHORTEST_PART, Pattern
from zensecrets_jupyter.core.redaction.skeleton import LETTER, SkeletonMap, letters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zensecrets_jupyter.core.redaction.decoding.views import Span
    from zensecrets_jupyter.core.redaction.matching.anchor_index import Hit
    from zensecrets_jupyter.core.redaction.patterns.pattern import PatternAnchor

    _Candidates = Callable[[Hit, bytes], Sequence[PatternAnchor]]

_MIN_ANY_CASE = 16
"""Minimum number of letters of a match that may be in any case. A shorter match has the case of the value, or one case throughout."""
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")
# The ways in which reprs and pydantic shorten a text in its middle.
_ELLIPSIS = re.compile(rb"\.{2,3}|\xe2\x80\xa6|\[\.\.\.\]|<\.\.\.>")
_LONGEST_END = 64
"""Maximum number of bytes after an ellipsis that are compared with the end of a value."""
_ALPHANUMERIC = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CONTEXT_OF_NUMBER = 64
"""Number of bytes before and after a number that are checked for more digits."""


class _Extent(NamedTuple):
    """The letters of a pattern that are in the view around one of its anchors.

    Attributes:
        start: The start of these letters in the view's skeleton.
        end: Their end in the view's skeleton.
        anchor: The anchor of the pattern.
    """

    start: int
    end: int
    anchor: PatternAnchor


class _LocatedMatch(NamedTuple):
    """A match, and its span in the view's skeleton."""

    match: PatternMatch
    start: int
    end: int


class Comparison:
    """Comparison of patterns with one view.

    Offsets in a pattern are offsets in the skeleton of the pattern, unless a docstring says otherwise. The ends of a span in a pattern are
    called ``begin`` and ``stop``, and those of a span in the skeleton of the view ``start`` and ``end``. ``first`` and ``last`` are the
    offsets of a match's first and last letter in the bytes of the view.
    """

    def __init__(self, data: bytes, skeleton: bytes) -> None:
        """Prepare the comparison with a view.

        Args:
            data: The bytes of the view.
            skeleton: The skeleton of ``data``.
        """
        self._data = data
        self._skeleton = skeleton
        self._map: SkeletonMap | None = None

    def matches(self, hits: list[Hit], candidates: _Candidates) -> list[PatternMatch]:
        """Return the matches around the hits. The matches may overlap.

        Args:
            hits: The anchors in the view.
            candidates: Returns the patterns to compare at a hit. Its arguments are the hit and the skeleton of the view.
        """
        matches: list[PatternMatch] = []
        # The end of the latest match of each pattern in the view's skeleton, by the id of the pattern.
        compared_until: dict[int, int] = {}
        # The span of the latest match of a whole value.
        whole_span = (0, 0)
        for hit in sorted(hits, key=_hit_start):
            hit_end = hit.start + len(hit.anchor)
            latest_span = (hit.start, hit.start)
            # A pattern is not compared again inside its own match: in a value of one repeated letter, every offset is an anchor.
            anchors = [anchor for anchor in candidates(hit, self._skeleton) if compared_until.get(id(anchor.pattern), -1) < hit_end]
            for extent in self._extents(hit, anchors):
                pattern = extent.anchor.pattern
                # A match inside a whole value, or inside another match from this hit or of this pattern, adds nothing.
                is_inside_match = _is_inside(extent, whole_span) or _is_inside(extent, latest_span)
                if is_inside_match or compared_until.get(id(pattern), -1) >= hit_end:
                    continue
                located = self._match(hit, extent)
                if located is None:
                    continue
                matches.append(located.match)
                latest_span = located.start, located.end
                compared_until[id(pattern)] = located.end
                if located.match.is_whole:
                    whole_span = latest_span
        return matches

    def _extents(self, hit: Hit, anchors: Sequence[PatternAnchor]) -> list[_Extent]:
        """Return the extent of each pattern in the view around a hit, the longest one first."""
        skeleton, start = self._skeleton, hit.start
        extents = []
        for anchor in anchors:
            expected, offset = anchor.pattern.skeleton, anchor.offset
            left = common_length(expected[:offset][::-1], skeleton[max(0, start - offset) : start][::-1])
            right = common_length(expected[offset:], skeleton[start : start + len(expected) - offset])
            extents.append(_Extent(start - left, start + right, anchor))
        if len(extents) > 1:
            extents.sort(key=_negative_length)
        return extents

    def _position(self, index: int) -> int:
        """Return the offset in the data of the letter at ``index`` of the view's skeleton."""
        if len(self._skeleton) == len(self._data):
            return index
        if self._map is None:
            self._map = SkeletonMap(self._data)
        return self._map.position(index)

    def _match(self, hit: Hit, extent: _Extent) -> _LocatedMatch | None:
        """Return the match around a hit.

        The result is ``None`` if the text around the hit does not match, although its letters do.

        Args:
            hit: The anchor in the view.
            extent: The letters of a pattern around the hit.
        """
        pattern, offset = extent.anchor
        length = len(hit.anchor)
        # The difference between an offset in the view's skeleton and the same offset in the pattern.
        shift = hit.start - offset
        begin, stop = extent.start - shift, extent.end - shift
        first, last = self._position(begin + shift), self._position(stop - 1 + shift)
        written = self._data[first : last + 1]
        expected = pattern.text[pattern.starts[begin] : pattern.starts[stop - 1] + 1]
        is_plain = written == expected
        if not is_plain:
            is_followed = last + 1 < len(self._data)
            narrowed = self._narrow(pattern, written, begin, stop, (offset, offset + length), is_followed=is_followed)
            if narrowed is None:
                return None
            begin, stop = narrowed
            first, last = self._position(begin + shift), self._position(stop - 1 + shift)
        if not self._is_separate(pattern, first, last):
            return None
        is_whole = begin == 0 and stop == len(pattern.skeleton)
        if pattern.is_composite and not is_whole:
            # A part of a composite pattern is no match: its secrets are patterns of their own, and the rest, such as a host, is public.
            return None
        ends = self._ends(pattern, begin, stop, first, last)
        if ends is None:
            return None
        start_byte, end_byte = ends
        # UTF-16 writes each ASCII character with a zero byte, so the first eight bytes are enough to detect it.
        if not is_plain and b"\0" in written[:8] and b"\0" not in expected:
            start_byte, end_byte = self._with_zeros(start_byte, end_byte)
        # The sensitive letters of a pattern are from ``pattern.first`` to ``pattern.last``. If the text lacks some of them, ``part`` is
        # the span of the others.
        part = None
        if begin > pattern.first or stop < pattern.last:
            part = self._part(pattern, max(begin, pattern.first), min(stop, pattern.last), shift)
            shortened_end = self._shortened_end(pattern, part[1]) if stop < pattern.last else 0
            if shortened_end:
                end_byte, part = shortened_end, (part[0], shortened_end)
        encoding = "plain" if is_plain else "quoted or wrapped"
        may_continue = stop < len(pattern.skeleton) or (end_byte == len(self._data) and self._lacks_last_gap(pattern, last))
        match = PatternMatch(start_byte, end_byte, pattern.name, may_continue, encoding, is_whole and pattern.is_value, part)
        return _LocatedMatch(match, begin + shift, stop + shift)

    def _ends(self, pattern: Pattern, begin: int, stop: int, first: int, last: int) -> Span | None:
        """Return the span of a match in the data.

        The punctuation of the value around its letters is included.

        Args:
            pattern: The pattern.
            begin: The start of the match in the pattern.
            stop: The end of the match in the pattern.
            first: The offset of its first letter in the data.
            last: The offset of its last letter in the data.

        Returns:
            The span, or ``None`` if the value is short and its punctuation is incomplete.
        """
        is_whole = begin == 0 and stop == len(pattern.skeleton)
        before = edge_before(self._data, pattern.gaps[0], first) if begin == 0 else NO_EDGE
        after = edge_after(self._data, pattern.gaps[-1], last + 1) if stop == len(pattern.skeleton) else NO_EDGE
        if is_whole and stop < SHORTEST_PART and not (before.is_complete and after.is_complete):
            # A short value without its punctuation may be an ordinary word.
            return None
        start, end = first - before.length, last + 1 + after.length
        # A match of a part of the pattern may begin or end inside a character of several bytes.
        if begin:
            start = character_start(self._data, start)
        if stop < len(pattern.skeleton):
            end = character_start(self._data, end, start)
        return start, end

    def _lacks_last_gap(self, pattern: Pattern, last: int) -> bool:
        """Return whether the punctuation at the end of the pattern is incomplete.

        ``last`` is the offset of the pattern's last letter in the data.
        """
        gap = pattern.gaps[-1].rstrip()
        return bool(gap) and edge_after(self._data, gap, last + 1).length < len(gap)

    def _shortened_end(self, pattern: Pattern, position: int) -> int:
        """Return the end of a value whose middle is replaced by an ellipsis.

        The ellipsis is at ``position``. The result is 0 if there is none.
        """
        ellipsis = _ELLIPSIS.match(self._data, position)
        if ellipsis is None:
            return 0
        rest = self._data[ellipsis.end() : ellipsis.end() + _LONGEST_END]
        # The longest end of the value is tried first.
        ends = (length for length in range(min(len(rest), len(pattern.text) - 1), 0, -1) if pattern.text.endswith(rest[:length]))
        length = next(ends, 0)
        return ellipsis.end() + length if length else 0

    def _with_zeros(self, start: int, end: int) -> Span:
        """Return the span of a text in UTF-16, with all its zero bytes.

        The zero byte is after its character in little-endian UTF-16, and before it in big-endian UTF-16. The given span therefore lacks the
        zero byte of its last or of its first character.
        """
        if self._data[end : end + 1] == b"\0":
            return start, end + 1
        return (start - 1 if start and self._data[start - 1] == 0 else start), end

    def _part(self, pattern: Pattern, begin: int, stop: int, shift: int) -> Span:
        """Return the span in the data of some letters of a pattern.

        The punctuation around the letters is included.
        """
        start, end = self._position(begin + shift), self._position(stop - 1 + shift) + 1
        start -= edge_before(self._data, pattern.gaps[begin], start).length
        end += edge_after(self._data, pattern.gaps[stop], end).length
        written = self._data[start:end]
        return end - len(written.lstrip()), start + len(written.rstrip())

    def _narrow(  # noqa: PLR0913 - these six arguments describe one comparison, and a class for them would only be built here
        self, pattern: Pattern, written: bytes, begin: int, stop: int, anchor_span: Span, *, is_followed: bool
    ) -> Span | None:
        """Return the span in the pattern that also has the case and the punctuation of the text.

        Args:
            pattern: The pattern.
            written: The bytes of the view that have the letters from ``begin`` to ``stop``.
            begin: The start of the equal letters in the pattern.
            stop: The end of the equal letters in the pattern.
            anchor_span: The span of the anchor in the pattern.
            is_followed: Whether more text follows in the view.

        Returns:
            The span, or ``None`` if it does not contain the anchor.
        """
        offset = begin
        if not _has_same_case(letters_of(written), pattern.letters[begin:stop]):
            # A value may be cut off, and other text after it may begin with the value's next letters in another case.
            begin, stop = self._span_in_same_case(pattern, written, begin, stop, anchor_span)
            if not begin <= anchor_span[0] < anchor_span[1] <= stop:
                return None
        gaps = LETTER.split(written)[begin - offset : stop - offset + 1]
        expected = pattern.gaps
        is_long = stop - begin >= SHORTEST_PART
        # A gap has the index of the letter after it.
        different_gaps = [
            begin + index
            for index in range(1, len(gaps) - 1)
            if gaps[index] != expected[begin + index] and not writes_gap(gaps[index], expected[begin + index], is_long=is_long)
        ]
        if different_gaps and _has_one_separator(gaps[1:-1], expected[begin + 1 : stop], pattern.letters[begin + 1 : stop]):
            return begin, stop
        if not different_gaps and is_followed and stop < len(pattern.skeleton):
            # The last letters may be equal by chance, and belong to other text after a quote or a line end. Zero bytes are those of UTF-16.
            last_letters = range(stop - MAX_CHANCE_LETTERS, stop)
            different_gaps = [index for index in last_letters if gaps[index - begin].strip(b"\0") and not expected[index]]
        if not different_gaps:
            return begin, stop
        gaps_before = [index for index in different_gaps if index <= anchor_span[0]]
        gaps_after = [index for index in different_gaps if index >= anchor_span[1]]
        if len(gaps_before) + len(gaps_after) < len(different_gaps):
            # A gap inside the anchor differs.
            return None
        return max(gaps_before, default=begin), min(gaps_after, default=stop)

    @staticmethod
    def _span_in_same_case(pattern: Pattern, written: bytes, begin: int, stop: int, anchor_span: Span) -> Span:
        """Return the span around the anchor that has the case of the pattern.

        The result is ``(0, 0)`` if the case of the anchor itself differs.
        """
        actual, expected = letters_of(written), pattern.letters[begin:stop]
        first, last = anchor_span[0] - begin, anchor_span[1] - begin
        if actual[first:last] != expected[first:last]:
            return 0, 0
        right = common_length(actual[first:], expected[first:])
        left = common_length(actual[:last][::-1], expected[:last][::-1])
        return begin + last - left, begin + first + right

    def _is_separate(self, pattern: Pattern, first: int, last: int) -> bool:
        """Return whether a number is separate from other digits around it.

        It must not be a part of a longer number or of a run of hexadecimal digits.

        Args:
            pattern: The pattern. The result is true for any pattern that is not a number.
            first: The offset of its first letter in the data.
            last: The offset of its last letter in the data.
        """
        if not pattern.text.isdigit():
            return True
        data = self._data
        before, after = data[max(0, first - _CONTEXT_OF_NUMBER) : first], data[last + 1 : last + 1 + _CONTEXT_OF_NUMBER]
        if before[-1:].isdigit() or after[:1].isdigit() or before[-2:].lower() == b"0x":
            return False
        if (before[-1:] == b"." and before[-2:-1].isdigit()) or (after[:1] == b"." and after[1:2].isdigit()):
            return False
        adjacent = before[len(before.rstrip(_ALPHANUMERIC)) :] + after[: len(after) - len(after.lstrip(_ALPHANUMERIC))]
        return not adjacent or not all(byte in _HEXADECIMAL for byte in adjacent)


def common_length(first: bytes, second: bytes) -> int:
    """Return the length of the longest common prefix of ``first`` and ``second``."""
    # A binary search: the first ``low`` bytes are always equal.
    length = min(len(first), len(second))
    if first[:length] == second[:length]:
        return length
    low, high = 0, length
    while high - low > 1:
        middle = (low + high) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _has_same_case(actual: bytes, expected: bytes) -> bool:
    """Return whether the case of two texts is equal, or differs in an allowed way.

    Both texts have the same letters if their case is ignored.
    """
    if actual == expected:
        return True
    if len(expected) >= _MIN_ANY_CASE:
        return True
    return len(expected) > SHORTEST_VALUE and actual in {expected.upper(), expected.lower()}


def _has_one_separator(gaps: list[bytes], expected: list[bytes], letters: bytes) -> bool:
    """Return whether the same separator is between all letters.

    A printed list of letters has such a separator.

    Args:
        gaps: The gaps in the text.
        expected: The gaps in the pattern.
        letters: The letter of the pattern after each gap.
    """
    inserted_gaps = {gap for gap, expected_gap in zip(gaps, expected, strict=True) if gap and not expected_gap}
    if len(inserted_gaps) != 1 or len(gaps) < SHORTEST_VALUE + 1:
        return False
    separator = inserted_gaps.pop()
    if not separator or len(separator) > SHORTEST_PART:
        return False
    is_long = len(letters) + 1 >= SHORTEST_PART
    for gap, expected_gap, letter in zip(gaps, expected, letters, strict=True):
        # A punctuation character of the value is an item of the list too, with separators around it.
        has_expected_gap = bool(expected_gap) and _is_subsequence(expected_gap, gap)
        # The separator may be missing in a long value, and inside a character outside ASCII.
        may_lack_separator = not gap and (is_long or _is_continuation(letter))
        if gap != separator and not has_expected_gap and not may_lack_separator:
            return False
    return True


def _is_continuation(byte: int) -> bool:
    """Return whether ``byte`` is a continuation byte of UTF-8."""
    return byte & 0xC0 == 0x80  # noqa: PLR2004 - RFC 3629 defines continuation bytes by the bits 10xxxxxx


def _is_subsequence(expected: bytes, actual: bytes) -> bool:
    """Return whether ``actual`` contains the bytes of ``expected`` in order."""
    index = 0
    for byte in actual:
        if index < len(expected) and byte == expected[index]:
            index += 1
    return index == len(expected)


def _negative_length(extent: _Extent) -> int:
    """Return the sort key of an extent, by which the longest extent is first."""
    return extent.start - extent.end


def _is_inside(extent: _Extent, span: Span) -> bool:
    return span[0] <= extent.start and extent.end <= span[1]


def _hit_start(hit: Hit) -> int:
    return hit.start
