"""Scanning files: each in the way that its kind asks for."""

from __future__ import annotations

import math
import re
import sqlite3
from typing import TYPE_CHECKING, BinaryIO

from zensecrets_jupyter.core.redaction.unprotected import SHORTEST
from zensecrets_jupyter.core.system_text import from_system
from zensecrets_jupyter.core.whole_files import why_not
from zensecrets_jupyter.scan import databases, notebooks
from zensecrets_jupyter.scan.encodings import text_of
from zensecrets_jupyter.scan.findings import Finding, Report, Unread
from zensecrets_jupyter.scan.walking import files_under

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from zensecrets_jupyter.scan.known import Known, Spot

CHUNK = 16 * 1024 * 1024
"""Bytes of a file that are searched at once."""
LARGEST_WHOLE = 512 * 1024 * 1024
"""Bytes up to which a notebook or a database is read as what it is; a larger one is searched as bytes."""
LARGEST = 16 * 1024 * 1024 * 1024
"""Bytes of a file that is searched at all: some are made to be endless."""
NOTEBOOKS = (".ipynb",)


class _TooLargeError(Exception):
    """A file is larger than what is searched."""


class Scanner:
    """Looks for what is known in files."""

    def __init__(self, known: Known, further: Callable[[Path, bytes], Iterable[Finding]] | None = None) -> None:
        """Look for ``known``; ``further`` finds other things in a file, given its content."""
        self._known = known
        self._further = further

    def scan(self, paths: Iterable[str], tell: Callable[[int, int], None] | None = None) -> Report:
        """Return what is in the files under ``paths``; ``tell`` is called with the bytes that are done and those there are.

        Raises:
            UnreadableFileError: If one of ``paths`` does not exist.
        """
        report = Report()
        sizes = {path: _size(path) for path in files_under(paths, report.unread)}
        whole = sum(sizes.values())
        for path, size in sizes.items():
            try:
                report.findings += self.scan_file(path)
            except _TooLargeError:
                reason = f"it holds more than {LARGEST // 1024**3} GiB; to have it searched, pipe it in"
                report.unread.append(Unread(self._known.mask(from_system(str(path))), reason))
            except Exception as error:  # noqa: BLE001 - one damaged file must not keep the others from being looked at
                report.unread.append(Unread(self._known.mask(from_system(str(path))), why_not(error)))
            else:
                report.files += 1
                report.size += size
            if tell:
                tell(report.size, whole)
        report.unread = [unread._replace(path=self._known.mask(from_system(unread.path))) for unread in report.unread]
        return report

    def scan_stream(self, stream: BinaryIO, shown: str) -> Report:
        """Return what is in a stream that is called ``shown``, such as what was piped in."""
        found, size = self._in_stream(stream, shown)
        return Report(found, files=1, size=size)

    def scan_file(self, path: Path) -> list[Finding]:
        """Return what is in one file, and in its name.

        Raises:
            OSError: If it can't be read.
            _TooLargeError: If it is too large.
        """
        if _size(path) > LARGEST:
            raise _TooLargeError
        shown = self._known.mask(from_system(str(path)))
        found = [Finding(shown, "the file's name", spot.name, spot.form, whole=spot.whole) for spot in self._in(path.name)]
        with path.open("rb") as file:
            data = file.read(CHUNK)
            is_database = data.startswith(databases.MAGIC)
            if path.suffix in NOTEBOOKS or is_database or self._further:
                data += file.read(max(0, LARGEST_WHOLE - len(data)))
            if file.read(1):
                file.seek(0)
                found += self._in_stream(file, shown, LARGEST)[0]
            elif is_database:
                found += self._in_database(path, shown, data)
            elif path.suffix in NOTEBOOKS:
                found += self._in_notebook(shown, data)
            else:
                found += self._in_text_file(shown, data)
        if self._further:
            found += self._further(path, data)
        return found

    def _in(self, text: str) -> list[Spot]:
        return self._known.find(text.encode("utf-8", "surrogateescape"))

    def _in_notebook(self, shown: str, data: bytes) -> list[Finding]:
        if not (self._known.may_touch(data) or _has_files(data)) and b"\0" not in data:
            return []
        file = text_of(data)
        if file is None or not notebooks.is_notebook(file.text):
            return self._in_text_file(shown, data)
        raw = file.text
        texts = (text for text in notebooks.texts(raw) if text.length >= SHORTEST)
        return [finding for text in texts for finding in self._in_text(shown, raw, text)]

    def _in_text_file(self, shown: str, data: bytes) -> list[Finding]:
        file = text_of(data)
        if file is None or file.is_utf8:
            return _as_found(shown, data, self._known.find(data))
        # A line is counted in the text, whatever a line end is in its encoding.
        found = _as_found(shown, text := file.text.encode("utf-8", "surrogatepass"), self._known.find(text))
        return found or _as_found(shown, data, self._known.find(data))

    def _in_text(self, shown: str, raw: str, text: notebooks.Text) -> Iterator[Finding]:
        said = text.value(raw)
        for spot in notebooks.find(self._known, said):
            line = said.count("\n", 0, spot.start) + 1
            in_file = raw.count("\n", 0, text.pieces[min(line, len(text.pieces)) - 1].start) + 1
            yield Finding(shown, text.place(self._known, line), spot.name, spot.form, in_file, spot.whole)

    def _in_database(self, path: Path, shown: str, data: bytes) -> list[Finding]:
        found = []
        try:
            for cell in databases.cells(path):
                found += [Finding(shown, cell.place(self._known), *_told(spot)) for spot in self._known.find(cell.value)]
        except sqlite3.Error:
            # A damaged one, or one of another program's making: its bytes are there all the same.
            return [*found, *_as_found(shown, data, self._known.find(data))]
        gone = databases.deleted(self._known, data, {finding.name for finding in found})
        return [*found, *(Finding(shown, f"byte {spot.start}, deleted", *_told(spot)) for spot in gone)]

    def _in_stream(self, stream: BinaryIO, shown: str, largest: float = math.inf) -> tuple[list[Finding], int]:
        """Return what is in a stream, and its size; it is searched piece by piece, each with the end of the one before.

        Raises:
            _TooLargeError: If it has more than ``largest`` bytes.
        """
        found: dict[tuple[int, str], Finding] = {}
        before, offset, lines = b"", 0, 0
        is_text = None
        while piece := stream.read(CHUNK):
            data = before + piece
            is_text = _is_text(data) if is_text is None else is_text
            for spot in self._known.find(data):
                line = lines + data.count(b"\n", 0, spot.start) + 1 if is_text else 0
                place = f"line {line}" if is_text else f"byte {offset + spot.start}"
                # What stands at the end of a piece may be only a part, and whole with the next one.
                found[offset + spot.start, spot.name] = Finding(shown, place, spot.name, spot.form, line, spot.whole)
            before = data[-self._known.reach :] if self._known.reach else b""
            done = len(data) - len(before)
            lines += data.count(b"\n", 0, done)
            offset += done
            if offset > largest:
                raise _TooLargeError
        return [found[at] for at in sorted(found)], offset + len(before)


def _told(spot: Spot) -> tuple[str, str, int, bool]:
    return spot.name, spot.form, 0, spot.whole


def _as_found(shown: str, data: bytes, spots: list[Spot]) -> list[Finding]:
    found = []
    is_text = bool(spots) and _is_text(data)
    position, line = 0, 1
    for spot in spots:
        line += data.count(b"\n", position, spot.start)
        position = spot.start
        place = f"line {line}" if is_text else f"byte {spot.start}"
        found.append(Finding(shown, place, spot.name, spot.form, line if is_text else 0, spot.whole))
    return found


def _is_text(data: bytes) -> bool:
    return b"\0" not in data[:8192]


# RFC 2045 and RFC 7468: the lines of base64 have 76 or 64 digits.
_WRAPPED = re.compile(rb"\\n(?<=[A-Za-z0-9+/]{64}\\n)")


def _has_files(data: bytes) -> bool:
    """Tell whether there may be a file in base64 in a notebook in which its text shows nothing: an attachment, or one in lines."""
    return b'"attachments"' in data or _WRAPPED.search(data) is not None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
