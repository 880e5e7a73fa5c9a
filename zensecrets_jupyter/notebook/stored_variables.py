"""Variables that ``%store`` keeps: a reference in the place of a secret's value, whatever object holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from zensecrets_jupyter.core.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Have the database of ``shell``, in which ``%store`` keeps variables, hold no value; ``undo`` ends it."""
    before: Any = None
    if not _is_made_when_used(shell):
        before = shell.db
    database: Any = _WithoutValues(lambda: _made(shell, database) if before is None else before)
    shell.db = database

    def restore() -> None:
        if shell.db is database:
            shell.db = before

    undo.callback(restore)


def _is_made_when_used(shell: Any) -> bool:
    # IPython 9 makes it with the first use, and asks its attribute _db whether that was.
    return isinstance(getattr(type(shell), "db", None), property) and getattr(shell, "_db", None) is None


def _made(shell: Any, database: object) -> Any:
    shell.db = None
    try:
        return shell.db
    finally:
        shell.db = database


class _WithoutValues:
    """IPython's database of pickles, in front of which values are replaced; everything else is the database's own."""

    def __init__(self, make: Callable[[], Any]) -> None:
        """Stand before the database that ``make`` returns, which is called with the first use."""
        self._make = make
        self._known: Any = None

    @property
    def _inner(self) -> Any:
        if self._known is None:
            self._known = self._make()
        return self._known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __getitem__(self, key: str) -> Any:
        return self._inner[key]

    def __delitem__(self, key: str) -> None:
        del self._inner[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)

    def __contains__(self, key: object) -> bool:
        return key in self._inner

    def __setitem__(self, key: str, value: Any) -> None:
        """Keep ``value`` under ``key``, with references in the place of secrets' values.

        Raises:
            UsageError: If it can't be kept without a value.
        """
        from zensecrets_jupyter.core.pickling import as_stored

        problem: ArtifactError | None = None
        stored: Any = None
        try:
            stored = as_stored(value, f"Variable {key.rpartition('/')[2]!r}")
        except ArtifactError as error:
            problem = error
        if problem is not None:
            raise UsageError(str(problem))
        self._inner[key] = stored
        if stored is not value and hasattr(self._inner, "uncache"):
            # IPython would answer the next read from memory, with what stands for the object.
            self._inner.uncache(self._inner.root / key)
