"""The climates of the places that are tested here: how each weather comes over them."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg

from tests.support.faults.cases import Climate, seed
from tests.support.faults.cloud_scenarios import azure, gcp, github
from tests.support.faults.local_scenarios import dotenv, env, keyring, local
from tests.support.faults.proxy import Wire
from tests.support.faults.wire_scenarios import aws, vault
from tests.support.faults.zenml_scenario import zenml
from tests.support.managers.shelf import Shelf, ShelfBackend, ShelfError
from tests.support.postgresql import running_postgresql
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.sealed.sql import SqlBackend
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


FOR_EVER = 10**6


@contextmanager
def remote(_folder: Path) -> Iterator[Climate]:
    """Yield the climate of the base class of all remote flavors, over a library that does not exist."""
    shelf = Shelf()

    def open_manager() -> SecretsManager[ShelfBackend]:
        return SecretsManager(ShelfBackend(context=ManagerContext(name="tried", id="one"), shelf=shelf))

    def make_foreign(name: str) -> Callable[[], bool]:
        key, kept = open_manager().backend.key_for(name), (canary("foreign"), 1)
        shelf.kept[key] = kept
        return lambda: shelf.kept.get(key) == kept

    yield Climate(
        "remote",
        open_manager,
        partial(seed, open_manager),
        make={
            "wrong credentials": partial(_failing, shelf, ShelfError("stranger", canary("sent"))),
            "no permission to list": partial(_failing, shelf, ShelfError("forbidden", canary("sent")), only=("list",)),
            "no permission to read": partial(_failing, shelf, ShelfError("forbidden", canary("sent")), only=("get",)),
            "throttled": partial(_failing, shelf, ShelfError("busy"), times=2),
            "time-out once": partial(_failing, shelf, TimeoutError(), times=1),
            "time-out for ever": partial(_failing, shelf, TimeoutError()),
            "reset in the middle of a write": partial(_losing_an_answer, shelf),
            "500 once": partial(_failing, shelf, ShelfError("busy"), times=1),
            "500 for ever": partial(_failing, shelf, ShelfError("busy", canary("sent"))),
            "clock skew": partial(_failing, shelf, ShelfError("late", canary("sent"))),
        },
        delete=lambda name: shelf.kept.__delitem__(open_manager().backend.key_for(name)),
        make_foreign=make_foreign,
        too_large=ShelfBackend.max_size,
    )


@contextmanager
def _failing(shelf: Shelf, error: Exception, *, times: int = FOR_EVER, only: tuple[str, ...] = ()) -> Iterator[None]:
    left = [times]

    def fail(verb: str) -> None:
        if left[0] and (not only or verb in only):
            left[0] -= 1
            raise error

    shelf.before = fail
    yield
    shelf.before = lambda _verb: None


@contextmanager
def _losing_an_answer(shelf: Shelf) -> Iterator[None]:
    lost: list[str] = []

    def lose(verb: str) -> None:
        if verb in {"create", "put", "remove"} and not lost:
            lost.append(verb)
            raise ConnectionResetError

    shelf.after = lose
    yield
    shelf.after = lambda _verb: None
    assert lost, "the write was never made"


@contextmanager
def sql(folder: Path) -> Iterator[Climate]:
    """Yield the climate of a real PostgreSQL behind a wire that can be cut."""
    with running_postgresql("admin", "admin-password") as server:
        wire = Wire(server.host, server.port)
        password, schema = canary("password"), f"s{uuid.uuid4().hex}"

        def admin(*statements: str) -> None:
            address = f"postgresql://admin:admin-password@{server.host}:{server.port}/postgres"
            with psycopg.connect(address, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement.encode())

        admin(f"CREATE ROLE team LOGIN PASSWORD '{password}'", "GRANT CREATE ON DATABASE postgres TO team")
        url = f"postgresql://team:{password}@{wire.address[0]}:{wire.address[1]}/postgres?options=-c%20lock_timeout%3D300ms"
        options = {"url": url, "database_schema": schema, "protection": "keyfile", "key_folder": folder / "keys"}

        def open_manager() -> SecretsManager[SqlBackend]:
            return SecretsManager(SqlBackend(SqlBackend.make_options(options), context=ManagerContext(name="tried", id="one")))

        @contextmanager
        def changed(there: str, back: str) -> Iterator[None]:
            admin(there)
            try:
                yield
            finally:
                admin(back)

        @contextmanager
        def held() -> Iterator[None]:
            address = f"postgresql://admin:admin-password@{server.host}:{server.port}/postgres"
            with psycopg.connect(address) as connection:
                connection.execute(f"LOCK TABLE {schema}.meta, {schema}.secrets, {schema}.data_keys IN ACCESS EXCLUSIVE MODE".encode())
                yield
                connection.rollback()

        def make_foreign(name: str) -> Callable[[], bool]:
            seed(open_manager, name, "value")
            admin(f"UPDATE {schema}.secrets SET sealed = '\\x00' WHERE name = '{name}'")  # noqa: S608 - the names are the test's own
            return lambda: name in open_manager().list_secrets()

        forbidden: Callable[[], AbstractContextManager[Any]] = partial(
            changed, f"REVOKE ALL ON SCHEMA {schema} FROM team", f"GRANT ALL ON SCHEMA {schema} TO team"
        )
        yield Climate(
            "sql",
            open_manager,
            partial(seed, open_manager),
            make={
                "wrong credentials": partial(changed, "ALTER ROLE team PASSWORD 'another'", f"ALTER ROLE team PASSWORD '{password}'"),
                "no permission to list": forbidden,
                "no permission to read": forbidden,
                "throttled": partial(wire.cutting, 2),
                "time-out for ever": held,
                "reset in the middle of a write": partial(wire.cutting, 1, b"COMMIT"),
                "500 once": partial(wire.cutting, 1),
                "500 for ever": partial(wire.cutting, FOR_EVER),
            },
            calm=("illegal name", "deleted between list and read", "not ours"),
            never={
                "name too long": "a column of text takes every name that a secret may have",
                "value too large": "its limit is the sealed store's own, which the tests of local try",
                "time-out once": "the server waits for others itself, up to its own limit",
                "clock skew": "a password is not bound to a time",
            },
            delete=lambda name: admin(f"DELETE FROM {schema}.secrets WHERE name = '{name}'"),  # noqa: S608 - likewise
            make_foreign=make_foreign,
            # What is damaged can be deleted: it is in a table of ours.
            untried=("delete foreign",),
        )
        wire.close()


CLIMATES = {
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
"""The columns of the table; each flavor adds its own."""
