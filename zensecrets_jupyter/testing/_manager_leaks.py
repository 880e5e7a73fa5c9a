"""Tests that a secrets manager shows no value, and reports faults of its backend as typed errors."""

from __future__ import annotations

import json
import logging
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from zensecrets_jupyter.core.errors import InvalidSecretError, SecretExistsError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.testing._manager_hooks import ManagerHooks, content_of, needs, secret, told
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.managers import SecretsManager


class LeakTests(ManagerHooks):
    """Each test plants canaries and looks where none may be."""

    @needs(Capability.READ)
    def test_nothing_that_it_reads_shows(self, caplog: pytest.LogCaptureFixture) -> None:
        """No repr, log at any level, JSON, pickle or error around reading holds a value."""
        caplog.set_level(logging.DEBUG)
        value = canary("read")
        self.seed({"a": {"k": value}})
        caplog.clear()
        manager = self.open_manager()
        found = manager.get_secret("a", refresh=True)
        shown = [repr(found), found.model_dump_json(), json.dumps(manager.describe()), repr(vars(manager))]
        shown += [repr(manager), repr(manager.options), repr(manager.get_secrets(["a", "missing"]))]
        with pytest.raises((pickle.PicklingError, TypeError)):
            pickle.dumps(found)
        for act in (lambda: found.value("missing"), lambda: manager.get_secret("missing")):
            with pytest.raises(SecretNotFoundError) as caught:
                act()
            shown.append(told(caught.value))
        assert found.value("k") == value
        assert not find_canary("\n".join([*shown, caplog.text]))

    @needs(Capability.REGISTER)
    def test_nothing_that_it_writes_shows(self, caplog: pytest.LogCaptureFixture) -> None:
        """No repr, log at any level, JSON or error around writing holds a value, and nothing of the place does that must not."""
        caplog.set_level(logging.DEBUG)
        manager = self.open_manager()
        shown = []
        manager.register_secret(secret("a", {"k": canary("written")}))
        with pytest.raises(SecretExistsError) as exists:
            manager.register_secret(secret("a", {"k": canary("again")}))
        shown.append(told(exists.value))
        if Capability.UPDATE in manager.capabilities:
            manager.update_secret(secret("a", {"k": canary("updated")}))
            with pytest.raises(SecretNotFoundError) as missing:
                manager.update_secret(secret("missing", {"k": canary("missing")}))
            shown.append(told(missing.value))
        if self.limit:
            with pytest.raises(InvalidSecretError) as large:
                manager.register_secret(secret("large", {"k": canary("large") * self.limit}))
            shown.append(told(large.value))
        if Capability.LIST in manager.capabilities:
            shown += [repr(manager.summaries()), repr(manager.list_secrets())]
        shown += [repr(vars(manager)), json.dumps(manager.describe()), caplog.text]
        assert not find_canary("\n".join(shown))

    @needs(Capability.REGISTER)
    def test_the_place_holds_what_it_should(self) -> None:
        """Read past the manager, a sealed place holds no value, and another one the value that was written; neither holds another's."""
        assert self.raw() is None or not find_canary(self.raw() or b"")
        manager = self.open_manager()
        value = canary("kept")
        manager.register_secret(secret("a", {"k": value}))
        raw = self.raw()
        assert raw is None or bool(find_canary(raw, value)) is not self.sealed
        if Capability.UPDATE in manager.capabilities:
            changed = canary("changed")
            manager.update_secret(secret("a", {"k": changed}))
            raw = self.raw()
            assert raw is None or bool(find_canary(raw, changed)) is not self.sealed
            assert Capability.READ not in manager.capabilities or content_of(self.open_manager(), "a") == {"k": changed}

    @needs(Capability(0))
    def test_faults_are_reported_and_leave_everything_unchanged(self, caplog: pytest.LogCaptureFixture) -> None:
        """While the backend fails, each operation raises its typed error with a hint and no value; afterwards nothing is lost."""
        caplog.set_level(logging.DEBUG)
        value = canary("kept")
        self.seed({"a": {"k": value}})
        for label, (make_it_fail, expected) in self.faults().items():
            manager = self.open_manager()
            with make_it_fail():
                for act in _acts(manager):
                    with pytest.raises(ZenSecretsError) as caught:
                        act()
                    assert isinstance(caught.value, expected), f"{label}: {type(caught.value).__name__}"
                    assert caught.value.hint, label
                    assert len(str(caught.value).splitlines()) == 1, label
                    assert not find_canary(told(caught.value)), label
            again = self.open_manager()
            if Capability.READ in again.capabilities:
                assert content_of(again, "a") == {"k": value}, label
            if Capability.LIST in again.capabilities:
                assert again.list_secrets() == ["a"], label
        assert not find_canary(caplog.text)


def _acts(manager: SecretsManager) -> list[Callable[[], Any]]:
    acts: list[tuple[Capability, Callable[[], Any]]] = [
        (Capability.READ, lambda: manager.get_secret("a", refresh=True)),
        (Capability.LIST, manager.list_secrets),
        (Capability.REGISTER, lambda: manager.register_secret(secret("new", {"k": canary("new")}))),
        (Capability.UPDATE, lambda: manager.update_secret(secret("a", {"k": canary("changed")}))),
        (Capability.READ | Capability.UPDATE, lambda: manager.merge_secret("a", {"k": canary("changed")})),
        (Capability.DELETE, lambda: manager.delete_secret("a")),
    ]
    return [act for needed, act in acts if needed in manager.capabilities]
