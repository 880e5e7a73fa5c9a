"""Replace an attribute of an object or a class, and put back what was there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import ExitStack


def patch(owner: Any, name: str, replacement: Any, undo: ExitStack) -> None:
    """Set ``owner.name``. ``undo`` restores it, unless another program has replaced ours in the meantime."""
    own = name in vars(owner)
    before = getattr(owner, name)
    setattr(owner, name, replacement)

    def restore() -> None:
        if vars(owner).get(name) != replacement:
            return
        if own:
            setattr(owner, name, before)
        else:
            delattr(owner, name)

    undo.callback(restore)
