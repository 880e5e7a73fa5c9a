"""Locks on files: whether a file system has them, and which process holds one."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HAS_NONE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_PATIENCE, _PAUSE = 5.0, 0.005
"""Seconds that a process waits for another's lock, and after which it looks again."""


def has_locks(folder: Path) -> bool:
    """Tell whether files in ``folder`` can be locked; ``True`` where that can't be found out, as in a folder that is read-only.

    SQLite says of a file system without locks, such as NFS without its lock daemon, what it says of a file that another process holds.
    """
    if os.name != "posix":
        return True
    import fcntl

    try:
        # A file of its own: closing any descriptor of a file drops the locks that this process has on it.
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HAS_NONE
    return True


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """Keep other processes that use this from changing a file while the block runs.

    The block may replace the file: who waits meanwhile goes on with the new one. Where files can't be locked, and where another process
    holds the lock for longer than a few seconds, the block runs all the same.

    Raises:
        OSError: If the file can't be opened for writing.
    """
    if os.name != "posix":
        # Windows replaces no file that is open.
        yield
        return
    until = time.monotonic() + _PATIENCE
    while True:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            _lock(descriptor, until)
            if time.monotonic() > until or os.path.samestat(os.fstat(descriptor), path.stat()):
                yield
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, until: float) -> None:
    while not _is_locked(descriptor) and time.monotonic() < until:
        time.sleep(_PAUSE)


def _is_locked(descriptor: int) -> bool:
    """Lock a file, and tell whether there is nothing to wait for: it is locked now, or it can't be."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def holder_of(*paths: Path) -> str:
    """Return which other process holds a lock for writing on one of the files, as "12345, python3"; empty where that can't be told."""
    wanted = set()
    for path in paths:
        with suppress(OSError):
            found = path.stat()
            wanted.add(f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}")
    with suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="ascii", errors="replace").splitlines():
            # "1: POSIX  ADVISORY  WRITE 12345 fe:00:131 120 120"; in front of who waits stands "->".
            fields = line.split()
            if "->" not in fields and "WRITE" in fields and wanted & set(fields):
                process = fields[fields.index("WRITE") + 1]
                if process.isdecimal() and int(process) not in {0, os.getpid()}:
                    return f"{process}, {_name_of(process)}"
    return ""


def _name_of(process: str) -> str:
    with suppress(OSError):
        return Path("/proc", process, "comm").read_text(encoding="utf-8", errors="replace").strip()
    return "of another user"
