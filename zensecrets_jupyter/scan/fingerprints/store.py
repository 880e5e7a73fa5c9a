"""The file of fingerprints of this user's secrets, under ``ZENSECRETS_HOME``.

The server extension masks values in notebooks that it saves or exports. It recognizes the values by this file. A process that registers,
reads or prompts for a value adds the fingerprint of that value. Only values that are hard to guess have a fingerprint, and only the owner
can read the file (mode 0600). Still, a person who reads the file can check a guess at once. Without the file, the person would first need
the keyring or the passphrase. Therefore the file is written automatically only where the key that encrypts the secrets is in a file as
well. ``ZENSECRETS_FINGERPRINTS=on`` writes it everywhere, and ``off`` never writes it.
"""

from __future__ import annotations

import errno
import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.settings import home, make_private_folder
from zensecrets_jupyter.core.system.atomic_write import write_atomically
from zensecrets_jupyter.core.system.file_locks import locked_file
from zensecrets_jupyter.scan.fingerprints import file_format
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "ZENSECRETS_FINGERPRINTS"
_WRITING_SECONDS = 0.05
"""Seconds to wait until another process has written its line."""
_removed_lines: list[int] = []
"""The number of damaged lines of each repair since the last call of :func:`take_removed_line_count`."""
_ID = re.compile(r'"id":"([^"]*)"')
_saved: dict[tuple[str, int], tuple[int, int]] = {}
"""For each file, by its path and inode number: how many of the redactor's values were saved to it, and its size after that."""


def fingerprint_file() -> Path:
    """Return the path of the file. The file may not exist."""
    return home() / "fingerprints"


def load_fingerprints() -> FingerprintMatcher:
    """Return a matcher of the fingerprints in the file.

    Damaged lines are removed from the file and counted in the matcher's attribute ``damaged``.

    Raises:
        UnreadableFileError: If a newer version of this package wrote the file.
        OSError: If the file can't be read.
    """
    path = fingerprint_file()
    try:
        text = _read_text(path)
    except FileNotFoundError:
        text = file_format.new_header()
    if _is_newer(text):
        raise _newer_error(path)
    has_key = file_format.is_header(text.partition("\n")[0])
    matcher = FingerprintMatcher(text if has_key else file_format.new_header(), str(path), skip_damaged=True)
    if matcher.damaged or not has_key:
        matcher.damaged = max(matcher.damaged, 1)
        with suppress(OSError):
            matcher.damaged = _repair(path) or matcher.damaged
    return matcher


def is_up_to_date() -> bool:
    """Return whether :func:`save_fingerprints` has nothing to add."""
    if os.environ.get(VARIABLE, "").strip().lower() == "off":
        return True
    count, _ = _saved.get(_path_and_inode(fingerprint_file()), (0, 0))
    return not the_redactor().added_since(count)[1]


def save_fingerprints() -> None:
    """Add the fingerprints of all values that this process masks to the file.

    Damaged lines are removed first.

    Raises:
        OSError: If the file can't be written.
        UnreadableFileError: If a newer version of this package wrote the file.
    """
    if is_up_to_date():
        return
    path = fingerprint_file()
    make_private_folder(path.parent)
    # Several processes may create the file at the same time; the first one wins.
    with suppress(FileExistsError):
        write_atomically(path, file_format.new_header().encode(), replace=False)
    if path.stat().st_size != _saved.get(_path_and_inode(path), (0, -1))[1]:
        _repair(path)
    # Only values that are new since the last call are hashed, because hashing all values in every call would take too long.
    count, _ = _saved.get(_path_and_inode(path), (0, 0))
    total, values = the_redactor().added_since(count)
    header, _, lines = _read_text(path).partition("\n")
    present = set(_ID.findall(lines))
    identities = ((file_format.identity_of(header, value), value, name) for value, name in values)
    new = {identity: file_format.line_of(header, value, name) for identity, value, name in identities if identity not in present}
    if any(new.values()) and not _add(path, header, new):
        # Another process has replaced the file. Its key is new, so the lines must be computed again.
        save_fingerprints()
        return
    # The operating system reuses inode numbers, so entries of other files are dropped.
    _saved.clear()
    _saved[_path_and_inode(path)] = total, path.stat().st_size


