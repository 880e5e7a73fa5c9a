"""The climates of the places that are on this machine: files, the keyring, the environment."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import keyring as library
import pytest
import secretstorage
from keyring.backends import SecretService, fail

from tests.support.faults.cases import WEATHERS, Climate, seed
from tests.support.managers.stores import open_store, raw
from tests.support.sealing.sessions import joined_session
from zensecrets_jupyter.core.errors import ManagerLockedError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends.dotenv import DotenvBackend
from zensecrets_jupyter.core.managers.backends.env import EnvBackend
from zensecrets_jupyter.core.managers.backends.keyring import KeyringBackend
from zensecrets_jupyter.core.managers.backends.sealed.rows import LARGEST_CONTENT
from zensecrets_jupyter.core.sealing import passphrase, sqlite_connections
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from keyring.backend import KeyringBackend as SystemKeyring

    from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend

_NO_REQUEST = "it is on this machine: there is no request that could fail so"
_READ_ONLY = ("name too long", "illegal name", "value too large", "reset in the middle of a write")


@contextmanager
def local(folder: Path) -> Iterator[Climate]:
    """Yield the climate of a file: it has a key that may be wrong, other processes, and rows that may be damaged."""
    typed = ["right"]

    def open_manager() -> SecretsManager[LocalBackend]:
        return open_store(folder, ask=lambda _: typed[0])

    @contextmanager
    def mistyped() -> Iterator[None]:
        passphrase.forget()
        typed[0] = canary("wrong")
        yield
        passphrase.forget()
        typed[0] = "right"

    @contextmanager
    def held(seconds: float) -> Iterator[None]:
        with closing(sqlite3.connect(open_manager().backend.path, isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            end = threading.Timer(seconds, other.execute, ["ROLLBACK"])
            end.start()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sqlite_connections, "BUSY_SECONDS", 0.2)
                yield
            end.cancel()
            end.join()

    yield Climate(
        "local",
        open_manager,
        partial(seed, open_manager),
        make={"wrong credentials": mistyped, "time-out once": partial(held, 0.05), "time-out for ever": partial(held, 60)},
        calm=("illegal name", "value too large", "deleted between list and read", "not ours"),
        never={
            **dict.fromkeys(["throttled", "500 once", "500 for ever", "clock skew"], _NO_REQUEST),
            **dict.fromkeys(["no permission to list", "no permission to read"], "a file has one permission for all: test_local_refusals"),
            "name too long": "a column of text takes every name that a secret may have",
            "reset in the middle of a write": "what is killed there is the process itself, see test_local_processes",
        },
        delete=lambda name: open_manager().delete_secret(name),
        make_foreign=partial(_damage, open_manager),
        too_large=LARGEST_CONTENT,
        # What is damaged can be deleted: it is in a table of ours.
        untried=("delete foreign",),
        errors={"wrong credentials": ManagerLockedError},
        # Names are not sealed; to delete takes nothing but the file.
        harmless={"wrong credentials": ("list", "delete"), "time-out for ever": ("list", "read")},
    )
    passphrase.forget()


def _damage(open_manager: Callable[[], SecretsManager[LocalBackend]], name: str) -> Callable[[], bool]:
    seed(open_manager, name, "value")
    raw(open_manager().backend.path, ("UPDATE secrets SET sealed = ? WHERE name = ?", (b"0", name)))
    return lambda: name in open_manager().list_secrets()


@contextmanager
def keyring(folder: Path) -> Iterator[Climate]:
    """Yield the climate of a real Secret Service: it may be locked, gone, and used by other programs."""

    def open_manager() -> SecretsManager[KeyringBackend]:
        return SecretsManager(KeyringBackend(context=ManagerContext(name="tried", id="one", folder=folder)))

    @contextmanager
    def instead(other: SystemKeyring) -> Iterator[None]:
        before = library.get_keyring()
        library.set_keyring(other)
        yield
        library.set_keyring(before)

    @contextmanager
    def without_a_bus() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={folder / 'gone'}")
            yield

    def items() -> dict[str, str]:
        with closing(secretstorage.dbus_init()) as bus:
            found = secretstorage.get_default_collection(bus).search_items({"service": "zensecrets one"})
            return {item.item_path: item.get_secret().decode() for item in found}

    def change(path: str, text: str | None) -> None:
        with closing(secretstorage.dbus_init()) as bus:
            item = secretstorage.Item(bus, path)
            if text is None:
                item.delete()
            else:
                item.set_secret(text.encode())

    def added(name: str) -> str:
        before = set(items())
        seed(open_manager, name, "value")
        [path] = set(items()) - before
        return path

    def make_foreign(name: str) -> Callable[[], bool]:
        path, text = added(name), canary("foreign")
        change(path, text)

        def is_still_there() -> bool:
            found = items()[path] == text
            open_manager().delete_secret(name)
            return found

        return is_still_there

    own = SecretService.Keyring()  # type: ignore[no-untyped-call]  # keyring's own
    none = fail.Keyring()  # type: ignore[no-untyped-call]  # likewise
    with instead(own), joined_session():
        yield Climate(
            "keyring",
            open_manager,
            partial(seed, open_manager),
            make={"wrong credentials": partial(instead, none), "500 for ever": without_a_bus},
            calm=("illegal name", "deleted between list and read", "not ours"),
            never={
                **dict.fromkeys(["no permission to list", "no permission to read"], "who is in the session may do everything"),
                **dict.fromkeys(["throttled", "time-out once", "time-out for ever", "500 once", "clock skew"], _NO_REQUEST),
                "reset in the middle of a write": "there is no connection but the one that 500 for ever takes away",
                "name too long": "names are in the index, which takes every name that a secret may have",
                "value too large": "GNOME's takes what memory does",
            },
            delete=lambda name: change(added(name), None),
            make_foreign=make_foreign,
            # The index is ours: what is in it can be deleted, whatever became of the entry.
            untried=("delete foreign",),
            errors=dict.fromkeys(["wrong credentials", "500 for ever"], ManagerLockedError),
        )


@contextmanager
def env(_folder: Path) -> Iterator[Climate]:
    """Yield the climate of environment variables: one may be gone, and that is all."""
    before = dict(os.environ)
    yield Climate(
        "env",
        lambda: SecretsManager(EnvBackend()),
        lambda name, value: os.environ.update({f"SECRET_{name.upper()}__KEY": value}),
        calm=("deleted between list and read",),
        never={weather: _NO_REQUEST for weather in WEATHERS if weather != "deleted between list and read"}
        | dict.fromkeys(_READ_ONLY, "it only reads"),
        delete=lambda name: os.environ.__delitem__(f"SECRET_{name.upper()}__KEY"),
    )
    os.environ.clear()
    os.environ.update(before)


@contextmanager
def dotenv(folder: Path) -> Iterator[Climate]:
    """Yield the climate of a file that others write: a line may be gone, or be none."""
    path = folder / ".env"
    lines: dict[str, str] = {}

    def write(**change: str | None) -> None:
        lines.update({name: f"SECRET_{name.upper()}__KEY='{value}'\n" for name, value in change.items() if value is not None})
        for name in [name for name, value in change.items() if value is None]:
            del lines[name]
        path.write_text("".join(lines.values()))

    def make_foreign(_name: str) -> Callable[[], bool]:
        text = f"{canary('foreign')} 'no line of a .env\n"
        path.write_text(text)

        def is_still_there() -> bool:
            found = path.read_text()
            write()
            return found == text

        return is_still_there

    comes = {"deleted between list and read", "not ours"}
    yield Climate(
        "dotenv",
        lambda: SecretsManager(DotenvBackend(DotenvBackend.make_options({"path": path}))),
        lambda name, value: write(**{name.replace("-", "_"): value}),
        calm=tuple(comes),
        never={weather: _NO_REQUEST for weather in WEATHERS if weather not in comes} | dict.fromkeys(_READ_ONLY, "it only reads"),
        delete=lambda name: write(**{name: None}),
        make_foreign=make_foreign,
    )
