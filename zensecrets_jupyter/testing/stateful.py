"""A Hypothesis state machine that compares a secrets manager with a dict.

The dict has the expected content of every version of every secret.
"""

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


class VersionBehavior(NamedTuple):
    """How a backend numbers and keeps the versions of a secret.

    Attributes:
        versions_kept: Maximum number of versions of a secret, including the current one, or 0 if a test cannot reach the limit.
        renames_with_history: Whether a renamed secret keeps its versions.
        numbers_continue: Whether the version numbers of a secret continue if it is deleted and registered again. Otherwise they begin at 1.
    """

    versions_kept: int = 0
    renames_with_history: bool = True
    numbers_continue: bool = False


_MAX_ROLLBACK = 3
"""Maximum number of versions that a rollback goes back. 0 restores the current version."""

# There are few names, so that several operations in a series use the same secret. Their special characters test escapes.
_names = st.sampled_from(["a", "b", "B", "ä", "a/b", "';--", "🔑"])
_keys = st.sampled_from(["k", "key.with.dots", "ключ", "%"])
_contents = st.dictionaries(_keys, st.text(max_size=20), max_size=3)


class DictComparison(RuleBasedStateMachine):
    """Applies the same operations to a manager and a dict, and compares them.

    The dict is ``expected``.
    """

    manager: SecretsManager

    def __init__(self, open_manager: Callable[[], SecretsManager], version_behavior: VersionBehavior) -> None:
        """Create the state machine.

        Args:
            open_manager: Opens the manager. The first call opens an empty manager, and each later call opens the same manager again.
            version_behavior: How the backend numbers and keeps versions.
        """
        super().__init__()
        self._behavior = version_behavior
        self._open_manager = open_manager
        self.manager = open_manager()
        # The content of each version, by name of the secret and by version number.
        self.expected: dict[str, dict[int, dict[str, str]]] = {}
        # The highest version number of each name, which a deletion does not reset.
        self._last_numbers: dict[str, int] = {}

    # The names that ``register`` returned. A rule with ``name=registered`` gets one of them, and the secret may be missing by then. A rule
    # with ``consumes(registered)`` also removes the name.
    registered = Bundle("registered")

    @initialize()
    def start(self) -> None:
        """Check that the manager is empty."""
        assert self.manager.list_secrets() == []

    @rule(target=registered, name=_names, content=_contents)
    def register(self, name: str, content: dict[str, str]) -> str:
        """Register a secret. An existing name must be refused."""
        if name in self.expected:
            with pytest.raises(SecretExistsError):
                self.manager.register_secret(_secret(name, content))
        else:
            self.manager.register_secret(_secret(name, content))
            self.expected[name] = self._first_version(name, content)
        return name

    @rule(name=_names, content=_contents)
    def update(self, name: str, content: dict[str, str]) -> None:
        """Replace the content of a secret. A missing secret must be refused."""
        self._write(name, lambda: self.manager.update_secret(_secret(name, content)), content)

    @rule(name=registered, content=_contents, remove=st.none() | _keys)
    def merge(self, name: str, content: dict[str, str], remove: str | None) -> None:
        """Set keys of a secret, and remove the key ``remove``, if given.

        The removal of a missing key must be refused.
        """
        old_content = self._current_content(name)
        removed_keys = [remove] if remove else []
        if old_content is not None and remove and remove not in old_content:
            with pytest.raises(SecretKeyNotFoundError):
                self.manager.merge_secret(name, content, remove=removed_keys)
            return
        remaining_content = {key: value for key, value in (old_content or {}).items() if key != remove}
        self._write(name, lambda: self.manager.merge_secret(name, content, remove=removed_keys), {**remaining_content, **content})

    @rule(name=registered, new_name=_names)
    def rename(self, name: str, new_name: str) -> None:
        """Rename a secret. A missing secret and an existing new name must be refused."""
        if name not in self.expected:
            with pytest.raises(SecretNotFoundError):
                self.manager.rename_secret(name, new_name)
        elif new_name in self.expected:
            with pytest.raises(SecretExistsError):
                self.manager.rename_secret(name, new_name)
        else:
            self.manager.rename_secret(name, new_name)
            versions = self.expected.pop(name)
            if not self._behavior.renames_with_history:
                versions = self._first_version(new_name, versions[max(versions)])
            self.expected[new_name] = versions

    @rule(name=consumes(registered))
    def delete(self, name: str) -> None:
        """Delete a secret. A missing secret must be refused."""
        if name in self.expected:
            self.manager.delete_secret(name)
            del self.expected[name]
        else:
            with pytest.raises(SecretNotFoundError):
                self.manager.delete_secret(name)

    @rule()
    def delete_all(self) -> None:
        """Delete all secrets."""
        self.manager.delete_all_secrets()
        self.expected.clear()

    @rule(name=_names)
    def get(self, name: str) -> None:
        """Read a secret, possibly from the cache."""
        if name in self.expected:
            assert self.manager.get_secret(name).content == self._current_content(name)
        else:
            with pytest.raises(SecretNotFoundError):
                self.manager.get_secret(name)

    @rule(name=registered, steps_back=st.integers(0, _MAX_ROLLBACK))
    def rollback(self, name: str, steps_back: int) -> None:
        """Restore the version ``steps_back`` before the current one.

        A version that does not exist must be refused.
        """
        if not self._has_versions():
            return
        versions = self.expected.get(name, {})
        number = max(versions, default=1) - steps_back
        if number in versions:
            self._write(name, lambda: self.manager.rollback(name, number), versions[number])
        else:
            with pytest.raises(SecretNotFoundError):
                self.manager.rollback(name, number)

    @rule()
    def reopen(self) -> None:
        """Replace the manager by a new instance, which has an empty cache."""
        self.manager = self._open_manager()

    @precondition(lambda self: Capability.REKEY in self.manager.capabilities)
    @rule()
    def rotate_key(self) -> None:
        """Encrypt all secrets with a new data key."""
        self.manager.rotate_key()

    @invariant()
    def compare(self) -> None:
        """Compare names, contents and version numbers, without the cache; Hypothesis calls this after each operation."""
        assert self.manager.list_secrets() == sorted(self.expected)
        assert [summary.name for summary in self.manager.summaries()] == sorted(self.expected)
        for name in self.expected:
            assert self.manager.get_secret(name, refresh=True).content == self._current_content(name)
            if self._has_versions():
                assert [version.number for version in self.manager.history(name)] == sorted(self.expected[name], reverse=True)

    def _first_version(self, name: str, content: dict[str, str]) -> dict[int, dict[str, str]]:
        """Return the expected versions of a secret that was just registered: only the first one."""
        number = self._last_numbers.get(name, 0) + 1 if self._behavior.numbers_continue else 1
        self._last_numbers[name] = number
        return {number: content}

    def _has_versions(self) -> bool:
        return Capability.VERSIONS in self.manager.capabilities

    def _current_content(self, name: str) -> dict[str, str] | None:
        """Return the expected current content of a secret, or ``None`` if the secret is missing."""
        versions = self.expected.get(name)
        return versions[max(versions)] if versions else None

    def _write(self, name: str, write: Callable[[], Any], content: dict[str, str]) -> None:
        """Call ``write``, and add the expected version with ``content``.

        For a missing secret, ``write`` must raise an error.
        """
        versions = self.expected.get(name)
        if versions is None:
            with pytest.raises(SecretNotFoundError):
                write()
            return
        write()
        number = max(versions) + 1
        versions[number] = content
        self._last_numbers[name] = number
        # The backend drops the version that exceeds the maximum number.
        if self._behavior.versions_kept:
            versions.pop(number - self._behavior.versions_kept, None)


