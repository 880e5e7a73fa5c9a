"""Whose a folder or a file is: what another user could have put there must not decide where secrets go."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import ManagerAccessError
from zensecrets_jupyter.core.settings import HOME_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = 0


def check_folder(folder: Path) -> None:
    """Refuse a folder that belongs to another user, or in which others can make files; one that is not there yet is fine.

    Where the platform has no owners, as Windows, nothing is looked at.

    Raises:
        ManagerAccessError: If it is refused.
        OSError: If it can't be looked at.
    """
    if os.name != "posix":
        return
    try:
        found = folder.stat()
    except FileNotFoundError:
        return
    check_owner(folder, found)
    if found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and not _is_own_group(found.st_gid)):
        message = f"Others can write to {folder} (mode {stat.S_IMODE(found.st_mode):04o}), so nothing in it is used."
        raise ManagerAccessError(
            message, hint=f"Look at what is in it and run chmod go-w {folder}, or set {HOME_VARIABLE} to another folder."
        )


def check_owner(path: Path, found: os.stat_result) -> None:
    """Refuse a file or folder of another user than this one or root.

    Raises:
        ManagerAccessError: If it is refused.
    """
    if os.name != "posix" or found.st_uid in _trusted():
        return
    message = f"{path} belongs to another user ({_user_name(found.st_uid)}), so it is not used."
    raise ManagerAccessError(message, hint=f"Work as that user, make it yours with chown, or set {HOME_VARIABLE} to another folder.")


def _trusted() -> set[int]:
    trusted = {os.geteuid(), _ROOT}
    # Who works as root by sudo does so on purpose in a home of his own.
    by_sudo = os.environ.get("SUDO_UID", "")
    if os.geteuid() == _ROOT and by_sudo.isdecimal():
        trusted.add(int(by_sudo))
    return trusted


def _is_own_group(group: int) -> bool:
    """Tell whether nobody but this user is in the group: many systems give each user one, and then let it write."""
    import grp
    import pwd

    try:
        user, found = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == user.pw_name and set(found.gr_mem) <= {user.pw_name}


def _user_name(user: int) -> str:
    import pwd

    with suppress(KeyError):
        return pwd.getpwuid(user).pw_name
    return f"number {user}"
