"""Checks in a session with a real keyring.

``test_keyring`` runs each function in its own process.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import keyring
import pytest
import secretstorage

from tests.support.managers.stores import content_of, open_store, run_sql, secret
from tests.support.sealing.stores import Sealed
from zensecrets_jupyter.core.errors import KeyLostError, ManagerLockedError
from zensecrets_jupyter.core.sealing.key_protections import passphrase
from zensecrets_jupyter.core.sealing.key_protections.keyring import SERVICE
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE
from zensecrets_jupyter.testing.canary import canary, find_canary


def check_new_store(home: Path) -> None:
    """A new store has its key in the keyring, and no key file.

    This stays so after rotations of the key and changes of its protection.
    """
    value = canary("keyring")
    store = open_store(home)
    store.register_secret(secret("a", key=value))
    assert store.describe()["protected by"] == "a key in the OS keyring (SecretService Keyring)"
    assert not (home / "keys").exists()
    assert not find_canary(home)
    assert content_of(open_store(home), "a") == {"key": value}
    first_entries = _entries()
    store.rotate_key()
    assert len(_entries()) == 1
    assert _entries() != first_entries
    store.rewrap("keyfile")
    assert _entries() == []
    assert content_of(open_store(home), "a") == {"key": value}
    store.rewrap("keyring")
    assert len(_entries()) == 1
    assert list((home / "keys").iterdir()) == []
    assert content_of(open_store(home), "a") == {"key": value}


def check_chain(home: Path) -> None:
    """The system keyring of a chain is used, and a plain-text keyring gets nothing."""
    assert type(keyring.get_keyring()).__name__ == "ChainerBackend"
    class_names = [type(backend).__name__ for backend in keyring.get_keyring().backends]  # type: ignore[attr-defined]  # only the class of chains has this attribute
    assert "PlaintextLookalike" in class_names
    Sealed(home / "a.db").put("text")
    assert "SecretService" in Sealed(home / "a.db").keys.describe()
    assert not (home / "plain.txt").exists()


def check_lost_entry(home: Path) -> None:
    """A missing or wrong entry raises KeyLostError with its name.

    The store is not changed.
    """
    sealed = Sealed(home / "a.db")
    sealed.put("text")
    [identity] = _entries()
    password = keyring.get_password(SERVICE, identity)
    assert password
    keyring.set_password(SERVICE, identity, "another")
    with pytest.raises(KeyLostError, match="is not the key"):
        Sealed(home / "a.db").get()
    keyring.delete_password(SERVICE, identity)
    for access in (Sealed(home / "a.db").get, lambda: Sealed(home / "a.db").put("other")):
        with pytest.raises(KeyLostError, match=identity):
            access()
    keyring.set_password(SERVICE, identity, password)
    assert Sealed(home / "a.db").get() == "text"


def check_locked_keyring(home: Path) -> None:
    """A locked keyring raises ManagerLockedError for existing and new stores.

    A passphrase makes a new store possible.
    """
    Sealed(home / "a.db").put("text")
    with closing(secretstorage.dbus_init()) as bus:
        secretstorage.get_default_collection(bus).lock()
    before = run_sql(home / "a.db", "SELECT * FROM data_keys")
    for access in (
        Sealed(home / "a.db").get,
        lambda: Sealed(home / "a.db").put("other"),
        lambda: Sealed(home / "b.db").put("new"),
    ):
        with pytest.raises(ManagerLockedError, match="is locked") as caught:
            access()
        assert type(caught.value) is ManagerLockedError
        assert PASSPHRASE_VARIABLE in caught.value.hint
    assert not (home / "b.db").exists()
    assert run_sql(home / "a.db", "SELECT * FROM data_keys") == before
    os.environ[PASSPHRASE_VARIABLE] = "pass"
    Sealed(home / "b.db").put("new")
    assert Sealed(home / "b.db").keys.describe().startswith("a passphrase")
    with pytest.raises(ManagerLockedError):
        Sealed(home / "b.db").keys.rewrap("keyring")
    passphrase.forget_passphrases()
    assert Sealed(home / "b.db").get() == "new"


def _entries() -> list[str]:
    with closing(secretstorage.dbus_init()) as bus:
        items = secretstorage.get_default_collection(bus).search_items({"service": SERVICE})
        return sorted(item.get_attributes()["username"] for item in items)


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
