"""The data key of a database: how it is protected, changed and rotated, and what is said where it is lost."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from tests.support.managers.stores import raw
from tests.support.sealing.stores import ScriptedUser, Sealed
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    KeyLostError,
    ManagerAccessError,
    ManagerCorruptedError,
    ManagerLockedError,
)
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.key_protections import passphrase
from zensecrets_jupyter.core.sealing.key_protections.interface import PROTECTIONS
from zensecrets_jupyter.core.settings import HOME_VARIABLE, PASSPHRASE_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sealed(home: Path) -> Sealed:
    """Return a store with a text in it, under a key file."""
    sealed = Sealed(home / "a" / "store.db")
    sealed.put("text")
    return sealed


def _key_file(home: Path) -> Path:
    [file] = (home / "keys").iterdir()
    return file


def test_a_key_file_is_its_owners_alone_and_apart_from_the_data(sealed: Sealed, home: Path) -> None:
    """Without a keyring and a passphrase the key is in a file of mode 0600, in a folder 0700 that holds keys only."""
    file = _key_file(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sealed.keys.describe() == f"a key file ({file}, mode 0600)"
    assert file.parent != sealed.file.path.parent


def test_a_lost_key_file_says_where_it_was(sealed: Sealed, home: Path) -> None:
    """A store whose key file is gone is KeyLostError that names the file; nothing is made in its place, and put back it opens."""
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
def test_another_key_in_the_file_is_a_lost_key(sealed: Sealed, home: Path, content: bytes) -> None:
    """A key file with something else in it is KeyLostError, for it is the key that is gone and not the store that is damaged."""
    _key_file(home).write_bytes(content)
    with pytest.raises(KeyLostError, match="is not the key"):
        Sealed(sealed.file.path).get()


@pytest.mark.skipif(os.name != "posix", reason="files have no modes here")
def test_a_key_file_that_others_can_read_is_refused(sealed: Sealed, home: Path) -> None:
    """A key file whose mode lets others read it is refused with the command that mends it; its mode is not mended in silence."""
    file = _key_file(home)
    for mode in (0o640, 0o604, 0o622, 0o660):
        file.chmod(mode)
        with pytest.raises(ManagerAccessError, match=f"chmod 600 {file}"):
            Sealed(sealed.file.path).get()
        assert stat.S_IMODE(file.stat().st_mode) == mode
    file.chmod(0o400)
    assert Sealed(sealed.file.path).get() == "text"


def test_a_forged_place_names_no_other_file(sealed: Sealed, home: Path, tmp_path: Path) -> None:
    """A row that a forger made to point out of the folder of keys is ManagerCorruptedError, whatever that file holds."""
    (tmp_path / "evil.key").write_bytes(_key_file(home).read_bytes())
    [(generation, wrapped)] = raw(sealed.file.path, "SELECT generation, wrapped FROM data_keys")
    for identity in (str(tmp_path / "evil"), "../../evil", "", 7, None):
        place = json.dumps({"id": identity})
        checksum = cipher.checksum((str(generation), "keyfile", place, wrapped.hex()))
        raw(sealed.file.path, ("UPDATE data_keys SET place = ?, checksum = ?", (place, checksum)))
        with pytest.raises(ManagerCorruptedError, match="can't be read"):
            Sealed(sealed.file.path).get()


def test_the_home_can_be_moved(sealed: Sealed, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home that is moved as a whole opens in its new place: the key file is found by name, not by path."""
    moved = home.with_name("moved")
    home.rename(moved)
    monkeypatch.setenv(HOME_VARIABLE, str(moved))
    assert Sealed(moved / "a" / "store.db").get() == "text"


def test_the_protection_can_be_changed(sealed: Sealed, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a key file to a passphrase of the environment and back: each opens, what protected it before is gone, the rows stay."""
    rows = raw(sealed.file.path, "SELECT * FROM sealed")
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
    assert raw(sealed.file.path, "SELECT * FROM sealed") == rows


def test_an_unknown_protection_is_refused(sealed: Sealed) -> None:
    """A protection that does not exist is an error that lists those that do."""
    with pytest.raises(InvalidOptionsError, match=", ".join(PROTECTIONS)):
        sealed.keys.rewrap("hope")


def test_a_change_that_fails_leaves_the_old_protection(sealed: Sealed, home: Path) -> None:
    """Where the new protection can't be had, here a keyring, the old one holds and nothing is left over."""
    first = _key_file(home)
    with pytest.raises(ManagerLockedError, match="keyring"):
        sealed.keys.rewrap("keyring")
    assert _key_file(home) == first
    assert Sealed(sealed.file.path).get() == "text"


def test_rotation_makes_another_key(sealed: Sealed, home: Path) -> None:
    """A rotation seals the rows with a new data key under a new key file; an instance that holds the old one reloads it."""
    other = Sealed(sealed.file.path)
    assert other.get() == "text"
    before, first = raw(sealed.file.path, "SELECT generation, sealed FROM sealed"), _key_file(home)
    sealed.rotate()
    [(generation, blob)] = raw(sealed.file.path, "SELECT generation, sealed FROM sealed")
    assert (generation - 1, blob != before[0][1]) == (before[0][0], True)
    assert _key_file(home) != first
    assert other.get() == "text"
    sealed.rotate()
    other.put("by the other")
    assert sealed.get() == "by the other"


def test_a_rotation_that_meets_damage_changes_nothing(sealed: Sealed, home: Path) -> None:
    """If a row can't be unsealed, the rotation is undone as a whole, and no key file is left over or lost."""
    raw(sealed.file.path, "UPDATE sealed SET sealed = x'00'")
    before = raw(sealed.file.path, "SELECT * FROM data_keys")
    first = _key_file(home)
    with pytest.raises(ManagerCorruptedError):
        sealed.rotate()
    assert raw(sealed.file.path, "SELECT * FROM data_keys") == before
    assert _key_file(home) == first


def test_the_old_key_is_not_in_the_files(sealed: Sealed, home: Path) -> None:
    """After the protection was changed, what the old one sealed is in no file: neither in the database nor in its log."""
    [(wrapped,)] = raw(sealed.file.path, "SELECT wrapped FROM data_keys")
    assert any(wrapped in file.read_bytes() for file in sealed.file.path.parent.iterdir())
    sealed.keys.rewrap("keyfile")
    assert not any(wrapped in file.read_bytes() for file in sealed.file.path.parent.iterdir())


def test_a_default_of_a_person_who_is_not_there(home: Path) -> None:
    """Describing a store that was never written asks nobody and makes nothing."""
    user = ScriptedUser()
    sealed = Sealed(home / "a" / "store.db", user)
    assert "the first secret creates" in sealed.keys.describe()
    assert sealed.keys.key_of(1) is None
    assert user.prompts == []
    assert not home.exists()
