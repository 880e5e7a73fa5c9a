"""Replacing a file: wholly or not at all, with its mode, wherever a link to it leads."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Give a file another content, or make it; whatever happens, Ctrl-C too, it has the old or the new one.

    Raises:
        OSError: If it can't be written; it is then as it was.
    """
    # A link stays one: what it leads to is replaced.
    target = path.resolve()
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o600
    scratch = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(mode)
        if target.exists():
            _keep_owner(scratch, target)
        os.replace(scratch, target)  # noqa: PTH105 - beside os.open
    finally:
        scratch.unlink(missing_ok=True)


def may_replace(path: Path) -> bool:
    """Tell whether this user may write a file; one that is marked read-only is not replaced although its folder would allow it."""
    return os.access(path, os.W_OK) and bool(path.stat().st_mode & 0o222)


def _keep_owner(scratch: Path, target: Path) -> None:
    found = target.stat()
    if hasattr(os, "chown") and (found.st_uid, found.st_gid) != (os.getuid(), os.getgid()):
        # Only root may give a file away; for everybody else it becomes their own.
        with suppress(PermissionError):
            os.chown(scratch, found.st_uid, found.st_gid)
