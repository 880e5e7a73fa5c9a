"""Text files that users import and export."""

from __future__ import annotations

import os
from pathlib import Path

from zensecrets_jupyter.core.errors import UnreadableFileError, UnwritableFileError
from zensecrets_jupyter.core.system.atomic_write import describe_os_error, describe_read_error, write_atomically
from zensecrets_jupyter.core.system.input_limits import MAX_FILE_BYTES
from zensecrets_jupyter.core.system.text_encoding import decode_file_text, encode_system_text


def read_text(path: str | Path) -> str:
    """Return the text of a file with its original line ends.

    A byte order mark is removed.

    Raises:
        UnreadableFileError: If the file is missing, unreadable, larger than 16 MiB, or not a text in UTF-8, UTF-16 or UTF-32. The error
            contains no content.
    """
    problem, hint = "", "Check the path."
    try:
        with expand_path(path).open("rb") as file:
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
                problem = "is not a UTF-8 text"
    raise UnreadableFileError(f"The file {str(path)!r} {problem}.", hint=hint)


def write_text(path: str | Path, text: str, *, replace: bool = False, private: bool = False) -> None:
    """Write a text file atomically.

    Args:
        path: The file.
        text: Its text.
        replace: Whether an existing file is replaced.
        private: Whether only the owner can read the file (mode 0600).

    Raises:
        UnwritableFileError: If the file exists and ``replace`` is false, or it can't be written.
    """
    target = expand_path(path)
    if replace and os.path.exists(target) and not os.path.isfile(target):  # noqa: PTH110, PTH113 - the methods of Path raise OSError for a path that is too long
        # A folder can't be replaced, and replacing a device such as /dev/null would remove it for all users.
        raise UnwritableFileError(f"{str(path)!r} is a folder or a device, and is not replaced.", hint="Choose another path.")
    try:
        write_atomically(target, text.encode("utf-8"), mode=0o600 if private else 0o666, replace=replace)
    except (OSError, ValueError) as error:
        problem = unwritable_error(path, error, replace=replace)
    else:
        return
    raise problem


def refuse_existing(path: str | Path) -> None:
    """Check that a file does not exist, before the user is asked for its content.

    Raises:
        UnwritableFileError: If it exists.
    """
    if os.path.lexists(expand_path(path)):
        raise unwritable_error(path, FileExistsError(), replace=False)


def expand_path(path: str | Path) -> Path:
    """Return a path with ``~`` expanded."""
    return Path(encode_system_text(os.path.expanduser(str(path))))  # noqa: PTH111 - Path.expanduser raises RuntimeError for an unknown user


def unwritable_error(path: str | Path, error: Exception, *, replace: bool = True) -> UnwritableFileError:
    """Return the UnwritableFileError for an error that occurred while a file was written."""
    if isinstance(error, FileExistsError) and not replace:
        return UnwritableFileError(f"The file {str(path)!r} exists already; it was not changed.", hint="Add --force to replace it.")
    if isinstance(error, FileNotFoundError):
        return UnwritableFileError(f"The folder of {str(path)!r} does not exist.", hint="Create it, or choose another path.")
    return UnwritableFileError(f"The file {str(path)!r} can't be written: {describe_os_error(error)}.", hint="Choose another path.")
