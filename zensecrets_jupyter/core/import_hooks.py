"""Take part in the import of modules, now or later: call a function with a module, or look at how its import ends."""

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


def when_imported(hooks: dict[str, Callable[[ModuleType], None]], undo: ExitStack) -> None:
    """Call each hook with its module: at once if that is imported already, else as soon as it is. ``undo`` ends the waiting."""
    for name, hook in hooks.items():
        module = sys.modules.get(name)
        if module is not None:
            hook(module)
    waiting = {name: hook for name, hook in hooks.items() if name not in sys.modules}
    if waiting:
        _Hooks(waiting).take_part(undo)


class ImportFinder(MetaPathFinder):
    """Finds modules as Python would without it, and takes part in the import of those that it wants."""

    def take_part(self, undo: ExitStack) -> None:
        """Begin with the next import; ``undo`` ends it."""
        sys.meta_path.insert(0, self)
        undo.callback(self._leave)

    @abstractmethod
    def wants(self, fullname: str) -> bool:
        """Tell whether it takes part in the import of that module."""

    @abstractmethod
    def load(self, module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
        """Load a module by ``execute``, as Python would without this finder, and do what is to be done with it."""

    def miss(self, fullname: str) -> None:
        """Be told that there is no such module."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return what the other finders find; Python calls this."""
        if not self.wants(fullname):
            return None
        for finder in [one for one in sys.meta_path if one is not self]:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self)
                return spec
        self.miss(fullname)
        return None

    def _leave(self) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)


class _Hooks(ImportFinder):
    """Calls the hooks of modules once these are imported."""

    def __init__(self, hooks: dict[str, Callable[[ModuleType], None]]) -> None:
        self._hooks = hooks

    def wants(self, fullname: str) -> bool:
        return fullname in self._hooks

    def load(self, module: ModuleType, execute: Callable[[ModuleType], None]) -> None:
        execute(module)
        self._hooks[module.__name__](module)


class _Loader(Loader):
    """Loads a module with another loader, as a finder wants it."""

    def __init__(self, loader: Any, finder: ImportFinder) -> None:
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
        self._finder.load(module, self._loader.exec_module)
