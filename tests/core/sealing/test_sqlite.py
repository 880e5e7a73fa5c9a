"""Tests of the SQLite file of a store: creation, settings, transactions and change token.

A change token is a value that changes with each commit. A reader compares it to find out whether the file changed.
"""

from __future__ import annotations

import gc
import stat
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from zensecrets_jupyter.core.errors import ManagerCorruptedError, StoreTooNewError
from zensecrets_jupyter.core.sealing.databases.sqlite import SqliteFile

if TYPE_CHECKING:
    from pathlib import Path

TABLES = MetaData()
NUMBERS = Table("numbers", TABLES, Column("number", Integer, primary_key=True))


def _file(home: Path, version: int = 1, kind: str = "numbers") -> SqliteFile:
    """Return a new instance for the same file in each call.

    The path has characters with a meaning in URLs, because SQLite opens the file by a URL. ``kind`` says what the file stores, and
    ``version`` is the version of its format.
    """
    return SqliteFile(home / "a folder?" / "file #1%.db", TABLES, kind=kind, version=version)


def _add(file: SqliteFile, number: int, interruption: type[BaseException] | None = None) -> None:
    """Insert the number, and raise the ``interruption``, if any, before the write is committed."""
    with file.write() as connection:
        connection.execute(insert(NUMBERS).values(number=number))
        if interruption:
            raise interruption


def _numbers(file: SqliteFile) -> list[int] | None:
    """Return the stored numbers, or ``None`` if the file or its tables do not exist."""
    with file.read() as connection:
        return None if connection is None else list(connection.execute(select(NUMBERS.c.number)).scalars())


def test_the_first_write_creates_the_file(home: Path) -> None:
    """Before the first write, no operation creates a file. The first write creates the file in a folder of mode 0700."""
    file = _file(home)
    assert _numbers(file) is None
    assert file.change_token() is None
    # ``scrub`` truncates the write-ahead log.
    file.scrub()
    assert not home.exists()
    _add(file, 1)
    assert _numbers(_file(home)) == [1]
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_each_connection_has_the_settings(home: Path) -> None:
    """Each connection uses a write-ahead log, full synchronization, secure deletion, foreign keys, and no trusted schema."""
    file = _file(home)
    _add(file, 1)
    for _ in range(2):
        with file.read() as connection:
            assert connection is not None
            settings = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "trusted_schema")
            }
        # The value 2 of the setting "synchronous" is FULL: see https://www.sqlite.org/pragma.html#pragma_synchronous.
        assert settings == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "trusted_schema": 0}


def test_an_exception_rolls_the_write_back(home: Path) -> None:
    """An exception in the block of a write rolls the write back and reaches the caller unchanged."""
    file = _file(home)
    _add(file, 1)
    for number, interruption in enumerate((ZeroDivisionError, KeyboardInterrupt), start=2):
        with pytest.raises(interruption):
            _add(file, number, interruption)
    assert _numbers(file) == [1]
    _add(file, 4)
    assert _numbers(file) == [1, 4]


def test_a_failed_first_write_leaves_no_tables(home: Path) -> None:
    """After a failed first write, reading finds no tables, and the next write succeeds."""
    file = _file(home)
    with pytest.raises(ZeroDivisionError):
        _add(file, 1, ZeroDivisionError)
    assert _numbers(file) is None
    assert _numbers(_file(home)) is None
    _add(file, 1)
    assert _numbers(file) == [1]


def test_each_commit_changes_the_token(home: Path) -> None:
    """The change token of an instance changes with each commit of any instance, and only then."""
    file, other = _file(home), _file(home)
    _add(file, 1)
    tokens = [file.change_token()]
    assert file.change_token() == tokens[0]
    for number, writer in enumerate((file, other, file), start=2):
        _add(writer, number)
        tokens.append(file.change_token())
    assert len(set(tokens)) == 4


def test_another_kind_and_a_newer_version_are_refused(home: Path) -> None:
    """A file of another kind can't be read.

    A file of a newer version can be neither read nor written. A file of an older version can be read.
    """
    _add(_file(home, version=2), 1)
    with pytest.raises(ManagerCorruptedError, match="does not hold letters"):
        _numbers(_file(home, version=2, kind="letters"))
    with pytest.raises(StoreTooNewError, match="format 2, here 1"):
        _numbers(_file(home))
    with pytest.raises(StoreTooNewError, match="format 2, here 1"):
        _add(_file(home), 2)
    assert _numbers(_file(home, version=3)) == [1]


def test_an_unused_instance_closes_its_file(home: Path) -> None:
    """An instance without references closes its connections, so that only the database file remains."""
    file = _file(home)
    _add(file, 1)
    folder = file.path.parent
    assert len(list(folder.iterdir())) == 3, "the database, its write-ahead log, and the index of the log"
    del file
    gc.collect()
    assert [path.name for path in folder.iterdir()] == ["file #1%.db"]
