"""The `sql` backend with a real PostgreSQL server: the conformance suite, several users, and faults of the server."""

from __future__ import annotations

import gc
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from tests.support.error_texts import error_details, is_one_line
from tests.support.faults.tcp_proxy import TcpProxy
from tests.support.managers.stores import secret
from tests.support.postgresql import Server, running_postgresql
from tests.support.processes import run_python
from zensecrets_jupyter.core.errors import (
    FlavorUnavailableError,
    InteractionUnavailableError,
    InvalidOptionsError,
    KeyLostError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerUnreachableError,
    SecretNotFoundError,
    StoreTooNewError,
    WrongPassphraseError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import ManagerContext, SecretRecord, SecretsManager
from zensecrets_jupyter.core.managers.backends.sealed.sql import SqlBackend
from zensecrets_jupyter.core.sealing.key_protections import passphrase
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests
from zensecrets_jupyter.testing.stateful import VersionBehavior

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

PASSWORD = canary("password")
"""The password of the role ``team``."""
TEAM = "team"
"""The PostgreSQL role with which all managers of these tests log in."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Run a server with an administrator and a role for the team."""
    with running_postgresql("admin", "admin-password") as running_server:
        _run_as_admin(running_server, sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(TEAM), sql.Literal(PASSWORD)))
        _run_as_admin(running_server, sql.SQL("GRANT CREATE ON DATABASE postgres TO {}").format(sql.Identifier(TEAM)))
        yield running_server


def _run_as_admin(server: Server, *statements: sql.Composed) -> list[tuple[Any, ...]]:
    """Execute the statements as administrator, and return the rows of the last one."""
    rows: list[tuple[Any, ...]] = []
    address = {"host": server.host, "port": server.port, "user": server.user, "password": server.password, "dbname": "postgres"}
    with psycopg.connect(**address, autocommit=True) as connection:  # type: ignore[arg-type]  # the values of the dict have several types
        for statement in statements:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
    return rows


def _url(server: Server, *, user: str = TEAM, password: str = PASSWORD, database: str = "postgres", port: int = 0) -> str:
    return f"postgresql://{user}:{password}@{server.host}:{port or server.port}/{database}"


def _open(server: Server, folder: Path, *, identity: str = "one", url: str = "", **attributes: Any) -> SecretsManager[SqlBackend]:
    """Return a manager of one user. The users with the same ``folder`` share their key files."""
    attributes = {"url": url or _url(server), "protection": "keyfile", "key_folder": folder / "keys", **attributes}
    context = ManagerContext(name="team", id=identity, folder=folder / identity)
    return SecretsManager(SqlBackend(SqlBackend.make_options(attributes), context=context))


@pytest.fixture
def schema() -> str:
    """Return a new name for a PostgreSQL schema, in which the backend creates its tables."""
    return f"s{uuid.uuid4().hex}"


