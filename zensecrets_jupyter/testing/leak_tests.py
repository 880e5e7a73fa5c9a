"""Tests that no value leaks, and that faults raise the right errors."""

from __future__ import annotations

import json
import logging
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from zensecrets_jupyter.core.errors import InvalidSecretError, SecretExistsError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_hooks import ManagerHooks, content_of, error_text, needs, secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.managers import SecretsManager


class LeakTests(ManagerHooks):
    """Each test stores canaries, and searches data that must not contain them."""

    @needs(Capability.READ)
    def test_read_values_are_not_shown(self, caplog: pytest.LogCaptureFixture) -> None:
        """No repr, log, JSON or error of a read contains a value.

        A secret that was read can't be pickled.
        """
        caplog.set_level(logging.DEBUG)
        value = canary("read")
        self.seed({"a": {"k": value}})
        # Only the logs of the read are tested here: ``seed`` may log what it writes.
        caplog.clear()
        manager = self.open_manager()
        stored = manager.get_secret("a", refresh=True)
        outputs = [repr(stored), stored.model_dump_json(), json.dumps(manager.describe()), repr(vars(manager))]
        outputs += [repr(manager), repr(manager.options), repr(manager.get_secrets(["a", "missing"]))]
        with pytest.raises((pickle.PicklingError, TypeError)):
            pickle.dumps(stored)
        for operation in (lambda: stored.value("missing"), lambda: manager.get_secret("missing")):
            with pytest.raises(SecretNotFoundError) as caught:
                operation()
            outputs.append(error_text(caught.value))
        assert stored.value("k") == value
        assert not find_canary("\n".join([*outputs, caplog.text]))

    @needs(Capability.REGISTER)
    def test_written_values_are_not_shown(self, caplog: pytest.LogCaptureFixture) -> None:
        """No repr, log, JSON or error of a write contains a value."""
        caplog.set_level(logging.DEBUG)
        manager = self.open_manager()
        outputs = []
        manager.register_secret(secret("a", {"k": canary("written")}))
        with pytest.raises(SecretExistsError) as exists_info:
            manager.register_secret(secret("a", {"k": canary("again")}))
        outputs.append(error_text(exists_info.value))
        if Capability.UPDATE in manager.capabilities:
            manager.update_secret(secret("a", {"k": canary("updated")}))
            with pytest.raises(SecretNotFoundError) as missing_info:
                manager.update_secret(secret("missing", {"k": canary("missing")}))
            outputs.append(error_text(missing_info.value))
        if self.limit:
            with pytest.raises(InvalidSecretError) as large_info:
                # The canary repeated this many times is longer than the limit.
                manager.register_secret(secret("large", {"k": canary("large") * self.limit}))
            outputs.append(error_text(large_info.value))
        if Capability.LIST in manager.capabilities:
            outputs += [repr(manager.summaries()), repr(manager.list_secrets())]
        outputs += [repr(vars(manager)), json.dumps(manager.describe()), caplog.text]
        assert not find_canary("\n".join(outputs))

    @needs(Capability.REGISTER)
    def test_storage_is_encrypted_if_declared(self) -> None:
        """An encrypted storage contains no value.

        A storage that is not encrypted must contain the value. This shows that the search works.
        """
        raw_before = self.raw()
        assert raw_before is None or not find_canary(raw_before), "an earlier test left a canary in the storage"
        manager = self.open_manager()
        value = canary("stored")
        manager.register_secret(secret("a", {"k": value}))
        raw = self.raw()
        # The value is found exactly if the storage is not sealed. ``None``: only the manager can read the storage.
        assert raw is None or bool(find_canary(raw, value)) is not self.sealed
        if Capability.UPDATE in manager.capabilities:
            changed = canary("changed")
            manager.update_secret(secret("a", {"k": changed}))
            raw = self.raw()
            assert raw is None or bool(find_canary(raw, changed)) is not self.sealed
            assert Capability.READ not in manager.capabilities or content_of(self.open_manager(), "a") == {"k": changed}

    # The test needs no capability. It is removed if a subclass does not override the hook ``faults``.
    @needs(Capability(0))
    def test_faults_are_reported_and_leave_everything_unchanged(self, caplog: pytest.LogCaptureFixture) -> None:
        """Under a fault, each operation raises the expected error with a hint and no value. The stored secrets are unchanged."""
        caplog.set_level(logging.DEBUG)
        value = canary("stored")
        self.seed({"a": {"k": value}})
        for label, (inject, expected) in self.faults().items():
            manager = self.open_manager()
            with inject():
                for operation in _operations(manager):
                    with pytest.raises(ZenSecretsError) as caught:
                        operation()
                    assert isinstance(caught.value, expected), f"{label}: {type(caught.value).__name__}"
                    assert caught.value.hint, label
                    assert len(str(caught.value).splitlines()) == 1, label
                    assert not find_canary(error_text(caught.value)), label
            reopened = self.open_manager()
            if Capability.READ in reopened.capabilities:
                assert content_of(reopened, "a") == {"k": value}, label
            if Capability.LIST in reopened.capabilities:
                assert reopened.list_secrets() == ["a"], label
        assert not find_canary(caplog.text)


def _operations(manager: SecretsManager) -> list[Callable[[], Any]]:
    """Return operations that the manager supports, for the tests of faults."""
    operations: list[tuple[Capability, Callable[[], Any]]] = [
        (Capability.READ, lambda: manager.get_secret("a", refresh=True)),
        (Capability.LIST, manager.list_secrets),
        (Capability.REGISTER, lambda: manager.register_secret(secret("new", {"k": canary("new")}))),
        (Capability.UPDATE, lambda: manager.update_secret(secret("a", {"k": canary("changed")}))),
        (Capability.READ | Capability.UPDATE, lambda: manager.merge_secret("a", {"k": canary("changed")})),
        (Capability.DELETE, lambda: manager.delete_secret("a")),
    ]
    return [operation for needed, operation in operations if needed in manager.capabilities]
