"""What the platform, SQLite and SQLAlchemy raise, and which of our errors it is told as."""

from __future__ import annotations

import errno
import os
import sqlite3
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import (
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerUnreachableError,
    StoreFullError,
)
from zensecrets_jupyter.core.sealing.file_locks import has_locks, holder_of
from zensecrets_jupyter.core.settings import HOME_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

_Kind = type[ManagerAccessError] | type[ManagerCorruptedError] | type[ManagerUnreachableError] | type[StoreFullError]

# SQLite's own texts (sqlite3ErrStr in its main.c): Python 3.10 does not hand on the codes.
_FULL = ("database or disk is full",)
_LOCKED = ("database is locked", "database table is locked", "locking protocol")
_REFUSED = ("unable to open database file", "attempt to write a readonly database", "access permission denied", "authorization denied")
_FAILED_WRITE = ("disk i/o error",)
_FAILED_SYNC = {"", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"}

_HINTS: dict[_Kind, str] = {
    StoreFullError: "Make room, or raise the quota, and try again; what was stored before is untouched.",
    ManagerAccessError: f"Check who owns it and the folder that it is in, and their modes, or set {HOME_VARIABLE} to another folder.",
    ManagerUnreachableError: "End the other process or wait for it, and try again.",
    ManagerCorruptedError: "It was left as it is: restore it from a copy, or move it away to start anew.",
}


def from_os_error(error: OSError, path: Path) -> ManagerError:
    """Return our error for what the platform said about ``path``."""
    if error.errno in _NO_ROOM:
        return _error(StoreFullError, f"There is no room to write {path}.")
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return _error(ManagerAccessError, f"{path} can't be used: {reason}.")


def is_locked(error: BaseException) -> bool:
    """Tell whether SQLite says that another process holds the database."""
    return _said(error).startswith(_LOCKED)


def from_sqlite(error: BaseException, path: Path, *, writing: bool, committing: bool = False) -> ManagerError:
    """Return our error for what SQLite or SQLAlchemy said about the database in ``path``.

    While ``committing``, everything is written, and what failed may be that it is kept through a power cut.

    Their texts are not repeated: SQLite quotes columns that it can't decode. What the table does not know is damage: our own statements
    are right for a database that is whole.
    """
    said = _said(error)
    if said.startswith(_FULL):
        return _error(StoreFullError, f"There is no room to write {path}.")
    if said.startswith(_FAILED_WRITE):
        return _failed(error, path, writing=writing, committing=committing)
    if said.startswith(_LOCKED):
        return _held(path)
    if said.startswith(_REFUSED):
        return _error(ManagerAccessError, f"{path} can't be {'written' if writing else 'read'} by this user.")
    return _error(ManagerCorruptedError, f"{path} is damaged.")


def _failed(error: BaseException, path: Path, *, writing: bool, committing: bool) -> ManagerError:
    # A quota and a limit on file sizes come as this; only ENOSPC has an error of its own (seekAndWrite in SQLite's os_unix.c).
    if committing and _name_of(error) in _FAILED_SYNC:
        message = f"The disk failed while a change to {path} was being kept, and it is not known whether it was."
        return ManagerUnreachableError(message, hint="Look whether it is there before you try again, and check the disk.")
    if writing:
        return _error(StoreFullError, f"{path} can't be written: the disk is full, over its quota, or failing.")
    return _error(ManagerAccessError, f"{path} can't be read: the disk is failing, or the file was cut.")


def _held(path: Path) -> ManagerError:
    if not has_locks(path.parent):
        message = f"{path.parent} is on a file system without file locks, which a store needs (NFS without its lock daemon has none)."
        return ManagerUnreachableError(message, hint=f"Set {HOME_VARIABLE} to a folder on a disk of this machine.")
    holder = holder_of(path, path.with_name(f"{path.name}-shm"))
    return _error(ManagerUnreachableError, f"Another process{f' ({holder})' if holder else ''} holds {path} and does not let go.")


def _said(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).lower() if isinstance(cause, sqlite3.Error) else ""


def _name_of(error: BaseException) -> str:
    """Return SQLite's name of the error; empty on Python 3.10, which does not hand it on."""
    return getattr(getattr(error, "orig", None) or error, "sqlite_errorname", "")


def _error(kind: _Kind, message: str) -> ManagerError:
    return kind(message, hint=_HINTS[kind])
