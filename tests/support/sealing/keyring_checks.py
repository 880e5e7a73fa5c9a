"""Checks of stores in a desktop session with a real keyring.

``test_keyring`` runs each function ``check_…`` in its own session and process, with a new folder as ``home``.
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
from tests.support.sealing.stores import TextStore
from zensecrets_jupyter.core.errors import KeyLostError, ManagerLockedError
from zensecrets_jupyter.core.sealing.key_protections import passphrase
from zensecrets_jupyter.core.sealing.key_protections.keyring import SERVICE
from zensecrets_jupyter.core.settings import PASSPHRASE_VARIABLE
from zensecrets_jupyter.testing.canary import canary, find_canary


def check_new_store(home: Path) -> None:
    """A new store has its wrapping key in the keyring, and no key file.

    A rotation replaces the entry of the keyring. The protection `keyfile` removes the entry, and the protection `keyring` adds a new one.
    """
    value = canary("keyring")
    store = open_store(home)
    store.register_secret(secret("a", key=value))
    assert store.describe()["protected by"] == "a key in the OS keyring (SecretService Keyring)"
    assert not (home / "keys").exists()
    assert not find_canary(home)
    assert content_of(open_store(home), "a") == {"key": value}
    first_key_ids = _key_ids()
    store.rotate_key()
    assert len(_key_ids()) == 1
    assert _key_ids() != first_key_ids
    store.rewrap("keyfile")
    assert _key_ids() == []
    assert content_of(open_store(home), "a") == {"key": value}
    store.rewrap("keyring")
    assert len(_key_ids()) == 1
    assert list((home / "keys").iterdir()) == []
    assert content_of(open_store(home), "a") == {"key": value}


def check_chain(home: Path) -> None:
    """If ``keyring`` finds several keyrings, the system keyring is used, and the plain-text keyring gets no key.

    ``test_keyring`` installs ``PlaintextLookalike``, the plain-text keyring.
    """
    assert type(keyring.get_keyring()).__name__ == "ChainerBackend"
    class_names = [type(backend).__name__ for backend in keyring.get_keyring().backends]  # type: ignore[attr-defined]  # only the class of chains has this attribute
    assert "PlaintextLookalike" in class_names
    TextStore(home / "a.db").put("text")
    assert "SecretService" in TextStore(home / "a.db").keys.describe()
    assert not (home / "plain.txt").exists()


def check_lost_entry(home: Path) -> None:
    """A missing or wrong entry of the keyring raises KeyLostError, and the store is not changed.

    The error for a missing entry contains the ID of the wrapping key.
    """
    store = TextStore(home / "a.db")
    store.put("text")
    [identity] = _key_ids()
    password = keyring.get_password(SERVICE, identity)
    assert password
    keyring.set_password(SERVICE, identity, "another")
    with pytest.raises(KeyLostError, match="is not the key"):
        TextStore(home / "a.db").get()
    keyring.delete_password(SERVICE, identity)
    for operation in (TextStore(home / "a.db").get, lambda: TextStore(home / "a.db").put("other")):
        with pytest.raises(KeyLostError, match=identity):
            operation()
    keyring.set_password(SERVICE, identity, password)
    assert TextStore(home / "a.db").get() == "text"


def check_locked_keyring(home: Path) -> None:
    """A locked keyring raises ManagerLockedError for existing and new stores.

    With a passphrase in the environment, a new store can be created, but its protection cannot be changed to the keyring.
    """
    TextStore(home / "a.db").put("text")
    with closing(secretstorage.dbus_init()) as bus:
        secretstorage.get_default_collection(bus).lock()
    before = run_sql(home / "a.db", "SELECT * FROM data_keys")
    for operation in (
        TextStore(home / "a.db").get,
        lambda: TextStore(home / "a.db").put("other"),
        lambda: TextStore(home / "b.db").put("new"),
    ):
        with pytest.raises(ManagerLockedError, match="is locked") as caught:
            operation()
        # Its subclass KeyLostError would be wrong here, because the key still exists.
        assert type(caught.value) is ManagerLockedError
        assert PASSPHRASE_VARIABLE in caught.value.hint
    assert not (home / "b.db").exists()
    assert run_sql(home / "a.db", "SELECT * FROM data_keys") == before
    os.environ[PASSPHRASE_VARIABLE] = "pass"
    TextStore(home / "b.db").put("new")
    assert TextStore(home / "b.db").keys.describe().startswith("a passphrase")
    with pytest.raises(ManagerLockedError):
        TextStore(home / "b.db").keys.rewrap("keyring")
    # Without remembered passphrases, the store reads the passphrase from the environment, like a new process.
    passphrase.forget_passphrases()
    assert TextStore(home / "b.db").get() == "new"


def _key_ids() -> list[str]:
    """Return the IDs of the wrapping keys in the keyring. An ID is the user name of the entry."""
    with closing(secretstorage.dbus_init()) as bus:
        items = secretstorage.get_default_collection(bus).search_items({"service": SERVICE})
        return sorted(item.get_attributes()["username"] for item in items)


if __name__ == "__main__":
    # The arguments are the name of a function and the folder.
    globals()[sys.argv[1]](Path(sys.argv[2]))
