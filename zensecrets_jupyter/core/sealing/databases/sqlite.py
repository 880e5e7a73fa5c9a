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
from zensecrets_jupyter.core.system.related_errors import raise_without_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION_ID = 0x7A736563
"""Application id in the header of the file (``zsec``), which identifies it to the Unix command ``file`` and to this package."""

_FORMAT = "format"
"""Name of the row in the table ``meta`` that stores the kind of the content and the version of the format, such as ``secrets 1``."""

# SQLite quotes names of tables and columns in error texts. If a name is damaged, the sqlite3 module can't decode the text, and raises
# UnicodeDecodeError.
_LIBRARY_ERRORS = (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError)

_inherited_files: list[object] = []
"""Open files of the parent process, after a fork. This list keeps their connections open, because SQLite forbids their use in the child
process, and closing one of them could drop the parent's locks."""


@dataclass
class _OpenFile:
    """The open file of a :class:`SqliteFile`, with its connections."""

    identity: tuple[int, int, int]
    """Process id, device and inode of the open file."""
    engine: Engine
    watch_connection: sqlite3.Connection
    """Connection that is only used to notice the commits of other connections."""
    immutable_mtime: int | None
    """Modification time of a file that SQLite has opened as immutable, else ``None``. If the time changes, the file is opened again."""
    has_tables: bool = False
    """Whether the tables were found."""

    def matches(self, identity: tuple[int, int, int], status: os.stat_result) -> bool:
        """Return whether the open file is still the file at its path, which now has this identity and status."""
        return self.identity == identity and self.immutable_mtime in {None, status.st_mtime_ns}


