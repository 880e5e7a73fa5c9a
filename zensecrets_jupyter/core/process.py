"""Objects that a process has one of, and keeps when the package is reloaded or imported again.

Development tools reload modules (``importlib.reload``, ``%autoreload``, ``deepreload``), and test tools remove them from ``sys.modules``. A
variable of a module is lost then: there would be a second redactor, which is told the new values, while the guard goes on with the first.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_HOLDER = "_zensecrets_process"
"""The name of a module without a file. Tools that reload a package go by its name or its files, and leave this one alone."""

_Thing = TypeVar("_Thing")


def process_wide(name: str, make: Callable[[], _Thing]) -> _Thing:
    """Return the object called ``name`` of this process; ``make`` makes it the first time."""
    # dict.setdefault is atomic: two threads that come first get the same object.
    things = vars(sys.modules.setdefault(_HOLDER, ModuleType(_HOLDER)))
    if name not in things:
        things.setdefault(name, make())
    return cast("_Thing", things[name])


def forget_all() -> None:
    """Forget every object, as a new process would; for tests."""
    sys.modules.pop(_HOLDER, None)
