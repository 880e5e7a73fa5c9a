"""Atomic replacement of a file, which keeps the file's mode, owner and symbolic links."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.system.atomic_write import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Replace the content of a file atomically, or create the file.

    After any error, and after Ctrl-C, the file has either the old or the new content.

    Raises:
        OSError: If the file can't be written. Its content is unchanged.
    """
    # Symbolic links stay links: their target is replaced.
    target = path.resolve()
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o600

    def prepare(temporary: Path) -> None:
        temporary.chmod(mode)
        if target.exists():
            _keep_owner(temporary, target)

    write_atomically(target, data, prepare=prepare)


def may_replace(path: Path) -> bool:
    """Return whether this user may replace a file.

    A read-only file is not replaced, even if the permissions of its folder would allow it.
    """
    # For root, os.access allows a write to a read-only file too. Therefore at least one of the write bits (0o222) must be set as well.
    return os.access(path, os.W_OK) and bool(path.stat().st_mode & 0o222)


def _keep_owner(temporary: Path, target: Path) -> None:
    status = target.stat()
    # Windows has no os.chown.
    if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (os.getuid(), os.getgid()):
        # Only root may change the owner of a file. For any other user, the new file belongs to that user.
        with suppress(PermissionError):
            os.chown(temporary, status.st_uid, status.st_gid)
