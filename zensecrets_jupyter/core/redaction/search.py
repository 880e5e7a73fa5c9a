"""The search for values: a text is searched as it stands and in decoded views of itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction.decoding.end_views import end_views, incomplete_escape
from zensecrets_jupyter.core.redaction.decoding.utf8 import character_end, character_start, count_characters
from zensecrets_jupyter.core.redaction.decoding.view_search import ViewSearch
from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch, merge_matches
from zensecrets_jupyter.core.redaction.matching.pattern_matcher import PatternMatcher
from zensecrets_jupyter.core.redaction.matching.prefix_index import FEWEST, Prefix, PrefixIndex
from zensecrets_jupyter.core.redaction.matching.suffix_index import SuffixIndex
from zensecrets_jupyter.core.redaction.patterns.pattern import BY_CHANCE, TRUNCATED, Pattern, patterns_of
from zensecrets_jupyter.core.redaction.skeleton import DROPPED, LETTER, LOWER, letters_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.core.redaction.decoding.views import Span, TextView

_REST = 48
"""Bytes of an encoding at the end of a text that may not be decoded yet."""

_LINE_ENDS = {b"\n", b"\r\n"}
"""A value that is wrapped goes on in the next line."""
_OF_WORDS = {"", "escapes", "a table", "layout"}
"""Views in which people read words; what digits decode to may end with a part of a byte."""
_SHORT = 4096
"""Bytes up to which a quick look comes before the search; of a longer text the search itself is the larger part."""

_ID = 80
"""Bytes up to which a text that looks encoded, and is not, is remembered: identifiers of widgets come again and again."""
_MOST_CLEAN = 1024


class Search:
    """Finds values in bytes. The patterns of a value are made at the first search after it came."""

    def __init__(self, values: Sequence[tuple[str, str]]) -> None:
        """Search for ``values``, each with its name; the owner of that list may append to it at any time."""
        self._lock = threading.Lock()
        self._values = values
        self._prepared = 0
        self._matcher = PatternMatcher()
        self._prefixes = PrefixIndex()
        self._suffixes = SuffixIndex()
        self._exact_prefixes: list[tuple[bytes, int, str]] = []
        self._decoding = ViewSearch(TRUNCATED)
        self._clean: set[bytes] = set()
        self._long_values: list[bytes] = []

    def touches(self, packed: bytes) -> bool:
        """Tell whether there may be a value in the JSON of a message; ``False`` is certain."""
        self._prepare()
        # The quotes of JSON itself are no quotes of a text in it.
        texts = packed
        if b"\\" in packed:
            texts = packed.replace(b"\\n", b"\n").replace(b'\\"', b"'")
            if b"\\" in texts:
                return True
        texts = texts.replace(b'"', b" ")
        return self._may_hold_a_value(texts)

    def passes(self, line: bytes) -> bool:
        """Tell whether there is no value in ``line``, and none begins where it ends; ``True`` is certain."""
        if self._prepared < len(self._values) or not line.endswith(b"\n") or not self._prefixes.ends_with_line:
            return False
        return not self._may_hold_a_value(line)

    def may_contain_plain_value(self, data: bytes) -> bool:
        """Tell whether a value may stand in ``data`` as it is, and not encoded; ``False`` is certain."""
        self._prepare()
        matcher = self._matcher
        return matcher.anchors.touches(data.translate(LOWER, DROPPED)) or (matcher.has_exact and matcher.may_contain_exact(data))

    def _may_hold_a_value(self, data: bytes) -> bool:
        """Tell whether there is an anchor in ``data``, or something to decode. Most texts need no closer look."""
        # No function is called for what most texts need.
        skeleton = data.translate(LOWER, DROPPED)
        matcher = self._matcher
        if matcher.anchors.touches(skeleton) or (matcher.has_exact and matcher.may_contain_exact(data)):
            return True
        return self._decoding.detector.has_encodings(data, skeleton)

    def find(self, data: bytes) -> list[PatternMatch]:
        """Return the matches in ``data``, in order; overlapping ones are merge_matches."""
        if self._prepared < len(self._values):
            self._prepare()
        prepared = self._prepared
        if (self._clean and len(data) < _ID and data in self._clean) or (len(data) < _SHORT and not self._may_hold_a_value(data)):
            return []
        matches: list[PatternMatch] = []
        end = len(data)
        for view, match in self._decoding.search(data, self._matcher.find):
            if match.part is not None and not _is_enough(data, view, match.part):
                continue
            encoding = match.encoding if not view.encoding else _inside(match.encoding, view.encoding)
            for start, stop in _spans(data, view, match):
                may_continue = match.may_continue and end - stop <= _REST and (b"\n" not in data[stop:] or data[stop:] in _LINE_ENDS)
                # The bytes of a binary key may begin and end inside a character of the text.
                whole = character_start(data, start), character_end(data, stop)
                matches.append(PatternMatch(*whole, match.name, may_continue, encoding, match.is_whole))
        if not matches and len(data) < _ID:
            self._remember(data, prepared)
        return merge_matches(matches) if matches else matches

    def _remember(self, clean: bytes, prepared: int) -> None:
        """Remember a text that holds none of the first ``prepared`` values, unless there are more by now."""
        with self._lock:
            if self._prepared != prepared:
                return
            if len(self._clean) >= _MOST_CLEAN:
                self._clean.clear()
            self._clean.add(clean)

    def live(self, data: bytes) -> int:
        """Return the start of the longest suffix of ``data`` that may continue as a value; its length if there is none."""
        position = self._at_end(data, is_enough=False)[0]
        with self._lock:
            return character_start(data, min(position, self._suffixes.live(data)))

    def too_much(self, data: bytes) -> list[PatternMatch]:
        """Return the suffix of ``data`` that reveals too much of a value, although it is shorter than an anchor."""
        start, name = self._at_end(data, is_enough=True)
        return [PatternMatch(character_start(data, start), len(data), name)] if start < len(data) else []

    def rest_of(self, begun: bytes) -> bytes:
        """Return what a long value goes on with that begins with ``begun``, as it is; nothing if there is none."""
        return next((text[len(begun) :] for text in self._long_values if text.startswith(begun)), b"")

    def _at_end(self, data: bytes, *, is_enough: bool) -> tuple[int, str]:
        self._prepare()
        least, name = len(data), ""
        for view in end_views(data):
            position, found = self._prefix_at_end(view.data, is_enough=is_enough)
            if position < len(view.data):
                spans = view.spans(position, len(view.data))
                start = spans[0][0]
                if start < least and len(data) - spans[-1][1] <= _REST:
                    least, name = start, found
        return (least, name) if is_enough else (min(least, incomplete_escape(data)), "")

    def _prefix_at_end(self, data: bytes, *, is_enough: bool) -> tuple[int, str]:
        with self._lock:
            position, name = self._prefixes.too_much(data) if is_enough else (self._prefixes.live(data), "")
        for text, enough, exact_name in self._exact_prefixes:
            least = enough if is_enough else 1
            length = next((length for length in range(min(len(text) - 1, len(data)), least - 1, -1) if data.endswith(text[:length])), 0)
            if length and len(data) - length < position:
                position, name = len(data) - length, exact_name
        return position, name

    def _prepare(self) -> None:
        """Make the patterns of the values that came since the last search."""
        if self._prepared == len(self._values):
            return
        with self._lock:
            while self._prepared < len(self._values):
                value, name = self._values[self._prepared]
                for pattern in patterns_of(value, name):
                    self._add(pattern)
                self._clean.clear()
                # Only now: what fails before this is tried again, and fails again, rather than being forgotten.
                self._prepared += 1

    def _add(self, pattern: Pattern) -> None:
        self._matcher.add(pattern)
        self._decoding.include(pattern.text)
        if pattern.is_value and len(pattern.text) > _SHORT:
            self._long_values.append(pattern.text)
        if pattern.is_exact:
            self._exact_prefixes.append((pattern.text, max(SHORTEST_VALUE, (len(pattern.text) + 1) // 2), pattern.name))
            return
        if pattern.is_composite and not pattern.is_value:
            # Its secrets have beginnings and ends of their own.
            return
        self._suffixes.add(pattern)
        first, last = pattern.first, min(pattern.last, pattern.first + TRUNCATED)
        begin, end = pattern.starts[first], pattern.starts[last - 1] + 1
        text = pattern.text[begin : end + len(pattern.gaps[last])]
        half = len(letters_of(pattern.text[: (len(pattern.text) + 1) // 2]))
        least = min(TRUNCATED, max(FEWEST, half - first))
        gaps = tuple(LETTER.split(text))
        signs = b"" if first else pattern.text[:begin]
        self._prefixes.add(Prefix(pattern.skeleton[first:last], text, least, pattern.name, gaps, last == pattern.last, signs))
        pattern.drop_positions()


def _spans(data: bytes, view: TextView, match: PatternMatch) -> list[Span]:
    """Return where in ``data`` a match stands, without a letter or two of the next line that go on with a cut value by chance."""
    spans = view.spans(match.start, match.end)
    if len(spans) > 1 and match.part is not None and match.may_continue:
        start, stop = spans[-1]
        if stop < len(data) and count_characters(data[start:stop]) <= BY_CHANCE:
            return spans[:-1]
    return spans


def _is_enough(data: bytes, view: TextView, part: Span) -> bool:
    """Tell whether a part of a value tells too much: twelve characters do, as they are written."""
    if sum(count_characters(data[start:stop]) for start, stop in view.spans(*part)) < TRUNCATED:
        return False
    start, stop = part
    if view.name not in _OF_WORDS or len(letters_of(view.data[start:stop])) >= TRUNCATED:
        return True
    # The beginning of a passphrase may be common words. Then another word goes on where the two begin to differ.
    return not (view.data[max(0, start - 1) : start].isalnum() or view.data[stop : stop + 1].isalnum())


def _inside(encoding: str, outer: str) -> str:
    return outer if encoding == "plain" else f"{encoding} in {outer}"
