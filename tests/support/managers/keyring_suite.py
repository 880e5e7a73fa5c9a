"""The conformance suite on a real Secret Service; run by ``test_keyring`` in a session of its own."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import keyring
import pytest
import secretstorage
from keyring.backends.SecretService import Keyring as SecretService

from tests.support.error_texts import told
from tests.support.managers.counting import secret
from zensecrets_jupyter.core.errors import ManagerCorruptedError, ManagerLockedError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.managers import SecretsManager
from zensecrets_jupyter.core.managers.backends.keyring import KeyringBackend
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager


@pytest.fixture(autouse=True)
def _real_keyring() -> Iterator[None]:
    """Use the session's keyring, which every other test is kept from."""
    before = keyring.get_keyring()
    keyring.set_keyring(SecretService())  # type: ignore[no-untyped-call]  # keyring's own
    yield
    keyring.set_keyring(before)


class TestKeyring(SecretsManagerTests):
    """The entries are in clear for this user's session; the index beside them is sealed."""

    backend_class = KeyringBackend
    series = 1
    writers = 4

    def prepare(self) -> None:
        """Empty the keyring."""
        with closing(secretstorage.dbus_init()) as bus:
            for item in list(secretstorage.get_default_collection(bus).get_all_items()):
                item.delete()

    def raw(self) -> bytes:
        """Return what the Secret Service has of ours."""
        with closing(secretstorage.dbus_init()) as bus:
            items = list(secretstorage.get_default_collection(bus).get_all_items())
            return b"\n".join(item.get_secret() for item in items)

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the ways in which a keyring is not there."""
        return {"no keyring": (_without_keyring, ManagerLockedError)}

    def test_the_index_holds_no_name_and_no_value(self) -> None:
        """Files of ours have neither names nor values, and no entry of the keyring tells its name either."""
        manager = self.open_manager()
        name, value = canary("name"), canary("value")
        manager.register_secret(secret(name, key=value))
        manager.rename_secret(name, f"{name}2")
        assert not find_canary(self.folder)
        with closing(secretstorage.dbus_init()) as bus:
            items = list(secretstorage.get_default_collection(bus).get_all_items())
            assert not find_canary(repr([(item.get_label(), item.get_attributes()) for item in items]))
        assert manager.list_secrets() == [f"{name}2"]

    def test_nothing_is_left_of_what_was_deleted(self) -> None:
        """A deleted secret, a refused one and a renamed one leave no entry behind."""
        manager = self.open_manager()
        for name in ("a", "b"):
            manager.register_secret(secret(name, key="value"))
        with pytest.raises(ValueError, match="exists already"):
            manager.register_secret(secret("a", key="other"))
        manager.rename_secret("a", "c")
        assert len(self.raw().splitlines()) == 3, "two secrets, and the key of the index"
        manager.delete_all_secrets()
        assert len(self.raw().splitlines()) == 1

    def test_an_entry_that_another_program_changed_or_deleted_is_told(self) -> None:
        """What is not ours is corrupted, and not written over; what is gone is not found, and can be deleted."""
        manager = self.open_manager()
        manager.register_secret(secret("a", key="value"))
        with closing(secretstorage.dbus_init()) as bus:
            [item] = secretstorage.get_default_collection(bus).search_items({"service": f"zensecrets {self.identity}"})
            item.set_secret(canary("foreign").encode())
            for act in (lambda: manager.get_secret("a", refresh=True), lambda: manager.merge_secret("a", {"key": "other"})):
                with pytest.raises(ManagerCorruptedError) as caught:
                    act()
                assert not find_canary(told(caught.value))
            assert find_canary(item.get_secret())
            item.delete()
        with pytest.raises(SecretNotFoundError):
            manager.get_secret("a", refresh=True)
        assert manager.list_secrets() == ["a"]
        manager.delete_secret("a")
        assert manager.list_secrets() == []


def test_a_locked_keyring_is_told() -> None:
    """While it is locked nothing is read, listed or written, each time with what to do; this is the last test, nobody unlocks it."""
    manager = SecretsManager(KeyringBackend())
    manager.register_secret(secret("a", key=canary()))
    with closing(secretstorage.dbus_init()) as bus:
        secretstorage.get_default_collection(bus).lock()
    anew = SecretsManager(KeyringBackend(context=manager.context))
    for act in (lambda: anew.get_secret("a"), anew.list_secrets, lambda: anew.register_secret(secret("b", key=canary()))):
        with pytest.raises(ManagerLockedError, match="is locked") as caught:
            act()
        assert caught.value.hint
        assert not find_canary(told(caught.value))
    assert anew.describe()["kept in"].startswith("the OS keyring (SecretService")


@contextmanager
def _without_keyring() -> Iterator[None]:
    from keyring.backends import fail

    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]  # likewise
    try:
        yield
    finally:
        keyring.set_keyring(before)
