"""Remove values from files: compute the new content of a file, and replace the file."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.system.atomic_write import describe_os_error
from zensecrets_jupyter.core.system.text_encoding import decode_system_text
from zensecrets_jupyter.core.text_edits import Edit, apply_edits
from zensecrets_jupyter.scan.atomic_write import may_replace, replace_file
from zensecrets_jupyter.scan.edits import (
    SOURCE_SUFFIXES,
    edits_of_base64,
    edits_of_output,
    edits_of_source,
    mask_keeping_length,
)
from zensecrets_jupyter.scan.formats import databases, notebooks
from zensecrets_jupyter.scan.formats.file_text import text_of
from zensecrets_jupyter.scan.formats.json_text import to_json_text
from zensecrets_jupyter.scan.matchers import mask_matches
from zensecrets_jupyter.scan.scanner import NOTEBOOK_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from zensecrets_jupyter.scan.matchers import Matcher

_MAX_PASSES = 3
"""The maximum number of passes over a text. The removal of a value may join two halves of another value, which the next pass removes."""


class UncleanedFile(NamedTuple):
    """A file that could not be cleaned, and the reason.

    Attributes:
        path: The path, with values in it masked.
        reason: The reason, as the end of a sentence, such as ``it is read-only``.
    """

    path: str
    reason: str


@dataclass
class CleaningResult:
    """The result of cleaning files.

    Attributes:
        cleaned_files: The files that were processed without an error.
        uncleaned_files: The files that could not be cleaned, or that still contain a value. In the second case they are also in
            ``cleaned_files``.
    """

    cleaned_files: list[Path] = field(default_factory=list)
    uncleaned_files: list[UncleanedFile] = field(default_factory=list)


class Cleaner:
    """Removes the values that a matcher finds from files."""

    def __init__(self, matcher: Matcher) -> None:
        """Create a cleaner that removes the values that ``matcher`` finds."""
        self._matcher = matcher

    def read(self, paths: Iterable[Path]) -> tuple[dict[Path, bytes], list[UncleanedFile]]:
        """Read the files that can be cleaned.

        Returns:
            First, the content of each file that can be cleaned, by its path. For a database this includes the files that SQLite keeps
            beside it. Second, the files that can't be cleaned.
        """
        files: dict[Path, bytes] = {}
        uncleanable_files = []
        for path in paths:
            try:
                data = path.read_bytes()
                reason = self._why_uncleanable(path, data)
                side_files = _read_side_files(path) if data.startswith(databases.MAGIC) else {}
            except OSError as error:
                uncleanable_files.append(self._uncleaned_file(path, describe_os_error(error)))
                continue
            if reason:
                uncleanable_files.append(self._uncleaned_file(path, reason))
                continue
            files |= {path: data, **side_files}
        return files, uncleanable_files

    def clean(self, files: dict[Path, bytes]) -> CleaningResult:
        """Remove the values from files, and replace each file atomically.

        Args:
            files: The content of each file, by its path, as :meth:`read` returned it.

        Returns:
            The cleaned files, and the files that could not be cleaned.
        """
        result = CleaningResult()
        for path, data in files.items():
            if path.name.endswith(databases.SIDE_FILE_SUFFIXES):
                # SQLite changes these files when their database is cleaned. They are in `files` for the backup.
                continue
            try:
                reasons = self._clean_database(path) if data.startswith(databases.MAGIC) else self._clean_file(path, data)
            except OSError as error:
                reasons = [describe_os_error(error)]
            except sqlite3.Error as error:
                reasons = [databases.describe_database_error(error)]
            else:
                result.cleaned_files.append(path)
            result.uncleaned_files += [self._uncleaned_file(path, reason) for reason in reasons]
        return result

    def clean_content(self, path: Path, data: bytes) -> bytes:
        """Return the content of a notebook or a text file with every value replaced."""
        for _ in range(_MAX_PASSES):
            new_data = self._clean_once(path, data)
            if new_data == data:
                break
            data = new_data
        return data

    def _clean_once(self, path: Path, data: bytes) -> bytes:
        file = text_of(data)
        if file is None:
            matches = self._matcher.find(data)
            return mask_matches(data, matches) if matches else data
        if path.suffix in NOTEBOOK_SUFFIXES and notebooks.is_notebook(file.text):
            new_text = self.clean_notebook(file.text)
        else:
            matches = notebooks.find_in_text(self._matcher, file.text)
            is_source = path.suffix.lower() in SOURCE_SUFFIXES or path.name.startswith(".env")
            new_text = apply_edits(file.text, edits_of_source(file.text, matches) if is_source else edits_of_output(matches))
        return data if new_text == file.text else file.encode(new_text)

    def clean_notebook(self, raw: str) -> str:
        """Return the JSON of a notebook with every value replaced; all other characters stay unchanged."""
        # A file in ASCII stays in ASCII, because the program that wrote it may need that. Other characters, such as those of
        # masks, are written as JSON escapes.
        ascii_only = raw.isascii()
        edits = [edit for text in notebooks.texts(raw) for edit in self._edits_of_text(raw, text, ascii_only=ascii_only)]
        return apply_edits(raw, edits)

    def _edits_of_text(self, raw: str, text: notebooks.NotebookText, *, ascii_only: bool) -> Iterator[Edit]:
        """Yield the edits of the JSON ``raw`` that replace the values in one text."""
        decoded = text.decoded_text(raw)
        matches = notebooks.find_in_text(self._matcher, decoded)
        if not matches:
            return
        first_token = text.tokens[0]
        if first_token.is_number:
            # A mask may replace a number only in these fields. In other fields, such as execution_count, nbformat requires a number. The
            # mask of the first match replaces the whole number.
            if {"data", "metadata", "state"} & set(text.path):
                yield Edit(first_token.start, first_token.end, f'"{to_json_text(edits_of_output(matches)[0].new, ascii_only=ascii_only)}"')
            return
        if text.is_cell_id:
            # A mask can't be the id of a cell: nbformat allows only letters, digits, - and _, and each id of a notebook must be unique. The
            # new id contains the index of the cell, which is the second item of the path.
            edits = [Edit(0, len(decoded), f"redacted-{text.path[1]}")]
        elif text.is_base64:
            edits = edits_of_base64(decoded, matches)
        elif text.is_source:
            edits = edits_of_source(decoded, matches)
        else:
            edits = edits_of_output(matches)
        yield from _edits_of_raw(raw, text, edits, ascii_only=ascii_only)

    def _clean_file(self, path: Path, data: bytes) -> list[str]:
        """Clean a notebook or a text file.

        Returns:
            The reason if the file has changed since it was read, or if it still contains a value; otherwise an empty list.
        """
        if path.read_bytes() != data:
            return ["it changed in the meantime"]
        new_data = self.clean_content(path, data)
        if new_data != data:
            replace_file(path, new_data)
        file = text_of(new_data)
        # The matcher searches bytes in UTF-8. A text in another encoding must be decoded to be searched.
        remaining = self._matcher.find(new_data) or (
            file is not None and not file.is_utf8 and notebooks.find_in_text(self._matcher, file.text)
        )
        return ["some of its values can't be replaced"] if remaining else []

    def _clean_database(self, path: Path) -> list[str]:
        """Clean a database, and return a reason for each field that still contains a value."""

        # A cell is a field in a row of a table here, not a cell of a notebook.
        def new_content(cell: databases.DatabaseCell) -> bytes | None:
            matches = self._matcher.find(cell.content)
            if not matches:
                return None
            return mask_matches(cell.content, matches) if cell.is_text else mask_keeping_length(cell.content, matches)

        remaining = databases.rewrite(path, new_content)
        return [f"{cell.location(self._matcher)} can't be replaced" for cell in remaining]

    def _why_uncleanable(self, path: Path, data: bytes) -> str:
        """Return why a file can't be cleaned, as the end of a sentence; empty if it can be cleaned."""
        if not may_replace(path):
            return "it is read-only"
        if path.name.endswith(databases.SIDE_FILE_SUFFIXES):
            return "it belongs to a database: clean the database"
        if not data.startswith(databases.MAGIC) and b"\0" in data and text_of(data) is None:
            return "it is neither text nor a database: create it again, or delete it"
        return ""

    def _uncleaned_file(self, path: Path, reason: str) -> UncleanedFile:
        return UncleanedFile(self._matcher.mask(decode_system_text(str(path))), reason)