def take_removed_line_count() -> int:
    """Return how many damaged lines this process has removed since the last call."""
    count = sum(_removed_lines)
    _removed_lines.clear()
    return count


def remove_fingerprints(name: str) -> None:
    """Remove the fingerprints of the values called ``name``.

    Raises:
        OSError: If the file can't be read or written.
    """
    path = fingerprint_file()
    with locked_file(path):
        header, *lines = _read_text(path).splitlines(keepends=True) or [""]
        remaining = [line for line in lines if file_format.name_of_line(line) != name]
        if len(remaining) < len(lines):
            write_atomically(path, "".join([header, *remaining]).encode())


def _repair(path: Path) -> int:
    """Remove damaged lines from the file, and return how many were removed.

    A full disk, for example, leaves an incomplete line.

    Raises:
        OSError: If the file can't be read or written.
        UnreadableFileError: If a newer version of this package wrote the file.
    """
    if _intact_lines(path) is None:
        return 0
    with locked_file(path):
        # On a file system without locks, another process may be writing a line at this moment.
        time.sleep(_WRITING_SECONDS)
        text = _read_text(path)
        lines = _intact_lines(path)
        if lines is None:
            return 0
        write_atomically(path, "".join(f"{line}\n" for line in lines).encode())
    removed = max(1, len(text.splitlines()) - len(lines))
    _removed_lines.append(removed)
    return removed


def _intact_lines(path: Path) -> list[str] | None:
    """Return the header and the intact lines of a damaged file; otherwise ``None``.

    If the header is damaged, the result is a new header only.
    """
    text = _read_text(path)
    if _is_newer(text):
        raise _newer_error(path)
    header, *lines = text.splitlines() or [""]
    if not file_format.is_header(header):
        # The key was in the first line, and without the key the other lines recognize nothing.
        return [file_format.new_header().rstrip("\n")]
    intact = [line for line in lines if file_format.is_intact_line(line)]
    return None if len(intact) == len(lines) and text.endswith("\n") else [header, *intact]


def _add(path: Path, header: str, new: dict[str, str]) -> bool:
    """Append new lines to the file, except lines that another process has added.

    Args:
        path: The file.
        header: The header with which the lines were computed.
        new: The lines by their ``id``.

    Returns:
        ``False`` if another process has replaced the file by one with another header; nothing is then appended.
    """
    # While this process holds the lock, no other process can replace the file.
    with locked_file(path):
        text = _read_text(path)
        if text.partition("\n")[0] != header:
            return False
        present = set(_ID.findall(text))
        _append(path, "".join(line for identity, line in new.items() if identity not in present).encode())
    return True


def _append(path: Path, data: bytes) -> None:
    # All lines are written by one call with O_APPEND. Then the lines of several processes do not mix, even on a file system without locks.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        written = os.write(descriptor, data)
    finally:
        os.close(descriptor)
    if written < len(data):
        # The next process that writes the file removes the incomplete line.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _read_text(path: Path) -> str:
    # Bytes that are not UTF-8 are damage, and damaged lines are handled later. They must not raise an error here.
    return path.read_bytes().decode("utf-8", "replace")


def _is_newer(text: str) -> bool:
    return file_format.version_of(text.partition("\n")[0]) > file_format.VERSION


def _newer_error(path: Path) -> UnreadableFileError:
    message = f"The fingerprints {str(path)!r} were written by a newer version of this package."
    return UnreadableFileError(message, hint="Update it: pip install --upgrade zensecrets-jupyter")


def _path_and_inode(path: Path) -> tuple[str, int]:
    """Return the path and the inode number of a file.

    A file that is replaced gets another inode number. The number is 0 if the file does not exist.
    """
    try:
        return str(path), path.stat().st_ino
    except OSError:
        return str(path), 0
