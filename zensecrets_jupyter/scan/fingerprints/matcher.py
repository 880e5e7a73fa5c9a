"""A matcher that finds values by their fingerprints, without the values themselves."""

from __future__ import annotations

from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.redaction.decoding.view_search import ViewSearch
from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch
from zensecrets_jupyter.core.redaction.skeleton import SkeletonMap, letters_of
from zensecrets_jupyter.scan.fingerprints.file_format import FingerprintEntry, FingerprintHashes, entries_of_line, key_of
from zensecrets_jupyter.scan.fingerprints.strength import SHORTEST
from zensecrets_jupyter.scan.fingerprints.windows import LITERAL, stretches
from zensecrets_jupyter.scan.matchers import LONGEST_ENCODED_BYTE, Match, Matcher, merge_overlaps


class FingerprintMatcher(Matcher):
    """Finds values by their fingerprints, in a text and in its decoded views.

    A search takes about a second for each megabyte without white space, and almost no time for ordinary text.
    """

    def __init__(self, text: str, label: str, *, skip_damaged: bool = False) -> None:
        """Read the text of a file of fingerprints.

        Args:
            text: The text.
            label: The name of the file for the error message.
            skip_damaged: Whether damaged lines are ignored and counted in :attr:`damaged`, and raise no error.

        Raises:
            UnreadableFileError: If the text is no file of fingerprints, or has a damaged line.
        """
        header, *lines = text.splitlines() or [""]
        self.damaged = 0
        self._hashes = FingerprintHashes(key_of(header, label))
        self._tables: dict[tuple[int, int], dict[bytes, list[FingerprintEntry]]] = {}
        self._names: set[str] = set()
        self.reach = 0
        for number, line in enumerate(lines, 2):
            if self._read(line):
                continue
            if not skip_damaged:
                raise UnreadableFileError(f"Line {number} of the fingerprints {label!r} is damaged.", hint="Export them again.")
            self.damaged += 1

    def _read(self, line: str) -> bool:
        """Add the fingerprints of a line, and return whether the line is intact."""
        entries = entries_of_line(line)
        for size, kind, window, entry in entries or ():
            self._tables.setdefault((size, kind), {}).setdefault(window, []).append(entry)
            self.reach = max(self.reach, LONGEST_ENCODED_BYTE * entry.length)
            self._names.add(entry.name)
        return entries is not None

    @property
    def names(self) -> list[str]:
        """See :attr:`Matcher.names`."""
        return sorted(self._names)

    def json_may_contain_value(self, data: bytes) -> bool:
        """See :meth:`Matcher.json_may_contain_value`; the result is ``True`` if there is any fingerprint.

        There is no faster test than a full search.
        """
        del data
        return bool(self._tables)

    def find(self, data: bytes) -> list[Match]:
        """See :meth:`Matcher.find`."""
        matches: list[Match] = []
        if self._tables:
            for view, match in ViewSearch(SHORTEST).search(data, self._find_in_view):
                encoding = view.encoding or match.encoding
                matches += [Match(start, end, match.name, encoding, match.is_whole) for start, end in view.spans(match.start, match.end)]
        return merge_overlaps(matches)

    def _find_in_view(self, data: bytes, _skeleton: bytes) -> list[PatternMatch]:
        """Return the matches in a decoded view of a text."""
        letters = _Letters(data)
        return [
            self._match(letters, kind, start + position, size, entry)
            for (size, kind), table in self._tables.items()
            for start, end in stretches(data, kind, size)
            for position, entries in self._hashes.hits(letters.of(kind)[start:end], size, table)
            for entry in entries
        ]

    def _match(self, letters: _Letters, kind: int, position: int, size: int, entry: FingerprintEntry) -> PatternMatch:
        """Return the match for a window at ``position``.

        If the hash of the whole text is correct, the match is the whole text. Otherwise it is only the window.
        """
        start = position - entry.offset
        end = start + entry.length
        is_whole = start >= 0 and self._hashes.whole(letters.of(kind)[start:end]) == entry.whole
        if not is_whole:
            start, end = position, position + size
        first, last = letters.position(kind, start), letters.position(kind, end - 1)
        return PatternMatch(first, last + 1, entry.name, is_whole=is_whole and entry.is_value)


class _Letters:
    """The bytes of a view and its letters, computed once when they are first needed."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._letters: bytes | None = None
        self._map: SkeletonMap | None = None

    def of(self, kind: int) -> bytes:
        """Return the bytes in which windows of ``kind`` are searched."""
        if kind == LITERAL:
            return self._data
        if self._letters is None:
            self._letters = letters_of(self._data)
        return self._letters

    def position(self, kind: int, index: int) -> int:
        """Return the offset in the view of the letter at ``index`` of ``self.of(kind)``."""
        if kind == LITERAL:
            return index
        self._map = self._map or SkeletonMap(self._data)
        return self._map.position(index)
