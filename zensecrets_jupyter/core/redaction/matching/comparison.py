"""The comparison of patterns with a text around their anchors: how far each match goes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.utf8 import character_start
from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch
from zensecrets_jupyter.core.redaction.matching.punctuation import NO_EDGE, edge_after, edge_before, writes_gap
from zensecrets_jupyter.core.redaction.patterns.pattern import BY_CHANCE, TRUNCATED
from zensecrets_jupyter.core.redaction.skeleton import LETTER, SkeletonMap, letters_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zensecrets_jupyter.core.redaction.decoding.views import Span
    from zensecrets_jupyter.core.redaction.matching.anchor_index import Hit
    from zensecrets_jupyter.core.redaction.patterns.pattern import Pattern, PatternKey

    _Candidates = Callable[[Hit, bytes], Sequence[PatternKey]]

_ANY_CASE = 16
"""Letters from which on a match may be in any case; a shorter one is in its own, or in capitals or small letters throughout."""
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")
# How reprs and pydantic shorten a text in its middle.
_ELLIPSIS = re.compile(rb"\.{2,3}|\xe2\x80\xa6|\[\.\.\.\]|<\.\.\.>")
_LONGEST_END = 64
"""Bytes behind an ellipsis that are compared with the end of a value."""
_ALNUM = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Comparison:
    """Patterns compared with one view."""

    def __init__(self, data: bytes, skeleton: bytes) -> None:
        self._data = data
        self._skeleton = skeleton
        self._map: SkeletonMap | None = None

    def matches(self, hits: list[Hit], candidates: _Candidates) -> list[PatternMatch]:
        """Return the matches around the anchors that were found; they may overlap.

        Args:
            hits: The anchors.
            candidates: Returns the patterns to compare at an anchor, given it and the view's skeleton.
        """
        found: list[PatternMatch] = []
        done: dict[int, int] = {}
        whole = (0, 0)
        for hit in sorted(hits, key=_start):
            end = hit.start + len(hit.anchor)
            nearest = (hit.start, hit.start)
            # What was found with that pattern is not measured again: of one letter ten thousand times each place is an anchor.
            keys = [key for key in candidates(hit, self._skeleton) if done.get(id(key.pattern), -1) < end]
            for begin, stop, key in self._extents(hit, keys):
                # What reaches no further than a whole value, or what was found with that pattern or from this anchor, would add nothing.
                if done.get(id(key.pattern), -1) >= end or _is_inside(begin, stop, whole) or _is_inside(begin, stop, nearest):
                    continue
                match = self._match(key.pattern, key.offset, hit, begin, stop)
                if match is None:
                    continue
                found.append(match[0])
                nearest = match[1:]
                done[id(key.pattern)] = nearest[1]
                if match[0].is_whole:
                    whole = nearest
        return found

    def _extents(self, hit: Hit, keys: Sequence[PatternKey]) -> list[tuple[int, int, PatternKey]]:
        """Return how far the letters of each pattern go around an anchor, from where to where in the skeleton; the longest first."""
        skeleton, start = self._skeleton, hit.start
        found = []
        for key in keys:
            own, offset = key.pattern.skeleton, key.offset
            left = common_length(own[:offset][::-1], skeleton[max(0, start - offset) : start][::-1])
            right = common_length(own[offset:], skeleton[start : start + len(own) - offset])
            found.append((start - left, start + right, key))
        if len(found) > 1:
            found.sort(key=_shortest_last)
        return found

    def _position(self, index: int) -> int:
        if len(self._skeleton) == len(self._data):
            return index
        if self._map is None:
            self._map = SkeletonMap(self._data)
        return self._map.position(index)

    def _match(self, pattern: Pattern, offset: int, hit: Hit, start: int, end: int) -> tuple[PatternMatch, int, int] | None:
        """Return the match around an anchor, and where it begins and ends in the skeleton; ``None`` if there is none.

        Args:
            pattern: The pattern.
            offset: Where in it the anchor begins.
            hit: Where the anchor stands.
            start: Where in the skeleton its letters begin.
            end: Where they end.
        """
        length = len(hit.anchor)
        # Where it begins and ends in the pattern's skeleton, and how far the text's is ahead of it.
        shift = hit.start - offset
        begin, stop = start - shift, end - shift
        first, last = self._position(begin + shift), self._position(stop - 1 + shift)
        written = self._data[first : last + 1]
        whole = pattern.text[pattern.starts[begin] : pattern.starts[stop - 1] + 1]
        is_plain = written == whole
        if not is_plain:
            is_followed = last + 1 < len(self._data)
            narrowed = self._narrowed(pattern, written, begin, stop, (offset, offset + length), is_followed=is_followed)
            if narrowed is None:
                return None
            begin, stop = narrowed
            first, last = self._position(begin + shift), self._position(stop - 1 + shift)
        if not self._is_apart(pattern, first, last):
            return None
        is_whole = begin == 0 and stop == len(pattern.skeleton)
        if pattern.is_composite and not is_whole:
            # Its secrets match by themselves; the rest of it, such as a host, is public.
            return None
        ends = self._ends(pattern, begin, stop, first, last)
        if ends is None:
            return None
        start_byte, end_byte = ends
        if not is_plain and b"\0" in written[:8] and b"\0" not in whole:
            start_byte, end_byte = self._with_zeros(start_byte, end_byte)
        part = None
        if begin > pattern.first or stop < pattern.last:
            part = self._part(pattern, max(begin, pattern.first), min(stop, pattern.last), shift)
            shortened = self._shortened(pattern, part[1]) if stop < pattern.last else 0
            if shortened:
                end_byte, part = shortened, (part[0], shortened)
        encoding = "plain" if is_plain else "quoted or wrapped"
        may_continue = stop < len(pattern.skeleton) or (end_byte == len(self._data) and self._lacks_signs(pattern, last))
        return (
            PatternMatch(start_byte, end_byte, pattern.name, may_continue, encoding, is_whole and pattern.is_value, part),
            begin + shift,
            stop + shift,
        )

    def _ends(self, pattern: Pattern, begin: int, stop: int, first: int, last: int) -> Span | None:
        """Return where a match begins and ends with the punctuation around it; ``None`` if it is short and that is not complete.

        Args:
            pattern: The pattern.
            begin: Where in its skeleton the match begins.
            stop: Where it ends there.
            first: Where its first letter stands in the data.
            last: Where its last letter stands.
        """
        is_whole = begin == 0 and stop == len(pattern.skeleton)
        before = edge_before(self._data, pattern.gaps[0], first) if begin == 0 else NO_EDGE
        after = edge_after(self._data, pattern.gaps[-1], last + 1) if stop == len(pattern.skeleton) else NO_EDGE
        if is_whole and stop < TRUNCATED and not (before.is_complete and after.is_complete):
            # Of few letters without their signs nobody could tell whose they are.
            return None
        start, end = first - before.length, last + 1 + after.length
        if begin:
            start = character_start(self._data, start)
        if stop < len(pattern.skeleton):
            end = character_start(self._data, end, start)
        return start, end

    def _lacks_signs(self, pattern: Pattern, last: int) -> bool:
        """Tell whether the punctuation that a pattern ends with is not all behind its last letter, which stands at ``last``."""
        gap = pattern.gaps[-1].rstrip()
        return bool(gap) and edge_after(self._data, gap, last + 1).length < len(gap)

    def _shortened(self, pattern: Pattern, position: int) -> int:
        """Return where the end of a value stops of which an ellipsis at ``position`` stands for the middle; 0 if there is none."""
        ellipsis = _ELLIPSIS.match(self._data, position)
        if ellipsis is None:
            return 0
        rest = self._data[ellipsis.end() : ellipsis.end() + _LONGEST_END]
        ends = (length for length in range(min(len(rest), len(pattern.text) - 1), 0, -1) if pattern.text.endswith(rest[:length]))
        length = next(ends, 0)
        return ellipsis.end() + length if length else 0

    def _with_zeros(self, start: int, end: int) -> tuple[int, int]:
        """Return where a text in UTF-16 begins and ends, of which the zero at one end belongs to it."""
        if self._data[end : end + 1] == b"\0":
            return start, end + 1
        return (start - 1 if start and self._data[start - 1] == 0 else start), end

    def _part(self, pattern: Pattern, begin: int, stop: int, shift: int) -> tuple[int, int]:
        """Return where letters of a pattern stand, with the signs around them that are its own too."""
        start, end = self._position(begin + shift), self._position(stop - 1 + shift) + 1
        start -= edge_before(self._data, pattern.gaps[begin], start).length
        end += edge_after(self._data, pattern.gaps[stop], end).length
        written = self._data[start:end]
        return end - len(written.lstrip()), start + len(written.rstrip())

    def _narrowed(  # noqa: PLR0913 - what is compared, and where
        self, pattern: Pattern, written: bytes, begin: int, stop: int, anchor: tuple[int, int], *, is_followed: bool
    ) -> tuple[int, int] | None:
        """Return how much of the pattern from ``begin`` to ``stop`` is really written, around the anchor; ``None`` if that is not.

        ``is_followed`` tells whether the text goes on behind it.
        """
        offset = begin
        if not _is_in_case(letters_of(written), pattern.kept[begin:stop]):
            # The rest of a long value in capitals may end before the text does.
            begin, stop = self._in_case(pattern, written, begin, stop, anchor)
            if not begin <= anchor[0] < anchor[1] <= stop:
                return None
        gaps = LETTER.split(written)[begin - offset : stop - offset + 1]
        own = pattern.gaps
        is_long = stop - begin >= TRUNCATED
        bad = [
            begin + index
            for index in range(1, len(gaps) - 1)
            if gaps[index] != own[begin + index] and not writes_gap(gaps[index], own[begin + index], is_long=is_long)
        ]
        if bad and _is_spaced(gaps[1:-1], own[begin + 1 : stop], pattern.kept[begin + 1 : stop]):
            return begin, stop
        if not bad and is_followed and stop < len(pattern.skeleton):
            bad = [index for index in range(stop - BY_CHANCE, stop) if gaps[index - begin].strip(b"\0") and not own[index]]
        if not bad:
            return begin, stop
        # A gap is known by the letter behind it.
        before = [index for index in bad if index <= anchor[0]]
        behind = [index for index in bad if index >= anchor[1]]
        if len(before) + len(behind) < len(bad):
            return None
        return (max(before) if before else begin), (min(behind) if behind else stop)

    @staticmethod
    def _in_case(pattern: Pattern, written: bytes, begin: int, stop: int, anchor: tuple[int, int]) -> tuple[int, int]:
        """Return how much of the pattern is written in its own case around the anchor; nothing if the anchor is not."""
        shown, own = letters_of(written), pattern.kept[begin:stop]
        first, last = anchor[0] - begin, anchor[1] - begin
        if shown[first:last] != own[first:last]:
            return 0, 0
        right = common_length(shown[first:], own[first:])
        left = common_length(shown[:last][::-1], own[:last][::-1])
        return begin + last - left, begin + first + right

    def _is_apart(self, pattern: Pattern, first: int, last: int) -> bool:
        """Tell whether a number stands alone, and not inside a longer number or a text of hexadecimal digits."""
        if not pattern.text.isdigit():
            return True
        data = self._data
        before, behind = data[max(0, first - 64) : first], data[last + 1 : last + 65]
        if before[-1:].isdigit() or behind[:1].isdigit() or before[-2:].lower() == b"0x":
            return False
        if (before[-1:] == b"." and before[-2:-1].isdigit()) or (behind[:1] == b"." and behind[1:2].isdigit()):
            return False
        around = _letters_at_end(before) + _letters_at_start(behind)
        return not around or not all(byte in _HEXADECIMAL for byte in around)


def _letters_at_end(data: bytes) -> bytes:
    return data[len(data.rstrip(_ALNUM)) :]


def _letters_at_start(data: bytes) -> bytes:
    return data[: len(data) - len(data.lstrip(_ALNUM))]


def _is_in_case(shown: bytes, own: bytes) -> bool:
    """Tell whether both are in the same case, or one is in another that a text may be in as a whole."""
    if shown == own:
        return True
    if len(own) >= _ANY_CASE:
        return True
    return len(own) > SHORTEST_VALUE and shown in {own.upper(), own.lower()}


def _is_spaced(gaps: list[bytes], own: list[bytes], letters: bytes) -> bool:
    """Tell whether the same separator stands between the letters, as in a list of letters."""
    inserted = {gap for gap, known in zip(gaps, own, strict=True) if gap and not known}
    if len(inserted) != 1 or len(gaps) < SHORTEST_VALUE + 1:
        return False
    sign = inserted.pop()
    if not sign or len(sign) > TRUNCATED:
        return False
    is_long = len(letters) + 1 >= TRUNCATED
    return all(
        gap == sign or (known and _letters_in(known, gap)) or (not gap and (is_long or _is_continuation(letter)))
        for gap, known, letter in zip(gaps, own, letters, strict=True)
    )


def _is_continuation(byte: int) -> bool:
    """Tell whether ``byte`` is none that a character begins with in UTF-8."""
    return byte & 0xC0 == 0x80  # noqa: PLR2004 - bits 10xxxxxx


def _letters_in(own: bytes, shown: bytes) -> bool:
    index = 0
    for byte in shown:
        if index < len(own) and byte == own[index]:
            index += 1
    return index == len(own)


def _shortest_last(extent: tuple[int, int, PatternKey]) -> int:
    return extent[0] - extent[1]


def _is_inside(begin: int, stop: int, found: tuple[int, int]) -> bool:
    return found[0] <= begin and stop <= found[1]


def _start(hit: Hit) -> int:
    return hit.start


def common_length(one: bytes, other: bytes) -> int:
    """Return the length of the longest common prefix of two texts."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    low, high = 0, length
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low
