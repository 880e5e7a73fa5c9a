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
    """Convert the errors of this package's imports to :class:`PackageChangedError` after an update.

    Most modules of this package are imported at their first use. After an update, a module of the old release may be missing, and a module
    of the new release may not work with the modules that are loaded already. Closing ``undo`` ends the conversion.
    """
    _ImportErrorConverter(time.time()).install(undo)


class _ImportErrorConverter(ImportFinder):
    """An import finder that replaces errors of this package's imports by :class:`PackageChangedError`."""

    def __init__(self, start_time: float) -> None:
        self._start_time = start_time

    def handles(self, fullname: str) -> bool:
        return fullname.startswith(f"{_PACKAGE}.")

    def load(self, module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
        try:
            execute(module)
        except (ImportError, AttributeError, SyntaxError, OSError):
            if not self._is_package_changed():
                raise
        else:
            return
        raise package_changed_error(module.__name__)

    def handle_missing(self, fullname: str) -> None:
        if self._is_package_changed():
            raise package_changed_error(fullname)

    def _is_package_changed(self) -> bool:
        """Return whether a loaded module's file was removed, or changed after the watch began."""
        # The list is a copy, because other threads may import modules meanwhile.
        modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == _PACKAGE]
        return any(_is_changed_since(Path(file), self._start_time) for module in modules if (file := getattr(module, "__file__", None)))


def package_changed_error(module: str) -> PackageChangedError:
    """Return the error for a module that does not match the loaded modules."""
    message = f"{_PACKAGE} was updated or removed while this process runs, and {module} does not match the loaded modules."
    return PackageChangedError(message, hint="Restart the kernel.")


def _is_changed_since(file: Path, start_time: float) -> bool:
    """Return whether a file was changed after ``start_time``, or does not exist now."""
    try:
        status = file.stat()
    except OSError:
        return True
    # An installer that links files from a cache keeps their mtime, but changes their ctime.
    return max(status.st_mtime, status.st_ctime) > start_time
