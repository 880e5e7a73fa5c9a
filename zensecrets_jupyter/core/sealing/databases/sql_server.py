"""Tables of a store in a schema of a database server, shared by several users.

The first write creates the schema and its tables. Each writer locks the same row, so that writers wait for each other. In this module, a
schema is a namespace for tables, and not the type of a secret.
"""

from __future__ import annotations

import os
import re
import threading
import weakref
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

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
from zensecrets_jupyter.core.sealing.databases.interface import meta_table
from zensecrets_jupyter.core.sealing.databases.sql_server_errors import translate_server_error
from zensecrets_jupyter.core.system.related_errors import raise_without_context

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import MetaData
    from sqlalchemy.engine import URL

BUSY_SECONDS = 60.0
"""Seconds that a writer waits for other writers."""

MAX_CONNECTIONS = 10
"""Limit of connections that one :class:`SqlServer` opens. By default PostgreSQL accepts 100 connections from all clients together."""

_FORMAT = "format"
"""Name of the row in the table ``meta`` that stores the kind of the content and the version of the format, such as ``secrets 1``."""
_CREATION_LOCK = 0x7A736563
"""Number of the PostgreSQL advisory lock for creating the tables: ``zsec`` in ASCII."""

_PSYCOPG = "psycopg"


@dataclass(frozen=True)
class _DriverArguments:
    """Arguments of the driver, without a ``repr`` of their values, which may hold secrets.

    SQLAlchemy masks the password of a URL, but not the parameters of the URL.
    """

    values: dict[str, Any] = field(repr=False)


class _OpenEngine(NamedTuple):
    """An engine, and the process that created it."""

    process_id: int
    engine: Engine


