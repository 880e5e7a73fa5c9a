"""The value of an argument: the text itself, the content of a file (``@FILE``), or piped input (``@-``)."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.framework.outcome import UsageProblem
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.system.atomic_write import describe_read_error
from zensecrets_jupyter.core.system.text_encoding import decode_file_text, encode_system_text

if TYPE_CHECKING:
    from typing import BinaryIO

VALUES = "values"
"""The free option that holds several keys."""

MAX_VALUE_BYTES = 64 * 1024
"""The largest value, in bytes, that is read from a file."""


_VARIABLE = re.compile(r"\$(?:env:)?[A-Za-z_]\w*|\$\{[^{}]*\}|\$\([^()]*\)|`[^`]+`|%[A-Za-z_]\w*%|\{[A-Za-z_]\w*\}", re.ASCII)
"""A whole text that is a variable or a command in the syntax of a shell (POSIX, PowerShell, cmd) or of IPython."""
_REFERENCE = re.compile(r"\{\{[^{}]*\}\}")


def is_variable(text: str) -> bool:
    """Return whether a text is only a variable or a command that nothing has expanded."""
    return _VARIABLE.fullmatch(text) is not None


def check_expanded(key: str, text: str, *, references: bool = False) -> None:
    """Check that a value is not an unexpanded variable, nor a reference where none is allowed.

    Args:
        key: The value's key.
        text: The text as typed.
        references: Whether references are allowed.

    Raises:
        UsageProblem: If it is one of them.
    """
    if is_variable(text):
        problem = f"The value of --{key} is the name of a variable, which nothing has expanded here."
    elif not references and _REFERENCE.fullmatch(text):
        problem = f"The value of --{key} is a reference. A secret holds the value itself; references are for attributes of components."
    else:
        return
    raise UsageProblem(problem, hint=f"Write --{key} to be asked for the value, or add --literal if that is the value.")


def read_value(key: str, text: str, piped: BinaryIO | None = None, *, sensitive: bool = True) -> str:
    """Return the value that the text of an argument stands for.

    ``@path`` is the file's text unchanged, ``@-`` is piped input without its final line end, ``@@x`` is ``@x``, and any other text is
    itself.

    Args:
        key: The key of the value, for errors.
        text: The text of the argument.
        piped: Standard input, if something is piped in.
        sensitive: Whether errors hide the path, since it may be a password that begins with ``@``.

    Raises:
        UnreadableFileError: If the file is missing, unreadable, binary or too large. The error never quotes content.
    """
    if text.startswith("@@"):
        return text[1:]
    if not text.startswith("@"):
        return text
    if text == "@-":
        return _read_piped(key, piped)
    return _read_file(key, text[1:], sensitive=sensitive)


def _read_piped(key: str, piped: BinaryIO | None) -> str:
    if piped is None:
        message = f"--{key}=@- reads what is piped in, and nothing is piped in here."
        raise UnreadableFileError(message, hint=f"Write --{key} to be asked, or --{key}=@FILE; a file called '-' is @./-.")
    # Two extra bytes may be the line end, and a third shows that the value is too large.
    data = piped.read(MAX_VALUE_BYTES + 3)
    if not data:
        message = f"--{key}=@- reads what is piped in, and that was nothing."
        raise UnreadableFileError(message, hint=f"See that the program before it writes the value; an empty value is --{key}=")
    text = _text(key, "what was piped in", data)
    # Programs that print a value add a line end, which does not belong to the value.
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")


def _read_file(key: str, path: str, *, sensitive: bool) -> str:
    problem = ""
    data = b""
    try:
        # One extra byte shows that the file is too large. Reading a device would never end.
        with Path(encode_system_text(os.path.expanduser(path))).open("rb") as file:  # noqa: PTH111 - Path.expanduser raises where there is no such user
            data = file.read(MAX_VALUE_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = describe_read_error(error)
    if problem:
        message = f"--{key}: the file {f'{path!r} ' if not sensitive or is_clearly_path(path) else ''}{problem}."
        raise UnreadableFileError(message, hint=f"Check the path; a value that starts with '@' is written --{key}=@@…")
    return _text(key, f"the file {path!r}", data)


_PATH = re.compile(r"[\w./~-]*\.[a-z]{2,4}|(?:~|\.{1,2}/)[\w./-]*|[a-z.-]+(?:/[a-z.-]+)+", re.ASCII)
"""A text that is a path rather than a password: with a suffix, with a leading ``~``, ``./`` or ``../``, or in small letters only."""
_LONGEST_PATH = 100


def is_clearly_path(text: str) -> bool:
    """Return whether a text is a path. If no such file exists, it may be a password that begins with ``@``."""
    path = encode_system_text(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser raises where there is no such user
    folder = os.path.dirname(path)  # noqa: PTH120 - of a text that may be no path
    return (
        os.path.lexists(path)
        or (bool(folder) and os.path.isdir(folder))  # noqa: PTH112 - Path.is_dir raises where the path is too long
        or (len(text) <= _LONGEST_PATH and _PATH.fullmatch(text) is not None)
    )


def _text(key: str, what: str, data: bytes) -> str:
    problem = "is no UTF-8 text"
    if len(data) > MAX_VALUE_BYTES:
        problem = f"holds more than {MAX_VALUE_BYTES // 1024} KiB"
    else:
        with suppress(UnicodeDecodeError):
            text = decode_file_text(data)
            if "\0" not in text:
                return text
    raise UnreadableFileError(f"--{key}: {what} {problem}.", hint="A value is a text of 64 KiB at most; encode binary data, say as base64.")
