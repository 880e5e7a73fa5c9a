"""SQLite file that only its owner can read, for several threads and processes.

The first write creates the file. Before that, reading finds no rows and creates nothing.
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
from zensecrets_jupyter.core.sealing.databases.interface import meta_table
from zensecrets_jupyter.core.sealing.databases.sqlite_connections import begin_write, connect, enable_write_ahead_log, open_lock, side_files
from zensecrets_jupyter.core.sealing.databases.sqlite_errors import translate_sqlite_error
from zensecrets_jupyter.core.sealing.file_access import check_folder, check_owner, translate_os_error
from zensecrets_jupyter.core.settings import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x7A736563
"""Application id in the header of the file (``zsec``), which identifies it to ``file`` and to this package."""

_FORMAT = "format"
"""Name of the row of the meta table with the kind of content and the version of the format."""

# SQLite quotes names of tables and columns in error texts. If a name is damaged, the sqlite3 module can't decode the text, and raises
# UnicodeDecodeError.
_LIBRARY_ERRORS = (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError)

_inherited_files: list[object] = []
"""Open files of the parent process after a fork. SQLite forbids the use of their connections in the child process, and closing one could
drop the parent's locks."""


@dataclass
class _OpenFile:
    """The open file of a :class:`SqliteFile`, with its connections."""

    identity: tuple[int, int, int]
    """Process id, device and inode of the open file."""
    engine: Engine
    watch: sqlite3.Connection
    """Connection that only counts the commits of other connections."""
    immutable_mtime: int | None
    """Modification time of a file that is opened as immutable, else ``None``; the file is reopened if the time changes."""
    has_tables: bool = False
    """Whether the tables were found."""

    def matches(self, identity: tuple[int, int, int], status: os.stat_result) -> bool:
        """Return whether this is the file with that identity and status."""
        return self.identity == identity and self.immutable_mtime in {None, status.st_mtime_ns}


