"""Connections to a SQLite file: how one is opened, how long it waits for other processes, and the files that SQLite puts beside it."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from zensecrets_jupyter.core.interaction import tell
from zensecrets_jupyter.core.sealing.file_locks import has_locks, holder_of
from zensecrets_jupyter.core.sealing.foreign_errors import is_locked

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

BUSY_SECONDS = 60.0
"""How long a writer waits for the others. One write takes milliseconds, but SQLite's waiting is not fair."""

NOTICE_SECONDS = 1.0
"""After how long a writer that waits says so."""

_SETTINGS = ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON")
_BESIDE = ("-wal", "-shm", "-journal")

opening = threading.Lock()
"""Held while a file is created or opened: closing any descriptor of a file drops the locks that this process has on it (POSIX), so that
our own ``os.open`` must not meet SQLite's."""


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open an existing file, with the settings that SQLite keeps for a connection and not in the file."""
    with opening:
        _make_private(path)
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=NOTICE_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _set_up(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    # The settings read the file, and so are the first to wait for a lock.
    try:
        _set(connection, *_SETTINGS)
    except sqlite3.OperationalError as error:
        # What nothing here can lock, SQLite takes for held by another process: nothing is worth waiting for.
        if not is_locked(error) or not has_locks(path.parent):
            raise
    _set(connection, f"busy_timeout = {BUSY_SECONDS * 1000:.0f}", *_SETTINGS)


def _set(connection: sqlite3.Connection, *settings: str) -> None:
    for setting in settings:
        connection.execute(f"PRAGMA {setting}").close()


def _wait_at_most(connection: Connection, seconds: float) -> None:
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {seconds * 1000:.0f}").close()


def use_log(connection: Connection) -> None:
    """Have the file keep a write-ahead log from now on, if it can just now."""
    # Changing the mode needs the file alone and, unlike a write, does not wait for it. Without the log everything works, only slower.
    for _ in range(100):
        try:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL").fetchall()
        except SQLAlchemyError as error:
            if "locked" not in str(getattr(error, "orig", "")):
                raise
        else:
            return
        finally:
            connection.rollback()
        time.sleep(0.01)


def begin(connection: Connection, path: Path) -> None:
    """Begin a transaction that writes; where another process is in one, wait for it, and say so if that takes long."""
    try:
        _wait_at_most(connection, min(NOTICE_SECONDS, BUSY_SECONDS))
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except SQLAlchemyError as error:
        if not is_locked(error) or not has_locks(path.parent):
            raise
        waiting = True
    else:
        waiting = False
    _wait_at_most(connection, BUSY_SECONDS)
    if waiting:
        holder = holder_of(path, *beside(path))
        tell(f"Waiting up to {BUSY_SECONDS:.0f} s for another process{f' ({holder})' if holder else ''} that holds {path}.")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def beside(path: Path) -> list[Path]:
    """Return the files that SQLite puts beside the one at ``path`` while it is in use."""
    return [path.with_name(path.name + ending) for ending in _BESIDE]


def _make_private(path: Path) -> None:
    """Take the file and what SQLite puts beside it away from others, should it have come from a copy with another mode."""
    for file in (path, *beside(path)):
        with suppress(OSError):
            mode = stat.S_IMODE(file.stat().st_mode)
            if os.name == "posix" and mode & 0o077:
                file.chmod(mode & 0o700)
