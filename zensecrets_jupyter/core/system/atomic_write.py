"""Atomic writes: a file is written wholly or not at all.

The content is written to a temporary file in the same folder and synced. The temporary file then replaces the target. If ``kill -9`` or a
power cut ends the process before the replacement, the temporary file remains, and the next writer removes it. A writer locks its temporary
file, and the system releases the lock when the writer's process ends. So a temporary file without a lock is abandoned.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.system.file_locks import LockResult, try_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MAX_NAME_BYTES = 120
"""Maximum number of bytes of the target's name in the temporary name; file systems allow 255 bytes in total."""
_UTF8_MASK, _UTF8_CONTINUATION = 0xC0, 0x80
"""Bit mask and value of the two high bits of a UTF-8 continuation byte (RFC 3629)."""
_LEFTOVER = re.compile(r"\..+\.zs-[0-9a-f]{8}\.tmp", re.DOTALL)
"""Names of all temporary files of this module, in use or not."""
_STALE_SECONDS = 24 * 60 * 60
"""Age in seconds after which a temporary file counts as abandoned, on Windows and on a file system without locks."""


def write_atomically(
    target: Path, data: bytes, *, mode: int = 0o600, replace: bool = True, prepare: Callable[[Path], None] | None = None
) -> None:
    """Write a file atomically, and remove temporary files of earlier writers that were killed.

    Args:
        target: The file.
        data: Its content.
        mode: Its permissions, reduced by the umask.
        replace: Whether an existing file is replaced.
        prepare: Called with the temporary file before it is moved, for example to set its owner.

    Raises:
        FileExistsError: If the file exists and ``replace`` is false.
        OSError: If the file can't be written; an existing file is then unchanged.
    """
    remove_leftovers(target.parent, target.name)
    if not replace and os.path.lexists(target):
        raise FileExistsError(target.name)
    temporary_path, descriptor = _create_temporary(target, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if prepare is not None:
                prepare(temporary_path)
            # The file is locked while it is open. On POSIX it is moved before it is closed, so that no other process removes it. Windows
            # can't move an open file.
            if os.name == "posix":
                _move_into_place(temporary_path, target, replace=replace)
        if os.name != "posix":
            _move_into_place(temporary_path, target, replace=replace)
    finally:
        with suppress(OSError):
            temporary_path.unlink(missing_ok=True)


def remove_leftovers(folder: Path, name: str) -> None:
    """Remove temporary files of killed writers of ``name`` from ``folder``; ignore errors."""
    prefix = _temporary_prefix(name)
    with suppress(OSError):
        for file_name in os.listdir(folder):  # noqa: PTH208 - os.listdir is faster than Path.iterdir for a large folder
            if file_name.startswith(prefix) and is_leftover(file_name):
                remove_leftover(folder / file_name)


def is_leftover(name: str) -> bool:
    """Return whether a name has the format of this module's temporary files, in use or not."""
    return _LEFTOVER.fullmatch(name) is not None


def remove_leftover(path: Path) -> bool:
    """Remove a temporary file of a killed writer, and return whether it was removed.

    A file in use stays.
    """
    with suppress(OSError):
        # Other users may create files here: O_NOFOLLOW refuses a symbolic link, and O_NONBLOCK does not wait for a writer of a named pipe.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            # On Windows, this module locks no file, so the age of the file decides there.
            if not try_lock_abandoned(descriptor) or (os.name != "posix" and time.time() - os.fstat(descriptor).st_mtime < _STALE_SECONDS):
                return False
        finally:
            # Windows can't delete an open file. On POSIX, the descriptor holds the lock until the file is deleted.
            if os.name != "posix":
                os.close(descriptor)
        try:
            path.unlink()
        finally:
            if os.name == "posix":
                os.close(descriptor)
        return True
    return False


def _temporary_prefix(name: str) -> str:
    """Return the prefix of the temporary names for the file ``name``."""
    encoded_name = os.fsencode(name)
    end = min(len(encoded_name), _MAX_NAME_BYTES)
    # Do not cut inside a UTF-8 character, because some file systems refuse invalid UTF-8.
    while end < len(encoded_name) and encoded_name[end] & _UTF8_MASK == _UTF8_CONTINUATION:
        end -= 1
    return f".{os.fsdecode(encoded_name[:end])}."


def _create_temporary(target: Path, mode: int) -> tuple[Path, int]:
    """Create and lock a temporary file beside ``target``; return its path and descriptor."""
    while True:
        temporary_path = target.with_name(f"{_temporary_prefix(target.name)}zs-{secrets.token_hex(4)}.tmp")
        descriptor = os.open(temporary_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        # Windows needs no lock, because it does not delete a file that a process has open.
        try_lock(descriptor)
        # Between the creation and the lock, another process may have removed the file as abandoned. Its number of links is then 0.
        if os.name != "posix" or os.fstat(descriptor).st_nlink:
            return temporary_path, descriptor
        os.close(descriptor)


def try_lock_abandoned(descriptor: int) -> bool:
    """Try to lock a file, and return ``True`` if no other process uses it.

    On a file system without locks, the result is ``True`` for a file that is more than a day old. On Windows, the result is always
    ``True``.
    """
    result = try_lock(descriptor)
    if result is LockResult.UNSUPPORTED and os.name == "posix":
        return time.time() - os.fstat(descriptor).st_mtime > _STALE_SECONDS
    return result is not LockResult.HELD


def _move_into_place(temporary_path: Path, target: Path, *, replace: bool) -> None:
    """Move the temporary file to ``target``; without ``replace``, raise FileExistsError if the target exists."""
    if replace or os.name == "nt":
        # On Windows, os.rename fails if the target exists.
        (os.replace if replace else os.rename)(temporary_path, target)
        return
    try:
        # os.link fails if the target exists, even if another process creates it at this moment.
        os.link(temporary_path, target)
    except FileExistsError:
        raise
    except OSError:
        # Some file systems have no hard links, such as exFAT and some network drives. There, O_EXCL creates an empty file, or fails if the
        # target exists. The temporary file then replaces the empty file.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            os.replace(temporary_path, target)  # noqa: PTH105 - written in the same way as os.link and os.replace above
        except OSError:
            target.unlink()
            raise


def describe_os_error(error: Exception) -> str:
    """Return why a file can't be read or written, as the end of a sentence, such as ``its disk is full``."""
    if isinstance(error, OSError) and error.errno in _REASON_BY_ERRNO:
        return _REASON_BY_ERRNO[error.errno]
    if isinstance(error, PermissionError):
        return "this user may not read or write it"
    if isinstance(error, FileNotFoundError):
        return "it does not exist any more"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__


_REASON_BY_ERRNO = {
    errno.ENOSPC: "its disk is full",
    errno.EFBIG: "the file exceeds this user's size limit",
    getattr(errno, "EDQUOT", errno.ENOSPC): "it would exceed this user's quota",
    errno.EIO: "its disk is failing",
    errno.EROFS: "its disk is read-only",
    errno.ENAMETOOLONG: "its path is too long",
}


def describe_read_error(error: Exception) -> str:
    """Return why a file can't be read, such as ``does not exist``."""
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    if isinstance(error, PermissionError):
        return "can't be read by this user"
    return f"can't be read ({describe_os_error(error)})"