class SqliteFile:
    """A :class:`~zensecrets_jupyter.core.sealing.databases.interface.Database` in one SQLite file.

    It uses a write-ahead log, full synchronisation, secure deletion and foreign keys. The file and its side files have mode 0600. New
    folders have mode 0700.
    """

    def __init__(self, path: Path, tables: MetaData, *, kind: str, version: int, own_folder: bool = True) -> None:
        """Use the file at ``path``; nothing is created.

        Args:
            path: The file.
            tables: The tables, which the first write creates.
            kind: The kind of content.
            version: The version of the format.
            own_folder: Whether the folder belongs to this user alone, and is refused if other users can write to it.
        """
        self.path = path
        self._own_folder = own_folder
        self._kind = kind
        self._version = version
        self._tables = tables
        self._meta = meta_table(tables)
        self._opened: _OpenFile | None = None
        self._lock = threading.RLock()

    @property
    def identity(self) -> object:
        """See :attr:`~zensecrets_jupyter.core.sealing.databases.interface.Database.identity`."""
        return self._opened and self._opened.identity

    @contextmanager
    def read(self) -> Iterator[Connection | None]:
        """See :meth:`~zensecrets_jupyter.core.sealing.databases.interface.Database.read`."""
        opened = self._open()
        if opened is None:
            yield None
            return
        with self._translate_errors(writing=False), opened.engine.connect() as connection:
            yield connection if opened.has_tables or self._check_tables(opened, connection) else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See :meth:`~zensecrets_jupyter.core.sealing.databases.interface.Database.write`."""
        opened = self._open() or self._create()
        committing = False
        try:
            with opened.engine.connect() as connection:
                if not opened.has_tables:
                    self._check_tables(opened, connection)
                    connection.rollback()
                    enable_write_ahead_log(connection)
                with connection.begin():
                    begin_write(connection, self.path)
                    if not self._check_tables(opened, connection):
                        self._create_tables(connection)
                    yield connection
                    self._refuse_replaced_file(opened)
                    committing = True
        except _LIBRARY_ERRORS as error:
            raise translate_sqlite_error(error, self.path, writing=True, committing=committing) from None

    def change_token(self) -> object:
        """Return a token that changes with each commit, or ``None`` for a missing file.

        The token also changes with commits of other processes. The call is cheap enough for every read.
        """
        with self._translate_errors(writing=False), self._lock:
            opened = self._open()
            if opened is None:
                return None
            return opened.identity, opened.watch.execute("PRAGMA data_version").fetchone()

    def scrub(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.sealing.databases.interface.Database.scrub`.

        Secure deletion has overwritten deleted rows already. This method truncates the log, unless other connections are reading.
        """
        opened = self._open()
        if opened is not None:
            with self._translate_errors(writing=True), opened.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _translate_errors(self, *, writing: bool) -> Iterator[None]:
        try:
            yield
        except _LIBRARY_ERRORS as error:
            raise translate_sqlite_error(error, self.path, writing=writing) from None

    def _open(self) -> _OpenFile | None:
        """Return the open file or ``None``; reopen it after a replacement or a fork."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            problem = translate_os_error(error, self.path)
        else:
            identity = (os.getpid(), status.st_dev, status.st_ino)
            opened = self._opened
            if opened is not None and opened.matches(identity, status):
                return opened
            return self._reopen(identity, status)
        raise problem

    def _reopen(self, identity: tuple[int, int, int], status: os.stat_result) -> _OpenFile:
        if not stat.S_ISREG(status.st_mode):
            raise ManagerAccessError(f"{self.path} is not a file.", hint="Give the path of a file, or of a new one.")
        with self._lock:
            current = self._opened
            if current is not None and current.matches(identity, status):
                return current
            self._check_owner(status)
            if current is not None:
                _close(current)
            self._opened = None
            immutable_mtime = status.st_mtime_ns if _needs_immutable_mode(self.path) else None
            open_connection = partial(connect, self.path, "rw" if immutable_mtime is None else "ro&immutable=1")
            with self._translate_errors(writing=False):
                watch = open_connection()
            engine = create_engine("sqlite://", creator=open_connection, poolclass=QueuePool, max_overflow=-1, hide_parameters=True)
            self._opened = _OpenFile(identity, engine, watch, immutable_mtime)
            weakref.finalize(self, _close, self._opened)
            return self._opened

    def _create(self) -> _OpenFile:
        """Create an empty file and open it."""
        # If several processes create the file at the same time, all of them open the same one.
        try:
            make_private_folder(self.path.parent)
            if self._own_folder:
                check_folder(self.path.parent)
            with open_lock, suppress(FileExistsError):
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            if isinstance(error, ManagerError):
                raise
            raise translate_os_error(error, self.path) from None
        opened = self._open()
        if opened is None:
            raise ManagerAccessError(f"{self.path} was deleted during its creation.", hint="Try again.")
        return opened

    def _check_owner(self, status: os.stat_result) -> None:
        if self._own_folder:
            check_folder(self.path.parent)
            check_owner(self.path, status)

    def _refuse_replaced_file(self, opened: _OpenFile) -> None:
        # This check precedes the commit, because rows in a file that is no longer at its path are lost.
        if self._open() is not opened:
            message = f"{self.path} was deleted or replaced during the write; nothing was stored."
            raise ManagerUnreachableError(message, hint="Try again.")

    def _check_tables(self, opened: _OpenFile, connection: Connection) -> bool:
        """Return whether the tables exist.

        Raises:
            ManagerCorruptedError: If the file belongs to another program, or is damaged.
            StoreTooNewError: If a newer version of this package wrote it.
        """
        # The order matters: another process may commit the tables together with the application id between these two statements.
        table_count = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
        application_id = connection.exec_driver_sql("PRAGMA application_id").scalar()
        if not table_count and application_id in {0, APPLICATION_ID}:
            # SQLite treats a file of a few bytes as empty, and would overwrite it.
            if not _page_count(connection) and _file_size(self.path) and not _page_count(connection):
                raise self._damage_error("is not a store of this package")
            return False
        if application_id != APPLICATION_ID:
            raise self._damage_error("is not a store of this package, or is damaged")
        stored_format = connection.execute(select(self._meta.c.value).where(self._meta.c.name == _FORMAT)).scalar()
        kind, _, version = str(stored_format).partition(" ")
        if kind != self._kind or not version.isdecimal():
            raise self._damage_error(f"does not hold {self._kind}, or is damaged")
        if int(version) > self._version:
            message = f"{self.path} was written by a newer version of zensecrets-jupyter (format {version}, here {self._version})."
            raise StoreTooNewError(message, hint="Update it: pip install --upgrade zensecrets-jupyter")
        opened.has_tables = True
        return True

    def _damage_error(self, problem: str) -> ManagerCorruptedError:
        hint = "It was not changed: restore it from a copy, or choose another path."
        return ManagerCorruptedError(f"{self.path} {problem}.", hint=hint)

    def _create_tables(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        self._tables.create_all(connection)
        connection.execute(insert(self._meta).values(name=_FORMAT, value=f"{self._kind} {self._version}"))


def _needs_immutable_mode(path: Path) -> bool:
    # In a read-only folder, for example in a container image, SQLite can't create the index of the log. It can then open a file in WAL mode
    # only as immutable (https://sqlite.org/wal.html#readonly).
    return not os.access(path.parent, os.W_OK) and not any(file.exists() for file in side_files(path))


def _page_count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _close(opened: _OpenFile) -> None:
    if opened.identity[0] == os.getpid():
        opened.engine.dispose()
        opened.watch.close()
    else:
        _inherited_files.append(opened)
