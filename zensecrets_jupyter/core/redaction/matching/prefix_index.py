"""Prefix index: recognizes that a text ends with the beginning of a pattern."""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from typing import NamedTuple

from zensecrets_jupyter.core.redaction.matching.punctuation import edge_before, may_begin_gap, writes_gap
from zensecrets_jupyter.core.redaction.skeleton import LETTER, skeleton_of, start_of_last_letters

_INSERT_RATIO = 8
"""Minimum ratio of sorted to new prefixes at which inserting is cheaper than sorting."""
_LONGEST_CACHED = 8
"""Maximum length of a text whose search result is cached, because short texts occur often."""
_MAX_CACHED = 4096
"""Maximum number of cached search results."""
MIN_REVEALING = 4
"""Minimum number of letters that can reveal too much of a value."""


class Prefix(NamedTuple):
    """The beginning of a pattern.

    Attributes:
        skeleton: The skeleton of the prefix.
        text: The bytes of the prefix.
        min_revealing: The minimum number of letters that reveal so much of the value that they are masked.
        name: The name of the value.
        gaps: The punctuation before each letter, and after the last one.
        is_whole: Whether the prefix has all letters of the pattern.
        first_gap: The punctuation before the pattern's first letter; ``text`` does not include it. It is empty if the pattern begins with
            public letters.
    """

    skeleton: bytes
    text: bytes
    min_revealing: int
    name: str
    gaps: tuple[bytes, ...]
    is_whole: bool
    first_gap: bytes

    def may_continue(self, letter_count: int, *, must_reveal: bool) -> bool:
        """Return whether more of the value may follow a text that ends with the first letters of the prefix.

        If nothing may follow, the matcher has found the value already. After all letters, a number may continue as a longer number, and
        the punctuation at the end of a value may not be written yet. Neither counts if ``must_reveal``.

        Args:
            letter_count: The number of letters of the prefix with which the text ends.
            must_reveal: Whether the text must reveal too much of the value.
        """
        if not self.is_whole or letter_count < len(self.skeleton):
            return True
        return not must_reveal and (self.skeleton.isdigit() or bool(self.gaps[-1]))


class PrefixIndex:
    """The sorted prefixes of all patterns.

    Attributes:
        is_single_line: Whether every prefix is on one line. After an addition, this is ``False`` until the next search.
    """

    def __init__(self) -> None:
        """Create an empty index."""
        self._prefixes: list[Prefix] = []
        self._new_prefixes: list[Prefix] = []
        self._cached_names: dict[tuple[bytes, bool], str | None] = {}
        self._first_gaps: set[bytes] = set()
        self._longest = 0
        self._has_line_end = False
        self.is_single_line = True

    def add(self, prefix: Prefix) -> None:
        """Add the beginning of a pattern."""
        self._new_prefixes.append(prefix)
        if prefix.first_gap:
            self._first_gaps.add(prefix.first_gap)
        self.is_single_line = False

    def unfinished_start(self, data: bytes) -> int:
        """Return the start of the longest suffix that is the beginning of a pattern.

        Without such a suffix of ``data``, the result is the length of ``data``.
        """
        return self._search(data, must_reveal=False)[0]

    def revealing_start(self, data: bytes) -> tuple[int, str]:
        """Return the start of the longest suffix that reveals too much of a value.

        Returns:
            The start and the name of the value. Without such a suffix, they are the length of ``data`` and an empty text.
        """
        return self._search(data, must_reveal=True)

    def _sorted(self) -> list[Prefix]:
        """Return the sorted prefixes, including those added since the last search."""
        new_prefixes, self._new_prefixes = self._new_prefixes, []
        if new_prefixes:
            self._cached_names.clear()
            self._longest = max(self._longest, *(len(prefix.skeleton) for prefix in new_prefixes))
            self._has_line_end = self._has_line_end or any(b"\n" in prefix.text or b"\r" in prefix.text for prefix in new_prefixes)
            if len(new_prefixes) * _INSERT_RATIO > len(self._prefixes):
                self._prefixes = sorted([*self._prefixes, *new_prefixes])
            else:
                for prefix in new_prefixes:
                    insort(self._prefixes, prefix)
            self.is_single_line = not self._has_line_end
        return self._prefixes

    def _search(self, data: bytes, *, must_reveal: bool) -> tuple[int, str]:
        """Return the start of the longest suffix that is the beginning of a pattern, and the value's name.

        Without such a suffix of ``data``, they are the length of ``data`` and an empty text. If ``must_reveal``, the suffix must also
        reveal too much of the value.
        """
        prefixes = self._sorted()
        if not prefixes:
            return len(data), ""
        # If no prefix has a line end, a prefix can begin only on the last line.
        offset = 0 if self._has_line_end else max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        tail = data[offset:]
        skeleton = skeleton_of(tail)
        for start in range(max(0, len(skeleton) - self._longest + 1), len(skeleton)):
            suffix = skeleton[start:]
            if must_reveal and len(suffix) < MIN_REVEALING:
                break
            # The tuple (suffix,) is sorted before every prefix whose skeleton is the suffix or begins with it.
            index = bisect_left(prefixes, (suffix,))
            if index == len(prefixes) or not prefixes[index].skeleton.startswith(suffix):
                continue
            position = start_of_last_letters(tail, len(suffix))
            name = self._find_name(tail[position:], suffix, index, must_reveal=must_reveal)
            if name is not None:
                return offset + position - self._first_gap_length(tail, position), name
        return len(data), ""

    def _first_gap_length(self, data: bytes, position: int) -> int:
        """Return the length of the longest first gap of any value before ``position``.

        The first gap is the punctuation before the first letter of the value.
        """
        return max((edge_before(data, gap, position).length for gap in self._first_gaps), default=0)

    def _find_name(self, text: bytes, skeleton: bytes, index: int, *, must_reveal: bool) -> str | None:
        """Return the name of a value that may begin with ``text``, or ``None``.

        If there are several, it is the first one in the order of the prefixes.

        Args:
            text: The suffix to look for.
            skeleton: The skeleton of ``text``.
            index: The index of the first prefix that begins with this skeleton.
            must_reveal: Whether ``text`` must reveal too much of the value.
        """
        cache_key = (text, must_reveal)
        # Results for short texts are cached. Their search is slow, because hundreds of values may begin with one letter.
        if cache_key in self._cached_names:
            return self._cached_names[cache_key]
        gaps = LETTER.split(text)
        name = None
        for prefix in itertools.islice(self._prefixes, index, None):
            if not prefix.skeleton.startswith(skeleton):
                break
            is_candidate = prefix.may_continue(len(skeleton), must_reveal=must_reveal) and (
                not must_reveal or prefix.min_revealing <= len(skeleton)
            )
            if is_candidate and _is_beginning(text, gaps, prefix):
                name = prefix.name
                break
        if len(text) <= _LONGEST_CACHED:
            if len(self._cached_names) >= _MAX_CACHED:
                self._cached_names.clear()
            self._cached_names[cache_key] = name
        return name


def _is_beginning(text: bytes, gaps: list[bytes], prefix: Prefix) -> bool:
    """Return whether ``text`` is a way to write the beginning of ``prefix``.

    ``gaps`` are the gaps of ``text``. The last one may be incomplete, because the text ends there.
    """
    if not may_begin_gap(gaps[-1], prefix.gaps[len(gaps) - 1]):
        return prefix.text.startswith(text)
    inner_gaps = zip(gaps[1:-1], prefix.gaps[1 : len(gaps) - 1], strict=True)
    return all(written == gap or writes_gap(written, gap, is_long=True) for written, gap in inner_gaps) or prefix.text.startswith(text)
