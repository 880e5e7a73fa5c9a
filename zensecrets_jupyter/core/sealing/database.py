"""What sealed rows need of a database, whichever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Column, LargeBinary, String, Table

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, MetaData


class Sealed(LargeBinary):
    """A column of sealed bytes, given as the driver has them: in a damaged row that may be a text or a number, for its reader to see."""

    def result_processor(self, dialect: Any, coltype: object) -> None:
        """Convert nothing: SQLAlchemy's own conversion raises TypeError for what is no bytes."""


class Database(Protocol):
    """A database that holds sealed rows: the SQLite file of this package, or a server.

    The methods tell what the database says as a :class:`~zensecrets_jupyter.core.errors.ManagerError`, and may be used from several
    threads, also in a process that was forked.
    """

    @property
    def identity(self) -> object:
        """What is equal as long as the database was not replaced by another, as far as this process has seen."""

    def read(self) -> AbstractContextManager[Connection | None]:
        """Return a connection for single statements that read, or ``None`` where nothing was written yet; nothing is created for it.

        Raises:
            ManagerAccessError: If this user may not read it.
            ManagerCorruptedError: If it is damaged, or is something else.
            StoreTooNewError: If a newer version of this package wrote it.
        """

    def write(self) -> AbstractContextManager[Connection]:
        """Return a connection in a transaction, alone among all writers; it is committed at the end, or undone if something is raised.

        Raises:
            ManagerUnreachableError: If another writer does not end in time.
            StoreFullError: If there is no room.
            ManagerError: As from :meth:`read`.
        """

    def scrub(self) -> None:
        """Take what was deleted or replaced out of the files, as far as the database can."""


def meta_table(tables: MetaData) -> Table:
    """Return the table, as one of ``tables``, that says what they hold and in which format."""
    present = tables.tables.get("meta")
    if present is not None:
        return present
    return Table("meta", tables, Column("name", String, primary_key=True), Column("value", String, nullable=False))
