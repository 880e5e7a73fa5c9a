"""Tests of a store with a passphrase: from the environment or typed, wrong, changed, and remembered."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

import pytest
from argon2 import profiles
from argon2.low_level import Type, hash_secret_raw

from tests.support.managers.stores import run_sql
from tests.support.sealing.stores import ScriptedPassphrases, TextStore
from zensecrets_jupyter.core.errors import (
    InteractionUnavailableError,
    ManagerCorruptedError,
    ManagerLockedError,
    WrongPassphraseError,
)
from zensecrets_jupyter.core.interaction import NonInteractivePassphraseSource
from zensecrets_jupyter.core.sealing import cipher
from zensecrets_jupyter.core.sealing.key_protections import passphrase
from zensecrets_jupyter.core.settings import NEW_PASSPHRASE_VARIABLE, PASSPHRASE_VARIABLE
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(home: Path) -> Path:
    """Return the path of a store that does not exist yet."""
    return home / "a" / "store.db"


def test_the_passphrase_comes_from_the_environment(path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ZENSECRETS_PASSPHRASE, a store is created and opened without a prompt. The passphrase is in no file."""
    monkeypatch.setenv(PASSPHRASE_VARIABLE, canary("passphrase"))
    user = ScriptedPassphrases()
    TextStore(path, user).put("text")
    assert TextStore(path).keys.describe() == "a passphrase (Argon2id, RFC 9106 second recommended option)"
    # The process remembers passphrases. Without them, it is like a new process.
    passphrase.forget_passphrases()
    assert TextStore(path, user).get() == "text"
    assert user.prompts == []
    assert not find_canary(home)
    assert not (home / "keys").exists()


def test_a_user_chooses_a_passphrase_once(path: Path, home: Path) -> None:
    """A user types a new passphrase twice, and further stores of the process use it without a prompt."""
    user = ScriptedPassphrases("correct horse", "correct horse")
    TextStore(path, user).put("text")
    assert len(user.prompts) == 2
    assert "the test's store" in user.prompts[0]
    # The prompt says what an empty answer means.
    assert "empty" in user.prompts[0]
    second = TextStore(home / "b" / "store.db", user)
    second.put("other")
    assert second.keys.describe().startswith("a passphrase")
    assert TextStore(path, user).get() == "text"
    assert len(user.prompts) == 2


def test_an_empty_answer_selects_a_key_file(path: Path, home: Path) -> None:
    """An empty answer selects a key file, and the next store does not prompt again."""
    user = ScriptedPassphrases("")
    TextStore(path, user).put("text")
    TextStore(home / "b" / "store.db", user).put("text")
    assert len(user.prompts) == 1
    assert TextStore(path).keys.describe().startswith("a key file (")
    assert TextStore(path).get() == "text"


def test_a_non_interactive_session_selects_a_key_file(path: Path) -> None:
    """A session that can't ask selects a key file for a new store."""
    TextStore(path, ScriptedPassphrases()).put("text")
    assert TextStore(path).keys.describe().startswith("a key file (")


def test_different_typed_passphrases_prompt_again(path: Path) -> None:
    """If a user types two different passphrases, both prompts are repeated.

    After three different pairs, an error is raised and nothing is created.
    """
    user = ScriptedPassphrases("one", "two", "three", "three")
    TextStore(path, user).put("text")
    assert "differ" in user.prompts[2]
    passphrase.forget_passphrases()
    other = path.with_name("other.db")
    # The six letters are the answers: three pairs of different passphrases.
    with pytest.raises(WrongPassphraseError, match="differed 3 times"):
        TextStore(other, ScriptedPassphrases(*"abcdef")).put("text")
    assert not other.exists()


def test_a_user_opens_a_store(path: Path) -> None:
    """A user is asked for the passphrase of an existing store, and asked again after a wrong or an empty answer.

    The second read does not ask.
    """
    TextStore(path, ScriptedPassphrases("right", "right")).put("text")
    passphrase.forget_passphrases()
    user = ScriptedPassphrases("wrong", "", "right")
    store = TextStore(path, user)
    assert store.get() == "text"
    assert store.get() == "text"
    assert len(user.prompts) == 3
    assert "does not open it" in user.prompts[1]


