"""Files that are written wholly or not at all.

A file is written under another name beside its place, synced, and then put there. A process that is stopped in between, by ``kill -9`` or
a power cut, leaves that other file behind; the next one that writes there removes it. A file that somebody is still writing is locked,
and the system takes the lock away when its process ends, however it ends.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_locks: Any = import_module("fcntl") if os.name == "posix" else None
"""What locks files. Windows deletes no file that a process holds open, which is as good."""
_LONGEST_NAME = 120
"""Bytes of a file's name that the name of what is written beside it begins with: a name has 255 bytes at most."""
_BITS, _FURTHER = 0xC0, 0x80
"""The bits that tell, and what they are in, a byte of UTF-8 that is not the first of a character (RFC 3629)."""
_LEFTOVER = re.compile(r"\..+\.zs-[0-9a-f]{8}\.tmp", re.DOTALL)
_OLD = 24 * 60 * 60
"""Seconds after which a file that nothing can lock counts as left behind."""


def write_whole(
    target: Path, data: bytes, *, mode: int = 0o600, replace: bool = True, prepare: Callable[[Path], None] | None = None
) -> None:
    """Write a file wholly or not at all, and remove what earlier writers of it left behind.

    Args:
        target: The file.
        data: Its content.
        mode: Its permissions, less those that the process's umask takes.
        replace: Whether a file that is there is replaced.
        prepare: Called with the new file before it is put in its place, such as to give it the owner of the old one.

    Raises:
        FileExistsError: If it is there and is not to be replaced.
        OSError: If it can't be written; it is then as it was.
    """
    remove_leftovers(target.parent, target.name)
    if not replace and os.path.lexists(target):
        raise FileExistsError(target.name)
    scratch, descriptor = _new_beside(target, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if prepare is not None:
                prepare(scratch)
            # While it is open it is locked; Windows moves no open file.
            if os.name == "posix":
                _put(scratch, target, replace=replace)
        if os.name != "posix":
            _put(scratch, target, replace=replace)
    finally:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)


def remove_leftovers(folder: Path, name: str) -> None:
    """Remove from ``folder`` what a stopped writer of the file ``name`` left there, as far as this user may."""
    start = _start(name)
    with suppress(OSError):
        for found in os.listdir(folder):  # noqa: PTH208 - names are all that is needed of a folder of any size
            if found.startswith(start) and is_leftover(found):
                remove_leftover(folder / found)


def is_leftover(name: str) -> bool:
    """Tell whether a file's name is one that a file has while it is being written here."""
    return _LEFTOVER.fullmatch(name) is not None


def remove_leftover(path: Path) -> bool:
    """Remove a file that a stopped writer left behind; return whether it did: what is still being written stays."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            if not lock(descriptor) or (_locks is None and time.time() - os.fstat(descriptor).st_mtime < _OLD):
                return False
        finally:
            if os.name != "posix":
                os.close(descriptor)
        try:
            path.unlink()
        finally:
            if os.name == "posix":
                os.close(descriptor)
        return True
    return False


def _start(name: str) -> str:
    """Return what the names of files begin with that are written beside the file ``name``."""
    whole = os.fsencode(name)
    end = min(len(whole), _LONGEST_NAME)
    # Not within a character of UTF-8, which some file systems refuse.
    while end < len(whole) and whole[end] & _BITS == _FURTHER:
        end -= 1
    return f".{os.fsdecode(whole[:end])}."


def _new_beside(target: Path, mode: int) -> tuple[Path, int]:
    """Return a new, locked file beside ``target``, and its descriptor."""
    while True:
        scratch = target.with_name(f"{_start(target.name)}zs-{secrets.token_hex(4)}.tmp")
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        lock(descriptor)
        # Another process may have taken it for one that was left behind, between the two calls.
        if os.name != "posix" or os.fstat(descriptor).st_nlink:
            return scratch, descriptor
        os.close(descriptor)


def lock(descriptor: int) -> bool:
    """Lock a file until it is closed; return whether nobody else holds it. Where files can't be locked, its age decides."""
    if _locks is None:
        return True
    try:
        _locks.flock(descriptor, _locks.LOCK_EX | _locks.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - os.fstat(descriptor).st_mtime > _OLD
    return True


def _put(scratch: Path, target: Path, *, replace: bool) -> None:
    if replace or os.name == "nt":
        (os.replace if replace else os.rename)(scratch, target)
        return
    try:
        # A link is made only where there is nothing, whatever others do meanwhile.
        os.link(scratch, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links, such as exFAT or some network drives: an empty file is made first, which then is ours.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            os.replace(scratch, target)  # noqa: PTH105 - beside os.link
        except OSError:
            target.unlink()
            raise


def why_not(error: Exception) -> str:
    """Return why a file can't be read or written, as the end of a sentence; never what is in it."""
    if isinstance(error, OSError) and error.errno in _REASONS:
        return _REASONS[error.errno]
    if isinstance(error, PermissionError):
        return "this user may not read or write it"
    if isinstance(error, FileNotFoundError):
        return "it is gone"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__


_REASONS = {
    errno.ENOSPC: "there is no room on its disk",
    errno.EFBIG: "this user may not write a file of that size",
    getattr(errno, "EDQUOT", errno.ENOSPC): "it would go over this user's quota",
    errno.EIO: "its disk is failing",
    errno.EROFS: "its disk is read-only",
    errno.ENAMETOOLONG: "its path is too long",
}


def unreadable(error: Exception) -> str:
    """Return what a file is that can't be read, as the end of a sentence that begins with the file; never what is in it."""
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    if isinstance(error, IsADirectoryError):
        return "is a folder"
    if isinstance(error, PermissionError):
        return "can't be read by this user"
    return f"can't be read ({why_not(error)})"
