"""Checks of the owner and mode of store files, and translation of OS errors."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import ManagerAccessError, ManagerError, StoreFullError
from zensecrets_jupyter.core.settings import HOME_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = 0
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

FULL_HINT = "Free some space, or raise the quota, and try again; earlier data is unchanged."
ACCESS_HINT = f"Check the owner and mode of the file and its folder, or set {HOME_VARIABLE} to another folder."


def check_folder(folder: Path) -> None:
    """Refuse a folder of another user, or one in which other users can create files.

    A missing folder is accepted. Windows has no POSIX modes, so nothing is checked there.

    Raises:
        ManagerAccessError: If the folder is refused.
        OSError: If the folder can't be examined.
    """
    if os.name != "posix":
        return
    try:
        status = folder.stat()
    except FileNotFoundError:
        return
    check_owner(folder, status)
    if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid)):
        message = f"Other users can write to {folder} (mode {stat.S_IMODE(status.st_mode):04o}), so its files are not used."
        raise ManagerAccessError(message, hint=f"Check its content and run chmod go-w {folder}, or set {HOME_VARIABLE} to another folder.")


def check_owner(path: Path, status: os.stat_result) -> None:
    """Refuse a file or folder that belongs neither to this user nor to root.

    Raises:
        ManagerAccessError: If it is refused.
    """
    if os.name != "posix" or status.st_uid in _trusted_users():
        return
    message = f"{path} belongs to another user ({_user_name(status.st_uid)}), so it is not used."
    raise ManagerAccessError(message, hint=f"Work as that user, change the owner with chown, or set {HOME_VARIABLE} to another folder.")


def translate_os_error(error: OSError, path: Path) -> ManagerError:
    """Return the error of this package for an OS error about ``path``."""
    if error.errno in _DISK_FULL:
        return StoreFullError(f"There is no space to write {path}.", hint=FULL_HINT)
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return ManagerAccessError(f"{path} can't be used: {reason}.", hint=ACCESS_HINT)


def _trusted_users() -> set[int]:
    trusted = {os.geteuid(), _ROOT}
    # A user who works as root through sudo uses the files in their own home folder on purpose.
    sudo_user = os.environ.get("SUDO_UID", "")
    if os.geteuid() == _ROOT and sudo_user.isdecimal():
        trusted.add(int(sudo_user))
    return trusted


def _is_own_group(group: int) -> bool:
    """Return whether this user is the only member of the group."""
    # Many Linux systems create a group for each user. If other users can be in the group, a folder that it can write to is not private.
    import grp
    import pwd

    try:
        user, entry = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return entry.gr_name == user.pw_name and set(entry.gr_mem) <= {user.pw_name}


def _user_name(user: int) -> str:
    import pwd

    with suppress(KeyError):
        return pwd.getpwuid(user).pw_name
    return f"number {user}"
