"""Reading and writing the files that people exchange."""

from __future__ import annotations

import os
from pathlib import Path

from zensecrets_jupyter.core.errors import UnreadableFileError, UnwritableFileError
from zensecrets_jupyter.core.system.atomic_write import describe_os_error, describe_read_error, write_atomically
from zensecrets_jupyter.core.system.input_limits import MAX_FILE_BYTES
from zensecrets_jupyter.core.system.text_encoding import decode_file_text, encode_system_text


def read_text(path: str | Path) -> str:
    """Return the text of a file, with its line ends as they are and without a byte order mark.

    Raises:
        UnreadableFileError: If it is missing, unreadable, no text in UTF-8 or UTF-16, or larger than 16 MiB; the error never holds content.
    """
    problem, hint = "", "Check the path."
    try:
        with at(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = describe_read_error(error)
    else:
        hint = "Export it again, or save it as UTF-8."
        if len(data) > MAX_FILE_BYTES:
            problem, hint = f"holds more than {MAX_FILE_BYTES // 1024 // 1024} MiB", "Split it."
        else:
            try:
                return decode_file_text(data).removeprefix("\ufeff")
            except UnicodeDecodeError:
                problem = "is no UTF-8 text"
    raise UnreadableFileError(f"The file {str(path)!r} {problem}.", hint=hint)


def write_text(path: str | Path, text: str, *, replace: bool = False, private: bool = False) -> None:
    """Write a file wholly or not at all; a ``private`` one can be read by its owner only (0600).

    Raises:
        UnwritableFileError: If it exists and is not to be replaced, or can't be written.
    """
    target = at(path)
    if replace and os.path.exists(target) and not os.path.isfile(target):  # noqa: PTH110, PTH113 - a Path raises where it is too long
        # Replacing a device would take it away from everybody.
        raise UnwritableFileError(f"{str(path)!r} is a folder or a device, and is not replaced.", hint="Write it somewhere else.")
    try:
        write_atomically(target, text.encode("utf-8"), mode=0o600 if private else 0o666, replace=replace)
    except (OSError, ValueError) as error:
        problem = unwritable(path, error, replace=replace)
    else:
        return
    raise problem


def refuse_existing(path: str | Path) -> None:
    """Return if there is no such file; for before anything is asked.

    Raises:
        UnwritableFileError: If there is.
    """
    if os.path.lexists(at(path)):
        raise unwritable(path, FileExistsError(), replace=False)


def at(path: str | Path) -> Path:
    """Return where a path leads, ``~`` expanded."""
    return Path(encode_system_text(os.path.expanduser(str(path))))  # noqa: PTH111 - Path.expanduser raises where there is no such user


def unwritable(path: str | Path, error: Exception, *, replace: bool = True) -> UnwritableFileError:
    """Return our error for what the platform said about a file that was to be written."""
    if isinstance(error, FileExistsError) and not replace:
        return UnwritableFileError(f"The file {str(path)!r} exists already; it was not changed.", hint="Add --force to replace it.")
    if isinstance(error, FileNotFoundError):
        return UnwritableFileError(f"The folder of {str(path)!r} does not exist.", hint="Create it, or write somewhere else.")
    return UnwritableFileError(f"The file {str(path)!r} can't be written: {describe_os_error(error)}.", hint="Write it somewhere else.")
