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
        OSError: If the file can't be written; it is unchanged then.
    """
    # Symbolic links stay links: their target is replaced.
    target = path.resolve()
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o600

    def prepare(scratch: Path) -> None:
        scratch.chmod(mode)
        if target.exists():
            _keep_owner(scratch, target)

    write_atomically(target, data, prepare=prepare)


def may_replace(path: Path) -> bool:
    """Return whether this user may write a file; a read-only file is not replaced, even where the folder's mode allows it."""
    return os.access(path, os.W_OK) and bool(path.stat().st_mode & 0o222)


def _keep_owner(scratch: Path, target: Path) -> None:
    status = target.stat()
    if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (os.getuid(), os.getgid()):
        # Only root may give a file to another user. For all other users the new file is their own.
        with suppress(PermissionError):
            os.chown(scratch, status.st_uid, status.st_gid)
