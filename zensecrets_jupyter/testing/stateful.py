"""A secrets manager beside a plain dict: whatever is done to both, they hold the same."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

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

from zensecrets_jupyter.core.errors import SecretExistsError, SecretKeyNotFoundError, SecretNotFoundError
from zensecrets_jupyter.core.managers.records import Capability
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.managers.interface import SecretsManager


class Habits(NamedTuple):
    """What a place that keeps versions does with them.

    Attributes:
        versions_kept: How many there are of a secret at most, the current one included; 0 if there is no limit that a test would meet.
        renames_with_history: Whether a renamed secret still has its versions, or begins anew.
        numbers_go_on: Whether a name whose secret was deleted goes on with the numbers when it is registered anew.
    """

    versions_kept: int = 0
    renames_with_history: bool = True
    numbers_go_on: bool = False


_FURTHEST = 3
"""How many versions a rollback goes back at most."""

# Few names, so that they meet; any letters, so that nothing is escaped wrongly.
_names = st.sampled_from(["a", "b", "B", "ä", "a/b", "';--", "🔑"])
_keys = st.sampled_from(["k", "key.with.dots", "ключ", "%"])
_contents = st.dictionaries(_keys, st.text(max_size=20), max_size=3)


class BesideADict(RuleBasedStateMachine):
    """Does the same to a manager and to a dict of versions, and compares."""

    manager: SecretsManager

    def __init__(self, make: Callable[[], SecretsManager], habits: Habits) -> None:
        """Start with the empty manager that ``make`` returns; called again it opens the same one."""
        super().__init__()
        self._habits = habits
        self._make = make
        self.manager = make()
        self.expected: dict[str, dict[int, dict[str, str]]] = {}
        self._last: dict[str, int] = {}

    registered = Bundle("registered")

    @initialize()
    def start(self) -> None:
        """Find nothing at first."""
        assert self.manager.list_secrets() == []

    @rule(target=registered, name=_names, content=_contents)
    def register(self, name: str, content: dict[str, str]) -> str:
        """Register a secret, unless the name is taken."""
        if name in self.expected:
            with pytest.raises(SecretExistsError):
                self.manager.register_secret(_secret(name, content))
        else:
            self.manager.register_secret(_secret(name, content))
            self.expected[name] = self._begun(name, content)
        return name

    @rule(name=_names, content=_contents)
    def update(self, name: str, content: dict[str, str]) -> None:
        """Replace the content."""
        self._write(name, lambda: self.manager.update_secret(_secret(name, content)), content)

    @rule(name=registered, content=_contents, remove=st.none() | _keys)
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

    @rule(name=registered, new_name=_names)
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
            versions = self.expected.pop(name)
            self.expected[new_name] = versions if self._habits.renames_with_history else self._begun(new_name, versions[max(versions)])

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

    @rule(name=_names)
    def get(self, name: str) -> None:
        """Read a secret, from the cache or not."""
        if name in self.expected:
            assert self.manager.get_secret(name).content == self._current(name)
        else:
            with pytest.raises(SecretNotFoundError):
                self.manager.get_secret(name)

    @rule(name=registered, back=st.integers(0, _FURTHEST))
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

    @precondition(lambda self: Capability.REKEY in self.manager.capabilities)
    @rule()
    def change_the_key(self) -> None:
        """Encrypt everything with a new key."""
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

    def _begun(self, name: str, content: dict[str, str]) -> dict[int, dict[str, str]]:
        """Return the versions of a secret that has just got its name."""
        number = self._last.get(name, 0) + 1 if self._habits.numbers_go_on else 1
        self._last[name] = number
        return {number: content}

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
        self._last[name] = number
        if self._habits.versions_kept:
            versions.pop(number - self._habits.versions_kept, None)


def check_beside_a_dict(
    open_manager: Callable[[str], SecretsManager], *, habits: Habits | None = None, examples: int = 40, steps: int = 20
) -> None:
    """Do up to ``examples`` series of ``steps`` random acts to a manager and to a dict of versions, and compare after each act.

    Args:
        open_manager: Opens the secrets manager with that identity; for a new one it is empty, for a known one the same as before.
        habits: What the place does with versions.
        examples: How many series; each begins with a new identity.
        steps: How many acts in each.

    Raises:
        AssertionError: If they differ; Hypothesis tells the shortest series that it found.
    """

    def machine() -> BesideADict:
        identity = str(uuid.uuid4())
        return BesideADict(lambda: open_manager(identity), habits or Habits())

    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    tried = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=slow, database=None)
    run_state_machine_as_test(machine, settings=tried)  # type: ignore[arg-type]  # it takes anything that makes a machine


def _secret(name: str, content: dict[str, str]) -> ArbitrarySecretSchema:
    return ArbitrarySecretSchema(name=name, arbitrary_kv_pairs=content)
