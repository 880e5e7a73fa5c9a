"""Search for protected values in a text and in its decoded views.

A *view* is the text itself, or the text with some of its encodings decoded. A *pattern* is one way to write a value. A pattern is found by
its *anchors*, which are short runs of its letters.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.redaction.decoding.end_views import end_views, incomplete_escape
from zensecrets_jupyter.core.redaction.decoding.utf8 import character_end, character_start, count_characters
from zensecrets_jupyter.core.redaction.decoding.view_search import ViewSearch
from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch, merge_matches
from zensecrets_jupyter.core.redaction.matching.pattern_matcher import PatternMatcher
from zensecrets_jupyter.core.redaction.matching.prefix_index import MIN_REVEALING, Prefix, PrefixIndex
from zensecrets_jupyter.core.redaction.matching.suffix_index import SuffixIndex
from zensecrets_jupyter.core.redaction.patterns.pattern import MAX_CHANCE_LETTERS, SHORTEST_PART, Pattern, patterns_of
from zensecrets_jupyter.core.redaction.skeleton import LETTER, LOWER, NO_LETTERS, letters_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.core.redaction.decoding.views import Span, TextView

_MAX_UNDECODED = 48
"""Maximum number of bytes at the end of a text that may be an incomplete encoding."""
_LINE_ENDS = {b"\n", b"\r\n"}
_VIEWS_WITH_WORDS = {"", "escapes", "a table", "layout"}
"""Names of the views that contain words. The text itself has the empty name.

The views of other encodings may start or end inside a character, so the limits of words are not checked in them.
"""
_SHORT = 4096
"""Maximum length of a text for which a quick check before the search saves time."""
_LONG_VALUE = 4096
"""Length of a value above which a stream does not search each of the value's chunks."""
_LONGEST_IDENTIFIER = 80
"""The negative result for a text shorter than this is cached: identifiers of widgets look encoded and occur often."""
_MAX_CLEAN_TEXTS = 1024
"""Maximum number of texts in the cache of negative results."""


class _ExactText(NamedTuple):
    """The text of an exact pattern, whose beginning may be at the end of the data.

    Attributes:
        text: The text.
        min_revealing: The minimum number of bytes that reveal too much of the value.
        name: The name of the value.
    """

    text: bytes
    min_revealing: int
    name: str

    def length_at_end(self, data: bytes, min_length: int) -> int:
        """Return the length of the longest beginning of the text with which ``data`` ends; 0 if it is shorter than ``min_length``."""
        longest = min(len(self.text) - 1, len(data))
        return next((length for length in range(longest, min_length - 1, -1) if data.endswith(self.text[:length])), 0)


