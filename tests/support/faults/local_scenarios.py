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
_WRITE_FAULTS = ("name too long", "illegal name", "value too large", "reset during a write")


@contextmanager
def local(folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of the local store: a wrong key, other processes and damaged rows."""
    typed_passphrase = ["right"]

    def open_manager() -> SecretsManager[LocalBackend]:
        return open_store(folder, ask=lambda _: typed_passphrase[0])

    @contextmanager
    def wrong_passphrase() -> Iterator[None]:
        passphrase.forget_passphrases()
        typed_passphrase[0] = canary("wrong")
        yield
        passphrase.forget_passphrases()
        typed_passphrase[0] = "right"

    @contextmanager
    def hold_lock(seconds: float) -> Iterator[None]:
        with closing(sqlite3.connect(open_manager().backend.path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            end = threading.Timer(seconds, other.execute, ["ROLLBACK"])
            end.start()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sqlite_connections, "BUSY_SECONDS", 0.2)
                yield
            end.cancel()
            end.join()

    yield FaultScenario(
        "local",
        open_manager,
        partial(seed, open_manager),
        faults={
            "wrong credentials": wrong_passphrase,
            "one time-out": partial(hold_lock, 0.05),
            "permanent time-out": partial(hold_lock, 60),
        },
        without_injection=("illegal name", "value too large", "deleted between list and read", "foreign payload"),
        impossible={
            **dict.fromkeys(["throttled", "one error 500", "permanent error 500", "clock skew"], _NO_REQUEST),
            **dict.fromkeys(["no permission to list", "no permission to read"], "a file has one permission for all: test_local_refusals"),
            "name too long": "a text column accepts every valid name",
            "reset during a write": "only the process itself can be killed there; see test_local_processes",
        },
        delete=lambda name: open_manager().delete_secret(name),
        make_foreign=partial(_damage, open_manager),
        too_large=MAX_CONTENT_SIZE,
        # A damaged secret can be deleted, because it is in our own table.
        skipped=("delete foreign",),
        errors={"wrong credentials": ManagerLockedError},
        # Names are not sealed, and a deletion needs only the file.
        harmless={"wrong credentials": ("list", "delete"), "permanent time-out": ("list", "read")},
    )
    passphrase.forget_passphrases()


def _damage(open_manager: Callable[[], SecretsManager[LocalBackend]], name: str) -> Callable[[], bool]:
    seed(open_manager, name, "value")
    run_sql(open_manager().backend.path, ("UPDATE secrets SET sealed = ? WHERE name = ?", (b"0", name)))
    return lambda: name in open_manager().list_secrets()


@contextmanager
def keyring(folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of a real Secret Service: locked, unavailable, or changed by other programs."""

    def open_manager() -> SecretsManager[KeyringBackend]:
        return SecretsManager(KeyringBackend(context=ManagerContext(name="tested", id="one", folder=folder)))

    @contextmanager
    def replaced_keyring(other: SystemKeyring) -> Iterator[None]:
        original = keyring_library.get_keyring()
        keyring_library.set_keyring(other)
        yield
        keyring_library.set_keyring(original)

    @contextmanager
    def without_a_bus() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={folder / 'gone'}")
            yield

    def items() -> dict[str, str]:
        with closing(secretstorage.dbus_init()) as bus:
            entries = secretstorage.get_default_collection(bus).search_items({"service": "zensecrets one"})
            return {item.item_path: item.get_secret().decode() for item in entries}

    def change(path: str, text: str | None) -> None:
        with closing(secretstorage.dbus_init()) as bus:
            item = secretstorage.Item(bus, path)
            if text is None:
                item.delete()
            else:
                item.set_secret(text.encode())

    def add_secret(name: str) -> str:
        before = set(items())
        seed(open_manager, name, "value")
        [path] = set(items()) - before
        return path

    def make_foreign(name: str) -> Callable[[], bool]:
        path, text = add_secret(name), canary("foreign")
        change(path, text)

        def still_exists() -> bool:
            is_unchanged = items()[path] == text
            open_manager().delete_secret(name)
            return is_unchanged

        return still_exists

    session_keyring = SecretService.Keyring()
    missing_keyring = fail.Keyring()
    with replaced_keyring(session_keyring), joined_session():
        yield FaultScenario(
            "keyring",
            open_manager,
            partial(seed, open_manager),
            faults={"wrong credentials": partial(replaced_keyring, missing_keyring), "permanent error 500": without_a_bus},
            without_injection=("illegal name", "deleted between list and read", "foreign payload"),
            impossible={
                **dict.fromkeys(["no permission to list", "no permission to read"], "every program of the session has all permissions"),
                **dict.fromkeys(["throttled", "one time-out", "permanent time-out", "one error 500", "clock skew"], _NO_REQUEST),
                "reset during a write": "the only connection is the one that 'permanent error 500' removes",
                "name too long": "names are in the index, which accepts every valid name",
                "value too large": "the limit of the GNOME keyring is the memory",
            },
            delete=lambda name: change(add_secret(name), None),
            make_foreign=make_foreign,
            # A secret can be deleted without its entry, because the index is our own file.
            skipped=("delete foreign",),
            errors=dict.fromkeys(["wrong credentials", "permanent error 500"], ManagerLockedError),
        )


@contextmanager
def env(_folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of environment variables, where a variable can disappear."""
    before = dict(os.environ)
    yield FaultScenario(
        "env",
        lambda: SecretsManager(EnvBackend()),
        lambda name, value: os.environ.update({f"SECRET_{name.upper()}__KEY": value}),
        without_injection=("deleted between list and read",),
        impossible={fault: _NO_REQUEST for fault in FAULT_CASES if fault != "deleted between list and read"}
        | dict.fromkeys(_WRITE_FAULTS, "the backend is read-only"),
        delete=lambda name: os.environ.__delitem__(f"SECRET_{name.upper()}__KEY"),
    )
    os.environ.clear()
    os.environ.update(before)


@contextmanager
def dotenv(folder: Path) -> Iterator[FaultScenario]:
    """Yield the scenario of a `.env` file, where a line can disappear or be invalid."""
    path = folder / ".env"
    lines: dict[str, str] = {}

    def write(**change: str | None) -> None:
        lines.update({name: f"SECRET_{name.upper()}__KEY='{value}'\n" for name, value in change.items() if value is not None})
        for name in [name for name, value in change.items() if value is None]:
            del lines[name]
        path.write_text("".join(lines.values()))

    def make_foreign(_name: str) -> Callable[[], bool]:
        text = f"{canary('foreign')} 'not a line of a .env file\n"
        path.write_text(text)

        def still_exists() -> bool:
            current = path.read_text()
            write()
            return current == text

        return still_exists

    possible = {"deleted between list and read", "foreign payload"}
    yield FaultScenario(
        "dotenv",
        lambda: SecretsManager(DotenvBackend(DotenvBackend.make_options({"path": path}))),
        lambda name, value: write(**{name.replace("-", "_"): value}),
        without_injection=tuple(possible),
        impossible={fault: _NO_REQUEST for fault in FAULT_CASES if fault not in possible}
        | dict.fromkeys(_WRITE_FAULTS, "the backend is read-only"),
        delete=lambda name: write(**{name: None}),
        make_foreign=make_foreign,
    )
