"""Variables that ``%store`` keeps: a reference in the place of a secret's value, whatever object holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from zensecrets_jupyter.core.errors import ArtifactError

if TYPE_CHECKING:
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Have the database of ``shell``, in which ``%store`` and autorestore keep variables, hold no value; ``undo`` ends it."""
    before = shell.db
    if not (hasattr(before, "uncache") and hasattr(before, "root")):
        # Without a folder to write to, IPython keeps a plain dict in memory.
        return
    with_references: Any = type(type(before).__name__, (_WithoutValues, type(before)), {})
    database = shell.db = with_references(before.root)

    def restore() -> None:
        if shell.db is database:
            shell.db = before

    undo.callback(restore)


class _WithoutValues:
    """What is put before IPython's database of pickles."""

    root: Any

    def __setitem__(self, key: str, value: Any) -> None:
        """Keep ``value`` under ``key``, with references in the place of secrets' values.

        Raises:
            UsageError: If it can't be kept without a value.
        """
        from zensecrets_jupyter.core.pickling import as_stored  # noqa: PLC0415 - loading the extension stays fast

        problem: ArtifactError | None = None
        stored: Any = None
        try:
            stored = as_stored(value, f"Variable {key.rpartition('/')[2]!r}")
        except ArtifactError as error:
            problem = error
        if problem is not None:
            raise UsageError(str(problem))
        parent: Any = super()
        parent.__setitem__(key, stored)
        if stored is not value:
            # IPython would answer the next read from memory, with what stands for the object.
            database: Any = self
            database.uncache(database.root / key)