def test_a_wrong_passphrase_raises_its_own_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three wrong answers raise WrongPassphraseError and change nothing.

    A wrong passphrase in the environment raises the same error if no user can be asked.
    """
    TextStore(path, ScriptedPassphrases("right", "right")).put("text")
    before = run_sql(path, "SELECT * FROM data_keys")
    wrong = canary("wrong")
    # The value of ZENSECRETS_PASSPHRASE, and the user. ``ScriptedPassphrases()`` and None are sessions in which no user can be asked.
    for environment, user in (("", ScriptedPassphrases(wrong, wrong, wrong, "right")), (wrong, ScriptedPassphrases()), (wrong, None)):
        passphrase.forget_passphrases()
        monkeypatch.setenv(PASSPHRASE_VARIABLE, environment)
        for operation in (TextStore(path, user).get, lambda: TextStore(path, user).put("other")):  # noqa: B023 - the function is called before the next iteration
            if user is not None and len(user.prompts) == 3:
                # The read has used the three wrong answers. A write would get the fourth answer, which is right, so it is left out.
                continue
            with pytest.raises(WrongPassphraseError) as caught:
                operation()
            assert not find_canary(repr(caught.value))
    assert run_sql(path, "SELECT * FROM data_keys") == before


def test_a_missing_passphrase_raises_locked_error(path: Path) -> None:
    """If there is no passphrase and no user can be asked, opening raises ManagerLockedError with ZENSECRETS_PASSPHRASE in it."""
    TextStore(path, ScriptedPassphrases("right", "right")).put("text")
    for user in (None, ScriptedPassphrases()):
        passphrase.forget_passphrases()
        with pytest.raises(ManagerLockedError, match=PASSPHRASE_VARIABLE) as caught:
            TextStore(path, user).get()
        assert type(caught.value) is ManagerLockedError


def test_a_remembered_passphrase_is_tried_before_a_prompt(path: Path, home: Path) -> None:
    """A remembered passphrase of another store is tried before a prompt.

    If it does not open the store, the user is asked. If no user can be asked, ManagerLockedError is raised.
    """
    TextStore(path, ScriptedPassphrases("first", "first")).put("text")
    passphrase.forget_passphrases()
    other = home / "b" / "store.db"
    TextStore(other, ScriptedPassphrases("second", "second")).put("text")
    assert TextStore(path, ScriptedPassphrases("first")).get() == "text"
    passphrase.forget_passphrases()
    assert TextStore(other, ScriptedPassphrases("second")).get() == "text"
    with pytest.raises(ManagerLockedError) as caught:
        TextStore(path).get()
    # WrongPassphraseError is a subclass. It is not raised here, because no user has typed a passphrase for this store.
    assert type(caught.value) is ManagerLockedError


def test_a_passphrase_can_be_changed(path: Path) -> None:
    """The new passphrase opens the store, and the old one does not. An instance that was opened before can still write."""
    store = TextStore(path, ScriptedPassphrases("old", "old", "new", "new"))
    other_instance = TextStore(path)
    store.put("text")
    assert other_instance.get() == "text"
    store.keys.rewrap("passphrase")
    other_instance.put("written by the other")
    passphrase.forget_passphrases()
    with pytest.raises(WrongPassphraseError):
        TextStore(path, ScriptedPassphrases("old", "old", "old")).get()
    assert TextStore(path, ScriptedPassphrases("new")).get() == "written by the other"


def test_a_changed_passphrase_must_be_typed_or_passed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new passphrase is typed or passed as an argument. ZENSECRETS_PASSPHRASE is not used as the new one.

    An empty answer, and three pairs of different answers, change nothing.
    """
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "old")
    store = TextStore(path)
    store.put("text")
    with pytest.raises(InteractionUnavailableError, match="needs a new passphrase"):
        store.keys.rewrap("passphrase")
    with pytest.raises(InteractionUnavailableError, match="Set ZENSECRETS_NEW_PASSPHRASE to it, or run in"):
        TextStore(path, NonInteractivePassphraseSource()).keys.rewrap("passphrase")
    for answers in (("",), ("a", "b") * 3):
        with pytest.raises(WrongPassphraseError, match="nothing was changed"):
            TextStore(path, ScriptedPassphrases(*answers)).keys.rewrap("passphrase")
    store.keys.rewrap("passphrase", passphrase="new")
    passphrase.forget_passphrases()
    assert TextStore(path, ScriptedPassphrases("new")).get() == "text"


