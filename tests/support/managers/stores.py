"""Secrets managers of flavor `local` for the tests, in this process and in child processes."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.managers import SecretsManager
from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend
from zensecrets_jupyter.core.managers.records import ManagerContext
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.core.settings import HOME_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORK_SERVER = multiprocessing.get_context("forkserver")
"""Starts child processes. The fork server has imported all modules and has no threads, so a child starts fast and the fork is safe."""
FORK_SERVER.set_forkserver_preload(["tests.support.managers.stores", "tests.support.managers.workers", "sqlalchemy.dialects.sqlite"])


def open_store(home: Path, *, ask: Callable[[str], str] | None = None, **attributes: Any) -> SecretsManager[LocalBackend]:
    """Return the store in ``home``, as a new process would open it.

    The function ``ask`` answers the prompt for a passphrase.
    """
    context = ManagerContext(name="default", id="the-id", folder=home / "default", ask_passphrase=ask)
    return SecretsManager(LocalBackend(LocalBackend.make_options(attributes), context=context))


def open_in_child(home: Path) -> SecretsManager[LocalBackend]:
    """Return the store in ``home`` in a child process.

    The child process does not inherit the environment variables that fixtures have set, so this function sets them again.
    """
    os.environ[HOME_VARIABLE] = str(home)
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    return open_store(home)


def secret(name: str, **content: str) -> ArbitrarySecretSchema:
    """Return a secret with the given keys and values."""
    return ArbitrarySecretSchema(name=name, arbitrary_kv_pairs=content)


def content_of(store: SecretsManager[LocalBackend], name: str) -> dict[str, str]:
    """Return the stored content of a secret, without the cache."""
    return store.get_secret(name, refresh=True).content


def run_sql(path: Path, *statements: str | tuple[str, tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Run SQL statements, some with parameters, on a SQLite file. Return the rows of the last statement."""
    rows: list[tuple[Any, ...]] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            text, parameters = statement if isinstance(statement, tuple) else (statement, ())
            rows = connection.execute(text, parameters).fetchall()
    return rows
