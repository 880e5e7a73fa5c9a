"""A SQLite file that only its owner can read, for several threads and processes at once.

It comes into being with the first write. Before that, and where there is no such file, reading finds nothing and creates nothing.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import weakref
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, MetaData, create_engine, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from zensecrets_jupyter.core.errors import (
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerError,
    ManagerUnreachableError,
    StoreTooNewError,
)
from zensecrets_jupyter.core.sealing.database import meta_table
from zensecrets_jupyter.core.sealing.foreign_errors import from_os_error, from_sqlite
from zensecrets_jupyter.core.sealing.ownership import check_folder, check_owner
from zensecrets_jupyter.core.sealing.sqlite_connections import begin, beside, connect, opening, use_log
from zensecrets_jupyter.core.settings import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x7A736563
"""Marks our files for ``file`` and for ourselves, in the header that SQLite has for it: ``zsec``."""

_FORMAT = "format"


_FOREIGN = (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError)
# sqlite3 decodes the text of an error too, in which SQLite quotes damaged names.

_inherited: list[object] = []
"""Connections of the parent after a fork: SQLite forbids to use them here, and closing one could take the parent's locks away."""


@dataclass
class _Opened:
    identity: tuple[int, int, int]
    engine: Engine
    watch: sqlite3.Connection
    frozen: int | None
    """Time of the last change of a file that is opened as one that never changes; then it is opened anew."""
    whole: bool = False
    """Whether the tables were seen."""

    def is_still(self, identity: tuple[int, int, int], found: os.stat_result) -> bool:
        """Tell whether this is the file that was found."""
        return self.identity == identity and self.frozen in {None, found.st_mtime_ns}


