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
"""The list of mounted file systems; see proc(5)."""

_MAX_SHOWN_LENGTH = 200
"""The maximum number of characters of a path in a message."""

_SPECIAL_FILES = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
"""The files that are not searched, by their type, with a description."""


def files_under(paths: Iterable[str], skipped_files: list[SkippedFile]) -> list[Path]:
    """Return the files in ``paths``, and the files in the folders in ``paths``.

    Virtual environments, :data:`SKIPPED_FOLDERS` and links to folders are skipped, unless ``paths`` contains them. A file with several
    symbolic links is returned once: by its own path if that is searched, or else by the first link. Pipes, sockets and devices in folders
    are ignored.

    Args:
        paths: Files and folders; ``~`` is expanded.
        skipped_files: The list to which this function adds the files and folders that can't be read.

    Returns:
        Each file once, in the order of ``paths``. The files of a folder come before its subfolders, both sorted by name.

    Raises:
        UnreadableFileError: If one of ``paths`` does not exist, can't be read, or is a pipe, a socket or a device.
    """
    state_devices = _state_devices()
    files: dict[Path, None] = {}
    for text in paths:
        path = Path(encode_system_text(os.path.expanduser(text)))  # noqa: PTH111 - Path.expanduser raises an error for an unknown user
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            raise _path_error(text, error) from None
        description = _SPECIAL_FILES.get(stat.S_IFMT(status.st_mode))
        if description is not None:
            message = f"{shorten_path(text)!r} is {description}, not a file or a folder."
            raise UnreadableFileError(message, hint="To scan the output of a program: PROGRAM | zensecrets scan -")
        if status.st_dev in state_devices:
            skipped_files.append(SkippedFile(str(path), _STATE_REASON))
        elif stat.S_ISDIR(status.st_mode):
            files.update(dict.fromkeys(_files_in_folder(path, skipped_files, state_devices)))
        else:
            files[path] = None
    return _without_duplicates(files)


def shorten_path(path: str) -> str:
    """Return a path for a message; the middle of a long path becomes an ellipsis."""
    return path if len(path) <= _MAX_SHOWN_LENGTH else f"{path[: _MAX_SHOWN_LENGTH // 2]}…{path[-_MAX_SHOWN_LENGTH // 2 :]}"


def _path_error(path: str, error: Exception) -> UnreadableFileError:
    """Return the error for a path whose status can't be read."""
    if isinstance(error, PermissionError):
        return UnreadableFileError(f"{shorten_path(path)!r} can't be read, because {describe_os_error(error)}.", hint="Check the path.")
    return UnreadableFileError(f"There is no file or folder {shorten_path(path)!r}.", hint="Check the path.")


def _files_in_folder(folder: Path, skipped_files: list[SkippedFile], state_devices: set[int]) -> list[Path]:
    """Return the files in a folder and its subfolders; see :func:`files_under`."""
    files = []

    def add_skipped(error: OSError) -> None:
        skipped_files.append(SkippedFile(str(error.filename), describe_os_error(error)))

    for folder_path, folders, names in os.walk(folder, onerror=add_skipped):
        # os.walk descends into the folders that remain in this list.
        folders[:] = [name for name in sorted(folders) if _is_searched_folder(Path(folder_path, name), skipped_files, state_devices)]
        files += [path for name in sorted(names) if _is_file(path := Path(folder_path, name), skipped_files, state_devices)]
    return files


def _is_searched_folder(folder: Path, skipped_files: list[SkippedFile], state_devices: set[int]) -> bool:
    """Return whether a subfolder is searched.

    A folder that shows the state of the kernel is not searched, and is added to ``skipped_files``.
    """
    # Each virtual environment contains a file pyvenv.cfg.
    if folder.name in SKIPPED_FOLDERS or os.path.exists(folder / "pyvenv.cfg"):  # noqa: PTH110 - Path.exists raises where the path is too long
        return False
    try:
        shows_state = bool(state_devices) and folder.lstat().st_dev in state_devices
    except OSError:
        # If the folder can't be listed either, os.walk passes that error to its onerror function, which adds the folder to
        # `skipped_files`.
        return True
    if shows_state:
        skipped_files.append(SkippedFile(str(folder), _STATE_REASON))
    return not shows_state


def _is_file(path: Path, skipped_files: list[SkippedFile], state_devices: set[int]) -> bool:
    """Return whether a path is a regular file to scan.

    A file whose status can't be read, or that shows the state of the kernel, is added to ``skipped_files``. A symbolic link that can't be
    followed, such as a link to itself, is ignored.
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        # The path is a broken link, or the file was deleted after its folder was listed.
        return False
    except OSError as error:
        if not os.path.islink(path):  # noqa: PTH114 - Path.is_symlink raises where the path is too long
            skipped_files.append(SkippedFile(str(path), describe_os_error(error)))
        return False
    if stat.S_ISREG(status.st_mode) and status.st_dev in state_devices:
        skipped_files.append(SkippedFile(str(path), _STATE_REASON))
        return False
    return stat.S_ISREG(status.st_mode)


def _without_duplicates(files: Iterable[Path]) -> list[Path]:
    """Return the paths without symbolic links to a file that another path gives.

    The other path is the path of the file itself, or else the first link to it.
    """
    paths = list(files)
    # The target of each link.
    links = {path: Path(os.path.realpath(path)) for path in paths if os.path.islink(path)}  # noqa: PTH114 - Path.is_symlink raises where the path is too long
    if not links:
        return paths
    # The files that the result contains so far, by their paths without links; at first the files that are not links.
    known_files = {Path(os.path.realpath(path)) for path in paths if path not in links}
    unique_paths = []
    for path in paths:
        if path in links:
            if links[path] in known_files:
                continue
            known_files.add(links[path])
        unique_paths.append(path)
    return unique_paths


def _state_devices() -> set[int]:
    """Return the device numbers of the mounted :data:`_STATE_FILE_SYSTEMS`; none on systems other than Linux."""
    devices: set[int] = set()
    try:
        with open(_MOUNTS, encoding="utf-8", errors="replace") as mounts:  # noqa: PTH123 - a fixed path of the operating system
            for line in mounts:
                # A line has the device number as its third field, and the type of the file system after the dash.
                mount_fields, _, file_system_fields = line.partition(" - ")
                if file_system_fields.split(" ", 1)[0] in _STATE_FILE_SYSTEMS:
                    major, minor = mount_fields.split(" ")[2].split(":")
                    devices.add(os.makedev(int(major), int(minor)))
    except (OSError, ValueError, IndexError, AttributeError):
        pass
    return devices
