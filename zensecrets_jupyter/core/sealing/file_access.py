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

_ROOT_UID = 0
# The disk is full, the file exceeds a size limit, or the quota of the user is used up. Not every platform defines EDQUOT.
_DISK_FULL_ERRNOS = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}

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
    """Refuse a file or folder that belongs to a user other than this one or root.

    With ``sudo``, the files of the user who ran ``sudo`` are accepted too.

    Raises:
        ManagerAccessError: If the file or folder is refused.
    """
    if os.name != "posix" or status.st_uid in _trusted_uids():
        return
    message = f"{path} belongs to another user ({_user_name(status.st_uid)}), so it is not used."
    raise ManagerAccessError(message, hint=f"Work as that user, change the owner with chown, or set {HOME_VARIABLE} to another folder.")


def translate_os_error(error: OSError, path: Path) -> ManagerError:
    """Return the error of this package for an OS error about ``path``."""
    if error.errno in _DISK_FULL_ERRNOS:
        return StoreFullError(f"There is no space to write {path}.", hint=FULL_HINT)
    reason = os.strerror(error.errno) if error.errno else type(error).__name__
    return ManagerAccessError(f"{path} can't be used: {reason}.", hint=ACCESS_HINT)


def _trusted_uids() -> set[int]:
    trusted_uids = {os.geteuid(), _ROOT_UID}
    # A command that runs with sudo can use the home folder of the user who ran sudo. Files of that user are therefore trusted.
    sudo_uid = os.environ.get("SUDO_UID", "")
    if os.geteuid() == _ROOT_UID and sudo_uid.isdecimal():
        trusted_uids.add(int(sudo_uid))
    return trusted_uids


def _is_own_group(gid: int) -> bool:
    """Return whether the group has the name of this user and no other member."""
    # Many Linux systems create a group for each user, with the name of the user. Write permission of this group gives no other user access.
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _user_name(uid: int) -> str:
    import pwd

    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"number {uid}"
