"""Which files there are under the paths that a person names."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.system_text import for_system
from zensecrets_jupyter.core.whole_files import why_not
from zensecrets_jupyter.scan.findings import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable

PASSED_OVER = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox"}
)
"""Folders of tools, whose content a person neither writes nor shares as it is."""

# fmt: off
_NO_FILES = frozenset({
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fusectl", "hugetlbfs",
    "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs",
})
# fmt: on
"""File systems of Linux that show the kernel's state: reading from them may never end, or may change something (proc(5), sysfs(5))."""
_STATE = "it shows the state of the system, and holds no files"
_MOUNTS = "/proc/self/mountinfo"

_LONGEST_SHOWN = 200
"""Characters of a path that is shown."""

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def files_under(paths: Iterable[str], unread: list[Unread]) -> list[Path]:
    """Return the files that ``paths`` name, and all those in the folders among them, each once and sorted folder by folder.

    Virtual environments and the folders of tools are passed over, unless they are named themselves, and so are links to folders. A file to
    which several links lead, or that is there itself beside them, is there once, at its own place. Pipes, sockets and devices in folders
    hold nothing that could be looked at.

    Args:
        paths: Files and folders; ``~`` is expanded.
        unread: Gets the folders and files that can't be looked into.

    Raises:
        UnreadableFileError: If there is no such file or folder.
    """
    state = _devices_of_state()
    found: dict[Path, None] = {}
    for named in paths:
        path = Path(for_system(os.path.expanduser(named)))  # noqa: PTH111 - Path.expanduser raises where there is no such user
        try:
            mode = path.stat()
        except (OSError, ValueError) as error:
            raise _nothing_at(named, error) from None
        kind = _KINDS.get(stat.S_IFMT(mode.st_mode))
        if kind is not None:
            message = f"{shortened(named)!r} is {kind}, no file or folder."
            raise UnreadableFileError(message, hint="What a program writes can be piped in: PROGRAM | zensecrets scan -")
        if mode.st_dev in state:
            unread.append(Unread(str(path), _STATE))
        elif stat.S_ISDIR(mode.st_mode):
            found.update(dict.fromkeys(_in_folder(path, unread, state)))
        else:
            found[path] = None
    return _each_once(found)


def shortened(path: str) -> str:
    """Return a path for a person, at a length that can be read."""
    return path if len(path) <= _LONGEST_SHOWN else f"{path[: _LONGEST_SHOWN // 2]}…{path[-_LONGEST_SHOWN // 2 :]}"


def _nothing_at(named: str, error: Exception) -> UnreadableFileError:
    if isinstance(error, PermissionError):
        return UnreadableFileError(f"{shortened(named)!r} can't be looked at, since {why_not(error)}.", hint="Check the path.")
    return UnreadableFileError(f"There is no file or folder {shortened(named)!r}.", hint="Check the path.")


def _in_folder(folder: Path, unread: list[Unread], state: set[int]) -> list[Path]:
    found = []

    def tell(error: OSError) -> None:
        unread.append(Unread(str(error.filename), why_not(error)))

    for where, folders, names in os.walk(folder, onerror=tell):
        folders[:] = [name for name in sorted(folders) if _is_walked(Path(where, name), unread, state)]
        found += [path for name in sorted(names) if _is_file(path := Path(where, name), unread, state)]
    return found


def _is_walked(folder: Path, unread: list[Unread], state: set[int]) -> bool:
    """Tell whether a folder is looked into; its own path may be too long for that."""
    if folder.name in PASSED_OVER or os.path.exists(folder / "pyvenv.cfg"):  # noqa: PTH110 - Path.exists raises where the path is too long
        return False
    try:
        is_state = bool(state) and folder.lstat().st_dev in state
    except OSError:
        # os.walk tells why.
        return True
    if is_state:
        unread.append(Unread(str(folder), _STATE))
    return not is_state


def _is_file(path: Path, unread: list[Unread], state: set[int]) -> bool:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        # A link that leads nowhere, or a file that is gone again.
        return False
    except OSError as error:
        if not os.path.islink(path):  # noqa: PTH114 - Path.islink raises where the path is too long
            unread.append(Unread(str(path), why_not(error)))
        return False
    if stat.S_ISREG(found.st_mode) and found.st_dev in state:
        unread.append(Unread(str(path), _STATE))
        return False
    return stat.S_ISREG(found.st_mode)


def _each_once(found: Iterable[Path]) -> list[Path]:
    """Return the paths without links to others among them: the file that a link leads to is told by its own name."""
    paths = list(found)
    links = {path: Path(os.path.realpath(path)) for path in paths if os.path.islink(path)}  # noqa: PTH114 - as above
    if not links:
        return paths
    seen = {Path(os.path.realpath(path)) for path in paths if path not in links}
    kept = []
    for path in paths:
        if path in links:
            if links[path] in seen:
                continue
            seen.add(links[path])
        kept.append(path)
    return kept


def _devices_of_state() -> set[int]:
    """Return the numbers of the devices on which there are no files but the system's state; none where the system does not tell."""
    devices: set[int] = set()
    try:
        with open(_MOUNTS, encoding="utf-8", errors="replace") as mounts:  # noqa: PTH123 - a file of the system's, of a fixed name
            for line in mounts:
                before, _, after = line.partition(" - ")
                if after.split(" ", 1)[0] in _NO_FILES:
                    major, minor = before.split(" ")[2].split(":")
                    devices.add(os.makedev(int(major), int(minor)))
    except (OSError, ValueError, IndexError, AttributeError):
        pass
    return devices