@pytest.mark.usefixtures("_use_server")
class TestSql(SecretsManagerTests):
    """The conformance suite with encrypted tables in a new schema for each test."""

    backend_class = SqlBackend
    sealed = True
    version_behavior = VersionBehavior(versions_kept=3)
    random_series_count = 6
    server: Server

    @pytest.fixture
    def _use_server(self, server: Server) -> None:
        """Use the server of the module."""
        self.server = server
        self.attributes = {**self.attributes, "url": _url(server)}

    def prepare(self) -> None:
        """Use a new schema."""
        # The server allows a hundred connections. A manager of an earlier test closes its connections when Python deletes the manager.
        gc.collect()
        schema = f"s{uuid.uuid4().hex}"
        self.attributes = {
            **self.attributes,
            "database_schema": schema,
            "protection": "keyfile",
            "key_folder": self.folder / "keys",
            "versions_kept": 3,
        }

    def raw(self) -> bytes:
        """Return every row of every table of the schema, as PostgreSQL formats it."""
        schema = str(self.attributes["database_schema"])
        names = _run_as_admin(
            self.server, sql.SQL("SELECT table_name FROM information_schema.tables WHERE table_schema = {}").format(sql.Literal(schema))
        )
        rows = [
            row
            for (name,) in names
            for row in _run_as_admin(self.server, sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(schema, name)))
        ]
        return repr(rows).encode()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return faults that an administrator can cause."""
        return {"no login": (self._without_login, ManagerAccessError), "no permission": (self._without_permission, ManagerAccessError)}

    @contextmanager
    def _without_login(self) -> Iterator[None]:
        team = sql.Identifier(TEAM)
        _run_as_admin(self.server, sql.SQL("ALTER ROLE {} NOLOGIN").format(team))
        try:
            yield
        finally:
            _run_as_admin(self.server, sql.SQL("ALTER ROLE {} LOGIN").format(team))

    @contextmanager
    def _without_permission(self) -> Iterator[None]:
        schema_and_team = (sql.Identifier(str(self.attributes["database_schema"])), sql.Identifier(TEAM))
        _run_as_admin(self.server, sql.SQL("REVOKE ALL ON SCHEMA {} FROM {}").format(*schema_and_team))
        try:
            yield
        finally:
            _run_as_admin(self.server, sql.SQL("GRANT ALL ON SCHEMA {} TO {}").format(*schema_and_team))


def _rotate(manager: SecretsManager[SqlBackend], times: int) -> None:
    for _ in range(times):
        manager.rotate_key()


def _merge_repeatedly(manager: SecretsManager[SqlBackend], name: str) -> None:
    for number in range(8):
        manager.merge_secret(name, {"number": str(number)})


@pytest.mark.parametrize("protection", ["keyfile", "passphrase"])
def test_key_changes_while_another_user_reads(
    server: Server, schema: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protection: str
) -> None:
    """While one user rotates the key, another user reads and a third one writes. Every read returns the right content."""
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "the team's")
    shared_options = {"scope": "namespace", "namespace": "team", "database_schema": schema, "protection": protection}
    ann, bob, eve = (_open(server, tmp_path, identity=user, **shared_options) for user in ("ann", "bob", "eve"))
    names = [f"name{number}" for number in range(3)]
    for name in names:
        ann.register_secret(secret(name, key=name))
    with ThreadPoolExecutor(2) as pool:
        # With a passphrase, each rotation derives a key from it, which is slow. So there are only two rotations then.
        rotation = pool.submit(_rotate, ann, 2 if protection == "passphrase" else 8)
        merges = pool.submit(_merge_repeatedly, eve, "name0")
        round_count = 0
        while not rotation.done() or round_count < 2:
            assert [bob.get_secret(name, refresh=True).content["key"] for name in names] == names
            round_count += 1
        rotation.result()
        merges.result()
    # The last of the eight merges has set "7".
    assert bob.get_secret("name0", refresh=True).content == {"key": "name0", "number": "7"}
    assert _open(server, tmp_path, identity="new", **shared_options).list_secrets() == names


def test_many_secrets_are_read_in_one_request(server: Server, schema: str, tmp_path: Path) -> None:
    """Two hundred secrets are read with one request.

    A damaged secret, a missing secret and an invalid name each have their own error.
    """
    shared_options = {"scope": "global", "database_schema": schema}
    texts = {f"name{number}": canary(str(number)) for number in range(200)}
    manager = _open(server, tmp_path, **shared_options)
    for name, text in texts.items():
        manager.register_secret(secret(name, key=text))
    table = sql.Identifier(schema, "secrets")
    # Damage the ciphertext of one secret.
    _run_as_admin(server, sql.SQL("UPDATE {} SET sealed = '\\x00' WHERE name = 'name7'").format(table))
    proxy = TcpProxy(server.host, server.port)
    reader = _open(server, tmp_path, url=_url(server, port=proxy.address[1]), **shared_options)
    # The first read connects and reads the data key, which is not counted.
    reader.get_secret("name0")
    before = proxy.sent_chunk_count
    results = reader.get_secrets(texts)
    # The driver sends a request (a statement and the end of its transaction) in a few chunks. At first, it may send one more statement. One
    # request for each of the 200 secrets would be far more than ten chunks.
    assert 0 < proxy.sent_chunk_count - before < 10
    proxy.close()
    assert isinstance(results.pop("name7"), ManagerCorruptedError)
    del texts["name7"]
    assert {name: getattr(result, "content", result) for name, result in results.items()} == {
        name: {"key": text} for name, text in texts.items()
    }
    invalid_results = manager.get_secrets(["name1", "missing", "\0", "\ud800", "x" * 1000])
    assert [type(result).__name__ for result in invalid_results.values()] == ["ArbitrarySecretSchema", *["SecretNotFoundError"] * 4]


def test_batch_read_during_key_changes(server: Server, schema: str, tmp_path: Path) -> None:
    """While another user changes the key, a batch read returns the right contents."""
    shared_options = {"scope": "global", "database_schema": schema}
    ann, bob = (_open(server, tmp_path, identity=user, **shared_options) for user in ("ann", "bob"))
    names = [f"name{number}" for number in range(5)]
    for name in names:
        ann.register_secret(secret(name, key=name))
    with ThreadPoolExecutor(1) as pool:
        rotation = pool.submit(_rotate, ann, 8)
        round_count = 0
        while not rotation.done() or round_count < 2:
            results = bob.get_secrets(names, refresh=True)
            # A result is a secret or an error. An error stays in the list, so the failed assertion shows it.
            assert [getattr(result, "content", result) for result in results.values()] == [{"key": name} for name in names]
            round_count += 1
        rotation.result()


def test_wrong_passphrase_is_tried_once_for_a_batch(server: Server, schema: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong passphrase is tried once for a batch, and all secrets of the batch have the same error."""
    shared_options = {"scope": "global", "database_schema": schema, "protection": "passphrase"}
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "right")
    for name in ("a", "b", "c"):
        _open(server, tmp_path, **shared_options).register_secret(secret(name, key="value"))
    passphrase.forget_passphrases()
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "wrong")
    results = _open(server, tmp_path, **shared_options).get_secrets(["a", "b", "missing", "c"])
    errors = [results[name] for name in ("a", "b", "c")]
    assert {type(error) for error in errors} == {WrongPassphraseError}
    # All results are the same object, so the passphrase was tried once.
    assert len(set(map(id, errors))) == 1
    assert isinstance(results["missing"], SecretNotFoundError)


