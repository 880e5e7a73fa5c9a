"""The private SQLite file: its settings, how it comes into being, and when it is opened anew."""

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
    return SqliteFile(home / "a folder?" / "file #1%.db", TABLES, kind=kind, version=version)


def _add(file: SqliteFile, number: int, interruption: type[BaseException] | None = None) -> None:
    with file.write() as connection:
        connection.execute(insert(NUMBERS).values(number=number))
        if interruption:
            raise interruption


def _numbers(file: SqliteFile) -> list[int] | None:
    with file.read() as connection:
        return None if connection is None else list(connection.execute(select(NUMBERS.c.number)).scalars())


def test_it_comes_into_being_with_the_first_write(home: Path) -> None:
    """Before the first write there is nothing to read and nothing is made; afterwards it is there, in a folder that is private."""
    file = _file(home)
    assert _numbers(file) is None
    assert file.change_token() is None
    file.scrub()
    assert not home.exists()
    _add(file, 1)
    assert _numbers(_file(home)) == [1]
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_its_settings_hold_for_each_connection(home: Path) -> None:
    """Each connection has the log, full synchronisation, secure deletion and foreign keys, and is in no shared cache."""
    file = _file(home)
    _add(file, 1)
    for _ in range(2):
        with file.read() as connection:
            assert connection is not None
            settings = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "trusted_schema")
            }
        assert settings == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "trusted_schema": 0}


def test_what_is_raised_inside_undoes_the_write(home: Path) -> None:
    """A write that ends with an exception leaves nothing, and the exception comes out as it is."""
    file = _file(home)
    _add(file, 1)
    for number, interruption in enumerate((ZeroDivisionError, KeyboardInterrupt), start=2):
        with pytest.raises(interruption):
            _add(file, number, interruption)
    assert _numbers(file) == [1]
    _add(file, 4)
    assert _numbers(file) == [1, 4]


def test_a_first_write_that_is_undone_leaves_no_tables(home: Path) -> None:
    """A first write that ends with an exception leaves a file that reads as if nothing had been written, and that can be used."""
    file = _file(home)
    with pytest.raises(ZeroDivisionError):
        _add(file, 1, ZeroDivisionError)
    assert _numbers(file) is None
    assert _numbers(_file(home)) is None
    _add(file, 1)
    assert _numbers(file) == [1]


def test_the_token_changes_with_each_commit_of_anybody(home: Path) -> None:
    """The token stays while nobody writes, and changes with a commit through this instance or another, from any thread."""
    file, other = _file(home), _file(home)
    _add(file, 1)
    tokens = [file.change_token()]
    assert file.change_token() == tokens[0]
    for number, writer in enumerate((file, other, file), start=2):
        _add(writer, number)
        tokens.append(file.change_token())
    assert len(set(tokens)) == 4


def test_another_kind_and_a_newer_version_are_refused(home: Path) -> None:
    """A file of ours that holds something else, or was written by a newer version, is refused; an older reader is not let near it."""
    _add(_file(home, version=2), 1)
    with pytest.raises(ManagerCorruptedError, match="does not hold letters"):
        _numbers(_file(home, version=2, kind="letters"))
    with pytest.raises(StoreTooNewError, match="format 2, here 1"):
        _numbers(_file(home))
    with pytest.raises(StoreTooNewError, match="format 2, here 1"):
        _add(_file(home), 2)
    assert _numbers(_file(home, version=3)) == [1]


def test_closing_leaves_one_file(home: Path) -> None:
    """An instance that is no longer used closes what it had open, so that the log goes into the file."""
    file = _file(home)
    _add(file, 1)
    folder = file.path.parent
    assert len(list(folder.iterdir())) == 3
    del file
    gc.collect()
    assert [one.name for one in folder.iterdir()] == ["file #1%.db"]
