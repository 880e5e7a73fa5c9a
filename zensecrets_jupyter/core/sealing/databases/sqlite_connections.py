"""Connections to a SQLite file: settings, waiting for locks, and the side files of SQLite."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from zensecrets_jupyter.core.interaction import print_notice
from zensecrets_jupyter.core.sealing.databases.sqlite_errors import is_locked
from zensecrets_jupyter.core.system.file_locks import has_locks, lock_holder

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

BUSY_SECONDS = 60.0
"""Seconds that a writer waits for other writers.

A write takes milliseconds. But SQLite does not grant the lock in the order of the requests, so one of many writers may wait long.
"""

NOTICE_SECONDS = 1.0
"""Seconds after which a waiting writer prints a notice."""

_WAL_ATTEMPTS = 100
_WAL_WAIT = 0.01
"""Seconds between two attempts to switch to the write-ahead log (WAL)."""

# FULL synchronisation protects commits from a power cut. The last two settings protect from manipulated and damaged files.
_SETTINGS = ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON")
_SIDE_FILE_SUFFIXES = ("-wal", "-shm", "-journal")

open_lock = threading.Lock()
"""Lock for opening and creating a file. If a process closes any descriptor of a file, it loses its POSIX locks on the file. So this package
does not create a file with ``os.open`` while SQLite opens it in another thread."""


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Return a connection to an existing file, with the settings of this package.

    Args:
        path: The file.
        mode: The end of SQLite's URI after ``mode=``, such as ``rw`` or ``ro&immutable=1``.
    """
    with open_lock:
        _make_private(path)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=NOTICE_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _apply_settings(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _apply_settings(connection: sqlite3.Connection, path: Path) -> None:
    # The settings are the first statements that read the file. If the file is locked, they fail after NOTICE_SECONDS, and the last line
    # repeats them with a longer time limit. If they succeed, the repetition changes nothing.
    try:
        _run_pragmas(connection, *_SETTINGS)
    except sqlite3.OperationalError as error:
        # On a file system without locks, SQLite always reports that the database is locked. Waiting is then pointless.
        if not is_locked(error) or not has_locks(path.parent):
            raise
    _run_pragmas(connection, f"busy_timeout = {BUSY_SECONDS * 1000:.0f}", *_SETTINGS)


def _run_pragmas(connection: sqlite3.Connection, *settings: str) -> None:
    for setting in settings:
        connection.execute(f"PRAGMA {setting}").close()


def _set_busy_timeout(connection: Connection, seconds: float) -> None:
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {seconds * 1000:.0f}").close()


def enable_write_ahead_log(connection: Connection) -> None:
    """Switch the file to a write-ahead log, unless other connections use the file during all attempts."""
    # The switch needs exclusive access to the file, and SQLite does not wait for that. Without the log the file works too, but more slowly.
    for _ in range(_WAL_ATTEMPTS):
        try:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL").fetchall()
        except SQLAlchemyError as error:
            if "locked" not in str(getattr(error, "orig", "")):
                raise
        else:
            return
        finally:
            # SQLAlchemy counts each statement as part of a transaction; this call ends it.
            connection.rollback()
        time.sleep(_WAL_WAIT)


def begin_write(connection: Connection, path: Path) -> None:
    """Begin a write transaction. If other processes write for a long time, print a notice and wait for them."""
    try:
        # BUSY_SECONDS is the shorter time in tests.
        _set_busy_timeout(connection, min(NOTICE_SECONDS, BUSY_SECONDS))
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except SQLAlchemyError as error:
        if not is_locked(error) or not has_locks(path.parent):
            raise
        is_waiting = True
    else:
        is_waiting = False
    _set_busy_timeout(connection, BUSY_SECONDS)
    if is_waiting:
        holder = lock_holder(path, *side_files(path))
        print_notice(f"Waiting up to {BUSY_SECONDS:.0f} s for another process{f' ({holder})' if holder else ''} that holds {path}.")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def side_files(path: Path) -> list[Path]:
    """Return the paths of the files that SQLite creates beside an open database."""
    return [path.with_name(path.name + suffix) for suffix in _SIDE_FILE_SUFFIXES]


def _make_private(path: Path) -> None:
    """Remove the access of other users to the file and its side files."""
    # The files may have another mode, for example if they were restored from a backup.
    for file in (path, *side_files(path)):
        with suppress(OSError):
            mode = stat.S_IMODE(file.stat().st_mode)
            if os.name == "posix" and mode & 0o077:
                file.chmod(mode & 0o700)
