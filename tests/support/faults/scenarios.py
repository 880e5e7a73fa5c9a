"""The fault scenarios of all flavors."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from tests.support.faults.cases import FaultScenario, seed
from tests.support.faults.cloud_scenarios import azure, gcp, github
from tests.support.faults.injector import UNLIMITED
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


@contextmanager
def remote(_folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of :class:`RemoteBackend` with a fake service."""
    service = FakeService()

    def open_manager() -> SecretsManager[FakeRemoteBackend]:
        return SecretsManager(FakeRemoteBackend(context=ManagerContext(name="tested", id="one"), service=service))

    def make_foreign(name: str) -> Callable[[], bool]:
        # A payload of the fake service is a text and its version number.
        key, foreign_payload = open_manager().backend.key_for(name), (canary("foreign"), 1)
        service.payloads[key] = foreign_payload
        return lambda: service.payloads.get(key) == foreign_payload

    yield FaultScenario(
        "remote",
        open_manager,
        partial(seed, open_manager),
        faults={
            "wrong credentials": partial(_inject_error, service, FakeServiceError("unknown-user", canary("sent"))),
            "no permission to list": partial(_inject_error, service, FakeServiceError("forbidden", canary("sent")), verbs=("list",)),
            "no permission to read": partial(_inject_error, service, FakeServiceError("forbidden", canary("sent")), verbs=("get",)),
            # The fake service has one code for all temporary errors: "busy".
            "throttled": partial(_inject_error, service, FakeServiceError("busy"), times=2),
            "one time-out": partial(_inject_error, service, TimeoutError(), times=1),
            "permanent time-out": partial(_inject_error, service, TimeoutError()),
            "reset during a write": partial(_lose_response, service),
            "one error 500": partial(_inject_error, service, FakeServiceError("busy"), times=1),
            "permanent error 500": partial(_inject_error, service, FakeServiceError("busy", canary("sent"))),
            "clock skew": partial(_inject_error, service, FakeServiceError("clock-skew", canary("sent"))),
        },
        delete=lambda name: service.payloads.__delitem__(open_manager().backend.key_for(name)),
        make_foreign=make_foreign,
        max_value_size=FakeRemoteBackend.max_size,
    )


@contextmanager
def _inject_error(service: FakeService, error: Exception, *, times: int = UNLIMITED, verbs: tuple[str, ...] = ()) -> Iterator[None]:
    """Let the next ``times`` requests with one of the verbs fail.

    Without ``verbs``, requests with any verb fail.
    """
    remaining_requests = times

    def fail(verb: str) -> None:
        nonlocal remaining_requests
        if remaining_requests and (not verbs or verb in verbs):
            remaining_requests -= 1
            raise error

    service.before_request = fail
    yield
    service.recover()


@contextmanager
def _lose_response(service: FakeService) -> Iterator[None]:
    """Reset the connection after the service has executed the first write."""
    lost_verbs: list[str] = []

    def lose_first_write(verb: str) -> None:
        if verb in {"create", "put", "remove"} and not lost_verbs:
            lost_verbs.append(verb)
            raise ConnectionResetError

    service.after_request = lose_first_write
    yield
    service.recover()
    assert lost_verbs, "no write was made"


@contextmanager
def sql(folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of a real PostgreSQL server behind a proxy that resets connections."""
    with running_postgresql("admin", "admin-password") as server:
        proxy = TcpProxy(server.host, server.port)
        password, schema = canary("password"), f"s{uuid.uuid4().hex}"

        def run_as_admin(*statements: str) -> None:
            address = f"postgresql://admin:admin-password@{server.host}:{server.port}/postgres"
            with psycopg.connect(address, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement.encode())

        run_as_admin(f"CREATE ROLE team LOGIN PASSWORD '{password}'", "GRANT CREATE ON DATABASE postgres TO team")
        # The URL contains the escaped option "-c lock_timeout=300ms", so that a session waits only briefly for locked tables.
        url = f"postgresql://team:{password}@{proxy.address[0]}:{proxy.address[1]}/postgres?options=-c%20lock_timeout%3D300ms"
        options = {"url": url, "database_schema": schema, "protection": "keyfile", "key_folder": folder / "keys"}

        def open_manager() -> SecretsManager[SqlBackend]:
            return SecretsManager(SqlBackend(SqlBackend.make_options(options), context=ManagerContext(name="tested", id="one")))

        @contextmanager
        def admin_change(change: str, undo: str) -> Iterator[None]:
            run_as_admin(change)
            try:
                yield
            finally:
                run_as_admin(undo)

        @contextmanager
        def locked_tables() -> Iterator[None]:
            address = f"postgresql://admin:admin-password@{server.host}:{server.port}/postgres"
            with psycopg.connect(address) as connection:
                connection.execute(f"LOCK TABLE {schema}.meta, {schema}.secrets, {schema}.data_keys IN ACCESS EXCLUSIVE MODE".encode())
                yield
                connection.rollback()

        # No other program writes to our table, so this fault is a damaged row.
        def make_foreign(name: str) -> Callable[[], bool]:
            seed(open_manager, name, "value")
            run_as_admin(f"UPDATE {schema}.secrets SET sealed = '\\x00' WHERE name = '{name}'")  # noqa: S608 - the names are constants of the test
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
                # A database does not throttle requests, so the proxy resets two connections instead of refusing two requests.
                "throttled": partial(proxy.reset_connections, 2),
                "permanent time-out": locked_tables,
                # The proxy resets the connection when the client sends COMMIT.
                "reset during a write": partial(proxy.reset_connections, 1, b"COMMIT"),
                "one error 500": partial(proxy.reset_connections, 1),
                "permanent error 500": partial(proxy.reset_connections, UNLIMITED),
            },
            faults_without_injection=("illegal name", "deleted between list and read", "foreign payload"),
            impossible_faults={
                "name too long": "a text column accepts every valid name",
                "value too large": "the limit is that of the sealed store, which the tests of `local` cover",
                "one time-out": "the server itself waits for other sessions, up to its own limit",
                "clock skew": "a password does not depend on the time",
            },
            delete=lambda name: run_as_admin(f"DELETE FROM {schema}.secrets WHERE name = '{name}'"),  # noqa: S608 - the names are constants of the test
            make_foreign=make_foreign,
            # A damaged secret can be deleted without an error, because it is in our own table.
            skipped_operations=("delete foreign",),
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
"""For each flavor, a context manager that takes an empty folder and yields the scenario.

The entry ``remote`` is no flavor: it tests the base class of remote backends.
"""
