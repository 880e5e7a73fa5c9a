"""The managers beside a plain dict: whatever is done to both, they hold the same."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.core.managers.stores import secret
from zensecrets_jupyter.core.errors import SecretExistsError, SecretKeyNotFoundError, SecretNotFoundError
from zensecrets_jupyter.core.managers.interface import Capability, ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.local import LocalSecretsManager
from zensecrets_jupyter.core.managers.memory import MemorySecretsManager

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = 3
_identities = itertools.count()

# Few names, so that they meet; any letters, so that nothing is escaped wrongly.
names = st.sampled_from(["a", "b", "B", "ä", "a/b", "';--", "🔑"])
keys = st.sampled_from(["k", "key.with.dots", "ключ", "%"])
contents = st.dictionaries(keys, st.text(max_size=20), max_size=3)


class BesideADict(RuleBasedStateMachine):
    """Does the same to a manager and to a dict of versions, and compares."""

    manager: SecretsManager

    def __init__(self, make: Callable[[], SecretsManager]) -> None:
        """Start with the empty manager that ``make`` returns; called again it opens the same one."""
        super().__init__()
        self._make = make
        self.manager = make()
        self.expected: dict[str, dict[int, dict[str, str]]] = {}

    registered = Bundle("registered")

    @initialize()
    def start(self) -> None:
        """Find nothing at first."""
        assert self.manager.list_secrets() == []

    @rule(target=registered, name=names, content=contents)
    def register(self, name: str, content: dict[str, str]) -> str:
        """Register a secret, unless the name is taken."""
        if name in self.expected:
            with pytest.raises(SecretExistsError):
                self.manager.register_secret(secret(name, **content))
        else:
            self.manager.register_secret(secret(name, **content))
            self.expected[name] = {1: content}
        return name

    @rule(name=names, content=contents)
    def update(self, name: str, content: dict[str, str]) -> None:
        """Replace the content."""
        self._write(name, lambda: self.manager.update_secret(secret(name, **content)), content)

    @rule(name=registered, content=contents, remove=st.none() | keys)
    def merge(self, name: str, content: dict[str, str], remove: str | None) -> None:
        """Set some keys and drop one."""
        present = self._current(name)
        removed = [remove] if remove else []
        if present is not None and remove and remove not in present:
            with pytest.raises(SecretKeyNotFoundError):
                self.manager.merge_secret(name, content, remove=removed)
            return
        kept = {key: value for key, value in (present or {}).items() if key != remove}
        self._write(name, lambda: self.manager.merge_secret(name, content, remove=removed), {**kept, **content})

    @rule(name=registered, new_name=names)
    def rename(self, name: str, new_name: str) -> None:
        """Give a secret another name, with its history."""
        if name not in self.expected:
            with pytest.raises(SecretNotFoundError):
                self.manager.rename_secret(name, new_name)
        elif new_name in self.expected:
            with pytest.raises(SecretExistsError):
                self.manager.rename_secret(name, new_name)
        else:
            self.manager.rename_secret(name, new_name)
            self.expected[new_name] = self.expected.pop(name)

    @rule(name=consumes(registered))
    def delete(self, name: str) -> None:
        """Delete a secret."""
        if name in self.expected:
            self.manager.delete_secret(name)
            del self.expected[name]
        else:
            with pytest.raises(SecretNotFoundError):
                self.manager.delete_secret(name)

    @rule()
    def delete_all(self) -> None:
        """Delete everything."""
        self.manager.delete_all_secrets()
        self.expected.clear()

    @rule(name=names)
    def get(self, name: str) -> None:
        """Read a secret, from the cache or not."""
        if name in self.expected:
            assert self.manager.get_secret(name).content == self._current(name)
        else:
            with pytest.raises(SecretNotFoundError):
                self.manager.get_secret(name)

    @rule(name=registered, back=st.integers(0, KEPT))
    def rollback(self, name: str, back: int) -> None:
        """Make an earlier version the current one."""
        if not self._keeps_versions():
            return
        versions = self.expected.get(name, {})
        number = max(versions, default=1) - back
        if number in versions:
            self._write(name, lambda: self.manager.rollback(name, number), versions[number])
        else:
            with pytest.raises(SecretNotFoundError):
                self.manager.rollback(name, number)

    @rule()
    def open_anew(self) -> None:
        """Go on with another instance."""
        self.manager = self._make()

    @precondition(lambda self: isinstance(self.manager, LocalSecretsManager))
    @rule()
    def change_the_key(self) -> None:
        """Seal everything anew, where there is anything sealed."""
        assert isinstance(self.manager, LocalSecretsManager)
        self.manager.rotate_key()

    @invariant()
    def holds_the_same(self) -> None:
        """List the same names, and read the same contents past the cache."""
        assert self.manager.list_secrets() == sorted(self.expected)
        assert [one.name for one in self.manager.summaries()] == sorted(self.expected)
        for name in self.expected:
            assert self.manager.get_secret(name, refresh=True).content == self._current(name)
            if self._keeps_versions():
                assert [one.number for one in self.manager.history(name)] == sorted(self.expected[name], reverse=True)

    def _keeps_versions(self) -> bool:
        return Capability.VERSIONS in self.manager.capabilities

    def _current(self, name: str) -> dict[str, str] | None:
        versions = self.expected.get(name)
        return versions[max(versions)] if versions else None

    def _write(self, name: str, write: Callable[[], Any], content: dict[str, str]) -> None:
        versions = self.expected.get(name)
        if versions is None:
            with pytest.raises(SecretNotFoundError):
                write()
            return
        write()
        number = max(versions) + 1
        versions[number] = content
        versions.pop(number - KEPT, None)


@pytest.mark.parametrize("flavor", ["local", "memory"])
def test_a_manager_holds_what_a_dict_holds(flavor: str) -> None:
    """Through any series of writes, renames, rollbacks and reopenings a manager holds what a dict of versions holds."""
    with tempfile.TemporaryDirectory(prefix="zensecrets-") as folder:

        def machine() -> BesideADict:
            identity = f"{flavor} {next(_identities)}"
            context = ManagerContext(name="tried", id=identity, folder=Path(folder) / identity)
            if flavor == "memory":
                return BesideADict(lambda: MemorySecretsManager(context=context))
            options = LocalSecretsManager.make_options({"versions_kept": KEPT})
            return BesideADict(lambda: LocalSecretsManager(options, context=context))

        slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
        tried = settings(max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=slow, database=None)
        run_state_machine_as_test(machine, settings=tried)  # type: ignore[arg-type]  # it takes anything that makes a machine
