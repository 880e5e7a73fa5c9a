"""Prefix index: finds out whether a text ends in the beginning of a pattern."""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from typing import NamedTuple

from zensecrets_jupyter.core.redaction.matching.punctuation import edge_before, may_begin_gap, writes_gap
from zensecrets_jupyter.core.redaction.skeleton import LETTER, skeleton_of, start_of_last

_FEW = 8
_MOST_NAMES = 4096
FEWEST = 4
"""Letters of a value that may be shown in any case."""


class Prefix(NamedTuple):
    """The beginning of a pattern.

    Attributes:
        skeleton: Its first letters, as in a skeleton.
        text: The bytes that it is written with.
        least: Letters from which on it tells too much to be shown, though nothing follows.
        name: The name of the value.
        gaps: What stands before each letter in the bytes, and behind the last one.
        is_whole: Whether no letter of the pattern follows.
        signs: The punctuation before the first letter.
    """

    skeleton: bytes
    text: bytes
    least: int
    name: str
    gaps: tuple[bytes, ...]
    is_whole: bool
    signs: bytes

    def may_continue(self, letters: int, *, is_enough: bool) -> bool:
        """Tell whether a text that ends in so many letters of it may be cut off there; if not, it was found as a match.

        A number may continue as a longer one, and punctuation at the end of a value may still be to come.
        """
        if not self.is_whole or letters < len(self.skeleton):
            return True
        return not is_enough and (self.skeleton.isdigit() or bool(self.gaps[-1]))


class PrefixIndex:
    """The first letters of all patterns, in order.

    Attributes:
        ends_with_line: Whether no beginning goes on behind the end of a line. ``True`` is certain.
    """

    def __init__(self) -> None:
        """Make an empty index."""
        self._prefixes: list[Prefix] = []
        self._new: list[Prefix] = []
        self._names: dict[tuple[bytes, bool], str | None] = {}
        self._signs: set[bytes] = set()
        self._longest = 0
        self._has_line_end = False
        self.ends_with_line = True

    def add(self, prefix: Prefix) -> None:
        """Add the beginning of a pattern."""
        self._new.append(prefix)
        if prefix.signs:
            self._signs.add(prefix.signs)
        self.ends_with_line = False

    def _sorted(self) -> list[Prefix]:
        new, self._new = self._new, []
        if new:
            self._names.clear()
            self._longest = max(self._longest, *(len(prefix.skeleton) for prefix in new))
            self._has_line_end = self._has_line_end or any(b"\n" in prefix.text or b"\r" in prefix.text for prefix in new)
            if len(new) * _FEW > len(self._prefixes):
                self._prefixes = sorted([*self._prefixes, *new])
            else:
                for prefix in new:
                    insort(self._prefixes, prefix)
            self.ends_with_line = not self._has_line_end
        return self._prefixes

    def live(self, data: bytes) -> int:
        """Return where the longest end of ``data`` begins that is the beginning of a pattern; its length if none is."""
        return self._search(data, is_enough=False)[0]

    def too_much(self, data: bytes) -> tuple[int, str]:
        """Return where the longest end of ``data`` begins that tells too much of a value to be shown, and that value's name."""
        return self._search(data, is_enough=True)

    def _search(self, data: bytes, *, is_enough: bool) -> tuple[int, str]:
        prefixes = self._sorted()
        if not prefixes:
            return len(data), ""
        offset = 0 if self._has_line_end else max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        tail = data[offset:]
        skeleton = skeleton_of(tail)
        for start in range(max(0, len(skeleton) - self._longest + 1), len(skeleton)):
            end = skeleton[start:]
            if is_enough and len(end) < FEWEST:
                break
            index = bisect_left(prefixes, (end,))
            if index == len(prefixes) or not prefixes[index].skeleton.startswith(end):
                continue
            position = start_of_last(tail, len(end))
            name = self._name_of(tail[position:], end, index, is_enough=is_enough)
            if name is not None:
                return offset + position - self._signs_before(tail, position), name
        return len(data), ""

    def _signs_before(self, data: bytes, position: int) -> int:
        """Return how many bytes before ``position`` may be the punctuation that a value begins with."""
        return max((edge_before(data, signs, position).length for signs in self._signs), default=0)

    def _name_of(self, written: bytes, end: bytes, index: int, *, is_enough: bool) -> str | None:
        """Return the name of the first value that may begin with ``written``.

        Args:
            written: The end of the text.
            end: Its skeleton.
            index: The first prefix with that skeleton.
            is_enough: Whether it has to tell too much to be shown.
        """
        key = (written, is_enough)
        # Hundreds of values begin with the letter that a text ends in.
        if key in self._names:
            return self._names[key]
        gaps = LETTER.split(written)
        found = None
        for prefix in itertools.islice(self._prefixes, index, None):
            if not prefix.skeleton.startswith(end):
                break
            is_cut = prefix.may_continue(len(end), is_enough=is_enough) and (not is_enough or prefix.least <= len(end))
            if is_cut and _begins(written, gaps, prefix):
                found = prefix.name
                break
        if len(written) <= _FEW:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            self._names[key] = found
        return found


def _begins(written: bytes, gaps: list[bytes], prefix: Prefix) -> bool:
    """Tell whether ``written``, which has those gaps, is a way to write a beginning of ``prefix``."""
    if not may_begin_gap(gaps[-1], prefix.gaps[len(gaps) - 1]):
        return prefix.text.startswith(written)
    inner = zip(gaps[1:-1], prefix.gaps[1 : len(gaps) - 1], strict=True)
    return all(gap == known or writes_gap(gap, known, is_long=True) for gap, known in inner) or prefix.text.startswith(written)