def _read_side_files(path: Path) -> dict[Path, bytes]:
    """Return the content of the files that SQLite keeps beside a database."""
    contents = {}
    for suffix in databases.SIDE_FILE_SUFFIXES:
        file = path.with_name(path.name + suffix)
        if os.path.exists(file):  # noqa: PTH110 - Path.exists raises where the name is too long
            contents[file] = file.read_bytes()
    return contents


def _edits_of_raw(raw: str, text: notebooks.NotebookText, edits: Iterable[Edit], *, ascii_only: bool) -> Iterator[Edit]:
    """Convert edits of a decoded text to edits of the notebook's JSON ``raw``.

    A text may consist of several tokens: a notebook can store a source as a list of lines, and each line is a token of the JSON.
    """
    edits_of_text = list(edits)
    # The offset of the token in the decoded text.
    offset = 0
    for token in text.tokens:
        raw_offsets = token.positions(raw)
        length = len(token.decoded_text(raw))
        for edit in edits_of_text:
            # The part of the edit that is in this token. An insertion has an empty part.
            start, end = max(edit.start - offset, 0), min(edit.end - offset, length)
            is_insertion = start == end == edit.start - offset == edit.end - offset
            if start < end or is_insertion:
                # A match that covers several lines is replaced in the first line and removed from the others.
                new = to_json_text(edit.new, ascii_only=ascii_only) if edit.start >= offset else ""
                yield Edit(raw_offsets[start], raw_offsets[end], new)
        offset += length