def test_a_changed_passphrase_may_come_from_the_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an interactive session, the new passphrase is read from ZENSECRETS_NEW_PASSPHRASE."""
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "old")
    TextStore(path, NonInteractivePassphraseSource()).put("text")
    monkeypatch.setenv(NEW_PASSPHRASE_VARIABLE, "new")
    TextStore(path, NonInteractivePassphraseSource()).keys.rewrap("passphrase")
    passphrase.forget_passphrases()
    with pytest.raises(WrongPassphraseError):
        TextStore(path, NonInteractivePassphraseSource()).get()
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "new")
    assert TextStore(path, NonInteractivePassphraseSource()).get() == "text"


def test_rotation_keeps_the_passphrase(path: Path) -> None:
    """A rotation keeps the passphrase and does not prompt for it again. It stores new parameters, such as another salt."""
    TextStore(path, ScriptedPassphrases("right", "right")).put("text")
    passphrase.forget_passphrases()
    user = ScriptedPassphrases("right")
    store = TextStore(path, user)
    # The column ``place`` has the parameters of the protection, such as the salt.
    before = run_sql(path, "SELECT place FROM data_keys")
    assert store.get() == "text"
    store.rotate()
    store.rotate()
    assert len(user.prompts) == 1
    assert run_sql(path, "SELECT place FROM data_keys") != before
    passphrase.forget_passphrases()
    assert TextStore(path, ScriptedPassphrases("right")).get() == "text"


def test_the_stored_parameters_are_those_of_the_rfc(path: Path) -> None:
    """The parameters are those of RFC 9106's second recommended option.

    With them, argon2-cffi derives the wrapping key, which decrypts the data key.
    """
    TextStore(path, ScriptedPassphrases("right", "right")).put("text")
    [(generation, parameters, wrapped)] = run_sql(path, "SELECT generation, place, wrapped FROM data_keys")
    stored = json.loads(parameters)
    # The name LOW_MEMORY means the second recommended option.
    profile = profiles.RFC_9106_LOW_MEMORY
    assert (stored["time"], stored["memory"], stored["lanes"]) == (profile.time_cost, profile.memory_cost, profile.parallelism)
    assert len(bytes.fromhex(stored["salt"])) == profile.salt_len
    key = hash_secret_raw(b"right", bytes.fromhex(stored["salt"]), time_cost=3, memory_cost=65536, parallelism=4, hash_len=32, type=Type.ID)
    assert len(cipher.unseal(key, wrapped, ("data key", str(generation), "passphrase", parameters))) == cipher.KEY_SIZE


def test_unicode_forms_of_one_text_are_one_passphrase(path: Path) -> None:
    """A composed and a decomposed accent are the same passphrase."""
    composed = unicodedata.normalize("NFC", "clé")
    TextStore(path, ScriptedPassphrases(composed, composed)).put("text")
    passphrase.forget_passphrases()
    assert TextStore(path, ScriptedPassphrases(unicodedata.normalize("NFD", composed))).get() == "text"


# A memory of 2**40 KiB is too much, "zz" is not hexadecimal, and a salt must not be empty.
@pytest.mark.parametrize("change", [{"memory": 2**40}, {"time": 0}, {"lanes": "x"}, {"salt": "zz"}, {"salt": ""}])
def test_invalid_key_parameters_are_refused(path: Path, change: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Forged parameters that are invalid, or that need too much memory, raise ManagerCorruptedError."""
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "right")
    TextStore(path).put("text")
    [(generation, parameters, wrapped)] = run_sql(path, "SELECT generation, place, wrapped FROM data_keys")
    # The column ``place`` has the parameters. The checksum of the forged ones is right, so only their values are wrong.
    forged = json.dumps({**json.loads(parameters), **change}, sort_keys=True)
    checksum = cipher.checksum((str(generation), "passphrase", forged, wrapped.hex()))
    run_sql(path, ("UPDATE data_keys SET place = ?, checksum = ?", (forged, checksum)))
    with pytest.raises(ManagerCorruptedError):
        TextStore(path).get()