def test_names_are_listed_without_the_key(server: Server, schema: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with a wrong passphrase can list names. To read or register a secret, the user needs the team's passphrase.

    If the environment has no passphrase, registering a secret raises InteractionUnavailableError.
    """
    shared_options = {"scope": "global", "database_schema": schema, "protection": "passphrase"}
    with pytest.raises(InteractionUnavailableError, match=PASSPHRASE_VARIABLE):
        _open(server, tmp_path, **shared_options).register_secret(secret("a", key="value"))
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "right")
    _open(server, tmp_path, **shared_options).register_secret(secret("a", key="value"))
    passphrase.forget_passphrases()
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "wrong")
    other = _open(server, tmp_path, identity="other", **shared_options)
    assert other.list_secrets() == ["a"]
    for operation in (lambda: other.get_secret("a"), lambda: other.register_secret(secret("b", key="value"))):
        with pytest.raises(WrongPassphraseError):
            operation()
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "right")
    assert other.get_secret("a").content == {"key": "value"}
    assert other.list_secrets() == ["a"]


def test_user_without_the_key_file_cannot_read(server: Server, schema: str, tmp_path: Path) -> None:
    """If a secret was registered with the protection `keyfile`, a user without the file gets KeyLostError."""
    _open(server, tmp_path / "with-key", database_schema=schema).register_secret(secret("a", key="value"))
    with pytest.raises(KeyLostError):
        _open(server, tmp_path / "without-key", database_schema=schema).get_secret("a")


def test_both_url_schemes(server: Server, tmp_path: Path, schema: str) -> None:
    """URLs with ``postgres://`` and ``postgresql://`` open the same store."""
    url = _url(server).partition("://")[2]
    _open(server, tmp_path, url=f"postgres://{url}", database_schema=schema).register_secret(secret("a", key="1"))
    assert _open(server, tmp_path, url=f"postgresql://{url}", database_schema=schema).get_secret("a").content["key"] == "1"


def test_password_of_the_url_is_not_shown(server: Server, tmp_path: Path, schema: str) -> None:
    """No repr, description, option or error shows the password of the URL."""
    # The URL has two passwords: that of the user, and that of a TLS key file in a parameter of the driver.
    manager = _open(server, tmp_path, url=f"{_url(server)}?sslpassword={canary('parameter')}", database_schema=schema)
    manager.register_secret(secret("a", key="value"))
    description = manager.describe()
    assert description["kept in"] == f"postgresql://{server.host}:{server.port}/postgres (schema {schema})"
    outputs = [repr(manager), repr(vars(manager)), repr(vars(manager.backend._server)), repr(manager.options), repr(description)]
    for url in ("sqlite:///x", f"nonsense {canary()}", f"nosuch://u:{canary()}@h/d", f"postgresql+nosuch://u:{canary()}@h/d", ""):
        with pytest.raises(InvalidOptionsError, match="not the URL of a database server") as caught:
            SqlBackend.make_options({"url": url})
        outputs.append(error_details(caught.value))
    assert not find_canary("\n".join(outputs))


def _wrong_addresses(server: Server) -> dict[str, tuple[str, type[ZenSecretsError], str]]:
    """Return, for each wrong part of the URL, the URL, the expected error, and a part of the error text."""
    return {
        "password": (_url(server, password=canary("wrong")), ManagerAccessError, "refused the user or the password"),
        "user": (_url(server, user="unknown"), ManagerAccessError, "refused the user or the password"),
        "database": (_url(server, database="none"), ManagerAccessError, "has no such database"),
        "port": (_url(server, port=1), ManagerUnreachableError, "does not answer"),
        "host": (_url(server).replace(server.host, "no-such-host.invalid"), ManagerUnreachableError, "does not answer"),
    }


@pytest.mark.parametrize("wrong_part", ["password", "user", "database", "port", "host"])
def test_wrong_address_is_reported(server: Server, tmp_path: Path, wrong_part: str) -> None:
    """With a wrong part of the URL, listing, reading and registering raise the right error in one line, without a value."""
    url, error, expected_text = _wrong_addresses(server)[wrong_part]
    manager = _open(server, tmp_path, url=url)
    for operation in (manager.list_secrets, lambda: manager.get_secret("a"), lambda: manager.register_secret(secret("a", key=canary()))):
        with pytest.raises(error, match=expected_text) as caught:
            operation()
        assert is_one_line(caught.value)
        assert caught.value.hint
        assert not find_canary(error_details(caught.value))
    # No key file was created, because no secret was stored.
    assert not (tmp_path / "keys").exists() or not list((tmp_path / "keys").iterdir())


def test_connection_ends_during_a_write(server: Server, tmp_path: Path, schema: str) -> None:
    """If the server ends the session before the commit, the old content stays, and the next write succeeds."""
    manager = _open(server, tmp_path, database_schema=schema)
    manager.register_secret(secret("a", key="first"))

    # The backend calls this function after it has read the current content and before the commit.
    def end_the_session(_current: Any) -> Any:
        _run_as_admin(
            server,
            sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {}").format(sql.Literal(TEAM)),
        )
        return SecretRecord("arbitrary", {"key": canary()})

    with pytest.raises(ManagerUnreachableError, match="check that first") as caught:
        manager.backend.replace("a", end_the_session)
    assert not find_canary(error_details(caught.value))
    assert manager.get_secret("a", refresh=True).content == {"key": "first"}
    manager.merge_secret("a", {"key": "second"})
    assert _open(server, tmp_path, database_schema=schema).get_secret("a").content == {"key": "second"}


def test_ended_sessions_are_replaced(server: Server, tmp_path: Path, schema: str) -> None:
    """After the server has ended all sessions, as in a restart, the next read and the next write succeed."""
    manager = _open(server, tmp_path, database_schema=schema)
    manager.register_secret(secret("a", key="first"))
    end_sessions = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {}").format(sql.Literal(TEAM))
    _run_as_admin(server, end_sessions)
    assert manager.get_secret("a", refresh=True).content == {"key": "first"}
    _run_as_admin(server, end_sessions)
    manager.merge_secret("a", {"key": "second"})
    assert manager.get_secret("a", refresh=True).content == {"key": "second"}


def test_write_waits_too_long(server: Server, tmp_path: Path, schema: str) -> None:
    """While another session holds the lock for writes, a write fails after its time-out, and the secret is unchanged."""
    manager = _open(server, tmp_path, database_schema=schema)
    manager.register_secret(secret("a", key="first"))
    # The URL contains the escaped option "-c lock_timeout=100ms".
    impatient = _open(server, tmp_path, database_schema=schema, url=f"{_url(server)}?options=-c%20lock_timeout%3D100ms")
    with manager.backend._server.write(), pytest.raises(ManagerUnreachableError, match="did not finish in time"):
        impatient.merge_secret("a", {"key": "second"})
    assert manager.get_secret("a", refresh=True).content == {"key": "first"}


def test_foreign_tables_are_not_changed(server: Server, tmp_path: Path, schema: str) -> None:
    """A schema with the tables of another program, a damaged format or a newer format raises an error and is not changed."""
    meta_table = sql.Identifier(schema, "meta")
    _run_as_admin(
        server,
        sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)),
        sql.SQL("CREATE TABLE {} (name text, value text)").format(meta_table),
        sql.SQL("GRANT ALL ON SCHEMA {} TO {}").format(sql.Identifier(schema), sql.Identifier(TEAM)),
        sql.SQL("GRANT ALL ON {} TO {}").format(meta_table, sql.Identifier(TEAM)),
    )
    manager = _open(server, tmp_path, database_schema=schema)
    # At first, the table "meta" is empty. So it has no format, and the backend treats it as a table of another program.
    for format_value, error in ((None, ManagerCorruptedError), ("secrets x", ManagerCorruptedError), ("secrets 99", StoreTooNewError)):
        if format_value:
            _run_as_admin(
                server,
                sql.SQL("DELETE FROM {}").format(meta_table),
                sql.SQL("INSERT INTO {} VALUES ('format', {})").format(meta_table, sql.Literal(format_value)),
            )
        for operation in (manager.list_secrets, lambda: manager.register_secret(secret("a", key="value"))):
            with pytest.raises(error) as caught:
                operation()
            assert is_one_line(caught.value)
    # The schema still has only the table "meta".
    count = sql.SQL("SELECT count(*) FROM information_schema.tables WHERE table_schema = {}").format(sql.Literal(schema))
    assert _run_as_admin(server, count) == [(1,)]


