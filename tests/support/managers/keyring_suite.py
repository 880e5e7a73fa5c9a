"""The conformance suite with the flavor `keyring` and a real Secret Service, the keyring of Linux desktops.

The tests in ``test_keyring`` run this file with pytest in a separate D-Bus session.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import keyring
import pytest
import secretstorage
from keyring.backends import fail
from keyring.backends.SecretService import Keyring as SecretService

from tests.support.error_texts import error_details
from tests.support.managers.stores import secret
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
    """Use the Secret Service of the separate D-Bus session.

    The other tests of the project cannot reach this keyring.
    """
    original_keyring = keyring.get_keyring()
    keyring.set_keyring(SecretService())
    yield
    keyring.set_keyring(original_keyring)


class TestKeyring(SecretsManagerTests):
    """The flavor `keyring`: each secret is an item of the keyring, and their names are in an encrypted index file."""

    backend_class = KeyringBackend
    # These numbers are smaller than the defaults, because each request goes to another process.
    random_series_count = 1
    writers = 4

    def prepare(self) -> None:
        """Empty the keyring."""
        with closing(secretstorage.dbus_init()) as bus:
            for item in list(secretstorage.get_default_collection(bus).get_all_items()):
                item.delete()

    def raw(self) -> bytes:
        """Return the text of each item, one per line."""
        with closing(secretstorage.dbus_init()) as bus:
            items = list(secretstorage.get_default_collection(bus).get_all_items())
            return b"\n".join(item.get_secret() for item in items)

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the fault of a missing keyring."""
        return {"no keyring": (_without_keyring, ManagerLockedError)}

    def test_the_index_holds_no_name_and_no_value(self) -> None:
        """Neither our files nor the labels of the items contain a name or a value."""
        manager = self.open_manager()
        name, value = canary("name"), canary("value")
        manager.register_secret(secret(name, key=value))
        manager.rename_secret(name, f"{name}2")
        assert not find_canary(self.folder)
        with closing(secretstorage.dbus_init()) as bus:
            items = list(secretstorage.get_default_collection(bus).get_all_items())
            assert not find_canary(repr([(item.get_label(), item.get_attributes()) for item in items]))
        assert manager.list_secrets() == [f"{name}2"]

    def test_deleted_secrets_leave_no_items(self) -> None:
        """A deleted or refused secret leaves no item, and a renamed secret leaves no item of its old name."""
        manager = self.open_manager()
        for name in ("a", "b"):
            manager.register_secret(secret(name, key="value"))
        with pytest.raises(ValueError, match="exists already"):
            manager.register_secret(secret("a", key="other"))
        manager.rename_secret("a", "c")
        assert len(self.raw().splitlines()) == 3, "two secrets, and the key of the index"
        manager.delete_all_secrets()
        assert len(self.raw().splitlines()) == 1, "the key of the index"

    def test_foreign_changes_of_an_item_are_reported(self) -> None:
        """A text of another program in our item raises ManagerCorruptedError and is not overwritten.

        A secret whose item was deleted is listed, raises SecretNotFoundError for a read, and can be deleted.
        """
        manager = self.open_manager()
        manager.register_secret(secret("a", key="value"))
        with closing(secretstorage.dbus_init()) as bus:
            [item] = secretstorage.get_default_collection(bus).search_items({"service": f"zensecrets {self.identity}"})
            item.set_secret(canary("foreign").encode())
            for operation in (lambda: manager.get_secret("a", refresh=True), lambda: manager.merge_secret("a", {"key": "other"})):
                with pytest.raises(ManagerCorruptedError) as caught:
                    operation()
                assert not find_canary(error_details(caught.value))
            assert find_canary(item.get_secret())
            item.delete()
        with pytest.raises(SecretNotFoundError):
            manager.get_secret("a", refresh=True)
        assert manager.list_secrets() == ["a"]
        manager.delete_secret("a")
        assert manager.list_secrets() == []


def test_locked_keyring_is_reported() -> None:
    """A locked keyring raises ManagerLockedError with a hint.

    The test must be the last one in this file, because the keyring stays locked afterwards.
    """
    manager = SecretsManager(KeyringBackend())
    manager.register_secret(secret("a", key=canary()))
    with closing(secretstorage.dbus_init()) as bus:
        secretstorage.get_default_collection(bus).lock()
    reopened = SecretsManager(KeyringBackend(context=manager.context))
    for operation in (lambda: reopened.get_secret("a"), reopened.list_secrets, lambda: reopened.register_secret(secret("b", key=canary()))):
        with pytest.raises(ManagerLockedError, match="is locked") as caught:
            operation()
        assert caught.value.hint
        assert not find_canary(error_details(caught.value))
    assert reopened.describe()["kept in"].startswith("the OS keyring (SecretService")


@contextmanager
def _without_keyring() -> Iterator[None]:
    original_keyring = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    try:
        yield
    finally:
        keyring.set_keyring(original_keyring)
