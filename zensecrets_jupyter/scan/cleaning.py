"""Taking known values out of files: what a file becomes, and how it is replaced."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.system_text import from_system
from zensecrets_jupyter.core.whole_files import why_not
from zensecrets_jupyter.scan import databases, notebooks
from zensecrets_jupyter.scan.encodings import text_of
from zensecrets_jupyter.scan.json_text import encoded
from zensecrets_jupyter.scan.known import masked
from zensecrets_jupyter.scan.replacement import may_replace, replace_file
from zensecrets_jupyter.scan.replacing import (
    SOURCES,
    Edit,
    edited,
    edits_of_base64,
    edits_of_output,
    edits_of_source,
    masked_alike,
)
from zensecrets_jupyter.scan.scanner import NOTEBOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from zensecrets_jupyter.scan.known import Known

_TURNS = 3
"""How often a text is looked through again after values were taken out of it: two halves may have come together."""


class Kept(NamedTuple):
    """Something that could not be cleaned, and why, as the end of a sentence."""

    path: str
    reason: str


@dataclass
class Cleaned:
    """What became of some files.

    Attributes:
        files: Those that were changed.
        kept: What could not be.
    """

    files: list[Path] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


class Cleaner:
    """Takes what is known out of files that it stands in."""

    def __init__(self, known: Known) -> None:
        """Take out ``known``."""
        self._known = known

    def read(self, paths: Iterable[Path]) -> tuple[dict[Path, bytes], list[Kept]]:
        """Return the content of the files that can be cleaned, with those that SQLite keeps beside one, and what can't be cleaned."""
        files: dict[Path, bytes] = {}
        kept = []
        for path in paths:
            try:
                data = path.read_bytes()
                reason = self._why_kept(path, data)
                beside = _read_beside(path) if data.startswith(databases.MAGIC) else {}
            except OSError as error:
                kept.append(self._kept(path, why_not(error)))
                continue
            if reason:
                kept.append(self._kept(path, reason))
                continue
            files |= {path: data, **beside}
        return files, kept

    def clean(self, files: dict[Path, bytes]) -> Cleaned:
        """Clean the files whose content that is; a file is replaced wholly or not at all."""
        cleaned = Cleaned()
        for path, data in files.items():
            if path.name.endswith(databases.BESIDE):
                continue
            try:
                reasons = self._clean_database(path) if data.startswith(databases.MAGIC) else self._clean_file(path, data)
            except OSError as error:
                reasons = [why_not(error)]
            except sqlite3.Error as error:
                reasons = [databases.why_not(error)]
            else:
                cleaned.files.append(path)
            cleaned.kept += [self._kept(path, reason) for reason in reasons]
        return cleaned

    def content(self, path: Path, data: bytes) -> bytes:
        """Return what the content of a notebook or a text becomes."""
        for _ in range(_TURNS):
            new = self._once(path, data)
            if new == data:
                break
            data = new
        return data

    def _once(self, path: Path, data: bytes) -> bytes:
        file = text_of(data)
        if file is None:
            spots = self._known.find(data)
            return masked(data, spots) if spots else data
        if path.suffix in NOTEBOOKS and notebooks.is_notebook(file.text):
            new = self.notebook(file.text)
        else:
            spots = notebooks.find(self._known, file.text)
            is_source = path.suffix.lower() in SOURCES or path.name.startswith(".env")
            new = edited(file.text, edits_of_source(file.text, spots) if is_source else edits_of_output(spots))
        return data if new == file.text else file.encoded(new)

    def notebook(self, raw: str) -> str:
        """Return the text of a notebook without the values in it, and every other character as it was."""
        # Whoever wrote the file wrote what is not ASCII as escapes, or there is nothing to tell by; escapes are understood everywhere.
        ascii_only = raw.isascii()
        edits = [edit for text in notebooks.texts(raw) for edit in self._edits(raw, text, ascii_only=ascii_only)]
        return edited(raw, edits)

    def _edits(self, raw: str, text: notebooks.Text, *, ascii_only: bool) -> Iterator[Edit]:
        said = text.value(raw)
        spots = notebooks.find(self._known, said)
        if not spots:
            return
        first = text.pieces[0]
        if first.is_number:
            # What is counted by a number that looks like a value, such as a cell's turn, has to stay a number.
            if {"data", "metadata", "state"} & set(text.path):
                yield Edit(first.start, first.end, f'"{encoded(edits_of_output(spots)[0].new, ascii_only=ascii_only)}"')
            return
        if text.path[-1:] == ("id",) and len(text.path) == _DEPTH_OF_ID:
            # A cell's name may hold letters, digits, - and _ only, and no two may be alike.
            edits = [Edit(0, len(said), f"redacted-{text.path[1]}")]
        elif text.is_base64:
            edits = edits_of_base64(said, spots)
        elif text.is_source:
            edits = edits_of_source(said, spots)
        else:
            edits = edits_of_output(spots)
        yield from _in_raw(raw, text, edits, ascii_only=ascii_only)

    def _clean_file(self, path: Path, data: bytes) -> list[str]:
        if path.read_bytes() != data:
            return ["it changed meanwhile"]
        new = self.content(path, data)
        if new != data:
            replace_file(path, new)
        file = text_of(new)
        left = self._known.find(new) or (file is not None and not file.is_utf8 and notebooks.find(self._known, file.text))
        return ["something in it can't be replaced"] if left else []

    def _clean_database(self, path: Path) -> list[str]:
        def change(cell: databases.Cell) -> bytes | None:
            spots = self._known.find(cell.value)
            if not spots:
                return None
            return masked(cell.value, spots) if cell.is_text else masked_alike(cell.value, spots)

        left = databases.rewrite(path, change)
        return [f"{cell.place(self._known)} can't be replaced" for cell in left]

    def _why_kept(self, path: Path, data: bytes) -> str:
        if not may_replace(path):
            return "it is read-only"
        if path.name.endswith(databases.BESIDE):
            return "it belongs to the database beside it: clean that"
        if not data.startswith(databases.MAGIC) and b"\0" in data and text_of(data) is None:
            return "it is neither text nor a database: make it anew, or delete it"
        return ""

    def _kept(self, path: Path, reason: str) -> Kept:
        return Kept(self._known.mask(from_system(str(path))), reason)


_DEPTH_OF_ID = 3


def _read_beside(path: Path) -> dict[Path, bytes]:
    """Return the content of the files that SQLite keeps beside a database."""
    beside = {}
    for end in databases.BESIDE:
        one = path.with_name(path.name + end)
        if os.path.exists(one):  # noqa: PTH110 - Path.exists raises where the name is too long
            beside[one] = one.read_bytes()
    return beside


def _in_raw(raw: str, text: notebooks.Text, edits: Iterable[Edit], *, ascii_only: bool) -> Iterator[Edit]:
    """Yield edits of what a text says as edits of the file's own text."""
    waiting = list(edits)
    offset = 0
    for piece in text.pieces:
        positions = piece.positions(raw)
        length = len(piece.value(raw))
        for edit in waiting:
            start, end = max(edit.start - offset, 0), min(edit.end - offset, length)
            if start < end or (start == end == edit.start - offset == edit.end - offset):
                # What goes on in further lines is replaced in the first of them, and taken out of the others.
                new = encoded(edit.new, ascii_only=ascii_only) if edit.start >= offset else ""
                yield Edit(positions[start], positions[end], new)
        offset += length
