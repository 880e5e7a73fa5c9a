"""A package that was changed on disk while a process runs, as `pip install --upgrade` does: what is loaded and what is not don't fit."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import PackageChangedError
from zensecrets_jupyter.core.system.import_hooks import ImportFinder

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from types import ModuleType

_PACKAGE = "zensecrets_jupyter"


def watch_imports(undo: ExitStack) -> None:
    """Have each late import of this package that fails after it was changed say so in one line; ``undo`` stops it.

    Most modules are imported when they are first used. One that a new release has brought may need what the loaded ones don't have, and
    one that it has dropped is gone.
    """
    _LateImports(time.time()).install(undo)


class _LateImports(ImportFinder):
    """Looks at how imports of this package's modules end."""

    def __init__(self, since: float) -> None:
        self._since = since

    def handles(self, fullname: str) -> bool:
        return fullname.startswith(f"{_PACKAGE}.")

    def load(self, module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
        try:
            execute(module)
        except (ImportError, AttributeError, SyntaxError, OSError):
            if not self._is_changed():
                raise
        else:
            return
        raise changed(module.__name__)

    def handle_missing(self, fullname: str) -> None:
        if self._is_changed():
            raise changed(fullname)

    def _is_changed(self) -> bool:
        """Tell whether a file of a loaded module is gone, or newer than this; asked only once an import has failed."""
        loaded = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == _PACKAGE]
        return any(_is_newer(Path(file), self._since) for module in loaded if (file := getattr(module, "__file__", None)))


def changed(module: str) -> PackageChangedError:
    """Return the error for a module that can't be imported beside what is loaded."""
    message = f"{_PACKAGE} was updated or removed while this process runs, and {module} does not fit what is loaded."
    return PackageChangedError(message, hint="Restart the kernel.")


def _is_newer(file: Path, since: float) -> bool:
    try:
        status = file.stat()
    except OSError:
        return True
    # Tools that install from a cache keep the time of the content, and change that of the file's entry.
    return max(status.st_mtime, status.st_ctime) > since
