"""The fingerprints of this user's secrets, under ``ZENSECRETS_HOME``: what the net at saving and exporting knows values by.

A process that comes to know a value, since it is registered, typed or read there, adds its fingerprint. Only what nobody could guess has
one, and the file can be read by its owner only (0600). Still, whoever reads it can check a guess at once, where a keyring or a passphrase
would be in the way: so it is written by itself only where the key of the secrets is in a file as well, and else if
``ZENSECRETS_FINGERPRINTS=on`` says so. ``off`` keeps it from being written at all.
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
from zensecrets_jupyter.core.sealing.file_locks import locked_file
from zensecrets_jupyter.core.settings import home, make_private_folder
from zensecrets_jupyter.core.whole_files import write_whole
from zensecrets_jupyter.scan import fingerprints

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "ZENSECRETS_FINGERPRINTS"
_WRITING_SECONDS = 0.05
"""Seconds that a process has to end the line that it is writing."""
_damage: list[int] = []
_ID = re.compile(r'"id":"([^"]*)"')
_remembered: dict[tuple[str, int], tuple[int, int]] = {}
"""How many of the redactor's values each file was told of, and the size that it was left with, by its path and the number of its inode."""


def place() -> Path:
    """Return where the file is; it need not exist."""
    return home() / "fingerprints"


def known_fingerprints() -> fingerprints.Fingerprints:
    """Return what the file holds now; lines that are damaged are taken out of it and counted, as its ``damaged``.

    Raises:
        UnreadableFileError: If a newer version of this package wrote it.
        OSError: If it can't be read.
    """
    path = place()
    try:
        text = _text_of(path)
    except FileNotFoundError:
        text = fingerprints.new_header()
    if _is_newer(text):
        raise _newer(path)
    has_key = fingerprints.is_header(text.partition("\n")[0])
    found = fingerprints.Fingerprints(text if has_key else fingerprints.new_header(), str(path), pass_over_damage=True)
    if found.damaged or not has_key:
        found.damaged = max(found.damaged, 1)
        with suppress(OSError):
            found.damaged = _mend(path) or found.damaged
    return found


def is_up_to_date() -> bool:
    """Tell whether there is nothing that :func:`remember` would have to add."""
    if os.environ.get(VARIABLE, "").strip().lower() == "off":
        return True
    told, _ = _remembered.get(_identity(place()), (0, 0))
    return not the_redactor().added_since(told)[1]


def remember() -> None:
    """Add the fingerprints of what this process protects and the file does not have; damaged lines are taken out of it first.

    Raises:
        OSError: If it can't be written.
        UnreadableFileError: If a newer version of this package wrote it.
    """
    if is_up_to_date():
        return
    path = place()
    make_private_folder(path.parent)
    # Whichever process comes first makes it.
    with suppress(FileExistsError):
        write_whole(path, fingerprints.new_header().encode(), replace=False)
    if path.stat().st_size != _remembered.get(_identity(path), (0, -1))[1]:
        _mend(path)
    # A value that comes late must not have all others looked at again.
    told, _ = _remembered.get(_identity(path), (0, 0))
    known, values = the_redactor().added_since(told)
    header, _, lines = _text_of(path).partition("\n")
    there = set(_ID.findall(lines))
    identities = ((fingerprints.identity_of(header, value), value, name) for value, name in values)
    new = {identity: fingerprints.line_of(header, value, name) for identity, value, name in identities if identity not in there}
    if any(new.values()) and not _add(path, header, new):
        remember()
        return
    # Numbers of inodes are given out again.
    _remembered.clear()
    _remembered[_identity(path)] = known, path.stat().st_size


def take_damage() -> int:
    """Return how many damaged lines this process has taken out of the file since this was last asked."""
    count = sum(_damage)
    _damage.clear()
    return count


def forget(name: str) -> None:
    """Take the fingerprints of what is called ``name`` out of the file.

    Raises:
        OSError: If it can't be read or written.
    """
    path = place()
    with locked_file(path):
        header, *lines = _text_of(path).splitlines(keepends=True) or [""]
        kept = [line for line in lines if fingerprints.name_of_line(line) != name]
        if len(kept) < len(lines):
            write_whole(path, "".join([header, *kept]).encode())


def _mend(path: Path) -> int:
    """Take what is damaged out of the file, as a full disk leaves it, and return how many lines that were.

    Raises:
        OSError: If it can't be read or written.
        UnreadableFileError: If a newer version of this package wrote it.
    """
    if _kept_lines(path) is None:
        return 0
    with locked_file(path):
        # Where files can't be locked, another process may be writing a line just now.
        time.sleep(_WRITING_SECONDS)
        found = _text_of(path)
        lines = _kept_lines(path)
        if lines is None:
            return 0
        write_whole(path, "".join(f"{line}\n" for line in lines).encode())
    damaged = max(1, len(found.splitlines()) - len(lines))
    _damage.append(damaged)
    return damaged


def _kept_lines(path: Path) -> list[str] | None:
    """Return the lines of the file that are whole, with a new header where there is none; ``None`` if nothing is damaged."""
    text = _text_of(path)
    if _is_newer(text):
        raise _newer(path)
    header, *lines = text.splitlines() or [""]
    if not fingerprints.is_header(header):
        # The key was in the first line, and without it the others say nothing.
        return [fingerprints.new_header().rstrip("\n")]
    whole = [line for line in lines if fingerprints.is_whole_line(line)]
    return None if len(whole) == len(lines) and text.endswith("\n") else [header, *whole]


def _add(path: Path, header: str, new: dict[str, str]) -> bool:
    """Add those of the lines, by their identity, that are not there by now.

    Returns:
        Whether that could be done: not if the file was made anew, with another header than the one that the lines are for.
    """
    # No other process takes lines out while these are added.
    with locked_file(path):
        text = _text_of(path)
        if text.partition("\n")[0] != header:
            return False
        there = set(_ID.findall(text))
        _append(path, "".join(line for identity, line in new.items() if identity not in there).encode())
    return True


def _append(path: Path, data: bytes) -> None:
    # One write to the end: where files can't be locked, processes that do the same at the same time don't mix their lines.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        written = os.write(descriptor, data)
    finally:
        os.close(descriptor)
    if written < len(data):
        # What the next one that writes there takes out again.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _text_of(path: Path) -> str:
    # What is no UTF-8 is damage, as other damage is.
    return path.read_bytes().decode("utf-8", "replace")


def _is_newer(text: str) -> bool:
    return fingerprints.version_of(text.partition("\n")[0]) > fingerprints.VERSION


def _newer(path: Path) -> UnreadableFileError:
    message = f"The fingerprints {str(path)!r} were written by a newer version of this package."
    return UnreadableFileError(message, hint="Update it: pip install --upgrade zensecrets-jupyter")


def _identity(path: Path) -> tuple[str, int]:
    """Return the file's path and what differs if it is made anew; a file that is not there has 0."""
    try:
        return str(path), path.stat().st_ino
    except OSError:
        return str(path), 0
