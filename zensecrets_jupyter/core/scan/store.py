"""The fingerprints of this user's secrets, under ``ZENSECRETS_HOME``: what the net at saving and exporting knows values by.

A process that comes to know a value, since it is registered, typed or read there, adds its fingerprint. Only what nobody could guess has
one, and the file can be read by its owner only (0600). Still, whoever reads it can check a guess at once, where a keyring or a passphrase
would be in the way: so it is written by itself only where the key of the secrets is in a file as well, and else if
``ZENSECRETS_FINGERPRINTS=on`` says so. ``off`` keeps it from being written at all.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.scan import fingerprints
from zensecrets_jupyter.core.settings import home, make_private_folder

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "ZENSECRETS_FINGERPRINTS"
_remembered: set[tuple[str, int]] = set()


def place() -> Path:
    """Return where the file is; it need not exist."""
    return home() / "fingerprints"


def known_fingerprints() -> fingerprints.Fingerprints:
    """Return what the file holds now.

    Raises:
        UnreadableFileError: If it is damaged.
        OSError: If it can't be read.
    """
    path = place()
    text = path.read_text(encoding="utf-8") if path.exists() else fingerprints.new_header()
    return fingerprints.Fingerprints(text, str(path))


def is_up_to_date() -> bool:
    """Tell whether there is nothing that :func:`remember` would have to add."""
    known = len(the_redactor().protected())
    return not known or os.environ.get(VARIABLE, "").strip().lower() == "off" or (str(place()), known) in _remembered


def remember() -> None:
    """Add the fingerprints of what this process protects and the file does not have.

    Raises:
        OSError: If it can't be written.
        UnreadableFileError: If it is damaged.
    """
    if is_up_to_date():
        return
    values = the_redactor().protected()
    path = place()
    make_private_folder(path.parent)
    _create(path)
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    there = "\n".join(lines)
    new = [
        fingerprints.line_of(header, value, name)
        for value, name in values
        if not fingerprints.why_unprinted(value) and f'"{fingerprints.identity_of(header, value)}"' not in there
    ]
    if new:
        # One write to the end: processes that do the same at the same time don't mix their lines.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, "".join(new).encode())
        finally:
            os.close(descriptor)
    _remembered.add((str(path), len(values)))


def _create(path: Path) -> None:
    if path.exists():
        return
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(fingerprints.new_header().encode())
        # Whichever process comes first: a link is made only where there is nothing.
        with suppress(FileExistsError):
            os.link(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)
