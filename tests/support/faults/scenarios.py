"""The fault scenarios of all flavors."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from tests.support.faults.cases import FaultScenario, seed
from tests.support.faults.cloud_scenarios import azure, gcp, github
from tests.support.faults.local_scenarios import dotenv, env, keyring, local
from tests.support.faults.service_scenarios import aws, vault
from tests.support.faults.tcp_proxy import TcpProxy
from tests.support.faults.zenml_scenario import zenml
from tests.support.managers.fake_remote import FakeRemoteBackend, FakeService, FakeServiceError
from tests.support.postgresql import running_postgresql
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.sealed.sql import SqlBackend
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


UNLIMITED = 10**6


@contextmanager
def remote(_folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of :class:`RemoteBackend` with a fake service."""
    service = FakeService()

    def open_manager() -> SecretsManager[FakeRemoteBackend]:
        return SecretsManager(FakeRemoteBackend(context=ManagerContext(name="tested", id="one"), service=service))

    def make_foreign(name: str) -> Callable[[], bool]:
        key, foreign = open_manager().backend.key_for(name), (canary("foreign"), 1)
        service.stored[key] = foreign
        return lambda: service.stored.get(key) == foreign

    yield FaultScenario(
        "remote",
        open_manager,
        partial(seed, open_manager),
        faults={
            "wrong credentials": partial(_inject_error, service, FakeServiceError("stranger", canary("sent"))),
            "no permission to list": partial(_inject_error, service, FakeServiceError("forbidden", canary("sent")), only=("list",)),
            "no permission to read": partial(_inject_error, service, FakeServiceError("forbidden", canary("sent")), only=("get",)),
            "throttled": partial(_inject_error, service, FakeServiceError("busy"), times=2),
            "one time-out": partial(_inject_error, service, TimeoutError(), times=1),
            "permanent time-out": partial(_inject_error, service, TimeoutError()),
            "reset during a write": partial(_lose_response, service),
            "one error 500": partial(_inject_error, service, FakeServiceError("busy"), times=1),
            "permanent error 500": partial(_inject_error, service, FakeServiceError("busy", canary("sent"))),
            "clock skew": partial(_inject_error, service, FakeServiceError("late", canary("sent"))),
        },
        delete=lambda name: service.stored.__delitem__(open_manager().backend.key_for(name)),
        make_foreign=make_foreign,
        too_large=FakeRemoteBackend.max_size,
    )


@contextmanager
def _inject_error(service: FakeService, error: Exception, *, times: int = UNLIMITED, only: tuple[str, ...] = ()) -> Iterator[None]:
    remaining = [times]

    def fail(verb: str) -> None:
        if remaining[0] and (not only or verb in only):
            remaining[0] -= 1
            raise error

    service.before = fail
    yield
    service.before = lambda _verb: None


@contextmanager
def _lose_response(service: FakeService) -> Iterator[None]:
    lost: list[str] = []

    def lose(verb: str) -> None:
        if verb in {"create", "put", "remove"} and not lost:
            lost.append(verb)
            raise ConnectionResetError

    service.after = lose
    yield
    service.after = lambda _verb: None
    assert lost, "no write was made"


@contextmanager
def sql(folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of a real PostgreSQL server behind a proxy that resets connections."""
    with running_postgresql("admin", "admin-password") as server:
        proxy = TcpProxy(server.host, server.port)
        password, schema = canary("password"), f"s{uuid.uuid4().hex}"

        def admin(*statements: str) -> None:
            address = f"postgresql://admin:admin-password@{server.host}:{server.port}/postgres"
            with psycopg.connect(address, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement.encode())

        admin(f"CREATE ROLE team LOGIN PASSWORD '{password}'", "GRANT CREATE ON DATABASE postgres TO team")
        url = f"postgresql://team:{password}@{proxy.address[0]}:{proxy.address[1]}/postgres?options=-c%20lock_timeout%3D300ms"
        options = {"url": url, "database_schema": schema, "protection": "keyfile", "key_folder": folder / "keys"}

        def open_manager() -> SecretsManager[SqlBackend]:
            return SecretsManager(SqlBackend(SqlBackend.make_options(options), context=ManagerContext(name="tested", id="one")))

        @contextmanager
        def admin_change(change: str, undo: str) -> Iterator[None]:
            admin(change)
            try:
                yield
            finally:
                admin(undo)

        @contextmanager
        def locked_tables() -> Iterator[None]:
            address = f"postgresql://admin:admin-password@{server.host}:{server.port}/postgres"
            with psycopg.connect(address) as connection:
                connection.execute(f"LOCK TABLE {schema}.meta, {schema}.secrets, {schema}.data_keys IN ACCESS EXCLUSIVE MODE".encode())
                yield
                connection.rollback()

        def make_foreign(name: str) -> Callable[[], bool]:
            seed(open_manager, name, "value")
            admin(f"UPDATE {schema}.secrets SET sealed = '\\x00' WHERE name = '{name}'")  # noqa: S608 - the names are constants of the test
            return lambda: name in open_manager().list_secrets()

        revoke_permission: Callable[[], AbstractContextManager[Any]] = partial(
            admin_change, f"REVOKE ALL ON SCHEMA {schema} FROM team", f"GRANT ALL ON SCHEMA {schema} TO team"
        )
        yield FaultScenario(
            "sql",
            open_manager,
            partial(seed, open_manager),
            faults={
                "wrong credentials": partial(admin_change, "ALTER ROLE team PASSWORD 'another'", f"ALTER ROLE team PASSWORD '{password}'"),
                "no permission to list": revoke_permission,
                "no permission to read": revoke_permission,
                "throttled": partial(proxy.reset_connections, 2),
                "permanent time-out": locked_tables,
                "reset during a write": partial(proxy.reset_connections, 1, b"COMMIT"),
                "one error 500": partial(proxy.reset_connections, 1),
                "permanent error 500": partial(proxy.reset_connections, UNLIMITED),
            },
            without_injection=("illegal name", "deleted between list and read", "foreign payload"),
            impossible={
                "name too long": "a text column accepts every valid name",
                "value too large": "the limit is that of the sealed store, which the tests of `local` cover",
                "one time-out": "the server itself waits for other sessions, up to its own limit",
                "clock skew": "a password does not depend on the time",
            },
            delete=lambda name: admin(f"DELETE FROM {schema}.secrets WHERE name = '{name}'"),  # noqa: S608 - the names are constants of the test
            make_foreign=make_foreign,
            # A damaged secret can be deleted, because it is in our own table.
            skipped=("delete foreign",),
        )
        proxy.close()


SCENARIOS = {
    "remote": remote,
    "local": local,
    "keyring": keyring,
    "env": env,
    "dotenv": dotenv,
    "sql": sql,
    "aws": aws,
    "vault": vault,
    "gcp": gcp,
    "azure": azure,
    "github": github,
    "zenml": zenml,
}
"""The scenario of each flavor. Each function takes an empty folder."""
