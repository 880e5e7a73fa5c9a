"""Backups of cleaned files, which are sealed with a passphrase."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import UnreadableFileError, UnwritableFileError
from zensecrets_jupyter.core.system.atomic_write import describe_os_error
from zensecrets_jupyter.core.transfer import sealed_export
from zensecrets_jupyter.core.transfer.text_files import expand_path, write_text
from zensecrets_jupyter.scan.atomic_write import replace_file
from zensecrets_jupyter.scan.file_walk import SKIPPED_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FORMAT_KEY = "zensecrets_backup"
"""The key in the JSON of a backup by which a backup is recognized; its value is the version of the format."""
VERSION = 1
_MAX_SIZE = 2 * 1024 * 1024 * 1024
"""The maximum size of a backup in bytes."""


def write_backup(path: str | Path, files: Mapping[Path, bytes], passphrase: str) -> None:
    """Write the content of files into one sealed file, before the files are cleaned.

    Only the user who runs this program can read the backup.

    Args:
        path: The path of the backup.
        files: The content of each file, by its path.
        passphrase: The passphrase that opens the backup.

    Raises:
        UnwritableFileError: If the backup exists already, or can't be written.
    """
    content = {str(file.absolute()): base64.b64encode(data).decode("ascii") for file, data in files.items()}
    write_text(path, sealed_export.seal(json.dumps({FORMAT_KEY: VERSION, "files": content}), passphrase), private=True)


def restore(path: str, ask_passphrase: Callable[[str], str], folders: Iterable[str]) -> list[Path]:
    """Write the files of a backup to their original paths, and replace the current files.

    The backup may come from another person, who chose the paths in it. Therefore only files in ``folders`` are written.

    Args:
        path: The backup.
        ask_passphrase: Returns the passphrase, given a prompt.
        folders: The folders in which files may be written. An item may also be a file.

    Returns:
        The paths that were written.

    Raises:
        UnreadableFileError: If the file is not a backup, or is damaged.
        WrongPassphraseError: If the passphrase is wrong.
        UnwritableFileError: If the backup contains a file outside ``folders``; then no file is restored. Also if a file can't be written;
            then the files before it stay restored.
    """
    text = _read_text(path)
    if not sealed_export.is_sealed(text):
        raise UnreadableFileError(f"The file {path!r} is not a readable backup.", hint="`%secret clean` prints the path of its backup.")
    files = _files_of(sealed_export.unseal(text, path, ask_passphrase), path)
    allowed_folders = [Path(os.path.realpath(expand_path(folder))) for folder in folders]
    outside_names = [name for name in files if not _is_below(name, allowed_folders)]
    if outside_names:
        count = f"{len(outside_names)} of its {len(files)} files" if len(files) > 1 else "its file"
        folders_text = ", ".join(map(str, allowed_folders))
        message = f"The backup {path!r} would write {count} outside {folders_text}, such as {outside_names[0]!r}. Nothing was restored."
        raise UnwritableFileError(message, hint=f"To restore them anyway, name their folder: %zen clean --restore {path} FOLDER")
    for restored_count, (name, data) in enumerate(files.items()):
        try:
            replace_file(Path(name), data)
        except OSError as error:
            reason = describe_os_error(error)
        else:
            continue
        # This error is raised outside of the `except` block, so that it does not have the original error as its context.
        message = f"The file {name!r} can't be restored, because {reason}. {restored_count} of {len(files)} files are restored."
        raise UnwritableFileError(message, hint="Solve the problem, and restore again.")
    return list(map(Path, files))


def _read_text(path: str) -> str:
    """Return the text of a file; empty if the file can't be read, or is too large or no regular file."""
    file = expand_path(path)
    try:
        # Only regular files are read: a device may be endless, and a pipe may block. A file under /proc, with a size of 0, may block too.
        if os.path.isfile(file) and 0 < file.stat().st_size <= _MAX_SIZE:  # noqa: PTH113 - Path.is_file raises where the path is too long
            return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        pass
    return ""


def _is_below(name: str, allowed_folders: Iterable[Path]) -> bool:
    """Return whether a path, with symbolic links resolved, is in ``allowed_folders``, or below one of them.

    A path in a subfolder of :data:`SKIPPED_FOLDERS` is not allowed: for example, Git runs the files in ``.git/hooks``.
    """
    if not os.path.isabs(name) or "\0" in name:  # noqa: PTH117 - the path comes from the backup and may be any text
        return False
    real_path = Path(os.path.realpath(name))
    return any(
        real_path == folder
        or (real_path.is_relative_to(folder) and not SKIPPED_FOLDERS.intersection(real_path.relative_to(folder).parts[:-1]))
        for folder in allowed_folders
    )


def _files_of(text: str, path: str) -> dict[str, bytes]:
    """Return the files in the JSON of an opened backup, by their original path."""
    try:
        document = json.loads(text)
        if document[FORMAT_KEY] == VERSION:
            return {name: base64.b64decode(data, validate=True) for name, data in document["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise UnreadableFileError(f"The sealed file {path!r} is not a backup.", hint="If it is an export: %secret import FILE")
