"""Tests of the data key of a database: its protection, its rotation, and errors for a lost key."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.support.managers.stores import run_sql
from tests.support.sealing.stores import ScriptedPassphrases, TextStore
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    KeyLostError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerLockedError,
    ManagerUnreachableError,
)
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.databases import sqlite_connections
from zensecrets_jupyter.core.sealing.key_protections import passphrase
from zensecrets_jupyter.core.sealing.key_protections.interface import PROTECTIONS
from zensecrets_jupyter.core.settings import HOME_VARIABLE, PASSPHRASE_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(home: Path) -> TextStore:
    """Return a store with the text ``text``, protected by a key file."""
    store = TextStore(home / "a" / "store.db")
    store.put("text")
    return store


def _key_file(home: Path) -> Path:
    """Return the key file of the home folder. Fail if there is not exactly one."""
    [file] = (home / "keys").iterdir()
    return file


def test_a_key_file_is_private_and_in_its_own_folder(store: TextStore, home: Path) -> None:
    """Without keyring and passphrase, the wrapping key is in a file of mode 0600.

    The file is not in the folder of the store.
    """
    file = _key_file(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert store.keys.describe() == f"a key file ({file}, mode 0600)"
    assert file.parent != store.file.path.parent


def test_a_missing_key_file_raises_key_lost_error(store: TextStore, home: Path) -> None:
    """If the key file is missing, KeyLostError contains its path.

    No new file is created, and the restored file opens the store.
    """
    file = _key_file(home)
    key = file.read_bytes()
    file.unlink()
    reopened = TextStore(store.file.path)
    for operation in (reopened.get, lambda: reopened.put("other"), reopened.rotate, lambda: reopened.keys.rewrap("keyfile")):
        with pytest.raises(KeyLostError, match=str(file)):
            operation()
    assert list((home / "keys").iterdir()) == []
    file.write_bytes(key)
    file.chmod(0o600)
    assert reopened.get() == "text"


# "another key" is base64 of 32 zero bytes: a valid key, but not the key of this store.
@pytest.mark.parametrize(
    "content",
    [b"", b"short", b"%" * 44, b"A" * 43 + b"=", bytes(1000)],
    ids=["empty", "too short", "not base64", "another key", "too long"],
)
def test_a_wrong_key_file_raises_key_lost_error(store: TextStore, home: Path, content: bytes) -> None:
    """A key file with other content raises KeyLostError and not ManagerCorruptedError."""
    _key_file(home).write_bytes(content)
    with pytest.raises(KeyLostError, match="is not the key"):
        TextStore(store.file.path).get()


@pytest.mark.skipif(os.name != "posix", reason="only POSIX files have a mode")
def test_a_key_file_that_others_can_read_is_refused(store: TextStore, home: Path) -> None:
    """A key file that other users can read or write is refused.

    The error contains the chmod command, and the mode stays unchanged. A file that only its owner can read is accepted.
    """
    file = _key_file(home)
    for mode in (0o640, 0o604, 0o622, 0o660):
        file.chmod(mode)
        with pytest.raises(ManagerAccessError, match=f"chmod 600 {file}"):
            TextStore(store.file.path).get()
        assert stat.S_IMODE(file.stat().st_mode) == mode
    file.chmod(0o400)
    assert TextStore(store.file.path).get() == "text"


def test_forged_key_parameters_select_no_other_file(store: TextStore, home: Path, tmp_path: Path) -> None:
    """A forged row whose key ID is a path, empty or no text raises ManagerCorruptedError.

    This is true even if the path leads to a copy of the right key file.
    """
    (tmp_path / "evil.key").write_bytes(_key_file(home).read_bytes())
    # The generation counts the data keys of a store. The column ``wrapped`` has the encrypted data key.
    [(generation, wrapped)] = run_sql(store.file.path, "SELECT generation, wrapped FROM data_keys")
    for identity in (str(tmp_path / "evil"), "../../evil", "", 7, None):
        parameters = json.dumps({"id": identity})
        # The checksum is right, because an attacker can compute it too.
        checksum = cipher.checksum((str(generation), "keyfile", parameters, wrapped.hex()))
        # The column ``place`` has the parameters of the protection.
        run_sql(store.file.path, ("UPDATE data_keys SET place = ?, checksum = ?", (parameters, checksum)))
        with pytest.raises(ManagerCorruptedError, match="can't be read"):
            TextStore(store.file.path).get()


def test_the_home_folder_can_be_moved(store: TextStore, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the home folder was moved, the store opens, because it refers to the key file by name and not by path."""
    new_home = home.with_name("moved")
    home.rename(new_home)
    monkeypatch.setenv(HOME_VARIABLE, str(new_home))
    assert TextStore(new_home / "a" / "store.db").get() == "text"


