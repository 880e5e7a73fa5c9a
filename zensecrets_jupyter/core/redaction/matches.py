"""From a hit to a range: what the text and the form have in common around an anchor."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.characters import to_character

if TYPE_CHECKING:
    from zensecrets_jupyter.core.redaction.anchors import Form


class Match(NamedTuple):
    """Where (a part of) a form stands: ``data[start:end]``. It is live if the text ends there and the form would go on."""

    start: int
    end: int
    name: str
    live: bool = False


class Group:
    """The forms that share an anchor, in an order in which the one that goes on like a text is found without looking at each."""

    def __init__(self, forms: list[tuple[Form, str]], *, last: bool) -> None:
        """Take forms with the names of their values; ``last`` if it is their last anchor that they share."""
        self._last = last
        ordered = sorted(
            (form.data[: form.last_end][::-1] if last else form.data[form.first :], number) for number, (form, _) in enumerate(forms)
        )
        self._tails = [tail for tail, _ in ordered]
        self._forms = [forms[number] for _, number in ordered]
        self._longest = max(map(len, self._tails))

    def match(self, data: bytes, start: int, end: int) -> Match:
        """Return the range around the anchor at ``data[start:end]``."""
        return self._match_back(data, end) if self._last else self._match_on(data, start)

    def _match_on(self, data: bytes, start: int) -> Match:
        ahead = data[start : start + self._longest]
        index, common, live = self._nearest(ahead)
        form, name = self._forms[index]
        public = form.data[: form.first]
        begin = start - _common(public[::-1], data[max(0, start - len(public)) : start][::-1])
        stop = start + common
        if begin > start - form.first or common < len(form.data) - form.first:
            begin, stop = _stripped(data, begin, stop)
        return Match(to_character(data, begin), to_character(data, stop, start), name, live and start + len(ahead) == len(data))

    def _match_back(self, data: bytes, end: int) -> Match:
        behind = data[max(0, end - self._longest) : end][::-1]
        index, common, _ = self._nearest(behind)
        form, name = self._forms[index]
        after = _common(form.data[form.last_end :], data[end : end + len(form.data) - form.last_end])
        begin, stop = end - common, end + after
        if common < form.last_end or stop < end + len(form.data) - form.last_end:
            begin, stop = _stripped(data, begin, stop)
        return Match(to_character(data, begin), to_character(data, stop, end), name)

    def _nearest(self, ahead: bytes) -> tuple[int, int, bool]:
        """Return which form has most in common with what is ahead, how much, and whether one goes on where that ends."""
        tails = self._tails
        after = bisect_right(tails, ahead)
        common = max(_common(tails[index], ahead) for index in (after - 1, after) if 0 <= index < len(tails))
        live = after < len(tails) and tails[after].startswith(ahead)
        # The first in order is the one that ends here, if there is one.
        return bisect_left(tails, ahead[:common]), common, live


def _stripped(data: bytes, start: int, end: int) -> tuple[int, int]:
    """Return the range without white space at its ends: next to a part of a form it belongs to the text around as well."""
    own = data[start:end]
    return (end - len(own.lstrip()), start + len(own.rstrip())) if own.strip() else (start, end)


def _common(one: bytes, other: bytes) -> int:
    """Return how many bytes the two begin with alike."""
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


def merged(matches: list[Match]) -> list[Match]:
    """Return the matches in order, those that overlap as one, with the name of the longest of them."""
    ranges: list[Match] = []
    longest = 0
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        if ranges and match.start < ranges[-1].end:
            one = ranges[-1]
            name = one.name
            if match.end - match.start > longest:
                longest, name = match.end - match.start, match.name
            ranges[-1] = Match(one.start, max(one.end, match.end), name, one.live or match.live)
        else:
            ranges.append(match)
            longest = match.end - match.start
    return ranges
