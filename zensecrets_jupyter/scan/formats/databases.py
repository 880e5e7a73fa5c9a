"""Read and replace the fields of a SQLite file, such as IPython's history."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from zensecrets_jupyter.core.redaction.maskability import SHORTEST_VALUE
from zensecrets_jupyter.scan.formats.sqlite_free_space import MAGIC, free_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from zensecrets_jupyter.scan.matchers import Match, Matcher

__all__ = ["MAGIC", "SIDE_FILE_SUFFIXES", "DatabaseCell", "cells", "deleted_matches", "rewrite"]

SIDE_FILE_SUFFIXES = ("-wal", "-journal", "-shm")
"""Suffixes of the journal files that SQLite keeps beside a database, such as ``history.sqlite-wal``."""
_BUSY_SECONDS = 5.0
"""Seconds to wait for another program that has locked the database."""


class DatabaseCell(NamedTuple):
    """One field of a row of a table.

    Attributes:
        table: The name of the table.
        column: The name of the column.
        row_identity: The columns that identify the row: the content of each column, by its quoted name, such as ``{"rowid": 5}``.
        content: The content of the field. A text is in UTF-8, and a number is in decimal digits.
        is_text: Whether the content is a text or a number, not a blob.
    """

    table: str
    column: str
    row_identity: dict[str, object]
    content: bytes
    is_text: bool

    def location(self, matcher: Matcher) -> str:
        """Return the location, such as ``table history, row 5, column source``.

        If a name contains a value of ``matcher``, the mask of the value is shown in its place.
        """
        # Only a row number is shown, because a primary key of another type may be the value of a secret.
        number = next(iter(self.row_identity.values()), None)
        row = f", row {number}" if isinstance(number, int) else ""
        return f"table {matcher.hide(self.table)}{row}, column {matcher.hide(self.column)}"


def cells(path: Path) -> Iterator[DatabaseCell]:
    """Yield all fields that are long enough to contain the value of a secret.

    Rows that are only in the write-ahead log beside the file are not read.

    Raises:
        sqlite3.Error: If the file is not a database, or is damaged.
    """
    # The database is opened as immutable. Otherwise SQLite writes files beside it, and waits for other programs that have locked it.
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as database:
        database.text_factory = bytes
        for table in _tables(database):
            yield from _cells(database, table)


def _tables(database: sqlite3.Connection) -> list[str]:
    """Return the names of the tables that store rows.

    They include ``sqlite_master``, which stores the SQL statements of the tables. A virtual table stores no rows itself.
    """
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    tables = [name.decode() for name, sql in rows if sql and not sql.lstrip().upper().startswith(b"CREATE VIRTUAL")]
    return [*tables, "sqlite_master"]


def _cells(database: sqlite3.Connection, table: str) -> Iterator[DatabaseCell]:
    # For each column: its name, and its position in the primary key; 0 if it is not in the primary key.
    columns = [(name.decode(), key_index) for _, name, _, _, _, key_index in database.execute(f"PRAGMA table_info({_quoted(table)})")]
    key_columns = _key_columns(database, table, columns)
    for name, _ in columns:
        column = _quoted(name)
        expressions = ", ".join([f"typeof({column})", column, *key_columns.values()])
        rows = database.execute(f"SELECT {expressions} FROM {_quoted(table)}")  # noqa: S608 - names of the file's own columns, quoted
        for storage_class, field, *keys in rows:
            data = str(field).encode() if isinstance(field, (int, float)) else field
            if data and len(data) >= SHORTEST_VALUE:
                yield DatabaseCell(table, name, dict(zip(key_columns.values(), keys, strict=True)), data, is_text=storage_class != b"blob")


def _key_columns(database: sqlite3.Connection, table: str, columns: Sequence[tuple[str, int]]) -> dict[str, str]:
    """Return the columns that identify a row: the row number, or else the primary key.

    Returns:
        The quoted name of each column, by its plain name.
    """
    # SQLite has three names for the row number. A name does not work if the table has a column of its own with that name.
    names = {name.lower() for name, _ in columns}
    for alias in ("rowid", "_rowid_", "oid"):
        if alias not in names:
            try:
                database.execute(f"SELECT {alias} FROM {_quoted(table)} LIMIT 1")  # noqa: S608 - names of the file's own columns, quoted
            except sqlite3.OperationalError:
                # The table has no row numbers (WITHOUT ROWID).
                break
            return {alias: alias}
    return {name: _quoted(name) for name, key_index in columns if key_index}


def deleted_matches(matcher: Matcher, data: bytes, names_in_rows: set[str]) -> list[Match]:
    """Return the matches in the raw file that belong to deleted rows.

    Args:
        matcher: Finds the values.
        data: The content of the file.
        names_in_rows: The names of values that were found in current rows. A match of these values may be in a current row, so it is
            returned only if it is in the free space of the file.
    """
    ranges = list(free_ranges(data))
    return [
        match
        for match in matcher.find(data)
        if match.name not in names_in_rows or any(start < match.end and match.start < end for start, end in ranges)
    ]


def rewrite(path: Path, new_content: Callable[[DatabaseCell], bytes | None]) -> list[DatabaseCell]:
    """Replace fields, and overwrite the content of deleted rows.

    Args:
        path: The database.
        new_content: Returns the new content of a field, or ``None`` to leave it as it is.

    Returns:
        The fields that could not be changed, such as a field whose new content would violate a constraint of the table.

    Raises:
        sqlite3.Error: If the database is open in another program, can't be written, or is damaged. Before the commit the database
            is unchanged. An error after the commit leaves the fields replaced, but perhaps not the content of deleted rows.
    """
    changes = [(cell, content) for cell in _current_cells(path) if (content := new_content(cell)) is not None]
    unchanged_cells = []
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as database:
        # With secure_delete, SQLite overwrites replaced content with zeros. VACUUM then removes the content of rows that were deleted
        # earlier, and the checkpoints empty the write-ahead log.
        database.execute("PRAGMA secure_delete = ON")
        database.execute("BEGIN EXCLUSIVE")
        for cell, content in changes:
            if not _update(database, cell, content):
                unchanged_cells.append(cell)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return unchanged_cells


def describe_database_error(error: sqlite3.Error) -> str:
    """Return why a database can't be changed, as the end of a sentence.

    The message of SQLite itself is not shown, because it may quote the content of the database.
    """
    text = str(error).lower()
    if "locked" in text:
        return "another program has it open"
    if "full" in text or "disk i/o error" in text:
        return "its disk is full or failing"
    if "readonly" in text or "unable to open" in text:
        return "this user may not read or write it"
    return "it is damaged, or only another program can write it"


def _current_cells(path: Path) -> list[DatabaseCell]:
    """Return the current fields, including those in the journal beside the file."""
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as database:
        database.text_factory = bytes
        return [cell for table in _tables(database) for cell in _cells(database, table)]


def _update(database: sqlite3.Connection, cell: DatabaseCell, content: bytes) -> bool:
    """Replace a field, and return whether that was possible.

    ``sqlite_master``, rows that nothing identifies, and fields with a violated constraint can't be changed.
    """
    if cell.table == "sqlite_master" or not cell.row_identity:
        return False
    where = " AND ".join(f"{column} = ?" for column in cell.row_identity)
    statement = f"UPDATE {_quoted(cell.table)} SET {_quoted(cell.column)} = ? WHERE {where}"  # noqa: S608 - names of the file's own columns, quoted
    try:
        database.execute(
            statement, [content.decode("utf-8", "replace") if cell.is_text else content, *map(_as_stored, cell.row_identity.values())]
        )
    except sqlite3.IntegrityError:
        return False
    return True


def _as_stored(key: object) -> object:
    # This module reads texts as bytes. The primary key of a table WITHOUT ROWID may be a text, and SQLite never finds a text by bytes.
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else key


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