class SqliteFile:
    """A :class:`~zensecrets_jupyter.core.sealing.databases.interface.Database` in one SQLite file.

    It uses a write-ahead log, full synchronisation, secure deletion and foreign keys. The file and its side files have mode 0600. New
    folders have mode 0700.
    """

    def __init__(self, path: Path, tables: MetaData, *, kind: str, version: int, is_folder_private: bool = True) -> None:
        """Use the file at ``path``; nothing is created.

        Args:
            path: The file.
            tables: The tables, which the first write creates.
            kind: The kind of the content, for messages and the table ``meta``, such as ``secrets``.
            version: The version of the format.
            is_folder_private: Whether the file is refused if it belongs to another user, or if other users can write to its folder.
        """
        self.path = path
        self._is_folder_private = is_folder_private
        self._kind = kind
        self._version = version
        self._tables = tables
        self._meta = meta_table(tables)
        self._open_file: _OpenFile | None = None
        self._lock = threading.RLock()

    @property
    def identity(self) -> object:
        """See :attr:`~zensecrets_jupyter.core.sealing.databases.interface.Database.identity`."""
        return self._open_file and self._open_file.identity

    @contextmanager
    def read(self) -> Iterator[Connection | None]:
        """See :meth:`~zensecrets_jupyter.core.sealing.databases.interface.Database.read`."""
        open_file = self._open()
        if open_file is None:
            yield None
            return
        with self._translate_errors(is_write=False), open_file.engine.connect() as connection:
            yield connection if open_file.has_tables or self._check_tables(open_file, connection) else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See :meth:`~zensecrets_jupyter.core.sealing.databases.interface.Database.write`."""
        open_file = self._open() or self._create()
        has_commit_begun = False
        try:
            with open_file.engine.connect() as connection:
                # SQLite can't switch to the log in a transaction. So a file of another program is refused before the switch changes it.
                if not open_file.has_tables:
                    self._check_tables(open_file, connection)
                    connection.rollback()
                    enable_write_ahead_log(connection)
                with connection.begin():
                    begin_write(connection, self.path)
                    if not self._check_tables(open_file, connection):
                        self._create_tables(connection)
                    yield connection
                    self._refuse_replaced_file(open_file)
                    has_commit_begun = True
        except _LIBRARY_ERRORS as error:
            raise_without_context(translate_sqlite_error(error, self.path, is_write=True, is_commit=has_commit_begun))

    def change_token(self) -> object:
        """Return a token that changes with each commit, or ``None`` for a missing file.

        The token also changes with commits of other processes. The call is cheap enough for every read.
        """
        with self._translate_errors(is_write=False), self._lock:
            open_file = self._open()
            if open_file is None:
                return None
            return open_file.identity, open_file.watch_connection.execute("PRAGMA data_version").fetchone()

    def scrub(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.sealing.databases.interface.Database.scrub`.

        SQLite's setting ``secure_delete`` has overwritten deleted rows already. This method truncates the write-ahead log, which may
        contain old versions of rows, unless other connections are reading.
        """
        open_file = self._open()
        if open_file is not None:
            with self._translate_errors(is_write=True), open_file.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def _translate_errors(self, *, is_write: bool) -> Iterator[None]:
        try:
            yield
        except _LIBRARY_ERRORS as error:
            raise_without_context(translate_sqlite_error(error, self.path, is_write=is_write))

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
            open_file = self._open_file
            if open_file is not None and open_file.matches(identity, status):
                return open_file
            return self._reopen(identity, status)
        raise problem

    def _reopen(self, identity: tuple[int, int, int], status: os.stat_result) -> _OpenFile:
        if not stat.S_ISREG(status.st_mode):
            raise ManagerAccessError(f"{self.path} is not a file.", hint="Give the path of a file, or of a new one.")
        with self._lock:
            open_file = self._open_file
            if open_file is not None and open_file.matches(identity, status):
                # Another thread has opened the file already.
                return open_file
            self._check_access(status)
            if open_file is not None:
                _close(open_file)
            self._open_file = None
            immutable_mtime = status.st_mtime_ns if _needs_immutable_mode(self.path) else None
            open_connection = partial(connect, self.path, "rw" if immutable_mtime is None else "ro&immutable=1")
            with self._translate_errors(is_write=False):
                watch_connection = open_connection()
            # With max_overflow=-1, the number of connections has no limit.
            engine = create_engine("sqlite://", creator=open_connection, poolclass=QueuePool, max_overflow=-1, hide_parameters=True)
            self._open_file = _OpenFile(identity, engine, watch_connection, immutable_mtime)
            weakref.finalize(self, _close, self._open_file)
            return self._open_file

    def _create(self) -> _OpenFile:
        """Create an empty file and open it."""
        # Another process may create the file at the same time. Then FileExistsError is ignored, and both processes open the same file.
        try:
            make_private_folder(self.path.parent)
            if self._is_folder_private:
                check_folder(self.path.parent)
            with open_lock, suppress(FileExistsError):
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            # Some errors of this package are also OSErrors.
            if isinstance(error, ManagerError):
                raise
            raise translate_os_error(error, self.path) from None
        open_file = self._open()
        if open_file is None:
            raise ManagerAccessError(f"{self.path} was deleted during its creation.", hint="Try again.")
        return open_file

    def _check_access(self, status: os.stat_result) -> None:
        if self._is_folder_private:
            check_folder(self.path.parent)
            check_owner(self.path, status)

    def _refuse_replaced_file(self, open_file: _OpenFile) -> None:
        # If another file is at the path now, rows that are committed to the old file would be lost.
        if self._open() is not open_file:
            message = f"{self.path} was deleted or replaced during the write; nothing was stored."
            raise ManagerUnreachableError(message, hint="Try again.")

    def _check_tables(self, open_file: _OpenFile, connection: Connection) -> bool:
        """Return whether the tables exist.

        Raises:
            ManagerCorruptedError: If the file belongs to another program, or is damaged.
            StoreTooNewError: If a newer version of this package wrote it.
        """
        # The tables are counted first. If another process commits them together with the application id between these two statements, they
        # only count as missing. In the other order, the file would seem to belong to another program.
        table_count = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
        application_id = connection.exec_driver_sql("PRAGMA application_id").scalar()
        if not table_count and application_id in {0, APPLICATION_ID}:
            # SQLite treats a file of a few bytes as empty, and would overwrite it. The pages are counted again after the size is read,
            # because another process may have written the tables in the meantime.
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
        open_file.has_tables = True
        return True

    def _damage_error(self, problem: str) -> ManagerCorruptedError:
        hint = "It was not changed: restore it from a copy, or choose another path."
        return ManagerCorruptedError(f"{self.path} {problem}.", hint=hint)

    def _create_tables(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        self._tables.create_all(connection)
        connection.execute(insert(self._meta).values(name=_FORMAT, value=f"{self._kind} {self._version}"))


def _needs_immutable_mode(path: Path) -> bool:
    # In a read-only folder, for example in a container image, SQLite can't create the index of the log (the side file ``-shm``). SQLite can
    # then open a file in WAL mode only as immutable (https://sqlite.org/wal.html#readonly).
    return not os.access(path.parent, os.W_OK) and not any(file.exists() for file in side_files(path))


def _page_count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _close(open_file: _OpenFile) -> None:
    process_id, _, _ = open_file.identity
    if process_id == os.getpid():
        open_file.engine.dispose()
        open_file.watch_connection.close()
    else:
        _inherited_files.append(open_file)
