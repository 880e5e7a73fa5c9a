"""The user's choice of environment variables to protect and to ignore.

The choices are saved in a file in ``ZENSECRETS_HOME``.
"""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - Python evaluates the annotation of a module variable
from typing import NamedTuple

from zensecrets_jupyter.core.errors import UnreadableFileError, UnwritableFileError
from zensecrets_jupyter.core.settings import home, make_private_folder
from zensecrets_jupyter.core.system.atomic_write import write_atomically

_VERSION = 1
"""The version of the file's format."""


class VariableChoices(NamedTuple):
    """The names of environment variables that the user chose.

    Attributes:
        protect: The names of variables that are always protected.
        ignore: The names of variables that are never protected.
    """

    protect: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()

    def with_protected(self, variable: str) -> VariableChoices:
        """Return a copy of these choices with ``variable`` protected."""
        return VariableChoices(self.protect | {variable}, self.ignore - {variable})

    def with_ignored(self, variable: str) -> VariableChoices:
        """Return a copy of these choices with ``variable`` ignored."""
        return VariableChoices(self.protect - {variable}, self.ignore | {variable})


def choices_file() -> Path:
    """Return the path of the file, which may not exist."""
    return home() / "guard.json"


_cache: dict[Path, VariableChoices] = {}
"""The choices of each file that this process has read or written.

Changes by another process apply after the file is read again, such as by ``%load_ext``.
"""


def read_choices(*, reload: bool = False) -> VariableChoices:
    """Return the saved choices, which are empty if there is no file.

    Args:
        reload: Whether to read the file even if this process has read it before.

    Raises:
        UnreadableFileError: The file is damaged or unreadable.
    """
    path = choices_file()
    choices = _cache.get(path)
    if choices is None or reload:
        choices = _cache[path] = _read(path)
    return choices


def _read(path: Path) -> VariableChoices:
    try:
        document = json.loads(path.read_bytes())
        if document["version"] == _VERSION:
            return VariableChoices(frozenset(map(str, document["protect"])), frozenset(map(str, document["ignore"])))
    except FileNotFoundError:
        return VariableChoices()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    # A damaged file, or a file of another version.
    message = f"The file {str(path)!r}, which lists the variables to protect and to ignore, can't be read."
    raise UnreadableFileError(message, hint="Delete it, and repeat your choices: %secret guard protect NAME, %secret guard ignore NAME")


def write_choices(choices: VariableChoices) -> None:
    """Save ``choices`` in the file, with mode 0600.

    Raises:
        UnwritableFileError: The file can't be written.
    """
    path = choices_file()
    document = {"version": _VERSION, "protect": sorted(choices.protect), "ignore": sorted(choices.ignore)}
    try:
        make_private_folder(path.parent)
        write_atomically(path, (json.dumps(document, indent=1) + "\n").encode())
    except OSError:
        pass
    else:
        _cache[path] = choices
        return
    raise UnwritableFileError(
        f"The file {str(path)!r} can't be written, so the choice is not saved.", hint="Check the folder's permissions."
    )