def check_against_dict(
    open_manager: Callable[[str], SecretsManager], *, version_behavior: VersionBehavior | None = None, examples: int = 40, steps: int = 20
) -> None:
    """Compare a secrets manager with a dict of versions, after each operation of random series.

    Args:
        open_manager: Opens the secrets manager with an ID. With a new ID the manager is empty.
        version_behavior: How the backend numbers and keeps versions.
        examples: Maximum number of series. Each series uses a new ID.
        steps: Maximum number of operations in a series.

    Raises:
        AssertionError: If the secrets manager and the dict differ. Hypothesis reports the shortest failing series.
    """

    def machine() -> DictComparison:
        identity = str(uuid.uuid4())
        return DictComparison(lambda: open_manager(identity), version_behavior or VersionBehavior())

    # A slow backend and a long series are no errors here. Without a database, Hypothesis saves no failed series on disk.
    suppressed_checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    hypothesis_settings = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=suppressed_checks, database=None
    )
    run_state_machine_as_test(machine, settings=hypothesis_settings)  # type: ignore[arg-type]  # it accepts any callable that returns a machine


def _secret(name: str, content: dict[str, str]) -> ArbitrarySecretSchema:
    """Return a secret with ``content`` and no particular schema."""
    return ArbitrarySecretSchema(name=name, arbitrary_kv_pairs=content)
