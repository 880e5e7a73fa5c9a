"""Find the files to scan, in given files and folders."""

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
"""Folders that tools create. People neither write nor share their content."""

# fmt: off
_STATE_FILE_SYSTEMS = frozenset({
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fusectl", "hugetlbfs",
    "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs",
})
# fmt: on
"""Linux file systems that show the state of the kernel. A read may never end, or may have side effects; see proc(5) and sysfs(5)."""
_STATE_REASON = "it shows the state of the system, and contains no files"
_MOUNTS = "/proc/self/mountinfo"

_LONGEST_SHOWN = 200
"""Maximum number of characters of a path in a message."""

_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def files_under(paths: Iterable[str], skipped: list[SkippedFile]) -> list[Path]:
    """Return the files in ``paths``, and the files in the folders in ``paths``.

    Virtual environments, :data:`SKIPPED_FOLDERS` and links to folders are skipped, unless ``paths`` contains them. A file with several
    links to it is returned once, by its own path. Pipes, sockets and devices in folders are ignored.

    Args:
        paths: Files and folders; ``~`` is expanded.
        skipped: The list to which files and folders that can't be read are added.

    Returns:
        Each file once, in the order of ``paths``. The files of a folder come before its subfolders, both sorted by name.

    Raises:
        UnreadableFileError: If one of ``paths`` does not exist, can't be read, or is a pipe, a socket or a device.
    """
    state = _state_devices()
    files: dict[Path, None] = {}
    for text in paths:
        path = Path(encode_system_text(os.path.expanduser(text)))  # noqa: PTH111 - Path.expanduser raises an error for an unknown user
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            raise _path_error(text, error) from None
        kind = _KINDS.get(stat.S_IFMT(status.st_mode))
        if kind is not None:
            message = f"{shorten_path(text)!r} is {kind}, not a file or a folder."
            raise UnreadableFileError(message, hint="To scan the output of a program: PROGRAM | zensecrets scan -")
        if status.st_dev in state:
            skipped.append(SkippedFile(str(path), _STATE_REASON))
        elif stat.S_ISDIR(status.st_mode):
            files.update(dict.fromkeys(_in_folder(path, skipped, state)))
        else:
            files[path] = None
    return _without_duplicates(files)


def shorten_path(path: str) -> str:
    """Return a path for a message; the middle of a long path becomes an ellipsis."""
    return path if len(path) <= _LONGEST_SHOWN else f"{path[: _LONGEST_SHOWN // 2]}…{path[-_LONGEST_SHOWN // 2 :]}"


def _path_error(path: str, error: Exception) -> UnreadableFileError:
    """Return the error for a path whose status can't be read."""
    if isinstance(error, PermissionError):
        return UnreadableFileError(f"{shorten_path(path)!r} can't be read, because {describe_os_error(error)}.", hint="Check the path.")
    return UnreadableFileError(f"There is no file or folder {shorten_path(path)!r}.", hint="Check the path.")


def _in_folder(folder: Path, skipped: list[SkippedFile], state: set[int]) -> list[Path]:
    """Return the files in a folder and its subfolders; see :func:`files_under`."""
    files = []

    def add_skipped(error: OSError) -> None:
        skipped.append(SkippedFile(str(error.filename), describe_os_error(error)))

    for folder_path, folders, names in os.walk(folder, onerror=add_skipped):
        folders[:] = [name for name in sorted(folders) if _is_searched_folder(Path(folder_path, name), skipped, state)]
        files += [path for name in sorted(names) if _is_file(path := Path(folder_path, name), skipped, state)]
    return files


def _is_searched_folder(folder: Path, skipped: list[SkippedFile], state: set[int]) -> bool:
    """Return whether a subfolder is searched.

    A folder that shows the state of the kernel is not searched, and is added to ``skipped``.
    """
    if folder.name in SKIPPED_FOLDERS or os.path.exists(folder / "pyvenv.cfg"):  # noqa: PTH110 - Path.exists raises where the path is too long
        return False
    try:
        shows_state = bool(state) and folder.lstat().st_dev in state
    except OSError:
        # os.walk passes the same error to its onerror function.
        return True
    if shows_state:
        skipped.append(SkippedFile(str(folder), _STATE_REASON))
    return not shows_state


def _is_file(path: Path, skipped: list[SkippedFile], state: set[int]) -> bool:
    """Return whether a path is a regular file to scan.

    A file that can't be read, or that shows the state of the kernel, is added to ``skipped``.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        # The path is a broken link, or the file was deleted after its folder was listed.
        return False
    except OSError as error:
        if not os.path.islink(path):  # noqa: PTH114 - Path.is_symlink raises where the path is too long
            skipped.append(SkippedFile(str(path), describe_os_error(error)))
        return False
    if stat.S_ISREG(status.st_mode) and status.st_dev in state:
        skipped.append(SkippedFile(str(path), _STATE_REASON))
        return False
    return stat.S_ISREG(status.st_mode)


def _without_duplicates(files: Iterable[Path]) -> list[Path]:
    """Return the paths without symbolic links to files that are already in the result."""
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
    """Return the device numbers of the mounted :data:`_STATE_FILE_SYSTEMS`; none on systems other than Linux."""
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
