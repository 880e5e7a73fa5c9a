"""The tables of a store on a database server, for several people at once.

They come into being with the first write, in a schema of their own. Writers wait for each other at a row, and for nothing else.
"""

from __future__ import annotations

import os
import re
import threading
import weakref
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, insert, inspect, make_url, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateSchema
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from zensecrets_jupyter.core.errors import (
    FlavorUnavailableError,
    ManagerCorruptedError,
    ManagerError,
    ManagerUnreachableError,
    StoreTooNewError,
)
from zensecrets_jupyter.core.sealing.database import meta_table
from zensecrets_jupyter.core.sealing.server_errors import from_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import MetaData
    from sqlalchemy.engine import URL

BUSY_SECONDS = 60.0
"""How long a writer waits for the others."""

CONNECTIONS = 10
"""Connections to the server at most; PostgreSQL allows 100 to everybody by default."""

_FORMAT = "format"
_MAKING = 0x7A736563
"""PostgreSQL's advisory lock that whoever makes the tables holds: ``zsec``."""


_PSYCOPG = "psycopg"


@dataclass(frozen=True)
class _Arguments:
    """What the driver is given besides the URL; SQLAlchemy masks a URL's password when it is shown, and not its parameters."""

    values: dict[str, Any] = field(repr=False)


class SqlServer:
    """See :class:`~zensecrets_jupyter.core.sealing.database.Database`."""

    def __init__(self, url: str, tables: MetaData, *, kind: str, version: int, schema: str, timeout: float) -> None:  # noqa: PLR0913 - all but the first two are named
        """Prepare it; nothing is connected.

        Args:
            url: SQLAlchemy's URL of the database, with user and password.
            tables: What is made with the first write.
            kind: What they hold.
            version: In which format.
            schema: The database's schema that they are in.
            timeout: Seconds that a connection, and the answer to a statement, may take.
        """
        given = parsed(url)
        self._url = given.set(query={}) if given.get_driver_name() == _PSYCOPG else given
        self._arguments = _Arguments(_connect_arguments(given, timeout))
        self._tables = tables
        self._meta = meta_table(tables)
        self._kind = kind
        self._version = version
        self._schema = schema
        self._timeout = timeout
        self._opened: tuple[int, Engine] | None = None
        self._whole = False
        self._lock = threading.Lock()

    @property
    def where(self) -> str:
        """Where it is, for a person: without user and password, and without the parameters of the URL, which may hold others."""
        port = f":{self._url.port}" if self._url.port else ""
        return f"{self._url.get_backend_name()}://{self._url.host or ''}{port}/{self._url.database or ''} (schema {self._schema})"

    @property
    def identity(self) -> object:
        """See :attr:`~zensecrets_jupyter.core.sealing.database.Database.identity`: of a server, always the same."""
        return None

    @contextmanager
    def read(self) -> Iterator[Connection | None]:
        """See :meth:`~zensecrets_jupyter.core.sealing.database.Database.read`."""
        with self._told(writing=False), self._connect() as found:
            connection = found.execution_options(isolation_level="AUTOCOMMIT")
            yield connection if self._look(connection) else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See :meth:`~zensecrets_jupyter.core.sealing.database.Database.write`."""
        with self._told(writing=True), self._connect() as connection, connection.begin():
            if not self._look(connection):
                self._make(connection)
            connection.execute(update(self._meta).where(self._meta.c.name == _FORMAT).values(value=self._meta.c.value))
            yield connection
        self._whole = True

    def scrub(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.sealing.database.Database.scrub`: PostgreSQL is told to free what was replaced."""
        if self._url.get_backend_name() != "postgresql":
            return
        with self._told(writing=True), self._connect() as found:
            connection = found.execution_options(isolation_level="AUTOCOMMIT")
            quote = connection.dialect.identifier_preparer.quote
            for table in self._tables.sorted_tables:
                connection.execute(text(f"VACUUM {quote(self._schema)}.{quote(table.name)}"))

    @contextmanager
    def _told(self, *, writing: bool) -> Iterator[None]:
        problem: ManagerError | None = None
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            if isinstance(error, ManagerError):
                raise
            problem = from_server(error, self.where, writing=writing)
        if problem is not None:
            raise problem

    def _connect(self) -> Connection:
        tries = Retrying(
            retry=retry_if_exception(self._may_be_mended),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(0.1, max=2),
            reraise=True,
        )
        try:
            return tries(self._engine().connect)
        except SQLAlchemyError as error:
            problem = from_server(error, self.where, writing=False)
        # Out here, so that the driver's error is not even its context: psycopg's carries the connection, and that the password.
        raise problem

    def _may_be_mended(self, error: BaseException) -> bool:
        return isinstance(error, SQLAlchemyError) and isinstance(from_server(error, "", writing=False), ManagerUnreachableError)

    def _engine(self) -> Engine:
        missing = ""
        with self._lock:
            if self._opened is None or self._opened[0] != os.getpid():
                if self._opened is not None:
                    _close(*self._opened)
                self._opened = None
                try:
                    self._opened = (os.getpid(), self._make_engine())
                    weakref.finalize(self, _close, *self._opened)
                except ImportError as error:
                    missing = error.name or self._url.drivername
            if self._opened is not None:
                return self._opened[1]
        message = f"{self.where} needs {missing}, which is not installed."
        raise FlavorUnavailableError(message, flavor="sql", hint='Install it; for PostgreSQL: pip install "zensecrets-jupyter[sql]"')

    def _make_engine(self) -> Engine:
        return create_engine(
            self._url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=self._timeout,
            connect_args=self._arguments.values,
            execution_options={"schema_translate_map": {None: self._schema}},
        )

    def _look(self, connection: Connection) -> bool:
        """Tell whether the tables are there.

        Raises:
            ManagerCorruptedError: If they are another program's, or damaged.
            StoreTooNewError: If a newer version wrote them.
        """
        if self._whole:
            return True
        if not inspect(connection).has_table(self._meta.name, schema=self._schema):
            return False
        found = connection.execute(select(self._meta.c.value).where(self._meta.c.name == _FORMAT)).scalar()
        kind, _, version = str(found).partition(" ")
        if kind != self._kind or not version.isdecimal():
            hint = "It was left as it is: restore it from a copy, or choose another schema."
            raise ManagerCorruptedError(f"{self.where} does not hold {self._kind}, or is damaged.", flavor="sql", hint=hint)
        if int(version) > self._version:
            message = f"{self.where} was written by a newer version of zensecrets-jupyter (format {version}, here {self._version})."
            raise StoreTooNewError(message, flavor="sql", hint="Update it: pip install --upgrade zensecrets-jupyter")
        self._whole = True
        return True

    def _make(self, connection: Connection) -> None:
        """Make schema and tables; of several who do it at once, those who come later find them."""
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MAKING})
            if self._look(connection):
                return
        # Who may not make a schema may use one that an administrator has made.
        if not inspect(connection).has_schema(self._schema):
            connection.execute(CreateSchema(self._schema))
        self._tables.create_all(connection)
        connection.execute(insert(self._meta).values(name=_FORMAT, value=f"{self._kind} {self._version}"))


