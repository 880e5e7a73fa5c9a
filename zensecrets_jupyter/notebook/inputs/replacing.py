"""Methods of IPython's objects, replaced on the one object, and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack


def replaced(thing: Any, name: str, method: Callable[..., Any], undo: ExitStack) -> None:
    """Have ``method`` called as ``thing.name``; ``undo`` puts back what was there, unless somebody replaced ours meanwhile."""
    own = name in vars(thing)
    before = getattr(thing, name)
    setattr(thing, name, method)

    def restore() -> None:
        if vars(thing).get(name) != method:
            return
        if own:
            setattr(thing, name, before)
        else:
            delattr(thing, name)

    undo.callback(restore)
