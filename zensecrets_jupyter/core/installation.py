"""Detection of an update of this package while the process runs."""

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
    """Convert errors of imports that fail after an update of this package into a one-line error.

    Closing the exit stack ``undo`` removes the import finder. Most modules are imported when they are first used. A module of a new release
    may not work with the loaded modules, and a module of the old release may be missing.
    """
    _LateImports(time.time()).install(undo)


class _LateImports(ImportFinder):
    """An import finder that converts errors of this package's imports."""

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
        raise package_changed_error(module.__name__)

    def handle_missing(self, fullname: str) -> None:
        if self._is_changed():
            raise package_changed_error(fullname)

    def _is_changed(self) -> bool:
        """Return whether a file of a loaded module is missing or newer than the start of the process."""
        loaded = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == _PACKAGE]
        return any(_is_newer(Path(file), self._since) for module in loaded if (file := getattr(module, "__file__", None)))


def package_changed_error(module: str) -> PackageChangedError:
    """Return the error for a module that does not match the loaded modules."""
    message = f"{_PACKAGE} was updated or removed while this process runs, and {module} does not match the loaded modules."
    return PackageChangedError(message, hint="Restart the kernel.")


def _is_newer(file: Path, since: float) -> bool:
    """Return whether a file changed after the time ``since``, or is missing."""
    try:
        status = file.stat()
    except OSError:
        return True
    # An installer that links files from a cache keeps their mtime, but changes their ctime.
    return max(status.st_mtime, status.st_ctime) > since