class AmbiguousUrlError(ValueError):
    """A URL that can be read in more than one way."""


def parsed(url: str) -> URL:
    """Return the URL with the driver that the extra ``sql`` installs, where it names none.

    Raises:
        AmbiguousUrlError: If it has a second ``@``, so that a part of its password would be taken for the host.
        ValueError: If it is none, or of a database that is no server.
    """
    if url.count("@") > 1:
        raise AmbiguousUrlError
    found = None
    with suppress(SQLAlchemyError):
        # libpq takes both schemes; PostgreSQL, "Connection URIs".
        candidate = make_url(re.sub(r"\Apostgres(?=[:+])", "postgresql", url))
        candidate.get_dialect()
        found = candidate
    if found is None or found.get_backend_name() == "sqlite":
        message = "no URL of a database server"
        raise ValueError(message)
    if found.drivername == "postgresql":
        return found.set(drivername="postgresql+psycopg")
    return found


def _close(process: int, engine: Engine) -> None:
    # The parent's connections stay the parent's.
    engine.dispose(close=process == os.getpid())


def _connect_arguments(url: URL, timeout: float) -> dict[str, Any]:
    if url.get_driver_name() != _PSYCOPG:
        return {}
    settings = {"statement_timeout": int(1000 * max(timeout, BUSY_SECONDS)), "lock_timeout": int(1000 * BUSY_SECONDS)}
    given = {name: _as_list(values) for name, values in url.query.items()}
    return {
        "connect_timeout": max(2, round(timeout)),
        "tcp_user_timeout": int(1000 * timeout),
        "application_name": "zensecrets-jupyter",
        **{name: ",".join(values) for name, values in given.items()},
        "options": " ".join([*(f"-c {name}={value}" for name, value in settings.items()), *given.get("options", [])]),
    }


def _as_list(values: str | tuple[str, ...]) -> list[str]:
    return [values] if isinstance(values, str) else list(values)
