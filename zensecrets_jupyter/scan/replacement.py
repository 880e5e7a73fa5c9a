"""Replacing a file: wholly or not at all, with its mode, wherever a link to it leads."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.whole_files import write_whole

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

    def prepare(scratch: Path) -> None:
        scratch.chmod(mode)
        if target.exists():
            _keep_owner(scratch, target)

    write_whole(target, data, prepare=prepare)


def may_replace(path: Path) -> bool:
    """Tell whether this user may write a file; one that is marked read-only is not replaced although its folder would allow it."""
    return os.access(path, os.W_OK) and bool(path.stat().st_mode & 0o222)


def _keep_owner(scratch: Path, target: Path) -> None:
    found = target.stat()
    if hasattr(os, "chown") and (found.st_uid, found.st_gid) != (os.getuid(), os.getgid()):
        # Only root may give a file away; for everybody else it becomes their own.
        with suppress(PermissionError):
            os.chown(scratch, found.st_uid, found.st_gid)
