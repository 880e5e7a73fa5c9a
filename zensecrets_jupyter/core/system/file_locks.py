"""File locks: check whether files can be locked, lock a file, and find the process that holds a lock."""

from __future__ import annotations

import enum
import errno
import os
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNSUPPORTED_ERRNOS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_TIMEOUT, _POLL_INTERVAL = 5.0, 0.005
"""Seconds that a process waits for a lock, and seconds between two attempts."""


class LockResult(enum.Enum):
    """The result of an attempt to lock a file."""

    LOCKED = enum.auto()
    """This process holds the lock."""
    HELD = enum.auto()
    """Another process holds the lock."""
    UNSUPPORTED = enum.auto()
    """The file can't be locked: its file system has no locks, or the system is Windows, where this module locks no file."""


def has_locks(folder: Path) -> bool:
    """Return whether files in ``folder`` can be locked; ``True`` if unknown.

    The result is unknown for a read-only folder. The function tells apart two cases for which SQLite reports the same error: a locked file,
    and a file system without locks, for example NFS without its lock daemon. On Windows, the result is ``True``, because SQLite can always
    lock files there.
    """
    if os.name != "posix":
        return True
    import fcntl

    try:
        # SQLite uses the locks of fcntl, so this check uses lockf and not flock. It locks a temporary file and not the database, because
        # closing any descriptor of a file drops all fcntl locks of this process on that file (fcntl(2)).
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _UNSUPPORTED_ERRNOS
    return True


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file during the block.

    The block may replace the file; waiting processes then lock the new file. The block runs without the lock if the file can't be locked,
    or if another process holds the lock for more than five seconds.

    Raises:
        OSError: If the file can't be opened for writing.
    """
    if os.name != "posix":
        # On Windows, the file is neither opened nor locked, because the block could not replace an open file.
        yield
        return
    deadline = time.monotonic() + _TIMEOUT
    while True:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            _lock(descriptor, deadline)
            # While this process waited, another one may have replaced the file. The lock is then on the old file.
            if time.monotonic() > deadline or os.path.samestat(os.fstat(descriptor), path.stat()):
                yield
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, deadline: float) -> None:
    # The loop waits only for another process. It ends for UNSUPPORTED, because waiting is pointless for a file that can't be locked.
    while try_lock(descriptor) is LockResult.HELD and time.monotonic() < deadline:
        time.sleep(_POLL_INTERVAL)


def try_lock(descriptor: int) -> LockResult:
    """Try once to lock a file, without waiting, and return the result.

    The lock lasts until the descriptor is closed.
    """
    if os.name != "posix":
        return LockResult.UNSUPPORTED
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return LockResult.HELD
    except OSError:
        return LockResult.UNSUPPORTED
    return LockResult.LOCKED


def lock_holder(*paths: Path) -> str:
    """Return the id and the name of another process that holds a write lock on one of the files, such as ``12345, python3``.

    The result is an empty text if there is no such process, or if it is unknown.
    """
    file_ids = set()
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            file_ids.add(f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}")
    with suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="ascii", errors="replace").splitlines():
            # Format: "1: POSIX  ADVISORY  WRITE 12345 fe:00:131 120 120", where 12345 is the process id, and fe:00:131 the device and inode
            # of the file. Lines of waiting processes have "->" before the type.
            fields = line.split()
            if "->" not in fields and "WRITE" in fields and file_ids & set(fields):
                process_id = fields[fields.index("WRITE") + 1]
                # The id is -1 for a lock without an owning process (F_OFD_SETLK), and may be 0 for a process that is not visible here.
                if process_id.isdecimal() and int(process_id) not in {0, os.getpid()}:
                    return f"{process_id}, {_process_name(process_id)}"
    return ""


def _process_name(process_id: str) -> str:
    with suppress(OSError):
        return Path("/proc", process_id, "comm").read_text(encoding="utf-8", errors="replace").strip()
    return "of another user"
