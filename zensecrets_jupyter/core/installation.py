"""A package that was changed on disk while a process runs, as `pip install --upgrade` does: what is loaded and what is not don't fit."""

from __future__ import annotations

import sys
import time
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import PackageChangedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_PACKAGE = "zensecrets_jupyter"


def watch_imports(undo: ExitStack) -> None:
    """Have each late import of this package that fails after it was changed say so in one line; ``undo`` stops it.

    Most modules are imported when they are first used. One that a new release has brought may need what the loaded ones don't have, and
    one that it has dropped is gone.
    """
    finder = _Finder(time.time())
    sys.meta_path.insert(0, finder)
    undo.callback(_remove, finder)


def _remove(finder: MetaPathFinder) -> None:
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    """Finds a module as Python would without it, and looks at how its import ends."""

    def __init__(self, since: float) -> None:
        self._since = since

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not fullname.startswith(f"{_PACKAGE}."):
            return None
        for finder in [one for one in sys.meta_path if one is not self]:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self)
                return spec
        if self.is_changed():
            raise changed(fullname)
        return None

    def is_changed(self) -> bool:
        """Tell whether a file of a loaded module is gone, or newer than this; asked only once an import has failed."""
        loaded = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == _PACKAGE]
        return any(_is_newer(Path(file), self._since) for module in loaded if (file := getattr(module, "__file__", None)))


class _Loader(Loader):
    """Loads a module with another loader, and tells what it means if that fails."""

    def __init__(self, loader: Any, finder: _Finder) -> None:
        self._loader = loader
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        # What reads the module's source or data files asks its loader for them.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        try:
            self._loader.exec_module(module)
        except (ImportError, AttributeError, SyntaxError, OSError):
            if not self._finder.is_changed():
                raise
        else:
            return
        raise changed(module.__name__)


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
