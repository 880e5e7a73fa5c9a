"""What an argument's text stands for: itself, the content of a file, or what was piped in."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.commands.framework.errors import UsageProblem
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.system_text import for_system, text_of_file
from zensecrets_jupyter.core.whole_files import unreadable

if TYPE_CHECKING:
    from typing import BinaryIO

VALUES = "values"
"""The argument that holds several keys."""

LARGEST = 64 * 1024
"""Bytes that a value read from a file has at most."""


_VARIABLE = re.compile(r"\$(?:env:)?[A-Za-z_]\w*|\$\{[^{}]*\}|\$\([^()]*\)|`[^`]+`|%[A-Za-z_]\w*%|\{[A-Za-z_]\w*\}", re.ASCII)
"""A variable or a command as shells (POSIX, PowerShell, cmd) and IPython write it, and nothing else."""
_REFERENCE = re.compile(r"\{\{[^{}]*\}\}")


def is_variable(text: str) -> bool:
    """Tell whether a text is nothing but a variable or a command, in the place of which a shell or a person meant to put something."""
    return _VARIABLE.fullmatch(text) is not None


def refuse_unexpanded(key: str, text: str, *, references: bool = False) -> None:
    """Refuse a value in the place of which another one was meant: a variable that nobody has expanded, or a reference.

    Args:
        key: The value's key.
        text: What was typed.
        references: Whether references may be given.

    Raises:
        UsageProblem: If it is refused.
    """
    if is_variable(text):
        problem = f"The value of --{key} is the name of a variable, which nothing has expanded here."
    elif not references and _REFERENCE.fullmatch(text):
        problem = f"The value of --{key} is a reference. A secret holds the value itself; references are for attributes of components."
    else:
        return
    raise UsageProblem(problem, hint=f"Write --{key} to be asked for the value, or add --literal if that is the value.")


def read_value(key: str, text: str, piped: BinaryIO | None = None, *, sensitive: bool = True) -> str:
    """Return the value that ``text`` gives for ``key``; of one that is ``sensitive`` an error doesn't show what may be the value itself.

    ``@path`` is the file's text as it stands, ``@-`` what was piped in without the line end after it, ``@@x`` is ``@x``, and everything
    else is itself.

    Raises:
        UnreadableFileError: If the file is missing, unreadable, binary or too large; the error names key and path, never content.
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
    # Two bytes more than allowed may be the line end, and a third tells what is too large.
    data = piped.read(LARGEST + 3)
    if not data:
        message = f"--{key}=@- reads what is piped in, and that was nothing."
        raise UnreadableFileError(message, hint=f"See that the program before it writes the value; an empty value is --{key}=")
    text = _text(key, "what was piped in", data)
    # Programs that print a value end the line, and the value does not hold that end.
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")


def _read_file(key: str, path: str, *, sensitive: bool) -> str:
    problem = ""
    data = b""
    try:
        # One byte more than allowed tells a file that is too large, and a device never ends.
        with Path(for_system(os.path.expanduser(path))).open("rb") as file:  # noqa: PTH111 - Path.expanduser raises where there is no such user
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        problem = unreadable(error)
    if problem:
        message = f"--{key}: the file {f'{path!r} ' if not sensitive or is_surely_path(path) else ''}{problem}."
        raise UnreadableFileError(message, hint=f"Check the path; a value that starts with '@' is written --{key}=@@…")
    return _text(key, f"the file {path!r}", data)


_PATH = re.compile(r"[\w./~-]*\.[a-z]{2,4}|(?:~|\.{1,2}/)[\w./-]*|[a-z.-]+(?:/[a-z.-]+)+", re.ASCII)
"""What people write as a path, and hardly as a password: with a suffix, from a folder that is named by a sign, or in small letters only."""
_LONGEST_PATH = 100


def is_surely_path(text: str) -> bool:
    """Tell whether a text is surely a path: a file that is not there may be a password that begins with '@'."""
    path = for_system(os.path.expanduser(text))  # noqa: PTH111 - as above
    folder = os.path.dirname(path)  # noqa: PTH120 - of a text that may be no path
    return (
        os.path.lexists(path)
        or (bool(folder) and os.path.isdir(folder))  # noqa: PTH112 - Path.is_dir raises where the path is too long
        or (len(text) <= _LONGEST_PATH and _PATH.fullmatch(text) is not None)
    )


def _text(key: str, what: str, data: bytes) -> str:
    problem = "is no UTF-8 text"
    if len(data) > LARGEST:
        problem = f"holds more than {LARGEST // 1024} KiB"
    else:
        with suppress(UnicodeDecodeError):
            text = text_of_file(data)
            if "\0" not in text:
                return text
    raise UnreadableFileError(f"--{key}: {what} {problem}.", hint="A value is a text of 64 KiB at most; encode binary data, say as base64.")
