"""Translation of the errors of SQLite and SQLAlchemy for a SQLite file."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import (
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerUnreachableError,
    StoreFullError,
)
from zensecrets_jupyter.core.sealing.file_access import ACCESS_HINT, FULL_HINT
from zensecrets_jupyter.core.settings import HOME_VARIABLE
from zensecrets_jupyter.core.system.file_locks import has_locks, lock_holder

if TYPE_CHECKING:
    from pathlib import Path

_ErrorClass = type[ManagerAccessError] | type[ManagerCorruptedError] | type[ManagerUnreachableError] | type[StoreFullError]

# Messages of SQLite (sqlite3ErrStr in main.c), because Python 3.10 does not expose the error codes.
_FULL = ("database or disk is full",)
_LOCKED = ("database is locked", "database table is locked", "locking protocol")
_REFUSED = ("unable to open database file", "attempt to write a readonly database", "access permission denied", "authorization denied")
_IO_ERROR = ("disk i/o error",)
# Names of errors after which the rows may be stored. Python 3.10 has no names, so the name is empty there.
_SYNC_ERROR_NAMES = {"", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"}

_HINTS: dict[_ErrorClass, str] = {
    StoreFullError: FULL_HINT,
    ManagerAccessError: ACCESS_HINT,
    ManagerUnreachableError: "End the other process or wait for it, and try again.",
    ManagerCorruptedError: "The file was not changed: restore it from a copy, or move it away to create a new one.",
}


def is_locked(error: BaseException) -> bool:
    """Return whether SQLite reports that another connection, usually of another process, holds the database."""
    return _message(error).startswith(_LOCKED)


def translate_sqlite_error(error: BaseException, path: Path, *, is_write: bool, is_commit: bool = False) -> ManagerError:
    """Return the error of this package for an error of SQLite or SQLAlchemy.

    The error does not contain SQLite's message, which may quote a column that can't be decoded. Any unknown error counts as damage, because
    the statements of this package are valid for an intact database.

    Args:
        error: The error.
        path: The database file.
        is_write: Whether the failed operation writes.
        is_commit: Whether the commit failed. Then it is unknown whether the rows are stored.
    """
    message = _message(error)
    if message.startswith(_FULL):
        return _make_error(StoreFullError, f"There is no space to write {path}.")
    if message.startswith(_IO_ERROR):
        return _translate_io_error(error, path, is_write=is_write, is_commit=is_commit)
    if message.startswith(_LOCKED):
        return _locked_error(path)
    if message.startswith(_REFUSED):
        return _make_error(ManagerAccessError, f"This user can't {'write' if is_write else 'read'} {path}.")
    return _make_error(ManagerCorruptedError, f"{path} is damaged.")


def _translate_io_error(error: BaseException, path: Path, *, is_write: bool, is_commit: bool) -> ManagerError:
    # SQLite reports a quota and a limit on file sizes as I/O errors; only ENOSPC has its own code (seekAndWrite in os_unix.c). So an I/O
    # error during a write counts as a full disk.
    if is_commit and _error_name(error) in _SYNC_ERROR_NAMES:
        message = f"The disk failed during the commit of a change to {path}, which may have been stored."
        return ManagerUnreachableError(message, hint="Check whether the change exists before you try again, and check the disk.")
    if is_write:
        return _make_error(StoreFullError, f"{path} can't be written: the disk is full, over its quota, or failing.")
    return _make_error(ManagerAccessError, f"{path} can't be read: the disk is failing, or the file was truncated.")


def _locked_error(path: Path) -> ManagerError:
    if not has_locks(path.parent):
        message = f"{path.parent} is on a file system without file locks, which a store needs (NFS without its lock daemon has none)."
        return ManagerUnreachableError(message, hint=f"Set {HOME_VARIABLE} to a folder on a disk of this machine.")
    holder = lock_holder(path, path.with_name(f"{path.name}-shm"))
    return _make_error(ManagerUnreachableError, f"Another process{f' ({holder})' if holder else ''} holds {path} and does not release it.")


def _message(error: BaseException) -> str:
    """Return SQLite's message in lower case, or an empty text for another error."""
    sqlite_error = _unwrap(error)
    return str(sqlite_error).lower() if isinstance(sqlite_error, sqlite3.Error) else ""


def _error_name(error: BaseException) -> str:
    """Return SQLite's name of the error; empty on Python 3.10, which does not expose it."""
    return getattr(_unwrap(error), "sqlite_errorname", "")


def _unwrap(error: BaseException) -> BaseException:
    """Return the error of SQLite in an error of SQLAlchemy, or ``error`` itself."""
    return getattr(error, "orig", None) or error


def _make_error(error_class: _ErrorClass, message: str) -> ManagerError:
    return error_class(message, hint=_HINTS[error_class])
