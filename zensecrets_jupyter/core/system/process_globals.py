"""Objects that exist once per process, even if the package is reloaded or imported again.

Development tools reload modules (``importlib.reload``, ``%autoreload``, ``deepreload``), and test tools remove them from ``sys.modules``.
The variables of a module are then lost. Without this module there would be two redactors: new values would go to the second one, and the
guard would still use the first one.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_HOLDER_MODULE = "_zensecrets_process"
"""Name of a module without a file. Reloading tools select modules by the package's name or files, and ignore this one."""

_Object = TypeVar("_Object")


def process_global(name: str, create: Callable[[], _Object]) -> _Object:
    """Return the object with this name in this process; ``create`` creates it on first use."""
    # dict.setdefault is atomic, so that two threads get the same object even if both call ``create``.
    objects = vars(sys.modules.setdefault(_HOLDER_MODULE, ModuleType(_HOLDER_MODULE)))
    if name not in objects:
        objects.setdefault(name, create())
    return cast("_Object", objects[name])


def clear_process_globals() -> None:
    """Remove all objects, as in a new process; only tests call this function."""
    sys.modules.pop(_HOLDER_MODULE, None)
