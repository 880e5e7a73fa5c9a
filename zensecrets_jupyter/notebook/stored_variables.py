"""Protection of variables that ``%store`` saves: references replace the values of secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from zensecrets_jupyter.core.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack

    from IPython.core.interactiveshell import InteractiveShell


def register(shell: InteractiveShell, undo: ExitStack) -> None:
    """Make ``%store`` of ``shell`` save references instead of values; ``undo`` stops it."""
    original: Any = None if _creates_database_lazily(shell) else shell.db

    def get_original() -> Any:
        return _create_database(shell, database) if original is None else original

    database: Any = _ReferenceDatabase(get_original)
    shell.db = database

    def restore() -> None:
        if shell.db is database:
            shell.db = original

    undo.callback(restore)


def _creates_database_lazily(shell: Any) -> bool:
    # IPython 9 creates the database at the first access of the property `db`, if its attribute `_db` is None.
    return isinstance(getattr(type(shell), "db", None), property) and getattr(shell, "_db", None) is None


def _create_database(shell: Any, database: object) -> Any:
    """Return the database that IPython creates, and keep ``database`` as the attribute ``db`` of ``shell``."""
    shell.db = None
    try:
        return shell.db
    finally:
        shell.db = database


class _ReferenceDatabase:
    """A wrapper of IPython's database of pickles that replaces values by references in stored objects."""

    def __init__(self, get_database: Callable[[], Any]) -> None:
        """Wrap the database that ``get_database`` returns; this function is called at the first access."""
        self._get_database = get_database
        self._cached_database: Any = None

    @property
    def _database(self) -> Any:
        if self._cached_database is None:
            self._cached_database = self._get_database()
        return self._cached_database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def __getitem__(self, key: str) -> Any:
        return self._database[key]

    def __delitem__(self, key: str) -> None:
        del self._database[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._database)

    def __len__(self) -> int:
        return len(self._database)

    def __contains__(self, key: object) -> bool:
        return key in self._database

    def __setitem__(self, key: str, value: Any) -> None:
        """Store ``value`` under ``key``, with references instead of the values of secrets.

        Raises:
            UsageError: If a value of a secret can't be replaced.
        """
        from zensecrets_jupyter.core.pickling import to_storable

        # %store saves a variable under the database key `autorestore/NAME`; the error quotes only NAME. The error is raised outside of the
        # `except` block, so that it does not have the original error as its context.
        problem: ArtifactError | None = None
        stored: Any = None
        try:
            stored = to_storable(value, f"Variable {key.rpartition('/')[2]!r}")
        except ArtifactError as error:
            problem = error
        if problem is not None:
            raise UsageError(str(problem))
        self._database[key] = stored
        if stored is not value and hasattr(self._database, "uncache"):
            # The database caches the object with references. Without its cache, the next read unpickles the object with the values.
            self._database.uncache(self._database.root / key)
