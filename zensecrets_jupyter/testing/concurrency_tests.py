"""Tests of concurrent use of a secrets manager, and of its reads from the backend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import SecretExistsError
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.managers.backend import BatchReads
from zensecrets_jupyter.core.managers.records import READ_AND_WRITE
from zensecrets_jupyter.core.settings import SecretValidationLevel
from zensecrets_jupyter.core.stack import ComponentType, Stack, StackComponent, get_flavor
from zensecrets_jupyter.testing.manager_hooks import ManagerHooks, content_of, needs, secret

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zensecrets_jupyter.core.managers import SecretsManager


class ConcurrencyTests(ManagerHooks):
    """Tests with several instances or threads, and tests that count reads."""

    @needs(READ_AND_WRITE)
    def test_two_instances_share_the_backend(self) -> None:
        """Writes and deletions of one instance are visible to another instance at once."""
        first, second = self.open_manager(), self.open_manager()
        first.register_secret(secret("a", {"k": "1"}))
        assert second.list_secrets() == ["a"]
        assert second.get_secret("a").content == {"k": "1"}
        first.merge_secret("a", {"k": "2"})
        assert second.get_secret("a").content == {"k": "2"}
        assert content_of(second, "a") == {"k": "2"}
        second.delete_secret("a")
        assert first.list_secrets() == []

    @needs(READ_AND_WRITE)
    def test_managers_are_isolated(self) -> None:
        """An isolated manager cannot see, change or delete the secrets of another manager.

        If the backend does not isolate managers, they share their secrets.
        """
        manager, other_manager = self.open_manager(), self.open_manager(f"{self.identity}-other")
        manager.register_secret(secret("a", {"k": "one"}))
        assert other_manager.list_secrets() == ([] if self.isolates_managers else ["a"])
        if self.isolates_managers:
            other_manager.register_secret(secret("a", {"k": "two"}))
            other_manager.delete_all_secrets()
            assert content_of(self.open_manager(), "a") == {"k": "one"}

    @needs(Capability.READ | Capability.REGISTER)
    def test_one_of_several_registrations_succeeds(self) -> None:
        """One of several concurrent registrations of a name succeeds, and its whole content is stored."""
        managers = [self.open_manager() for _ in range(self.writers)]
        with ThreadPoolExecutor(self.writers) as pool:
            # Whether each registration succeeded, by number of the writer.
            successes = list(pool.map(_register_a, managers, range(self.writers)))
        # A backend without compare-and-set may let several registrations succeed.
        assert sum(successes) == 1 or (any(successes) and not self.registers_once)
        stored = content_of(self.open_manager(), "a")
        # Each writer stores its number under two keys. Two different numbers would mean that two registrations were mixed.
        assert stored in [{"number": str(number), "again": str(number)} for number in range(self.writers) if successes[number]]

    @needs(Capability.READ | Capability.REGISTER | Capability.UPDATE)
    def test_concurrent_updates_are_not_lost(self) -> None:
        """Concurrent updates of different keys are all stored, unless the backend has no compare-and-set."""
        self.seed({"a": {"start": "here"}})
        managers = [self.open_manager() for _ in range(self.writers)]
        with ThreadPoolExecutor(self.writers) as pool:
            list(pool.map(lambda number: managers[number].merge_secret("a", {f"k{number}": "v"}), range(self.writers)))
        stored = content_of(self.open_manager(), "a")
        all_content = {"start": "here", **{f"k{number}": "v" for number in range(self.writers)}}
        # Without compare-and-set, an update may be lost, but no other content may be added.
        assert stored.items() <= all_content.items()
        assert stored == all_content or not self.keeps_all_updates

    @needs(READ_AND_WRITE)
    def test_threads_share_one_instance(self) -> None:
        """Several threads can write, read and delete with one instance."""
        manager = self.open_manager()

        def register_three_and_delete_one(thread: int) -> None:
            for number in range(3):
                name = f"t{thread}n{number}"
                manager.register_secret(secret(name, {"k": name}))
                assert content_of(manager, name) == {"k": name}
            manager.delete_secret(f"t{thread}n0")

        with ThreadPoolExecutor(self.writers) as pool:
            list(pool.map(register_three_and_delete_one, range(self.writers)))
        assert manager.list_secrets() == sorted(f"t{thread}n{number}" for thread in range(self.writers) for number in (1, 2))

    @needs(Capability.READ | Capability.LIST)
    def test_list_and_existence_check_read_no_value(self) -> None:
        """Lists, the description and a validation of level SECRET_EXISTS do not read a secret."""
        self.seed({"a": {"k": "v"}, "b": {"k": "v"}})
        manager = self.open_manager()
        reads = _count_reads(manager)
        # The results do not matter: only the number of reads is tested.
        manager.list_secrets(), manager.summaries(), manager.describe(), manager.opens_without_keyring
        # The only problem is the reference to the secret ``missing``.
        report = _stack_with_references(manager).validate(level=SecretValidationLevel.SECRET_EXISTS)
        assert [problem.code for problem in report.problems] == ["secret-not-found"]
        assert reads == []

    @needs(Capability.READ)
    def test_each_secret_is_read_once(self) -> None:
        """A validation reads each secret once, and further reads come from the cache."""
        self.seed({"a": {"k": "v"}, "b": {"k": "v"}})
        manager = self.open_manager()
        reads = _count_reads(manager)
        # The stack refers to ``a`` and ``b`` several times. The only problem is the reference to the secret ``missing``.
        report = _stack_with_references(manager).validate(level=SecretValidationLevel.SECRET_AND_KEY_EXISTS)
        assert [problem.code for problem in report.problems] == ["secret-not-found"]
        assert sorted(reads) == ["a", "b", "missing"]
        for _ in range(10):
            manager.get_secret("a")
        assert sorted(reads) == ["a", "b", "missing"]


def _register_a(manager: SecretsManager, number: int) -> bool:
    """Register ``a`` with the writer's number, and return whether the registration succeeded."""
    with suppress(SecretExistsError):
        manager.register_secret(secret("a", {"number": str(number), "again": str(number)}))
        return True
    return False


