"""The file of fingerprints (keyed hashes) of this user's secrets, under ``ZENSECRETS_HOME``.

The server extension masks values in notebooks that it saves or exports. It recognizes the values by this file. A process that registers,
reads or prompts for a value adds the fingerprint of that value. Only values that are hard to guess have a fingerprint, and only the owner
can read the file (mode 0600). Still, a person who reads the file can check a guess at once. Without the file, the person would first need
the keyring or the passphrase. Therefore the file is written by default only if the key that encrypts the secrets is in a file too. With
``ZENSECRETS_FINGERPRINTS=on`` it is always written, and with ``off`` never.
"""

from __future__ import annotations

import errno
import os
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.settings import home, make_private_folder
from zensecrets_jupyter.core.system.atomic_write import write_atomically
from zensecrets_jupyter.core.system.file_locks import locked_file
from zensecrets_jupyter.scan.fingerprints import file_format
from zensecrets_jupyter.scan.fingerprints.matcher import FingerprintMatcher

if TYPE_CHECKING:
    from pathlib import Path

FINGERPRINTS_VARIABLE = "ZENSECRETS_FINGERPRINTS"
"""The environment variable that allows (``on``) or forbids (``off``) the file of fingerprints."""


class _SavedState(NamedTuple):
    """The state of a file after this process has saved fingerprints to it.

    Attributes:
        value_count: The number of values that this process's redactor had received at that time.
        file_size: The size of the file in bytes; -1 before the first save.
    """

    value_count: int = 0
    file_size: int = -1


_WRITING_SECONDS = 0.05
"""Seconds to wait until another process has written its line."""
_removed_line_counts: list[int] = []
"""The number of damaged lines of each repair since the last call of :func:`take_removed_line_count`."""
_LINE_ID = re.compile(r'"id":"([^"]*)"')
"""The ``id`` in a line of the file. Lines of the same value have the same id."""
_saved_states: dict[tuple[str, int], _SavedState] = {}
"""The saved state of each file, by the file's path and inode number."""


def fingerprint_file() -> Path:
    """Return the path of the file. The file may not exist."""
    return home() / "fingerprints"


def load_fingerprints() -> FingerprintMatcher:
    """Return a matcher of the fingerprints in the file.

    Damaged lines are removed from the file and counted in the matcher's attribute ``damaged_line_count``.

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
    matcher = FingerprintMatcher(text if has_key else file_format.new_header(), str(path), skips_damaged_lines=True)
    if matcher.damaged_line_count or not has_key:
        # A file without its hash key has at least one damaged line. The repair counts more exactly, but it may fail.
        matcher.damaged_line_count = max(matcher.damaged_line_count, 1)
        with suppress(OSError):
            matcher.damaged_line_count = _repair(path) or matcher.damaged_line_count
    return matcher


def is_up_to_date() -> bool:
    """Return whether :func:`save_fingerprints` has nothing to add."""
    # With `off`, no fingerprint is ever added.
    if os.environ.get(FINGERPRINTS_VARIABLE, "").strip().lower() == "off":
        return True
    state = _saved_states.get(_path_and_inode(fingerprint_file()), _SavedState())
    _, new_values = the_redactor().added_since(state.value_count)
    return not new_values


def save_fingerprints() -> None:
    """Add to the file the fingerprints of all values that this process masks.

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
    # If this process did not leave the file with this size, another process or an incomplete write has changed it. It may be damaged.
    if path.stat().st_size != _saved_states.get(_path_and_inode(path), _SavedState()).file_size:
        _repair(path)
    # Only the values since the last call are hashed. To hash all values in every call would take too long.
    state = _saved_states.get(_path_and_inode(path), _SavedState())
    value_count, values = the_redactor().added_since(state.value_count)
    header, _, lines = _read_text(path).partition("\n")
    stored_ids = set(_LINE_ID.findall(lines))
    # By id; the line is empty if the value gets no fingerprint.
    new_lines = {}
    for value, name in values:
        line_id = file_format.identity_of(header, value)
        if line_id not in stored_ids:
            new_lines[line_id] = file_format.line_of(header, value, name)
    if any(new_lines.values()) and not _add(path, header, new_lines):
        # Another process has replaced the file. Its hash key is new, so the lines must be computed again.
        save_fingerprints()
        return
    # The states of other files are dropped, because a new file may get the inode number of a deleted one.
    _saved_states.clear()
    _saved_states[_path_and_inode(path)] = _SavedState(value_count, path.stat().st_size)


def take_removed_line_count() -> int:
    """Return how many damaged lines this process has removed since the last call."""
    count = sum(_removed_line_counts)
    _removed_line_counts.clear()
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
        # On a file system without locks, another process may be writing a line at this moment, so this process waits until it has done so.
        time.sleep(_WRITING_SECONDS)
        text = _read_text(path)
        lines = _intact_lines(path)
        if lines is None:
            return 0
        write_atomically(path, "".join(f"{line}\n" for line in lines).encode())
    # The count is at least 1, even if only the line break at the end of the file was missing.
    removed_count = max(1, len(text.splitlines()) - len(lines))
    _removed_line_counts.append(removed_count)
    return removed_count


def _intact_lines(path: Path) -> list[str] | None:
    """Return the header and the intact lines of a damaged file; ``None`` if the file is not damaged.

    If the header is damaged, the result is a new header only.
    """
    text = _read_text(path)
    if _is_newer(text):
        raise _newer_error(path)
    header, *lines = text.splitlines() or [""]
    if not file_format.is_header(header):
        # The hash key was in the first line, and without it the other lines recognize nothing.
        return [file_format.new_header().rstrip("\n")]
    intact_lines = [line for line in lines if file_format.is_intact_line(line)]
    is_intact = len(intact_lines) == len(lines) and text.endswith("\n")
    return None if is_intact else [header, *intact_lines]


def _add(path: Path, header: str, new_lines: dict[str, str]) -> bool:
    """Append new lines to the file, except lines that another process has added.

    Args:
        path: The file.
        header: The header with which the lines were computed.
        new_lines: The lines by their ``id``.

    Returns:
        ``False`` if another process has replaced the file by one with another header; nothing is then appended.
    """
    # While this process holds the lock, no other process can replace the file.
    with locked_file(path):
        text = _read_text(path)
        if text.partition("\n")[0] != header:
            return False
        stored_ids = set(_LINE_ID.findall(text))
        _append(path, "".join(line for line_id, line in new_lines.items() if line_id not in stored_ids).encode())
    return True


def _append(path: Path, data: bytes) -> None:
    # One call with O_APPEND writes all lines. Therefore the lines of several processes do not mix, even on a file system without locks.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        written_count = os.write(descriptor, data)
    finally:
        os.close(descriptor)
    if written_count < len(data):
        # The disk is full. The next process that writes the file removes the incomplete line.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _read_text(path: Path) -> str:
    # Bytes that are not UTF-8 must not raise an error here: the callers remove their lines as damaged.
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
