"""Replacement of an attribute of an object or class, with restoration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import ExitStack


def patch(owner: Any, name: str, replacement: Any, undo: ExitStack) -> None:
    """Set ``owner.name``; ``undo`` restores the old value, unless other code has set another value since then."""
    # ``False`` for an attribute of the class or a base class, which is visible again after ``delattr``.
    is_own_attribute = name in vars(owner)
    original = getattr(owner, name)
    setattr(owner, name, replacement)

    def restore() -> None:
        if vars(owner).get(name) != replacement:
            return
        if is_own_attribute:
            setattr(owner, name, original)
        else:
            delattr(owner, name)

    undo.callback(restore)