class Search:
    """Searches bytes for values.

    The patterns of a new value are made at the next search.
    """

    def __init__(self, values: Sequence[tuple[str, str]]) -> None:
        """Search for values.

        Args:
            values: Each value with its name. The owner of the list may append to it at any time.
        """
        self._lock = threading.Lock()
        self._values = values
        # The number of values whose patterns have been made.
        self._prepared_count = 0
        self._matcher = PatternMatcher()
        self._prefixes = PrefixIndex()
        self._suffixes = SuffixIndex()
        self._exact_texts: list[_ExactText] = []
        self._views = ViewSearch(SHORTEST_PART)
        # Short texts that contain none of these values.
        self._clean_texts: set[bytes] = set()
        self._long_values: list[bytes] = []

    def json_may_contain_value(self, message_json: bytes) -> bool:
        """Return whether the JSON of a message may contain a value. ``False`` is certain; ``True`` may be wrong."""
        self._prepare()
        # The two most common escape sequences are replaced. Both kinds of quotes are quoting signs.
        texts = message_json
        if b"\\" in texts:
            texts = texts.replace(b"\\n", b"\n").replace(b'\\"', b"'")
            if b"\\" in texts:
                # Other escape sequences are rare, so they are not decoded for this check.
                return True
        # The quotes around the strings of JSON become blanks, so that they do not look like quotes inside a string.
        texts = texts.replace(b'"', b" ")
        return self._may_contain_value(texts)

    def is_clean_line(self, line: bytes) -> bool:
        """Return whether ``line`` contains no value and no value begins at its end.

        ``True`` is certain; ``False`` may be wrong.
        """
        if self._prepared_count < len(self._values) or not line.endswith(b"\n") or not self._prefixes.is_single_line:
            return False
        return not self._may_contain_value(line)

    def may_contain_plain_value(self, data: bytes) -> bool:
        """Return whether ``data`` may contain a value that is not encoded. ``False`` is certain."""
        self._prepare()
        matcher = self._matcher
        return matcher.anchors.occurs_in(data.translate(LOWER, NO_LETTERS)) or (matcher.has_exact and matcher.may_contain_exact(data))

    def _may_contain_value(self, data: bytes) -> bool:
        """Return whether ``data`` may contain a value, plain or encoded. ``False`` is certain."""
        # This runs for every text. It calls as few functions as possible, so skeleton_of() is inlined.
        skeleton = data.translate(LOWER, NO_LETTERS)
        matcher = self._matcher
        if matcher.anchors.occurs_in(skeleton) or (matcher.has_exact and matcher.may_contain_exact(data)):
            return True
        return self._views.detector.has_encodings(data, skeleton)

    def find(self, data: bytes) -> list[PatternMatch]:
        """Return the matches in ``data``, in order and without overlaps."""
        if self._prepared_count < len(self._values):
            self._prepare()
        prepared_count = self._prepared_count
        if self._clean_texts and len(data) < _LONGEST_IDENTIFIER and data in self._clean_texts:
            return []
        if len(data) < _SHORT and not self._may_contain_value(data):
            return []
        matches: list[PatternMatch] = []
        for view, match in self._views.search(data, self._matcher.find):
            if match.part is not None and not _is_long_enough(data, view, match.part):
                continue
            encoding = match.encoding if not view.encoding else _nested_encoding(match.encoding, view.encoding)
            for start, stop in _spans(data, view, match):
                may_continue = match.may_continue and _is_near_end(data, stop)
                # The bytes of an encryption key are a pattern too. They are no text, so their match may start and end inside a character.
                span = character_start(data, start), character_end(data, stop)
                matches.append(PatternMatch(*span, match.name, may_continue, encoding, match.is_whole))
        if not matches and len(data) < _LONGEST_IDENTIFIER:
            self._cache_clean_text(data, prepared_count)
        return merge_matches(matches) if matches else matches

    def _cache_clean_text(self, text: bytes, prepared_count: int) -> None:
        """Cache that ``text`` contains none of the first ``prepared_count`` values.

        Nothing is cached if there are more values now.
        """
        with self._lock:
            if self._prepared_count != prepared_count:
                return
            if len(self._clean_texts) >= _MAX_CLEAN_TEXTS:
                self._clean_texts.clear()
            self._clean_texts.add(text)

    def unfinished_start(self, data: bytes) -> int:
        """Return the start of the longest suffix that more text may complete to a value.

        Without such a suffix of ``data``, the result is the length of ``data``.
        """
        position = self._prefix_at_end(data, must_reveal=False)[0]
        with self._lock:
            return character_start(data, min(position, self._suffixes.unfinished_start(data)))

    def revealing_suffix(self, data: bytes) -> list[PatternMatch]:
        """Return the suffix of ``data`` that reveals too much of a value.

        The suffix has too few characters to be a match of :meth:`find`. The list has at most one match.
        """
        start, name = self._prefix_at_end(data, must_reveal=True)
        return [PatternMatch(character_start(data, start), len(data), name)] if start < len(data) else []

    def rest_of_value(self, prefix: bytes) -> bytes:
        """Return the rest of a long value that begins with ``prefix``.

        The result is empty if no long value begins with ``prefix``.
        """
        return next((text[len(prefix) :] for text in self._long_values if text.startswith(prefix)), b"")

    def _prefix_at_end(self, data: bytes, *, must_reveal: bool) -> tuple[int, str]:
        """Return the start and the name of a value of which ``data`` ends with a prefix, plain or encoded.

        Without such a value, the start is the length of ``data``.

        Args:
            data: The text.
            must_reveal: Whether the prefix must reveal too much of the value. If not, the returned name is empty.
        """
        self._prepare()
        earliest, name = len(data), ""
        for view in end_views(data):
            position, value_name = self._prefix_in_view(view.data, must_reveal=must_reveal)
            if position < len(view.data):
                spans = view.spans(position, len(view.data))
                start = spans[0][0]
                # Behind the view's last decoded byte, only the start of an incomplete encoding may follow.
                if start < earliest and len(data) - spans[-1][1] <= _MAX_UNDECODED:
                    earliest, name = start, value_name
        return (earliest, name) if must_reveal else (min(earliest, incomplete_escape(data)), "")

    def _prefix_in_view(self, data: bytes, *, must_reveal: bool) -> tuple[int, str]:
        """Return the result of :meth:`_prefix_at_end` for one view, whose bytes are ``data``."""
        with self._lock:
            position, name = self._prefixes.revealing_start(data) if must_reveal else (self._prefixes.unfinished_start(data), "")
        for exact_text in self._exact_texts:
            length = exact_text.length_at_end(data, exact_text.min_revealing if must_reveal else 1)
            if length and len(data) - length < position:
                position, name = len(data) - length, exact_text.name
        return position, name

    def _prepare(self) -> None:
        """Make the patterns of the values that were added since the last search."""
        if self._prepared_count == len(self._values):
            return
        with self._lock:
            while self._prepared_count < len(self._values):
                value, name = self._values[self._prepared_count]
                for pattern in patterns_of(value, name):
                    self._add(pattern)
                self._clean_texts.clear()
                # The counter is increased last. If the code above raises, the next search tries the same value again.
                self._prepared_count += 1

    def _add(self, pattern: Pattern) -> None:
        """Add ``pattern`` to the matcher and to the indexes of prefixes and suffixes."""
        self._matcher.add(pattern)
        self._views.include(pattern.text)
        if pattern.is_value and len(pattern.text) > _LONG_VALUE:
            self._long_values.append(pattern.text)
        if pattern.is_exact:
            min_revealing = max(SHORTEST_VALUE, (len(pattern.text) + 1) // 2)
            self._exact_texts.append(_ExactText(pattern.text, min_revealing, pattern.name))
            return
        if pattern.is_composite and not pattern.is_value:
            # The secrets in a composite pattern, such as the password of a URL, are patterns with their own prefixes and suffixes.
            return
        self._suffixes.add(pattern)
        first, last = pattern.first, min(pattern.last, pattern.first + SHORTEST_PART)
        begin, end = pattern.starts[first], pattern.starts[last - 1] + 1
        text = pattern.text[begin : end + len(pattern.gaps[last])]
        # Half of a text, or SHORTEST_PART letters of it, reveal too much. Public letters before `first` do not count.
        letters_in_half = len(letters_of(pattern.text[: (len(pattern.text) + 1) // 2]))
        prefix = Prefix(
            skeleton=pattern.skeleton[first:last],
            text=text,
            min_revealing=min(SHORTEST_PART, max(MIN_REVEALING, letters_in_half - first)),
            name=pattern.name,
            gaps=tuple(LETTER.split(text)),
            is_whole=last == pattern.last,
            first_gap=b"" if first else pattern.text[:begin],
        )
        self._prefixes.add(prefix)
        pattern.drop_positions()


def _is_near_end(data: bytes, stop: int) -> bool:
    """Return whether only an incomplete encoding, or the line end of a wrapped value, follows ``stop``."""
    if len(data) - stop > _MAX_UNDECODED:
        return False
    rest = data[stop:]
    return b"\n" not in rest or rest in _LINE_ENDS


def _spans(data: bytes, view: TextView, match: PatternMatch) -> list[Span]:
    """Return the spans of a match in ``data``.

    A last span on the next line is left out if it is so short that its letters may equal those of the value by chance.
    """
    spans = view.spans(match.start, match.end)
    if len(spans) > 1 and match.part is not None and match.may_continue:
        start, stop = spans[-1]
        if stop < len(data) and count_characters(data[start:stop]) <= MAX_CHANCE_LETTERS:
            return spans[:-1]
    return spans


def _is_long_enough(data: bytes, view: TextView, part: Span) -> bool:
    """Return whether a part of a value has enough characters to be masked."""
    if sum(count_characters(data[start:stop]) for start, stop in view.spans(*part)) < SHORTEST_PART:
        return False
    start, stop = part
    if view.name not in _VIEWS_WITH_WORDS or len(letters_of(view.data[start:stop])) >= SHORTEST_PART:
        return True
    # The beginning of a passphrase may be common words, which also occur in ordinary text. If the match starts or ends inside a word, it is
    # ordinary text.
    return not (view.data[max(0, start - 1) : start].isalnum() or view.data[stop : stop + 1].isalnum())


def _nested_encoding(encoding: str, outer: str) -> str:
    """Return the name of ``encoding`` inside the encoding ``outer``, such as ``base64 in escapes``."""
    return outer if encoding == "plain" else f"{encoding} in {outer}"