def _count_reads(manager: SecretsManager) -> list[str]:
    """Return a list that records the reads of the manager's backend.

    From now on, each read appends the name of the secret to the list.
    """
    reads: list[str] = []
    backend = manager.backend
    backend_class: Any = type(backend)

    class CountingReads(backend_class):  # type: ignore[misc]  # the base class is only known at run time
        def read(self, name: str) -> Any:
            reads.append(name)
            return super().read(name)

        def read_batch(self, names: Sequence[str]) -> Any:
            reads.extend(names)
            return super().read_batch(names)

    if not isinstance(backend, BatchReads):
        # If ``read_batch`` existed, the manager would treat the backend as one that can read several secrets in one request.
        del CountingReads.read_batch
    backend.__class__ = CountingReads
    return reads


def _stack_with_references(manager: SecretsManager) -> Stack:
    """Return a stack that refers twice to ``a`` and ``b``, and once to ``missing``.

    The references are in the attributes of an alerter. The orchestrator and the artifact store are only there because a stack needs them.
    """
    attributes = {"needs": "{{a.k}}{{b.k}}", "again": "{{a.k}} and {{b.k}}", "lacks": "{{missing.k}}"}
    components = [
        StackComponent("default", component_type, get_flavor(component_type.value, "local")(), id=component_type.value, flavor="local")
        for component_type in (ComponentType.ORCHESTRATOR, ComponentType.ARTIFACT_STORE)
    ]
    alerter = get_flavor("alerter", "custom")(**attributes)
    components.append(StackComponent("alerter", ComponentType.ALERTER, alerter, id="alerter", flavor="custom"))
    return Stack("tested", components, manager, id="tested")
