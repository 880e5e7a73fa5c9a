"""Call a function when a module is imported, now or later."""

from __future__ import annotations

import sys
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
        finder = _Finder(waiting)
        sys.meta_path.insert(0, finder)
        undo.callback(_remove, finder)


def _remove(finder: MetaPathFinder) -> None:
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    """Finds a module as Python would without it, and adds the hook to its loader."""

    def __init__(self, hooks: dict[str, Callable[[ModuleType], None]]) -> None:
        self._hooks = hooks

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        hook = self._hooks.get(fullname)
        if hook is None:
            return None
        for finder in [one for one in sys.meta_path if one is not self]:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, hook)
                return spec
        return None


class _Loader(Loader):
    """Loads a module with another loader, and then calls the hook."""

    def __init__(self, loader: Any, hook: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._hook = hook

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        # What reads the module's source or data files asks its loader for them.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._hook(module)
