"""The conformance suite for the flavors `local` and `memory`, and for a fake remote backend.

The fake backend is tested three times: with all its capabilities, read-only and write-only.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.support.managers.fake_remote import FakeRemoteBackend, FakeService, ReadOnlyFakeBackend, WriteOnlyFakeBackend
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import ManagerAccessError, ManagerError, ManagerUnreachableError, ZenSecretsError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends import memory
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend
from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend
from zensecrets_jupyter.testing.canary import canary
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests
from zensecrets_jupyter.testing.stateful import VersionBehavior

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager


class TestLocal(SecretsManagerTests):
    """The flavor `local`: encrypted, with versions."""

    backend_class = LocalBackend
    attributes: Mapping[str, int] = {"versions_kept": 3}
    sealed = True
    version_behavior = VersionBehavior(versions_kept=3)
    random_series_count = 30  # more than the default, because this backend is fast

    def raw(self) -> bytes:
        """Return the bytes of all files of the store."""
        return b"\n".join(file.read_bytes() for file in sorted(self.folder.rglob("*")) if file.is_file())


class TestMemory(SecretsManagerTests):
    """The flavor `memory`: plain text, without versions."""

    backend_class = MemoryBackend

    def raw(self) -> bytes:
        """Return the values that the backend has in memory."""
        return repr([dict(record.content) for record in memory._secrets_by_manager.get(self.identity, {}).values()]).encode()


class TestFakeRemote(SecretsManagerTests):
    """The fake backend with all its capabilities, and with injected faults."""

    backend_class = FakeRemoteBackend
    limit = FakeRemoteBackend.max_size
    service: FakeService

    def prepare(self) -> None:
        """Create an empty service for each test."""
        self.service = FakeService()

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a manager whose backend uses the fake service."""
        return SecretsManager(FakeRemoteBackend(context=ManagerContext(name="tested", id=identity or self.identity), service=self.service))

    def raw(self) -> bytes:
        """Return all stored texts."""
        return repr(self.service.payloads).encode()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the faults of the service. Their names are the error codes of the service."""
        return {
            code: (partial(self._inject_code, code), error)
            for code, error in {"forbidden": ManagerAccessError, "busy": ManagerUnreachableError, "unknown code": ManagerError}.items()
        }

    @contextmanager
    def _inject_code(self, code: str) -> Iterator[None]:
        # The error of the service quotes a canary. The suite checks that our error does not.
        self.service.fail(code, sent_text=canary("sent"))
        yield
        self.service.recover()


class TestReadOnlyFakeRemote(TestFakeRemote):
    """The read-only backend. The method ``seed`` stores its secrets through the backend that can write."""

    backend_class = ReadOnlyFakeBackend

    def seed(self, contents: Mapping[str, Mapping[str, str]]) -> None:
        """Store the secrets through a manager that can write."""
        manager = super().open_manager()
        for name, content in contents.items():
            manager.register_secret(secret(name, **content))

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a read-only manager."""
        return SecretsManager(
            ReadOnlyFakeBackend(context=ManagerContext(name="tested", id=identity or self.identity), service=self.service)
        )


class TestWriteOnlyFakeRemote(TestFakeRemote):
    """The write-only backend. The manager cannot read its secrets, so the suite checks the texts that the service stores."""

    backend_class = WriteOnlyFakeBackend

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a write-only manager."""
        return SecretsManager(
            WriteOnlyFakeBackend(context=ManagerContext(name="tested", id=identity or self.identity), service=self.service)
        )


def test_suite_follows_the_capabilities() -> None:
    """A test class has a test only if its backend has the capability that the test needs.

    It has the test of faults only if the class defines the method ``faults``. A disabled test is ``None``.
    """
    read_test, write_test, fault_test = (
        "test_stored_content_is_read_unchanged",
        "test_existing_name_is_refused",
        "test_faults_are_reported_and_leave_everything_unchanged",
    )
    tests_by_suite = {
        suite: [name for name in (read_test, write_test, fault_test) if callable(getattr(suite, name))]
        for suite in (TestFakeRemote, TestReadOnlyFakeRemote, TestWriteOnlyFakeRemote, TestMemory)
    }
    assert tests_by_suite == {
        TestFakeRemote: [read_test, write_test, fault_test],
        TestReadOnlyFakeRemote: [read_test, fault_test],
        TestWriteOnlyFakeRemote: [write_test, fault_test],
        TestMemory: [read_test, write_test],
    }
