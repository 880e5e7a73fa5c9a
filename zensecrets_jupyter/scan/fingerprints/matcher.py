"""A matcher that finds values by their fingerprints, which are keyed hashes, without having the values."""

from __future__ import annotations

from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.redaction.decoding.view_search import ViewSearch
from zensecrets_jupyter.core.redaction.matching.pattern_match import PatternMatch
from zensecrets_jupyter.core.redaction.skeleton import SkeletonMap, letters_of
from zensecrets_jupyter.scan.fingerprints.file_format import FingerprintEntry, FingerprintHashes, key_of, windows_of_line
from zensecrets_jupyter.scan.fingerprints.strength import MIN_LENGTH
from zensecrets_jupyter.scan.fingerprints.windows import RAW_BYTES, stretches
from zensecrets_jupyter.scan.matchers import MAX_ENCODED_BYTE_SIZE, Match, Matcher, merge_overlaps


class FingerprintMatcher(Matcher):
    """Finds values by their fingerprints, in a text and in its views: the texts that result from decoding it.

    A search takes about a second for each megabyte without white space, and almost no time for ordinary text.

    Attributes:
        damaged_line_count: The number of damaged lines that were ignored.
        reach: See :attr:`Matcher.reach`.
    """

    def __init__(self, text: str, label: str, *, skips_damaged_lines: bool = False) -> None:
        """Read the text of a file of fingerprints.

        Args:
            text: The text of the file.
            label: The name of the file for the error message.
            skips_damaged_lines: Whether damaged lines are ignored and counted in :attr:`damaged_line_count`, and raise no error.

        Raises:
            UnreadableFileError: If the text is no file of fingerprints, or has a damaged line.
        """
        header, *lines = text.splitlines() or [""]
        self.damaged_line_count = 0
        self._hashes = FingerprintHashes(key_of(header, label))
        # For each size and kind of windows: the entries by the hash of their window.
        self._tables: dict[tuple[int, int], dict[bytes, list[FingerprintEntry]]] = {}
        self._names: set[str] = set()
        self.reach = 0
        for number, line in enumerate(lines, 2):
            if self._read(line):
                continue
            if not skips_damaged_lines:
                raise UnreadableFileError(f"Line {number} of the fingerprints {label!r} is damaged.", hint="Export them again.")
            self.damaged_line_count += 1

    def _read(self, line: str) -> bool:
        """Add the fingerprints of a line, and return whether the line is intact."""
        windows = windows_of_line(line)
        for stored_window in windows or ():
            self._tables.setdefault((stored_window.size, stored_window.kind), {}).setdefault(stored_window.window_hash, []).append(
                stored_window.entry
            )
            self.reach = max(self.reach, MAX_ENCODED_BYTE_SIZE * stored_window.entry.text_length)
            self._names.add(stored_window.entry.name)
        return windows is not None

    @property
    def names(self) -> list[str]:
        """See :attr:`Matcher.names`."""
        return sorted(self._names)

    def json_may_contain_value(self, data: bytes) -> bool:
        """See :meth:`Matcher.json_may_contain_value`; the result is ``True`` if there is any fingerprint.

        For fingerprints, no test is faster than a full search.
        """
        del data
        return bool(self._tables)

    def find(self, data: bytes) -> list[Match]:
        """See :meth:`Matcher.find`."""
        matches: list[Match] = []
        if self._tables:
            for view, match in ViewSearch(MIN_LENGTH).search(data, self._find_in_view):
                encoding = view.encoding or match.encoding
                matches += [Match(start, end, match.name, encoding, match.is_whole) for start, end in view.spans(match.start, match.end)]
        return merge_overlaps(matches)

    def _find_in_view(self, data: bytes, _skeleton: bytes) -> list[PatternMatch]:
        """Return the matches in a view of a text; :class:`ViewSearch` also passes the view's skeleton, which is not needed."""
        letters = _Letters(data)
        # For each size and kind of windows, every range that may contain such windows is searched for them.
        return [
            self._match(letters, kind, start + position, size, entry)
            for (size, kind), table in self._tables.items()
            for start, end in stretches(data, kind, size)
            for position, entries in self._hashes.find_windows(letters.of(kind)[start:end], size, table)
            for entry in entries
        ]

    def _match(self, letters: _Letters, kind: int, position: int, size: int, entry: FingerprintEntry) -> PatternMatch:
        """Return the match for a window at ``position``.

        If the hash of the whole text is correct, the match is the whole text. Otherwise it is only the window.
        """
        start = position - entry.offset
        end = start + entry.text_length
        is_whole = start >= 0 and self._hashes.hash_text(letters.of(kind)[start:end]) == entry.text_hash
        if not is_whole:
            start, end = position, position + size
        # Between the letters of a match, the view may contain other characters. They belong to the match too.
        first_offset, last_offset = letters.offset_in_view(kind, start), letters.offset_in_view(kind, end - 1)
        return PatternMatch(first_offset, last_offset + 1, entry.name, is_whole=is_whole and entry.is_value)


class _Letters:
    """The bytes of a view and its letters, computed once when they are first needed."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._letters: bytes | None = None
        self._map: SkeletonMap | None = None

    def of(self, kind: int) -> bytes:
        """Return the bytes in which windows of ``kind`` are searched."""
        if kind == RAW_BYTES:
            return self._data
        if self._letters is None:
            self._letters = letters_of(self._data)
        return self._letters

    def offset_in_view(self, kind: int, index: int) -> int:
        """Return the offset in the view of a byte of ``self.of(kind)``, given its index there."""
        if kind == RAW_BYTES:
            return index
        self._map = self._map or SkeletonMap(self._data)
        return self._map.position(index)
