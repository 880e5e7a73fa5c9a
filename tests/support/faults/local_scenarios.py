"""The fault scenarios of the local flavors: files, the keyring and environment variables."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import keyring as keyring_library
import pytest
import secretstorage
from keyring.backends import SecretService, fail

from tests.support.faults.cases import FAULT_CASES, FaultScenario, seed
from tests.support.managers.stores import open_store, run_sql
from tests.support.sealing.sessions import joined_session
from zensecrets_jupyter.core.errors import ManagerLockedError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.dotenv import DotenvBackend
from zensecrets_jupyter.core.managers.backends.env import EnvBackend
from zensecrets_jupyter.core.managers.backends.keyring import KeyringBackend
from zensecrets_jupyter.core.managers.backends.sealed.rows import MAX_CONTENT_SIZE
from zensecrets_jupyter.core.sealing.databases import sqlite_connections
from zensecrets_jupyter.core.sealing.key_protections import passphrase
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from keyring.backend import KeyringBackend as SystemKeyring

    from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend

_NO_REQUEST = "a local backend sends no requests"
"""Why a local backend cannot have a fault of a network or a server."""
# The faults that only writes can have. A read-only backend cannot have them.
_WRITE_FAULTS = ("name too long", "illegal name", "value too large", "reset during a write")


@contextmanager
def local(folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of the local store: a wrong passphrase, other processes and damaged rows."""
    # The answer to each passphrase prompt. It is in a list, so that a fault can replace it.
    typed_passphrase = ["right"]

    def open_manager() -> SecretsManager[LocalBackend]:
        return open_store(folder, ask=lambda _: typed_passphrase[0])

    @contextmanager
    def wrong_passphrase() -> Iterator[None]:
        # A passphrase is kept in memory after the first prompt.
        passphrase.forget_passphrases()
        typed_passphrase[0] = canary("wrong")
        yield
        passphrase.forget_passphrases()
        typed_passphrase[0] = "right"

    @contextmanager
    def hold_lock(seconds: float) -> Iterator[None]:
        path = open_manager().backend.path
        with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other_connection:
            other_connection.execute("BEGIN IMMEDIATE")
            release = threading.Timer(seconds, other_connection.execute, ["ROLLBACK"])
            release.start()
            # A writer waits 0.2 seconds for the lock, instead of the default of 60 seconds.
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sqlite_connections, "BUSY_SECONDS", 0.2)
                yield
            release.cancel()
            release.join()

    yield FaultScenario(
        "local",
        open_manager,
        partial(seed, open_manager),
        faults={
            "wrong credentials": wrong_passphrase,
            "one time-out": partial(hold_lock, 0.05),
            "permanent time-out": partial(hold_lock, 60),
        },
        faults_without_injection=("illegal name", "value too large", "deleted between list and read", "foreign payload"),
        impossible_faults={
            **dict.fromkeys(["throttled", "one error 500", "permanent error 500", "clock skew"], _NO_REQUEST),
            **dict.fromkeys(
                ["no permission to list", "no permission to read"], "the permission of the file is for all secrets; see test_local_refusals"
            ),
            "name too long": "a text column accepts every valid name",
            "reset during a write": "there is no connection; test_local_processes kills the process",
        },
        delete=lambda name: open_manager().delete_secret(name),
        make_foreign=partial(_make_damaged, open_manager),
        max_value_size=MAX_CONTENT_SIZE,
        # A damaged secret can be deleted without an error, because it is in our own table.
        skipped_operations=("delete foreign",),
        special_errors={"wrong credentials": ManagerLockedError},
        # Names are not encrypted, so listing and deleting need no passphrase. Listing and reading do not wait for the lock.
        unaffected_operations={"wrong credentials": ("list", "delete"), "permanent time-out": ("list", "read")},
    )
    passphrase.forget_passphrases()


def _make_damaged(open_manager: Callable[[], SecretsManager[LocalBackend]], name: str) -> Callable[[], bool]:
    """Damage the row of a secret, and return a check that the row still exists."""
    seed(open_manager, name, "value")
    run_sql(open_manager().backend.path, ("UPDATE secrets SET sealed = ? WHERE name = ?", (b"0", name)))
    return lambda: name in open_manager().list_secrets()


