"""Interface of a database with sealed rows, and parts of its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Column, LargeBinary, String, Table

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, MetaData


class SealedColumn(LargeBinary):
    """Column type of sealed bytes.

    A damaged row may contain a value of another type, so the code that reads a row has to check the type.
    """

    def result_processor(self, dialect: Any, coltype: object) -> None:
        """Convert nothing, because the conversion of SQLAlchemy raises TypeError for a value that is not bytes."""


class Database(Protocol):
    """A database with sealed rows.

    Its methods raise subclasses of :class:`~zensecrets_jupyter.core.errors.ManagerError`, and are safe in several threads and after a fork.
    """

    @property
    def identity(self) -> object:
        """A value that changes when this process notices that another database has replaced this one."""

    def read(self) -> AbstractContextManager[Connection | None]:
        """Return a connection for reading, or ``None`` if the database does not exist yet.

        The connection is not in a transaction, so two statements can return different states of the data.

        Raises:
            ManagerAccessError: If this user may not read the database.
            ManagerCorruptedError: If the database is damaged, or belongs to another program.
            StoreTooNewError: If a newer version of this package wrote the database.
        """

    def write(self) -> AbstractContextManager[Connection]:
        """Return a connection in an exclusive write transaction.

        The end of the block commits the transaction; an exception rolls it back.

        Raises:
            ManagerUnreachableError: If another writer does not finish in time.
            StoreFullError: If the disk is full.
            ManagerError: For the errors of :meth:`read`.
        """

    def scrub(self) -> None:
        """Remove deleted and replaced data from the database files, if the database can do this."""


def meta_table(tables: MetaData) -> Table:
    """Return the table ``meta`` of ``tables``; add it if it is missing.

    One of its rows stores the kind of the content and the version of the format.
    """
    existing = tables.tables.get("meta")
    if existing is not None:
        return existing
    return Table("meta", tables, Column("name", String, primary_key=True), Column("value", String, nullable=False))
