"""Search for the files under given paths."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.system.atomic_write import describe_os_error
from zensecrets_jupyter.core.system.text_encoding import encode_system_text
from zensecrets_jupyter.scan.findings import SkippedFile

if TYPE_CHECKING:
    from collections.abc import Iterable

SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox"}
)
"""Folders of tools. People neither write nor share their content."""

# fmt: off
_STATE_FILE_SYSTEMS = frozenset({
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fusectl", "hugetlbfs",
    "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs",
})
# fmt: on
"""Linux file systems that show the state of the kernel. Reading them may never end, or have side effects (proc(5), sysfs(5))."""
_STATE = "it shows the state of the system, and contains no files"
_MOUNTS = "/proc/self/mountinfo"

_LONGEST_SHOWN = 200
"""Characters of a path in a message."""

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def files_under(paths: Iterable[str], skipped: list[SkippedFile]) -> list[Path]:
    """Return the files among ``paths`` and in the folders among them, each once, sorted folder by folder.

    Virtual environments, the folders of tools and links to folders are skipped, unless they are named themselves. A file with several
    links to it is returned once, by its own path. Pipes, sockets and devices in folders are ignored.

    Args:
        paths: Files and folders; ``~`` is expanded.
        skipped: The list to which files and folders that can't be read are added.

    Raises:
        UnreadableFileError: If a path does not exist.
    """
    state = _state_devices()
    files: dict[Path, None] = {}
    for named in paths:
        path = Path(encode_system_text(os.path.expanduser(named)))  # noqa: PTH111 - Path.expanduser raises where there is no such user
        try:
            mode = path.stat()
        except (OSError, ValueError) as error:
            raise _missing_path_error(named, error) from None
        kind = _KINDS.get(stat.S_IFMT(mode.st_mode))
        if kind is not None:
            message = f"{shorten_path(named)!r} is {kind}, not a file or a folder."
            raise UnreadableFileError(message, hint="To scan the output of a program: PROGRAM | zensecrets scan -")
        if mode.st_dev in state:
            skipped.append(SkippedFile(str(path), _STATE))
        elif stat.S_ISDIR(mode.st_mode):
            files.update(dict.fromkeys(_in_folder(path, skipped, state)))
        else:
            files[path] = None
    return _without_duplicates(files)


def shorten_path(path: str) -> str:
    """Return a path for a message, with its middle left out if it is long."""
    return path if len(path) <= _LONGEST_SHOWN else f"{path[: _LONGEST_SHOWN // 2]}…{path[-_LONGEST_SHOWN // 2 :]}"


def _missing_path_error(named: str, error: Exception) -> UnreadableFileError:
    if isinstance(error, PermissionError):
        return UnreadableFileError(f"{shorten_path(named)!r} can't be read, because {describe_os_error(error)}.", hint="Check the path.")
    return UnreadableFileError(f"There is no file or folder {shorten_path(named)!r}.", hint="Check the path.")


def _in_folder(folder: Path, skipped: list[SkippedFile], state: set[int]) -> list[Path]:
    files = []

    def add_skipped(error: OSError) -> None:
        skipped.append(SkippedFile(str(error.filename), describe_os_error(error)))

    for folder_path, folders, names in os.walk(folder, onerror=add_skipped):
        folders[:] = [name for name in sorted(folders) if _is_searched_folder(Path(folder_path, name), skipped, state)]
        files += [path for name in sorted(names) if _is_file(path := Path(folder_path, name), skipped, state)]
    return files


def _is_searched_folder(folder: Path, skipped: list[SkippedFile], state: set[int]) -> bool:
    """Return whether a folder has to be searched, and add it to ``skipped`` if it shows the state of the system."""
    if folder.name in SKIPPED_FOLDERS or os.path.exists(folder / "pyvenv.cfg"):  # noqa: PTH110 - Path.exists raises where the path is too long
        return False
    try:
        shows_state = bool(state) and folder.lstat().st_dev in state
    except OSError:
        # os.walk reports the error itself.
        return True
    if shows_state:
        skipped.append(SkippedFile(str(folder), _STATE))
    return not shows_state


def _is_file(path: Path, skipped: list[SkippedFile], state: set[int]) -> bool:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        # A broken link, or a file that was deleted in the meantime.
        return False
    except OSError as error:
        if not os.path.islink(path):  # noqa: PTH114 - Path.is_symlink raises where the path is too long
            skipped.append(SkippedFile(str(path), describe_os_error(error)))
        return False
    if stat.S_ISREG(status.st_mode) and status.st_dev in state:
        skipped.append(SkippedFile(str(path), _STATE))
        return False
    return stat.S_ISREG(status.st_mode)


def _without_duplicates(files: Iterable[Path]) -> list[Path]:
    """Return the paths without links to other paths among them."""
    paths = list(files)
    links = {path: Path(os.path.realpath(path)) for path in paths if os.path.islink(path)}  # noqa: PTH114 - Path.is_symlink raises where the path is too long
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


def _state_devices() -> set[int]:
    """Return the device numbers of file systems that show the state of the kernel; none on systems other than Linux."""
    devices: set[int] = set()
    try:
        with open(_MOUNTS, encoding="utf-8", errors="replace") as mounts:  # noqa: PTH123 - a fixed path of the operating system
            for line in mounts:
                before, _, after = line.partition(" - ")
                if after.split(" ", 1)[0] in _STATE_FILE_SYSTEMS:
                    major, minor = before.split(" ")[2].split(":")
                    devices.add(os.makedev(int(major), int(minor)))
    except (OSError, ValueError, IndexError, AttributeError):
        pass
    return devices