@contextmanager
def keyring(folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of a real Secret Service: missing, unreachable, or changed by other programs."""

    def open_manager() -> SecretsManager[KeyringBackend]:
        return SecretsManager(KeyringBackend(context=ManagerContext(name="tested", id="one", folder=folder)))

    @contextmanager
    def replaced_keyring(new_keyring: SystemKeyring) -> Iterator[None]:
        original_keyring = keyring_library.get_keyring()
        keyring_library.set_keyring(new_keyring)
        yield
        keyring_library.set_keyring(original_keyring)

    @contextmanager
    def without_a_bus() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={folder / 'gone'}")
            yield

    def texts_by_path() -> dict[str, str]:
        """Return the texts of the items of the manager ``one`` by their D-Bus paths."""
        with closing(secretstorage.dbus_init()) as bus:
            items = secretstorage.get_default_collection(bus).search_items({"service": "zensecrets one"})
            return {item.item_path: item.get_secret().decode() for item in items}

    def change_item(path: str, text: str | None) -> None:
        """Replace the text of an item, or delete the item if ``text`` is ``None``."""
        with closing(secretstorage.dbus_init()) as bus:
            item = secretstorage.Item(bus, path)
            if text is None:
                item.delete()
            else:
                item.set_secret(text.encode())

    def add_item(name: str) -> str:
        """Store a secret, and return the path of its item."""
        before = set(texts_by_path())
        seed(open_manager, name, "value")
        [path] = set(texts_by_path()) - before
        return path

    def make_foreign(name: str) -> Callable[[], bool]:
        path, text = add_item(name), canary("foreign")
        change_item(path, text)

        def check_and_delete() -> bool:
            is_unchanged = texts_by_path()[path] == text
            # The next operation calls ``make_foreign`` with the same name, for which there must be no item yet.
            open_manager().delete_secret(name)
            return is_unchanged

        return check_and_delete

    session_keyring = SecretService.Keyring()
    missing_keyring = fail.Keyring()
    with replaced_keyring(session_keyring), joined_session():
        yield FaultScenario(
            "keyring",
            open_manager,
            partial(seed, open_manager),
            faults={"wrong credentials": partial(replaced_keyring, missing_keyring), "permanent error 500": without_a_bus},
            faults_without_injection=("illegal name", "deleted between list and read", "foreign payload"),
            impossible_faults={
                **dict.fromkeys(["no permission to list", "no permission to read"], "every program of the session has all permissions"),
                **dict.fromkeys(["throttled", "one time-out", "permanent time-out", "one error 500", "clock skew"], _NO_REQUEST),
                "reset during a write": "the only connection is the one that 'permanent error 500' removes",
                "name too long": "names are in the index, which accepts every valid name",
                "value too large": "the limit of the GNOME keyring is the memory",
            },
            # The scenario does not know which item belongs to an existing secret. So it stores the secret again and deletes the new item.
            delete=lambda name: change_item(add_item(name), None),
            make_foreign=make_foreign,
            # A secret with a foreign item can be deleted without an error, because its name is in our own index file.
            skipped_operations=("delete foreign",),
            special_errors=dict.fromkeys(["wrong credentials", "permanent error 500"], ManagerLockedError),
        )


@contextmanager
def env(_folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of environment variables, where a variable can disappear."""
    original_environment = dict(os.environ)
    # For the faults in ``_WRITE_FAULTS``, the second dictionary replaces the reason.
    yield FaultScenario(
        "env",
        lambda: SecretsManager(EnvBackend()),
        lambda name, value: os.environ.update({f"SECRET_{name.upper()}__KEY": value}),
        faults_without_injection=("deleted between list and read",),
        impossible_faults={fault: _NO_REQUEST for fault in FAULT_CASES if fault != "deleted between list and read"}
        | dict.fromkeys(_WRITE_FAULTS, "the backend is read-only"),
        delete=lambda name: os.environ.__delitem__(f"SECRET_{name.upper()}__KEY"),
    )
    os.environ.clear()
    os.environ.update(original_environment)


@contextmanager
def dotenv(folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of a `.env` file, where a line can disappear or be invalid."""
    path = folder / ".env"
    lines: dict[str, str] = {}

    def write_file() -> None:
        path.write_text("".join(lines.values()))

    def add(name: str, value: str) -> None:
        lines[name] = f"SECRET_{name.upper()}__KEY='{value}'\n"
        write_file()

    def delete(name: str) -> None:
        del lines[name]
        write_file()

    def make_foreign(_name: str) -> Callable[[], bool]:
        # The invalid line replaces the whole file, so every read fails.
        text = f"{canary('foreign')} 'not a line of a .env file\n"
        path.write_text(text)

        def check_and_restore() -> bool:
            is_unchanged = path.read_text() == text
            # The next operations need the valid file with all secrets.
            write_file()
            return is_unchanged

        return check_and_restore

    possible_faults = {"deleted between list and read", "foreign payload"}
    # For the faults in ``_WRITE_FAULTS``, the second dictionary replaces the reason.
    yield FaultScenario(
        "dotenv",
        lambda: SecretsManager(DotenvBackend(DotenvBackend.make_options({"path": path}))),
        add,
        faults_without_injection=tuple(possible_faults),
        impossible_faults={fault: _NO_REQUEST for fault in FAULT_CASES if fault not in possible_faults}
        | dict.fromkeys(_WRITE_FAULTS, "the backend is read-only"),
        delete=delete,
        make_foreign=make_foreign,
    )