def test_concurrent_creation_of_the_tables(server: Server, tmp_path: Path, schema: str) -> None:
    """Eight users can create the tables at the same time, with one key."""
    managers = [_open(server, tmp_path, identity=f"user{number}", scope="global", database_schema=schema) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: managers[number].register_secret(secret(f"n{number}", key=str(number))), range(8)))
    reader = _open(server, tmp_path, scope="global", database_schema=schema)
    assert {name: reader.get_secret(name).content["key"] for name in reader.list_secrets()} == {
        f"n{number}": str(number) for number in range(8)
    }
    assert len(list((tmp_path / "keys").iterdir())) == 1


def test_reading_creates_nothing(server: Server, tmp_path: Path, schema: str) -> None:
    """Before the first write, there are no secrets, no schema and no key."""
    manager = _open(server, tmp_path, database_schema=schema)
    assert manager.list_secrets() == []
    assert manager.describe()["protected by"].startswith("nothing yet")
    with pytest.raises(SecretNotFoundError):
        manager.get_secret("a")
    assert not (tmp_path / "keys").exists()
    assert _run_as_admin(server, sql.SQL("SELECT 1 FROM pg_namespace WHERE nspname = {}").format(sql.Literal(schema))) == []


def test_write_of_another_user_is_seen(server: Server, tmp_path: Path, schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``refresh``, a read returns the content that another user wrote.

    Without ``refresh``, a read returns the new content after the time to live of the cache.
    """
    monkeypatch.setattr(SqlBackend, "time_to_live", 0.2)
    writer, reader = (_open(server, tmp_path, identity=user, scope="global", database_schema=schema) for user in ("one", "two"))
    writer.register_secret(secret("a", key="1"))
    assert reader.get_secret("a").content == {"key": "1"}
    writer.merge_secret("a", {"key": "2"})
    assert reader.get_secret("a", refresh=True).content == {"key": "2"}
    writer.merge_secret("a", {"key": "3"})
    deadline = time.monotonic() + 30
    while reader.get_secret("a").content != {"key": "3"}:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_missing_driver_is_reported() -> None:
    """Without the driver, the flavor is unavailable, and using it raises an ImportError. Both texts have the install command."""
    code = """
import json, sys

# The import of a module that is None here fails, as if the module were not installed.
sys.modules["psycopg"] = None
from zensecrets_jupyter.core.errors import FlavorUnavailableError
from zensecrets_jupyter.core.managers import SecretsManager, availability, get_flavor
flavor = get_flavor("sql")
try:
    SecretsManager(flavor(flavor.make_options({"url": "postgresql://u:p@h/d"}))).list_secrets()
except FlavorUnavailableError as error:
    print(json.dumps([availability("sql").ok, availability("sql").reason, str(error)]))
"""
    is_available, reason, error_text = run_python(code)
    assert not is_available
    assert 'pip install "zensecrets-jupyter[sql]"' in reason
    assert "needs psycopg" in error_text
    assert 'pip install "zensecrets-jupyter[sql]"' in error_text
    assert issubclass(FlavorUnavailableError, ImportError)
