"""The rows of a SQLite file, such as IPython's history or the store of JupyterLab's documents, and their replacement."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from zensecrets_jupyter.core.redaction.unprotected import SHORTEST
from zensecrets_jupyter.scan.sqlite_pages import MAGIC, unused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from zensecrets_jupyter.scan.known import Known, Spot

__all__ = ["BESIDE", "MAGIC", "Cell", "cells", "deleted", "rewrite"]

BESIDE = ("-wal", "-journal", "-shm")
"""What the names of the files end with that SQLite keeps beside a database."""
_BUSY_SECONDS = 5.0


class Cell(NamedTuple):
    """One field of a row; ``keys`` are the columns that tell the row, with what is in them."""

    table: str
    column: str
    keys: dict[str, object]
    value: bytes
    is_text: bool

    def place(self, known: Known) -> str:
        """Return where it stands, as in ``table history, row 5, column source``; a name that is ``known`` is hidden."""
        # A row is told by its number: a key of another kind may itself be a value.
        number = next(iter(self.keys.values()), None)
        row = f", row {number}" if isinstance(number, int) else ""
        return f"table {known.hide(self.table)}{row}, column {known.hide(self.column)}"


def cells(path: Path) -> Iterator[Cell]:
    """Yield the fields of all tables that hold text, bytes or numbers.

    Raises:
        sqlite3.Error: If the file is no database, or a damaged one.
    """
    # As one that never changes: even reading would otherwise write beside it, and wait for who has it open.
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as database:
        database.text_factory = bytes
        for table in _tables(database):
            yield from _cells(database, table)


def _tables(database: sqlite3.Connection) -> list[str]:
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    real = [name.decode() for name, sql in rows if sql and not sql.lstrip().upper().startswith(b"CREATE VIRTUAL")]
    return [*real, "sqlite_master"]


def _cells(database: sqlite3.Connection, table: str) -> Iterator[Cell]:
    columns = [(name.decode(), place) for _, name, _, _, _, place in database.execute(f"PRAGMA table_info({_quoted(table)})")]
    key = _key_of(database, table, columns)
    for name, _ in columns:
        column = _quoted(name)
        chosen = ", ".join([f"typeof({column})", column, *key.values()])
        rows = database.execute(f"SELECT {chosen} FROM {_quoted(table)}")  # noqa: S608 - names of the file's own columns, quoted
        for kind, value, *keys in rows:
            data = str(value).encode() if isinstance(value, (int, float)) else value
            if data and len(data) >= SHORTEST:
                yield Cell(table, name, dict(zip(key.values(), keys, strict=True)), data, is_text=kind != b"blob")


def _key_of(database: sqlite3.Connection, table: str, columns: Sequence[tuple[str, int]]) -> dict[str, str]:
    names = {name.lower() for name, _ in columns}
    for alias in ("rowid", "_rowid_", "oid"):
        if alias not in names:
            try:
                database.execute(f"SELECT {alias} FROM {_quoted(table)} LIMIT 1")  # noqa: S608 - as above
            except sqlite3.OperationalError:
                break
            return {alias: alias}
    return {name: _quoted(name) for name, place in columns if place}


def deleted(known: Known, data: bytes, explained: set[str]) -> list[Spot]:
    """Return where values stand in the raw file though no row holds them.

    Args:
        known: What is looked for.
        data: The file.
        explained: The names that were found in rows; elsewhere than in free space these are the rows.
    """
    free = list(unused(data))
    return [
        spot for spot in known.find(data) if spot.name not in explained or any(start < spot.end and spot.start < end for start, end in free)
    ]


def rewrite(path: Path, change: Callable[[Cell], bytes | None]) -> list[Cell]:
    """Replace fields by what ``change`` makes of them, and overwrite what was deleted; return those that could not be changed.

    Raises:
        sqlite3.Error: If another program has it open, it can't be written, or it is damaged; it is then as it was.
    """
    changed = [(cell, new) for cell in cells_of_open(path) if (new := change(cell)) is not None]
    left = []
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as database:
        database.execute("PRAGMA secure_delete = ON")
        database.execute("BEGIN EXCLUSIVE")
        for cell, new in changed:
            if not _update(database, cell, new):
                left.append(cell)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return left


def why_not(error: sqlite3.Error) -> str:
    """Return why a database can't be changed, as the end of a sentence; SQLite's own text may quote what is in it."""
    said = str(error).lower()
    if "locked" in said:
        return "another program has it open"
    if "full" in said or "disk i/o error" in said:
        return "there is no room on its disk, or the disk is failing"
    if "readonly" in said or "unable to open" in said:
        return "this user may not read or write it"
    return "it is damaged, or another program's"


def cells_of_open(path: Path) -> list[Cell]:
    """Return the fields as of now, what is still in the journal beside the file among them."""
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as database:
        database.text_factory = bytes
        return [cell for table in _tables(database) for cell in _cells(database, table)]


def _update(database: sqlite3.Connection, cell: Cell, new: bytes) -> bool:
    if cell.table == "sqlite_master" or not cell.keys:
        return False
    where = " AND ".join(f"{column} = ?" for column in cell.keys)
    statement = f"UPDATE {_quoted(cell.table)} SET {_quoted(cell.column)} = ? WHERE {where}"  # noqa: S608 - as above
    try:
        database.execute(statement, [new.decode("utf-8", "replace") if cell.is_text else new, *map(_as_stored, cell.keys.values())])
    except sqlite3.IntegrityError:
        return False
    return True


def _as_stored(key: object) -> object:
    # Where a table has no numbers for its rows its key may be text, which came as bytes.
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else key


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
