"""Matchers, which find values in bytes, and the matches that they return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from zensecrets_jupyter.core.redaction import Redactor, mask_text

MAX_ENCODED_BYTE_SIZE = 10
"""The maximum number of bytes that a usual encoding writes for one byte, as in ``\\U00000000``."""


class Match(NamedTuple):
    """An occurrence of a value in searched bytes: ``data[start:end]``.

    Attributes:
        start: The offset of the first byte of the match.
        end: The offset after the last byte of the match.
        name: The name of the value, as in its mask, such as ``openai.api_key``.
        encoding: How the value is written in the data: ``plain``, ``base64``, ….
        is_whole: Whether the match is the whole value. Otherwise it is only a part of the value.
    """

    start: int
    end: int
    name: str
    encoding: str
    is_whole: bool


class Matcher(ABC):
    """Finds values in bytes.

    A search may raise errors. In this a matcher differs from the redactor for outputs, which must always return a text to show.
    """

    reach: int
    """The length in bytes of the longest encoded value. If a file is searched in chunks, consecutive chunks overlap by this length."""

    @property
    @abstractmethod
    def names(self) -> list[str]:
        """The names of the values, sorted."""

    @abstractmethod
    def find(self, data: bytes) -> list[Match]:
        """Return the occurrences of values in ``data``, in order and without overlaps."""

    @abstractmethod
    def json_may_contain_value(self, data: bytes) -> bool:
        r"""Return whether JSON may contain a value, perhaps with escapes such as ``\\u0041``.

        The test is faster than a search. ``False`` is certain, but with ``True`` a search may still find nothing.
        """

    def mask(self, text: str) -> str:
        """Return ``text`` with every value masked; the same object if it contains no value."""
        data = text.encode("utf-8", "surrogatepass")
        matches = self.find(data)
        return mask_matches(data, matches).decode("utf-8", "surrogatepass") if matches else text

    def hide(self, text: str) -> str:
        """Return ``text`` if it contains no value; otherwise only the mask of its first value."""
        matches = self.find(text.encode("utf-8", "surrogatepass"))
        return mask_text(matches[0].name) if matches else text


class ValueMatcher(Matcher):
    """Finds the values that were added to it.

    It has a redactor of its own, so the values are not added to the redactor of the guard.
    """

    def __init__(self) -> None:
        """Create a matcher without values."""
        self._redactor = Redactor()
        self.reach = 0

    def add(self, value: str, name: str) -> str:
        """Add a value to find.

        Args:
            value: The value.
            name: The name of the value in matches.

        Returns:
            The reason why the value can't be found, as the end of a sentence; empty if it can be found.
        """
        if not self._redactor.protect(value, name):
            return self._redactor.unmaskable_reason(value)
        self.reach = max(self.reach, MAX_ENCODED_BYTE_SIZE * len(value.encode("utf-8", "surrogatepass")))
        return ""

    @property
    def names(self) -> list[str]:
        """See :attr:`Matcher.names`."""
        return self._redactor.names

    def find(self, data: bytes) -> list[Match]:
        """See :meth:`Matcher.find`."""
        search = self._redactor.search()
        matches = search.find(data) if search else []
        return [Match(match.start, match.end, match.name, match.encoding, match.is_whole) for match in matches]

    def json_may_contain_value(self, data: bytes) -> bool:
        """See :meth:`Matcher.json_may_contain_value`."""
        return self._redactor.json_may_contain_value(data)


class UnionMatcher(Matcher):
    """Finds every value that one of several matchers finds."""

    def __init__(self, *matchers: Matcher) -> None:
        """Create a matcher of the values of all ``matchers``."""
        self._matchers = matchers
        self.reach = max((matcher.reach for matcher in matchers), default=0)

    @property
    def names(self) -> list[str]:
        """See :attr:`Matcher.names`."""
        return sorted({name for matcher in self._matchers for name in matcher.names})

    def find(self, data: bytes) -> list[Match]:
        """See :meth:`Matcher.find`."""
        return merge_overlaps([match for matcher in self._matchers for match in matcher.find(data)])

    def json_may_contain_value(self, data: bytes) -> bool:
        """See :meth:`Matcher.json_may_contain_value`."""
        return any(matcher.json_may_contain_value(data) for matcher in self._matchers)


def merge_overlaps(matches: list[Match]) -> list[Match]:
    """Return the matches in order, with overlapping matches merged.

    A merged match has the name and the encoding of one of the overlapping matches: a match of a whole value is preferred, then the longest
    match. The merged match is whole only if the preferred match is whole and covers all of it.
    """
    merged: list[Match] = []
    for match in sorted(matches, key=lambda match: (match.start, not match.is_whole, -match.end)):
        if merged and match.start < merged[-1].end:
            previous = merged[-1]
            preferred = max(previous, match, key=lambda candidate: (candidate.is_whole, candidate.end - candidate.start))
            start, end = previous.start, max(previous.end, match.end)
            is_whole = preferred.is_whole and (start, end) == (preferred.start, preferred.end)
            merged[-1] = preferred._replace(start=start, end=end, is_whole=is_whole)
        else:
            merged.append(match)
    return merged


def mask_matches(data: bytes, matches: list[Match]) -> bytes:
    """Return ``data`` with each match replaced by its mask; matches are sorted without overlaps."""
    parts = []
    position = 0
    for match in matches:
        parts += [data[position : match.start], mask_text(match.name).encode("utf-8", "surrogatepass")]
        position = match.end
    return b"".join([*parts, data[position:]])
