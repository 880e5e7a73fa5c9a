"""Import hooks: functions that run after a module's import, and finders that wrap the loading of modules."""

from __future__ import annotations

import sys
from abc import abstractmethod
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack
    from importlib.machinery import ModuleSpec
    from types import ModuleType


def call_on_import(hooks: dict[str, Callable[[ModuleType], None]], undo: ExitStack) -> None:
    """Call each hook with its module, now or after the import of the module.

    Args:
        hooks: The hooks by name of the module.
        undo: Gets the callback that removes hooks of modules that are not imported yet.
    """
    for name, hook in hooks.items():
        module = sys.modules.get(name)
        if module is not None:
            hook(module)
    pending = {name: hook for name, hook in hooks.items() if name not in sys.modules}
    if pending:
        _HookFinder(pending).install(undo)


class ImportFinder(MetaPathFinder):
    """Base class of finders that wrap the loading of modules that other finders find."""

    def install(self, undo: ExitStack) -> None:
        """Handle imports from now on; ``undo`` stops this."""
        sys.meta_path.insert(0, self)
        undo.callback(self._uninstall)

    @abstractmethod
    def handles(self, fullname: str) -> bool:
        """Return whether imports of the module ``fullname`` call :meth:`load` or :meth:`handle_missing`."""

    @abstractmethod
    def load(self, module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
        """Load a module: call ``execute(module)``, which runs the module's code, and do the subclass's work before or after."""

    def handle_missing(self, fullname: str) -> None:
        """Handle the import of a module that no other finder finds."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec that another finder returns, with a loader that calls :meth:`load`; Python calls this method."""
        if not self.handles(fullname):
            return None
        for finder in [finder for finder in sys.meta_path if finder is not self]:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self)
                return spec
        self.handle_missing(fullname)
        return None

    def _uninstall(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)


class _HookFinder(ImportFinder):
    """Finder that calls the hook of a module after its import."""

    def __init__(self, hooks: dict[str, Callable[[ModuleType], None]]) -> None:
        self._hooks = hooks

    def handles(self, fullname: str) -> bool:
        return fullname in self._hooks

    def load(self, module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
        execute(module)
        self._hooks[module.__name__](module)


class _Loader(Loader):
    """Loader that delegates to another loader through an :class:`ImportFinder`."""

    def __init__(self, loader: Any, finder: ImportFinder) -> None:
        self._loader = loader
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        # Code that reads the source or data files of the module, such as inspect, needs the original loader.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._finder.load(module, self._loader.exec_module)