class SqliteFile:
    """See :class:`~zensecrets_jupyter.core.sealing.database.Database`.

    Write-ahead log, full synchronisation, secure deletion, foreign keys; file, log and index have mode 0600, and folders that are made
    for them 0700.
    """

    def __init__(self, path: Path, tables: MetaData, *, kind: str, version: int, own_folder: bool = True) -> None:
        """Prepare it.

        Args:
            path: The file.
            tables: What is made with the first write.
            kind: What it holds.
            version: In which format.
            own_folder: Whether the folder is this user's alone, so that it is refused where others can write to it.
        """
        self.path = path
        self._own_folder = own_folder
        self._kind = kind
        self._version = version
        self._tables = tables
        self._meta = meta_table(tables)
        self._opened: _Opened | None = None
        self._lock = threading.RLock()

    @property
    def identity(self) -> object:
        """See :attr:`~zensecrets_jupyter.core.sealing.database.Database.identity`."""
        return self._opened and self._opened.identity

    @contextmanager
    def read(self) -> Iterator[Connection | None]:
        """See :meth:`~zensecrets_jupyter.core.sealing.database.Database.read`."""
        opened = self._open()
        if opened is None:
            yield None
            return
        with self._told(writing=False), opened.engine.connect() as connection:
            yield connection if opened.whole or self._look(opened, connection) else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See :meth:`~zensecrets_jupyter.core.sealing.database.Database.write`."""
        opened = self._open() or self._create()
        committing = False
        try:
            with opened.engine.connect() as connection:
                if not opened.whole:
                    self._look(opened, connection)
                    connection.rollback()
                    use_log(connection)
                with connection.begin():
                    begin(connection, self.path)
                    if not self._look(opened, connection):
                        self._make_tables(connection)
                    yield connection
                    self._refuse_if_replaced(opened)
                    committing = True
        except _FOREIGN as error:
            raise from_sqlite(error, self.path, writing=True, committing=committing) from None

    def change_token(self) -> object:
        """Return something that differs after any commit by anybody; cheap enough to be called before every read."""
        with self._told(writing=False), self._lock:
            opened = self._open()
            if opened is None:
                return None
            return opened.identity, opened.watch.execute("PRAGMA data_version").fetchone()

    def scrub(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.sealing.database.Database.scrub`.

        Deleted rows are overwritten already; what is left is the log, unless others are reading just now.
        """
        opened = self._open()
        if opened is not None:
            with self._told(writing=True), opened.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _told(self, *, writing: bool) -> Iterator[None]:
        try:
            yield
        except _FOREIGN as error:
            raise from_sqlite(error, self.path, writing=writing) from None

    def _open(self) -> _Opened | None:
        """Return what is open, opened anew where the file was replaced or this process was forked; ``None`` if there is no file."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            problem = from_os_error(error, self.path)
        else:
            identity = (os.getpid(), found.st_dev, found.st_ino)
            opened = self._opened
            if opened is not None and opened.is_still(identity, found):
                return opened
            return self._open_anew(identity, found)
        raise problem

    def _open_anew(self, identity: tuple[int, int, int], found: os.stat_result) -> _Opened:
        if not stat.S_ISREG(found.st_mode):
            raise ManagerAccessError(f"{self.path} is no file.", hint="Give the path of a file, or of one that shall be made.")
        with self._lock:
            present = self._opened
            if present is not None and present.is_still(identity, found):
                return present
            self._check_owner(found)
            if present is not None:
                _close(present)
            self._opened = None
            frozen = found.st_mtime_ns if _is_frozen(self.path) else None
            open_connection = partial(connect, self.path, "rw" if frozen is None else "ro&immutable=1")
            with self._told(writing=False):
                watch = open_connection()
            engine = create_engine("sqlite://", creator=open_connection, poolclass=QueuePool, max_overflow=-1, hide_parameters=True)
            self._opened = _Opened(identity, engine, watch, frozen)
            weakref.finalize(self, _close, self._opened)
            return self._opened

    def _create(self) -> _Opened:
        """Make an empty file, as SQLite takes it; of several processes that do it at once each finds the one that was made."""
        try:
            make_private_folder(self.path.parent)
            if self._own_folder:
                check_folder(self.path.parent)
            with opening, suppress(FileExistsError):
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            if isinstance(error, ManagerError):
                raise
            raise from_os_error(error, self.path) from None
        opened = self._open()
        if opened is None:
            raise ManagerAccessError(f"{self.path} was deleted while it was being made.", hint="Try again.")
        return opened

    def _check_owner(self, found: os.stat_result) -> None:
        if self._own_folder:
            check_folder(self.path.parent)
            check_owner(self.path, found)

    def _refuse_if_replaced(self, opened: _Opened) -> None:
        # Before the commit: what is written into a file that is no longer at its path is lost with it.
        if self._open() is not opened:
            message = f"{self.path} was deleted or replaced while it was written; nothing was kept."
            raise ManagerUnreachableError(message, hint="Try again.")

    def _look(self, opened: _Opened, connection: Connection) -> bool:
        """Tell whether the tables are there.

        Raises:
            ManagerCorruptedError: If the file is another program's, or damaged.
            StoreTooNewError: If a newer version wrote it.
        """
        # In this order: the mark is committed with the tables, and another process may do so between two of these statements.
        made = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar()
        if not made and mark in {0, APPLICATION_ID}:
            # A few bytes of something else are no page, and SQLite would write over them.
            if not _pages(connection) and _size(self.path) and not _pages(connection):
                raise self._damaged("is no store of this package")
            return False
        if mark != APPLICATION_ID:
            raise self._damaged("is no store of this package, or damaged")
        found = connection.execute(select(self._meta.c.value).where(self._meta.c.name == _FORMAT)).scalar()
        kind, _, version = str(found).partition(" ")
        if kind != self._kind or not version.isdecimal():
            raise self._damaged(f"does not hold {self._kind}, or is damaged")
        if int(version) > self._version:
            message = f"{self.path} was written by a newer version of zensecrets-jupyter (format {version}, here {self._version})."
            raise StoreTooNewError(message, hint="Update it: pip install --upgrade zensecrets-jupyter")
        opened.whole = True
        return True

    def _damaged(self, what: str) -> ManagerCorruptedError:
        hint = "It was left as it is: restore it from a copy, or choose another path."
        return ManagerCorruptedError(f"{self.path} {what}.", hint=hint)

    def _make_tables(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        self._tables.create_all(connection)
        connection.execute(insert(self._meta).values(name=_FORMAT, value=f"{self._kind} {self._version}"))


def _is_frozen(path: Path) -> bool:
    # SQLite can't open a file with a log where it may not make the log's index, even if the log is empty and gone, unless it is told that
    # the file never changes. So it is in a read-only folder, say of a container's image.
    return not os.access(path.parent, os.W_OK) and not any(file.exists() for file in beside(path))


def _pages(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _close(opened: _Opened) -> None:
    if opened.identity[0] == os.getpid():
        opened.engine.dispose()
        opened.watch.close()
    else:
        _inherited.append(opened)
