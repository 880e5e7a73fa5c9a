"""Which variables a person wants protected or ignored, whatever they look like: names only, in a file under ``ZENSECRETS_HOME``."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - the annotation of a variable of the module
from typing import NamedTuple

from zensecrets_jupyter.core.errors import UnreadableFileError, UnwritableFileError
from zensecrets_jupyter.core.settings import home, make_private_folder
from zensecrets_jupyter.core.system.atomic_write import write_atomically

_VERSION = 1


class VariableChoices(NamedTuple):
    """The names of variables that are always protected, and of those that never are."""

    protect: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()

    def with_protected(self, variable: str) -> VariableChoices:
        """Return these choices, with ``variable`` protected."""
        return VariableChoices(self.protect | {variable}, self.ignore - {variable})

    def with_ignored(self, variable: str) -> VariableChoices:
        """Return these choices, with ``variable`` ignored."""
        return VariableChoices(self.protect - {variable}, self.ignore | {variable})


def choices_file() -> Path:
    """Return the path of the file; it need not exist."""
    return home() / "guard.json"


_known: dict[Path, VariableChoices] = {}
"""What this process has read or written, by file: another process's choices count from the next ``%load_ext`` on."""


def read_choices(*, reload: bool = False) -> VariableChoices:
    """Return the choices that were saved; none if there is no file.

    Args:
        reload: Whether to look at the file though this process has read it.

    Raises:
        UnreadableFileError: If the file is damaged or unreadable.
    """
    path = choices_file()
    known = _known.get(path)
    if known is None or reload:
        known = _known[path] = _read(path)
    return known


def _read(path: Path) -> VariableChoices:
    try:
        document = json.loads(path.read_bytes())
        if document["version"] == _VERSION:
            return VariableChoices(frozenset(map(str, document["protect"])), frozenset(map(str, document["ignore"])))
    except FileNotFoundError:
        return VariableChoices()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    message = f"The file {str(path)!r}, which says which variables to protect or to ignore, can't be read."
    raise UnreadableFileError(message, hint="Delete it, and say it again: %secret guard protect NAME, %secret guard ignore NAME")


def write_choices(choices: VariableChoices) -> None:
    """Save ``choices`` for this process and later ones, readable by the owner only (0600).

    Raises:
        UnwritableFileError: If the platform refuses.
    """
    path = choices_file()
    document = {"version": _VERSION, "protect": sorted(choices.protect), "ignore": sorted(choices.ignore)}
    try:
        make_private_folder(path.parent)
        write_atomically(path, (json.dumps(document, indent=1) + "\n").encode())
    except OSError:
        pass
    else:
        _known[path] = choices
        return
    raise UnwritableFileError(
        f"The file {str(path)!r} can't be written, so the choice is not saved.", hint="Check the folder's permissions."
    )
