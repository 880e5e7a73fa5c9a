"""Search files for values; each file is read according to its format."""

from __future__ import annotations

import math
import re
import sqlite3
from typing import TYPE_CHECKING, BinaryIO

from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.core.system.atomic_write import describe_os_error
from zensecrets_jupyter.core.system.text_encoding import decode_system_text
from zensecrets_jupyter.scan.file_walk import files_under
from zensecrets_jupyter.scan.findings import Finding, ScanReport, SkippedFile
from zensecrets_jupyter.scan.formats import databases, notebooks
from zensecrets_jupyter.scan.formats.file_text import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from zensecrets_jupyter.scan.matchers import Match, Matcher

CHUNK_SIZE = 16 * 1024 * 1024
"""The number of bytes of a large file that are searched at once."""
MAX_PARSED_SIZE = 512 * 1024 * 1024
"""The maximum size in bytes of a notebook or database that is parsed. A larger file is searched as raw bytes, in chunks.

The heuristic gets at most this number of bytes of a file.
"""
MAX_FILE_SIZE = 16 * 1024 * 1024 * 1024
"""The maximum size in bytes of a file that is searched.

A limit is necessary, because a sparse file takes no disk space and may be so large that its scan never ends.
"""
NOTEBOOK_SUFFIXES = (".ipynb",)
"""Suffixes of notebook files."""

# A line end, which JSON writes as the two characters ``\n``, after at least 64 base64 digits: base64 is wrapped after 76 digits (RFC 2045)
# or 64 (RFC 7468). The expression begins with the line end and looks back for the digits, because this search is faster.
_WRAPPED_BASE64 = re.compile(rb"\\n(?<=[A-Za-z0-9+/]{64}\\n)")


class _TooLargeError(Exception):
    """A file is larger than :data:`MAX_FILE_SIZE`."""


