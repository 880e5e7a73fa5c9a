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
from tests.support.sealing.stores import ScriptedPassphrases, Sealed
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
def sealed(home: Path) -> Sealed:
    """Return a store with a text, protected by a key file."""
    sealed = Sealed(home / "a" / "store.db")
    sealed.put("text")
    return sealed


def _key_file(home: Path) -> Path:
    [file] = (home / "keys").iterdir()
    return file


def test_a_key_file_is_private_and_in_its_own_folder(sealed: Sealed, home: Path) -> None:
    """Without keyring and passphrase, the key is in a file of mode 0600 in a folder for keys only."""
    file = _key_file(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sealed.keys.describe() == f"a key file ({file}, mode 0600)"
    assert file.parent != sealed.file.path.parent


def test_a_missing_key_file_raises_key_lost_error(sealed: Sealed, home: Path) -> None:
    """A missing key file raises KeyLostError with its path, and the restored file opens the store."""
    file = _key_file(home)
    key = file.read_bytes()
    file.unlink()
    again = Sealed(sealed.file.path)
    for act in (again.get, lambda: again.put("other"), again.rotate, lambda: again.keys.rewrap("keyfile")):
        with pytest.raises(KeyLostError, match=str(file)):
            act()
    assert list((home / "keys").iterdir()) == []
    file.write_bytes(key)
    file.chmod(0o600)
    assert again.get() == "text"


@pytest.mark.parametrize("content", [b"", b"short", b"%" * 44, b"A" * 43 + b"=", bytes(1000)])
def test_a_wrong_key_file_raises_key_lost_error(sealed: Sealed, home: Path, content: bytes) -> None:
    """A key file with other content raises KeyLostError and not an error about damage."""
    _key_file(home).write_bytes(content)
    with pytest.raises(KeyLostError, match="is not the key"):
        Sealed(sealed.file.path).get()


@pytest.mark.skipif(os.name != "posix", reason="only POSIX files have a mode")
def test_a_key_file_that_others_can_read_is_refused(sealed: Sealed, home: Path) -> None:
    """A key file that others can read is refused with the chmod command, and its mode stays unchanged."""
    file = _key_file(home)
    for mode in (0o640, 0o604, 0o622, 0o660):
        file.chmod(mode)
        with pytest.raises(ManagerAccessError, match=f"chmod 600 {file}"):
            Sealed(sealed.file.path).get()
        assert stat.S_IMODE(file.stat().st_mode) == mode
    file.chmod(0o400)
    assert Sealed(sealed.file.path).get() == "text"


def test_forged_key_parameters_select_no_other_file(sealed: Sealed, home: Path, tmp_path: Path) -> None:
    """A forged row with a path outside of the key folder raises ManagerCorruptedError."""
    (tmp_path / "evil.key").write_bytes(_key_file(home).read_bytes())
    [(generation, wrapped)] = run_sql(sealed.file.path, "SELECT generation, wrapped FROM data_keys")
    for identity in (str(tmp_path / "evil"), "../../evil", "", 7, None):
        parameters = json.dumps({"id": identity})
        checksum = cipher.checksum((str(generation), "keyfile", parameters, wrapped.hex()))
        run_sql(sealed.file.path, ("UPDATE data_keys SET place = ?, checksum = ?", (parameters, checksum)))
        with pytest.raises(ManagerCorruptedError, match="can't be read"):
            Sealed(sealed.file.path).get()


def test_the_home_folder_can_be_moved(sealed: Sealed, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A moved home folder opens, because the key file is found by its name."""
    moved = home.with_name("moved")
    home.rename(moved)
    monkeypatch.setenv(HOME_VARIABLE, str(moved))
    assert Sealed(moved / "a" / "store.db").get() == "text"


def test_the_protection_can_be_changed(sealed: Sealed, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changing the protection deletes the old key, keeps the rows, and the store opens with the new one."""
    rows = run_sql(sealed.file.path, "SELECT * FROM sealed")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "pass")
    sealed.keys.rewrap("passphrase")
    assert list((home / "keys").iterdir()) == []
    assert sealed.keys.describe().startswith("a passphrase")
    passphrase.forget_passphrases()
    assert Sealed(sealed.file.path).get() == "text"
    sealed.keys.rewrap("keyfile")
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    passphrase.forget_passphrases()
    assert Sealed(sealed.file.path).get() == "text"
    first = _key_file(home)
    sealed.keys.rewrap("keyfile")
    assert _key_file(home) != first
    assert run_sql(sealed.file.path, "SELECT * FROM sealed") == rows


def test_an_unknown_protection_is_refused(sealed: Sealed) -> None:
    """An unknown protection raises an error that lists the available ones."""
    with pytest.raises(InvalidOptionsError, match=", ".join(PROTECTIONS)):
        sealed.keys.rewrap("unknown")


def test_a_failed_change_keeps_the_old_protection(sealed: Sealed, home: Path) -> None:
    """If the new protection is unavailable, the old one stays and no file is left over."""
    first = _key_file(home)
    with pytest.raises(ManagerLockedError, match="keyring"):
        sealed.keys.rewrap("keyring")
    assert _key_file(home) == first
    assert Sealed(sealed.file.path).get() == "text"


def test_rotation_replaces_the_data_key(sealed: Sealed, home: Path) -> None:
    """A rotation encrypts the rows with a new data key, and other instances load it."""
    other = Sealed(sealed.file.path)
    assert other.get() == "text"
    before, first = run_sql(sealed.file.path, "SELECT generation, sealed FROM sealed"), _key_file(home)
    sealed.rotate()
    [(generation, blob)] = run_sql(sealed.file.path, "SELECT generation, sealed FROM sealed")
    assert (generation - 1, blob != before[0][1]) == (before[0][0], True)
    assert _key_file(home) != first
    assert other.get() == "text"
    sealed.rotate()
    other.put("by the other")
    assert sealed.get() == "by the other"


def test_a_rotation_with_a_damaged_row_changes_nothing(sealed: Sealed, home: Path) -> None:
    """A damaged row undoes the rotation completely and keeps the key file."""
    run_sql(sealed.file.path, "UPDATE sealed SET sealed = x'00'")
    before = run_sql(sealed.file.path, "SELECT * FROM data_keys")
    first = _key_file(home)
    with pytest.raises(ManagerCorruptedError):
        sealed.rotate()
    assert run_sql(sealed.file.path, "SELECT * FROM data_keys") == before
    assert _key_file(home) == first


def test_the_old_wrapped_key_is_erased(sealed: Sealed, home: Path) -> None:
    """After a change of the protection, the old wrapped key is neither in the database nor in its log."""
    [(wrapped,)] = run_sql(sealed.file.path, "SELECT wrapped FROM data_keys")
    assert any(wrapped in file.read_bytes() for file in sealed.file.path.parent.iterdir())
    sealed.keys.rewrap("keyfile")
    assert not any(wrapped in file.read_bytes() for file in sealed.file.path.parent.iterdir())


def test_a_locked_database_leaves_no_key_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a refused first write, the new key file is removed, and the user is still asked for a passphrase."""
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.1)
    path = home / "a" / "store.db"
    path.parent.mkdir(parents=True, mode=0o700)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ManagerUnreachableError, match="Another process holds"):
            Sealed(path).put("text")
        other.execute("ROLLBACK")
    assert list((home / "keys").iterdir()) == []
    user = ScriptedPassphrases("pass", "pass")
    sealed = Sealed(path, user)
    sealed.put("text")
    assert len(user.prompts) == 2
    assert sealed.keys.describe().startswith("a passphrase")


def test_a_locked_database_keeps_the_old_key_file(sealed: Sealed, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a refused change of the key, only the old key file is left, and it opens the store."""
    monkeypatch.setattr(sqlite_connections, "BUSY_SECONDS", 0.1)
    first = _key_file(home)
    with closing(sqlite3.connect(sealed.file.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for act in (sealed.rotate, lambda: sealed.keys.rewrap("keyfile")):
            with pytest.raises(ManagerUnreachableError, match="holds"):
                act()
            assert _key_file(home) == first
        other.execute("ROLLBACK")
    assert Sealed(sealed.file.path).get() == "text"


def test_describing_an_empty_store_creates_nothing(home: Path) -> None:
    """Describing a store without data asks for nothing and creates no file."""
    user = ScriptedPassphrases()
    sealed = Sealed(home / "a" / "store.db", user)
    assert "the first secret creates" in sealed.keys.describe()
    assert sealed.keys.key_of(1) is None
    assert user.prompts == []
    assert not home.exists()