def test_the_protection_can_be_changed(store: TextStore, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of the protection deletes the old wrapping key and keeps the rows. The store opens with the new protection."""
    rows = run_sql(store.file.path, "SELECT * FROM texts")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "pass")
    store.keys.rewrap("passphrase")
    assert list((home / "keys").iterdir()) == []
    assert store.keys.describe().startswith("a passphrase")
    passphrase.forget_passphrases()
    assert TextStore(store.file.path).get() == "text"
    store.keys.rewrap("keyfile")
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    passphrase.forget_passphrases()
    assert TextStore(store.file.path).get() == "text"
    # A change from a key file to a key file creates a new file too.
    first_key_file = _key_file(home)
    store.keys.rewrap("keyfile")
    assert _key_file(home) != first_key_file
    assert run_sql(store.file.path, "SELECT * FROM texts") == rows


def test_an_unknown_protection_is_refused(store: TextStore) -> None:
    """An unknown protection raises an error that lists the available ones."""
    with pytest.raises(InvalidOptionsError, match=", ".join(PROTECTIONS)):
        store.keys.rewrap("unknown")


def test_a_failed_change_keeps_the_old_protection(store: TextStore, home: Path) -> None:
    """If the new protection is unavailable, the old one stays."""
    key_file = _key_file(home)
    with pytest.raises(ManagerLockedError, match="keyring"):
        store.keys.rewrap("keyring")
    assert _key_file(home) == key_file
    assert TextStore(store.file.path).get() == "text"


def test_rotation_replaces_the_data_key(store: TextStore, home: Path) -> None:
    """A rotation encrypts the rows with a new data key. Other instances load the new key."""
    other = TextStore(store.file.path)
    assert other.get() == "text"
    [(old_generation, old_ciphertext)] = run_sql(store.file.path, "SELECT generation, ciphertext FROM texts")
    first_key_file = _key_file(home)
    store.rotate()
    [(generation, ciphertext)] = run_sql(store.file.path, "SELECT generation, ciphertext FROM texts")
    assert generation == old_generation + 1
    assert ciphertext != old_ciphertext
    assert _key_file(home) != first_key_file
    assert other.get() == "text"
    store.rotate()
    other.put("by the other")
    assert store.get() == "by the other"


def test_a_rotation_with_a_damaged_row_changes_nothing(store: TextStore, home: Path) -> None:
    """If a row is damaged, a rotation changes neither the data key nor the key file."""
    run_sql(store.file.path, "UPDATE texts SET ciphertext = x'00'")
    before = run_sql(store.file.path, "SELECT * FROM data_keys")
    key_file = _key_file(home)
    with pytest.raises(ManagerCorruptedError):
        store.rotate()
    assert run_sql(store.file.path, "SELECT * FROM data_keys") == before
    assert _key_file(home) == key_file


def test_the_old_wrapped_key_is_erased(store: TextStore, home: Path) -> None:
    """A change of the protection erases the old encrypted form of the data key.

    Neither the database nor its write-ahead log contains the old bytes.
    """
    [(wrapped,)] = run_sql(store.file.path, "SELECT wrapped FROM data_keys")
    assert any(wrapped in file.read_bytes() for file in store.file.path.parent.iterdir())
    store.keys.rewrap("keyfile")
    assert not any(wrapped in file.read_bytes() for file in store.file.path.parent.iterdir())


def test_a_locked_database_leaves_no_key_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the database is locked, the first write fails and removes the new key file.

    The next write is a first write again, so the user can choose a passphrase.
    """
    # The time that a writer waits for the lock is short here.
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.1)
    path = home / "a" / "store.db"
    path.parent.mkdir(parents=True, mode=0o700)
    with closing(sqlite3.connect(path, isolation_level=None)) as other_connection:
        other_connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(ManagerUnreachableError, match="Another process holds"):
            TextStore(path).put("text")
        other_connection.execute("ROLLBACK")
    assert list((home / "keys").iterdir()) == []
    # A new passphrase is typed twice.
    user = ScriptedPassphrases("pass", "pass")
    store = TextStore(path, user)
    store.put("text")
    assert len(user.prompts) == 2
    assert store.keys.describe().startswith("a passphrase")


def test_a_locked_database_keeps_the_old_key_file(store: TextStore, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the database is locked, a rotation and a change of the protection fail.

    Only the old key file is left, and it opens the store.
    """
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.1)
    key_file = _key_file(home)
    with closing(sqlite3.connect(store.file.path, isolation_level=None)) as other_connection:
        other_connection.execute("BEGIN IMMEDIATE")
        for operation in (store.rotate, lambda: store.keys.rewrap("keyfile")):
            with pytest.raises(ManagerUnreachableError, match="Another process holds"):
                operation()
            assert _key_file(home) == key_file
        other_connection.execute("ROLLBACK")
    assert TextStore(store.file.path).get() == "text"


def test_describing_an_empty_store_creates_nothing(home: Path) -> None:
    """Describing an empty store, or reading its data key, creates no file.

    It does not prompt for a passphrase.
    """
    user = ScriptedPassphrases()
    store = TextStore(home / "a" / "store.db", user)
    assert "the first secret creates" in store.keys.describe()
    # The argument 1 is the generation of the data key.
    assert store.keys.key_of(1) is None
    assert user.prompts == []
    assert not home.exists()