class Scanner:
    """Finds values in files."""

    def __init__(self, matcher: Matcher, heuristic: Callable[[Path, bytes], Iterable[Finding]] | None = None) -> None:
        """Create a scanner.

        Args:
            matcher: Finds the values.
            heuristic: Returns the findings of texts that look like secrets, given the path and the content of a file. Without it, only
                values are searched for.
        """
        self._matcher = matcher
        self._heuristic = heuristic

    def scan(self, paths: Iterable[str], report_progress: Callable[[int, int], None] | None = None) -> ScanReport:
        """Search files and folders for values.

        A file that can't be searched is listed in the report.

        Args:
            paths: Files and folders.
            report_progress: Called after each file with the number of bytes searched so far, without skipped files, and the number of bytes
                of all files.

        Returns:
            The findings, the skipped files, and the number and size of the searched files.

        Raises:
            UnreadableFileError: If one of ``paths`` does not exist.
        """
        report = ScanReport()
        sizes = {path: _file_size(path) for path in files_under(paths, report.skipped_files)}
        total_size = sum(sizes.values())
        for path, size in sizes.items():
            try:
                report.findings += self.scan_file(path)
            except _TooLargeError:
                reason = f"it has more than {MAX_FILE_SIZE // 1024**3} GiB; to scan it, pipe it in"
                report.skipped_files.append(SkippedFile(self._matcher.mask(decode_system_text(str(path))), reason))
            except Exception as error:  # noqa: BLE001 - one damaged file must not stop the scan of the others
                report.skipped_files.append(SkippedFile(self._matcher.mask(decode_system_text(str(path))), describe_os_error(error)))
            else:
                report.file_count += 1
                report.byte_count += size
            if report_progress:
                report_progress(report.byte_count, total_size)
        # The paths that ``files_under`` has added to the report are not masked yet.
        report.skipped_files = [file._replace(path=self._matcher.mask(decode_system_text(file.path))) for file in report.skipped_files]
        return report

    def scan_stream(self, stream: BinaryIO, label: str) -> ScanReport:
        """Search a stream, such as standard input, for values.

        Args:
            stream: The stream.
            label: The text that the findings have instead of a path.

        Returns:
            The findings, and the size of the stream.
        """
        findings, size = self._scan_chunks(stream, label)
        return ScanReport(findings, file_count=1, byte_count=size)

    def scan_file(self, path: Path) -> list[Finding]:
        """Return the findings in a file and in its name.

        Raises:
            OSError: If the file can't be read.
            _TooLargeError: If the file is too large.
        """
        if _file_size(path) > MAX_FILE_SIZE:
            raise _TooLargeError
        label = self._matcher.mask(decode_system_text(str(path)))
        findings = [
            Finding(label, "the file's name", match.name, match.encoding, is_whole=match.is_whole)
            for match in self._matcher.find(path.name.encode("utf-8", "surrogateescape"))
        ]
        with path.open("rb") as file:
            # The first chunk shows whether the file is a database. A file that is parsed must be in memory as a whole.
            data = file.read(CHUNK_SIZE)
            is_database = data.startswith(databases.MAGIC)
            if path.suffix in NOTEBOOK_SUFFIXES or is_database or self._heuristic:
                data += file.read(max(0, MAX_PARSED_SIZE - len(data)))
            has_more_data = bool(file.read(1))
            if has_more_data:
                file.seek(0)
                findings += self._scan_chunks(file, label, MAX_FILE_SIZE)[0]
            elif is_database:
                findings += self._scan_database(path, label, data)
            elif path.suffix in NOTEBOOK_SUFFIXES:
                findings += self._scan_notebook(label, data)
            else:
                findings += self._scan_text_file(label, data)
        if self._heuristic:
            findings += self._heuristic(path, data)
        return findings

    def _scan_notebook(self, label: str, data: bytes) -> list[Finding]:
        # The fast test, ``json_may_contain_value``, can't read UTF-16. So a notebook with NUL bytes, which UTF-16 has, is always searched.
        may_contain_value = self._matcher.json_may_contain_value(data) or _may_have_wrapped_base64(data)
        if not may_contain_value and b"\0" not in data:
            return []
        file = text_of(data)
        if file is None or not notebooks.is_notebook(file.text):
            return self._scan_text_file(label, data)
        raw = file.text
        texts = (text for text in notebooks.texts(raw) if text.length >= SHORTEST_VALUE)
        return [finding for text in texts for finding in self._scan_notebook_text(label, raw, text)]

    def _scan_notebook_text(self, label: str, raw: str, text: notebooks.NotebookText) -> Iterator[Finding]:
        decoded = text.decoded_text(raw)
        for match in notebooks.find_in_text(self._matcher, decoded):
            line = decoded.count("\n", 0, match.start) + 1
            # A notebook stores a text as a list of lines, which has one token for each line, or as one string, which has one token.
            file_line = raw.count("\n", 0, text.tokens[min(line, len(text.tokens)) - 1].start) + 1
            yield Finding(label, text.location(self._matcher, line), match.name, match.encoding, file_line, match.is_whole)

    def _scan_text_file(self, label: str, data: bytes) -> list[Finding]:
        file = text_of(data)
        if file is None or file.is_utf8:
            return _findings_by_line(label, data, self._matcher.find(data))
        # Lines are counted in the text as UTF-8, because a line end may have other bytes in another encoding.
        text = file.text.encode("utf-8", "surrogatepass")
        findings = _findings_by_line(label, text, self._matcher.find(text))
        # The recognized encoding may be wrong. The original bytes are searched too, if the text contains no value.
        return findings or _findings_by_line(label, data, self._matcher.find(data))

    def _scan_database(self, path: Path, label: str, data: bytes) -> list[Finding]:
        """Return the findings in current and in deleted rows; ``data`` is the file's content."""
        findings = []
        try:
            for cell in databases.cells(path):
                location = cell.location(self._matcher)
                findings += [_finding_without_line(label, location, match) for match in self._matcher.find(cell.content)]
        except sqlite3.Error:
            # The file is damaged or encrypted, but its bytes can still be searched.
            return [*findings, *_findings_by_line(label, data, self._matcher.find(data))]
        deleted_matches = databases.deleted_matches(self._matcher, data, {finding.name for finding in findings})
        return [*findings, *(_finding_without_line(label, f"byte {match.start}, deleted", match) for match in deleted_matches)]

    def _scan_chunks(self, stream: BinaryIO, label: str, max_size: float = math.inf) -> tuple[list[Finding], int]:
        """Search a stream in chunks, each together with the end of the previous chunk.

        Returns:
            The findings, and the size of the stream in bytes.

        Raises:
            _TooLargeError: If the stream has more than ``max_size`` bytes.
        """
        findings: dict[tuple[int, str], Finding] = {}
        # ``data`` begins at ``offset`` of the stream, and ``line_count`` lines end before ``offset``.
        overlap, offset, line_count = b"", 0, 0
        is_text = None
        while chunk := stream.read(CHUNK_SIZE):
            data = overlap + chunk
            is_text = _is_text(data) if is_text is None else is_text
            for match in self._matcher.find(data):
                line = line_count + data.count(b"\n", 0, match.start) + 1 if is_text else 0
                location = f"line {line}" if is_text else f"byte {offset + match.start}"
                # At the end of a chunk, a match may be only a part of a value. The next chunk overlaps: its whole match has the same start
                # and name, and replaces this finding.
                findings[offset + match.start, match.name] = Finding(label, location, match.name, match.encoding, line, match.is_whole)
            overlap = data[-self._matcher.reach :] if self._matcher.reach else b""
            finished_size = len(data) - len(overlap)
            line_count += data.count(b"\n", 0, finished_size)
            offset += finished_size
            if offset > max_size:
                raise _TooLargeError
        return [findings[key] for key in sorted(findings)], offset + len(overlap)


def _finding_without_line(label: str, location: str, match: Match) -> Finding:
    return Finding(label, location, match.name, match.encoding, is_whole=match.is_whole)


def _findings_by_line(label: str, data: bytes, matches: list[Match]) -> list[Finding]:
    """Return the findings for sorted matches.

    The location is a line in a text, and an offset in binary data.
    """
    findings = []
    is_text = bool(matches) and _is_text(data)
    position, line = 0, 1
    for match in matches:
        line += data.count(b"\n", position, match.start)
        position = match.start
        location = f"line {line}" if is_text else f"byte {match.start}"
        findings.append(Finding(label, location, match.name, match.encoding, line if is_text else 0, match.is_whole))
    return findings


def _is_text(data: bytes) -> bool:
    # The first bytes are enough: a binary file has a NUL byte near its start.
    return b"\0" not in data[:8192]


def _may_have_wrapped_base64(data: bytes) -> bool:
    """Return whether a notebook may contain an attachment, or base64 wrapped in lines.

    For a value in these, :meth:`~zensecrets_jupyter.scan.matchers.Matcher.json_may_contain_value` may wrongly return ``False``.
    """
    return b'"attachments"' in data or _WRAPPED_BASE64.search(data) is not None


def _file_size(path: Path) -> int:
    """Return the size of a file in bytes; 0 if it can't be read."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
