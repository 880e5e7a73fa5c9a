"""Read the values of options: a text, a file (``@FILE``) or piped input (``@-``)."""

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

VALUES_OPTION = "values"
"""The name of the option ``--values``, which sets several keys. It is a free option: no command declares it.

For example, ``--values=@FILE`` sets the keys in a file of JSON or YAML.
"""

MAX_VALUE_BYTES = 64 * 1024
"""The maximum size of a value in bytes."""
_MAX_PIPED_BYTES = MAX_VALUE_BYTES + len("\r\n")
"""The maximum size of piped input: a value and the line end after it."""
_TOO_LARGE = f"has more than {MAX_VALUE_BYTES // 1024} KiB"

_VARIABLE = re.compile(r"\$(?:env:)?[A-Za-z_]\w*|\$\{[^{}]*\}|\$\([^()]*\)|`[^`]+`|%[A-Za-z_]\w*%|\{[A-Za-z_]\w*\}", re.ASCII)
"""A text that is one variable or one command, such as ``$TOKEN`` or ``$(cat FILE)``, in the syntax of a shell or of IPython.

The shells are POSIX shells, PowerShell and cmd.
"""
_REFERENCE = re.compile(r"\{\{[^{}]*\}\}")
"""A text that is one reference, such as ``{{db.password}}``."""


def is_variable(text: str) -> bool:
    """Return whether a text is one variable or one command that was not expanded."""
    return _VARIABLE.fullmatch(text) is not None


def check_expanded(key: str, text: str, *, allows_references: bool = False) -> None:
    """Check that a value is neither an unexpanded variable nor a reference that is not allowed.

    Args:
        key: The value's key.
        text: The text as typed.
        allows_references: Whether the value may be a reference.

    Raises:
        UsageProblem: If the value is an unexpanded variable, or a reference where references are not allowed.
    """
    if is_variable(text):
        problem = f"The value of --{key} is the name of a variable that was not expanded."
    elif not allows_references and _REFERENCE.fullmatch(text):
        problem = f"The value of --{key} is a reference. Only attributes of components can be references; a secret stores the value itself."
    else:
        return
    raise UsageProblem(problem, hint=f"Write --{key} to type the value, or add --literal if the text is the value.")


def read_value(key: str, text: str, piped_input: BinaryIO | None = None, *, sensitive: bool = True) -> str:
    """Return the value that the text of an option denotes.

    ``@path`` denotes the unchanged content of a file, ``@-`` piped input without its final line end, and ``@@x`` the text ``@x``. Any
    other text denotes itself.

    Args:
        key: The key of the value, for errors.
        text: The text of the option.
        piped_input: Standard input, if it is a pipe.
        sensitive: Whether the value is sensitive. Then an error hides a missing file's path, unless the path is clearly no password: the
            user may have typed a password that begins with ``@``.

    Raises:
        UnreadableFileError: If the file is missing, unreadable, binary or too large. The error never quotes content.
    """
    if text.startswith("@@"):
        return text[1:]
    if not text.startswith("@"):
        return text
    if text == "@-":
        return _read_piped(key, piped_input)
    return _read_file(key, text[1:], sensitive=sensitive)


def _read_piped(key: str, piped_input: BinaryIO | None) -> str:
    if piped_input is None:
        message = f"--{key}=@- reads piped input, but standard input is not a pipe."
        raise UnreadableFileError(message, hint=f"Write --{key} to type the value, or --{key}=@FILE. A file with the name '-' is @./-.")
    source = "the piped input"
    # One byte more than allowed is read, to detect an input that is too large. The read is limited, because a program may write endlessly.
    data = piped_input.read(_MAX_PIPED_BYTES + 1)
    if not data:
        message = f"--{key}=@- reads piped input, but the input was empty."
        raise UnreadableFileError(message, hint=f"Check that the program before the pipe writes the value. An empty value is --{key}=")
    text = _decode(key, source, data, max_bytes=_MAX_PIPED_BYTES)
    # Programs that print a value add a line end, which is not part of the value.
    value = text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")
    if len(value.encode("utf-8", "surrogatepass")) > MAX_VALUE_BYTES:
        raise _content_error(key, source, _TOO_LARGE)
    return value


def _read_file(key: str, path: str, *, sensitive: bool) -> str:
    problem = ""
    data = b""
    try:
        # One byte more than allowed is read, to detect a file that is too large. The read is limited, because a device may be endless.
        with Path(encode_system_text(os.path.expanduser(path))).open("rb") as file:  # noqa: PTH111 - Path.expanduser raises an error for an unknown user
            data = file.read(MAX_VALUE_BYTES + 1)
    except (OSError, ValueError) as error:
        problem = describe_read_error(error)
    if problem:
        message = f"--{key}: the file {f'{path!r} ' if not sensitive or is_clearly_path(path) else ''}{problem}."
        raise UnreadableFileError(message, hint=f"Check the path. A value that starts with '@' is written --{key}=@@…")
    return _decode(key, f"the file {path!r}", data)


_CLEAR_PATH = re.compile(r"[\w./~-]*\.[a-z]{2,4}|(?:~|\.{1,2}/)[\w./-]*|[a-z.-]+(?:/[a-z.-]+)+", re.ASCII)
"""A text that looks like a path and not like a password.

It has a suffix, begins with ``~``, ``./`` or ``../``, or consists of lower-case names with ``/`` between them.
"""
_MAX_PATH_LENGTH = 100
"""The maximum length of a text that counts as a path. A longer text may be a password."""


def is_clearly_path(text: str) -> bool:
    """Return whether a text after ``@`` is clearly a path.

    An error may show the path. The text is clearly a path if its file or folder exists, or if it looks like a path.
    """
    path = encode_system_text(os.path.expanduser(text))  # noqa: PTH111 - Path.expanduser raises an error for an unknown user
    folder = os.path.dirname(path)  # noqa: PTH120 - the text may be no path
    return (
        os.path.lexists(path)
        or (bool(folder) and os.path.isdir(folder))  # noqa: PTH112 - Path.is_dir raises where the path is too long
        or (len(text) <= _MAX_PATH_LENGTH and _CLEAR_PATH.fullmatch(text) is not None)
    )


def _decode(key: str, source: str, data: bytes, *, max_bytes: int = MAX_VALUE_BYTES) -> str:
    """Return the bytes of a value as text.

    Raises:
        UnreadableFileError: If the data is too large, or not UTF-8 text.
    """
    if len(data) > max_bytes:
        raise _content_error(key, source, _TOO_LARGE)
    with suppress(UnicodeDecodeError):
        text = decode_file_text(data)
        if "\0" not in text:
            return text
    raise _content_error(key, source, "is not UTF-8 text")


def _content_error(key: str, source: str, problem: str) -> UnreadableFileError:
    """Return the error for a source whose content can't be a value."""
    message = f"--{key}: {source} {problem}."
    return UnreadableFileError(message, hint="A value is a text of at most 64 KiB. Encode binary data, for instance as base64.")
