"""Which files there are under the paths that a person names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.scan.findings import Unread
from zensecrets_jupyter.core.whole_files import why_not

if TYPE_CHECKING:
    from collections.abc import Iterable

_PASSED_OVER = {".git", ".hg", ".svn", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox"}
"""Folders of tools, whose content a person neither writes nor shares as it is."""


_LONGEST_SHOWN = 200
"""Characters of a path that an error shows."""


def files_under(paths: Iterable[str], unread: list[Unread]) -> list[Path]:
    """Return the files that ``paths`` name, and all those in the folders among them, each once and sorted folder by folder.

    Virtual environments and the folders of tools are passed over, unless they are named themselves, and so are links to folders.

    Args:
        paths: Files and folders; ``~`` is expanded.
        unread: Gets the folders that can't be looked into.

    Raises:
        UnreadableFileError: If there is no such file or folder.
    """
    found: dict[Path, None] = {}
    for named in paths:
        path = Path(os.path.expanduser(named))  # noqa: PTH111 - Path.expanduser raises where there is no such user
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where the path is too long
            found.update(dict.fromkeys(_in_folder(path, unread)))
        elif os.path.isfile(path):  # noqa: PTH113 - likewise
            found[path] = None
        else:
            shown = repr(named) if len(named) <= _LONGEST_SHOWN else f"{named[:_LONGEST_SHOWN]!r}…"
            raise UnreadableFileError(f"There is no file or folder {shown}.", hint="Check the path.")
    return list(found)


def _in_folder(folder: Path, unread: list[Unread]) -> list[Path]:
    found = []

    def tell(error: OSError) -> None:
        unread.append(Unread(str(error.filename), why_not(error)))

    for where, folders, names in os.walk(folder, onerror=tell):
        folders[:] = sorted(name for name in folders if name not in _PASSED_OVER and not (Path(where, name) / "pyvenv.cfg").exists())
        found += [path for name in sorted(names) if os.path.isfile(path := Path(where, name))]  # noqa: PTH113 - likewise
    return found