class SqlServer:
    """A :class:`~zensecrets_jupyter.core.sealing.databases.interface.Database` in a schema of a server."""

    def __init__(self, url: str, tables: MetaData, *, kind: str, version: int, schema: str, timeout: float) -> None:  # noqa: PLR0913 - all options are keyword arguments
        """Prepare the database without a connection.

        Args:
            url: The SQLAlchemy URL of the database, with user and password.
            tables: The tables, which the first write creates.
            kind: The kind of the content, for messages and the table ``meta``: ``secrets``.
            version: The version of the format.
            schema: The schema of the tables.
            timeout: Limit in seconds for a new connection. A statement may take this time, or :data:`BUSY_SECONDS` if that is longer.
        """
        parsed_url = parse_server_url(url)
        # For psycopg, the parameters of the URL are arguments of the driver instead.
        self._url = parsed_url.set(query={}) if parsed_url.get_driver_name() == _PSYCOPG else parsed_url
        self._arguments = _DriverArguments(_connect_arguments(parsed_url, timeout))
        self._tables = tables
        self._meta = meta_table(tables)
        self._kind = kind
        self._version = version
        self._schema = schema
        self._timeout = timeout
        self._open_engine: _OpenEngine | None = None
        self._has_tables = False
        self._lock = threading.Lock()

    @property
    def location(self) -> str:
        """Server, database and schema for messages, without URL parts that may hold secrets."""
        port = f":{self._url.port}" if self._url.port else ""
        return f"{self._url.get_backend_name()}://{self._url.host or ''}{port}/{self._url.database or ''} (schema {self._schema})"

    @property
    def identity(self) -> object:
        """Always ``None``, because this class does not notice that another database has replaced this one.

        See :attr:`~zensecrets_jupyter.core.sealing.databases.interface.Database.identity`.
        """
        return None

    @contextmanager
    def read(self) -> Iterator[Connection | None]:
        """See :meth:`~zensecrets_jupyter.core.sealing.databases.interface.Database.read`."""
        with self._translate_errors(is_write=False), self._connect() as pooled_connection:
            connection = pooled_connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection if self._check_tables(connection) else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See :meth:`~zensecrets_jupyter.core.sealing.databases.interface.Database.write`."""
        with self._translate_errors(is_write=True), self._connect() as connection, connection.begin():
            if not self._check_tables(connection):
                self._create_tables(connection)
            # This update changes no value. It locks the row until the end of the transaction, so that writers wait for each other.
            connection.execute(update(self._meta).where(self._meta.c.name == _FORMAT).values(value=self._meta.c.value))
            yield connection
        self._has_tables = True

    def scrub(self) -> None:
        """Remove replaced rows from the files of PostgreSQL; other servers remove them by themselves."""
        if self._url.get_backend_name() != "postgresql":
            return
        with self._translate_errors(is_write=True), self._connect() as pooled_connection:
            connection = pooled_connection.execution_options(isolation_level="AUTOCOMMIT")
            quote = connection.dialect.identifier_preparer.quote
            for table in self._tables.sorted_tables:
                connection.execute(text(f"VACUUM {quote(self._schema)}.{quote(table.name)}"))

    @contextmanager
    def _translate_errors(self, *, is_write: bool) -> Iterator[None]:
        problem: ManagerError | None = None
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            # Some errors of this package are also OSErrors.
            if isinstance(error, ManagerError):
                raise
            problem = translate_server_error(error, self.location, is_write=is_write)
        # The raised error must not refer to the driver's error, which may quote parameters.
        if problem is not None:
            raise_without_context(problem)

    def _connect(self) -> Connection:
        retrying = Retrying(
            retry=retry_if_exception(self._is_temporary),
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(0.1, max=2),
            reraise=True,
        )
        try:
            return retrying(self._engine().connect)
        except SQLAlchemyError as error:
            problem = translate_server_error(error, self.location, is_write=False)
        # Outside the except block, the raised error does not refer to psycopg's error, which refers to the connection with its password.
        raise problem

    def _is_temporary(self, error: BaseException) -> bool:
        """Return whether another attempt to connect may succeed."""
        return isinstance(error, SQLAlchemyError) and isinstance(translate_server_error(error, "", is_write=False), ManagerUnreachableError)

    def _engine(self) -> Engine:
        missing_module = ""
        with self._lock:
            if self._open_engine is None or self._open_engine.process_id != os.getpid():
                if self._open_engine is not None:
                    _close(self._open_engine)
                self._open_engine = None
                try:
                    self._open_engine = _OpenEngine(os.getpid(), self._create_engine())
                    weakref.finalize(self, _close, self._open_engine)
                except ImportError as error:
                    missing_module = error.name or self._url.drivername
            if self._open_engine is not None:
                return self._open_engine.engine
        message = f"{self.location} needs {missing_module}, which is not installed."
        raise FlavorUnavailableError(message, flavor="sql", hint='Install it; for PostgreSQL: pip install "zensecrets-jupyter[sql]"')

    def _create_engine(self) -> Engine:
        return create_engine(
            self._url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=MAX_CONNECTIONS,
            max_overflow=0,
            pool_timeout=self._timeout,
            connect_args=self._arguments.values,
            # The tables are declared without a schema, and belong to this one.
            execution_options={"schema_translate_map": {None: self._schema}},
        )

    def _check_tables(self, connection: Connection) -> bool:
        """Return whether the tables exist.

        Raises:
            ManagerCorruptedError: If the tables belong to another program, or are damaged.
            StoreTooNewError: If a newer version of this package wrote them.
        """
        if self._has_tables:
            return True
        if not inspect(connection).has_table(self._meta.name, schema=self._schema):
            return False
        stored_format = connection.execute(select(self._meta.c.value).where(self._meta.c.name == _FORMAT)).scalar()
        kind, _, version = str(stored_format).partition(" ")
        if kind != self._kind or not version.isdecimal():
            hint = "It was not changed: restore it from a copy, or choose another schema."
            raise ManagerCorruptedError(f"{self.location} does not hold {self._kind}, or is damaged.", flavor="sql", hint=hint)
        if int(version) > self._version:
            message = f"{self.location} was written by a newer version of zensecrets-jupyter (format {version}, here {self._version})."
            raise StoreTooNewError(message, flavor="sql", hint="Update it: pip install --upgrade zensecrets-jupyter")
        self._has_tables = True
        return True

    def _create_tables(self, connection: Connection) -> None:
        """Create schema and tables.

        On PostgreSQL, nothing is done if another process has created them in the meantime.
        """
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CREATION_LOCK})
            if self._check_tables(connection):
                return
        # A user without the right to create schemas can use an existing one.
        if not inspect(connection).has_schema(self._schema):
            connection.execute(CreateSchema(self._schema))
        self._tables.create_all(connection)
        connection.execute(insert(self._meta).values(name=_FORMAT, value=f"{self._kind} {self._version}"))


class AmbiguousUrlError(ValueError):
    """A URL in which the end of the password is not clear."""


def parse_server_url(url: str) -> URL:
    """Return the parsed URL of a database server.

    If the URL names PostgreSQL without a driver, the driver is psycopg, which the extra ``sql`` of this package installs.

    Raises:
        AmbiguousUrlError: If the URL has more than one ``@``. A part of the password could then be taken for the host.
        ValueError: If the URL is not that of a database server.
    """
    if url.count("@") > 1:
        raise AmbiguousUrlError
    server_url = None
    with suppress(SQLAlchemyError):
        # PostgreSQL also accepts the URL scheme "postgres" ("Connection URIs" in its documentation), but SQLAlchemy does not.
        parsed_url = make_url(re.sub(r"\Apostgres(?=[:+])", "postgresql", url))
        # This call raises an error for an unknown dialect.
        parsed_url.get_dialect()
        server_url = parsed_url
    if server_url is None or server_url.get_backend_name() == "sqlite":
        message = "not the URL of a database server"
        raise ValueError(message)
    if server_url.drivername == "postgresql":
        return server_url.set(drivername="postgresql+psycopg")
    return server_url


def _close(open_engine: _OpenEngine) -> None:
    # After a fork, the parent still uses its connections, so the child must not close them.
    open_engine.engine.dispose(close=open_engine.process_id == os.getpid())


def _connect_arguments(url: URL, timeout: float) -> dict[str, Any]:
    """Return the arguments of psycopg: time limits, and the parameters of the URL.

    There are no arguments for another driver.
    """
    if url.get_driver_name() != _PSYCOPG:
        return {}
    settings = {"statement_timeout": int(1000 * max(timeout, BUSY_SECONDS)), "lock_timeout": int(1000 * BUSY_SECONDS)}
    url_parameters = {name: _as_list(values) for name, values in url.query.items()}
    options = [*(f"-c {name}={value}" for name, value in settings.items()), *url_parameters.get("options", [])]
    return {
        # For libpq, 0 is no time limit, and 1 is treated as 2.
        "connect_timeout": max(2, round(timeout)),
        "tcp_user_timeout": int(1000 * timeout),
        "application_name": "zensecrets-jupyter",
        # A parameter that occurs several times, such as ``host``, becomes a list with commas, as libpq reads it.
        **{name: ",".join(values) for name, values in url_parameters.items()},
        "options": " ".join(options),
    }


def _as_list(values: str | tuple[str, ...]) -> list[str]:
    return [values] if isinstance(values, str) else list(values)
