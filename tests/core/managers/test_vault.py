"""The flavor `vault` on a fake that is written from Vault's documentation, and on a real one where there is one."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.http_weather import answering, resetting
from zensecrets_jupyter.core.errors import ManagerAccessError, ManagerLockedError, ManagerUnreachableError, ZenSecretsError
from zensecrets_jupyter.core.managers.vault import VaultSecretsManager
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests
from zensecrets_jupyter.testing.stateful import Habits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from tests.core.managers.conftest import VaultPlace


class TestVault(SecretsManagerTests):
    """The whole suite, where what is deleted can be brought back."""

    manager_class = VaultSecretsManager
    limit = VaultSecretsManager.largest
    habits = Habits(versions_kept=10, renames_with_history=False, numbers_go_on=True)
    series = 10

    @pytest.fixture(autouse=True)
    def _server(self, vault: VaultPlace) -> None:
        self.place = vault
        type(self).attributes = {**vault.attributes, "deadline": 0.4}

    def raw(self) -> bytes:
        """Return all that Vault has."""
        kept = self.place.vault.kept
        return json.dumps([version.data for versions in kept.values() for version in versions.values()]).encode()

    def weather(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return what Vault can say to anything."""
        spell = self.place.weather.spell
        return {
            "denied": (partial(spell, answering(403, {"errors": ["permission denied zsCanary"]})), ManagerAccessError),
            "throttled": (partial(spell, answering(429, {"errors": ["zsCanary"]})), ManagerUnreachableError),
            "sealed": (partial(spell, answering(503, {"errors": ["Vault is sealed"]})), ManagerLockedError),
            "broken": (partial(spell, resetting), ManagerUnreachableError),
        }


class TestVaultWithoutRecovery(TestVault):
    """The same, where what is deleted is gone."""

    habits = Habits(versions_kept=10, renames_with_history=False)
    series = 5

    @pytest.fixture(autouse=True)
    def _forced(self, _server: None) -> None:
        type(self).attributes = {**self.attributes, "force": True}
