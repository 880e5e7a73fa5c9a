"""The conformance suite, passed by the flavors that need nothing but this machine, and by a remote one in each role."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.support.managers.counting import secret
from tests.support.managers.shelf import ReadOnlyShelfBackend, Shelf, ShelfBackend, WriteOnlyShelfBackend
from zensecrets_jupyter.core.errors import ManagerAccessError, ManagerError, ManagerUnreachableError, ZenSecretsError
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager
from zensecrets_jupyter.core.managers.backends import memory
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend
from zensecrets_jupyter.core.managers.backends.sealed.local import LocalBackend
from zensecrets_jupyter.testing.canary import canary
from zensecrets_jupyter.testing.manager_suite import SecretsManagerTests
from zensecrets_jupyter.testing.stateful import Habits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager


class TestLocal(SecretsManagerTests):
    """The default: sealed, with versions that go along with a new name."""

    backend_class = LocalBackend
    attributes: Mapping[str, int] = {"versions_kept": 3}
    sealed = True
    habits = Habits(versions_kept=3)
    series = 30

    def raw(self) -> bytes:
        """Return all files of the store."""
        return b"\n".join(file.read_bytes() for file in sorted(self.folder.rglob("*")) if file.is_file())


class TestMemory(SecretsManagerTests):
    """The one for tests: in clear, without versions."""

    backend_class = MemoryBackend

    def raw(self) -> bytes:
        """Return what this process holds."""
        return repr([dict(one.content) for one in memory._secrets_by_manager.get(self.identity, {}).values()]).encode()


class TestShelf(SecretsManagerTests):
    """A remote flavor over a library that does not exist, in all weathers."""

    backend_class = ShelfBackend
    limit = ShelfBackend.max_size
    shelf: Shelf

    def prepare(self) -> None:
        """Give each test an empty shelf."""
        self.shelf = Shelf()

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a manager of that shelf."""
        return SecretsManager(ShelfBackend(context=ManagerContext(name="tried", id=identity or self.identity), shelf=self.shelf))

    def raw(self) -> bytes:
        """Return what stands on the shelf."""
        return repr(self.shelf.kept).encode()

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return what the shelf can say."""
        return {
            code: (partial(self._failing, code), error)
            for code, error in {"forbidden": ManagerAccessError, "busy": ManagerUnreachableError, "unheard of": ManagerError}.items()
        }

    @contextmanager
    def _failing(self, code: str) -> Iterator[None]:
        self.shelf.fail(1000, code, sent=canary("sent"))
        yield
        self.shelf.fail(0, code)


class TestReadOnlyShelf(TestShelf):
    """The same, where nobody may write: it is given its secrets, and refuses the rest."""

    backend_class = ReadOnlyShelfBackend

    def seed(self, contents: Mapping[str, Mapping[str, str]]) -> None:
        """Let another manager put them there."""
        manager = super().open_manager()
        for name, content in contents.items():
            manager.register_secret(secret(name, **content))

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return one that only reads."""
        return SecretsManager(ReadOnlyShelfBackend(context=ManagerContext(name="tried", id=identity or self.identity), shelf=self.shelf))


class TestWriteOnlyShelf(TestShelf):
    """The same, where nobody may read: what was written is looked for in the raw storage."""

    backend_class = WriteOnlyShelfBackend

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return one that only writes."""
        return SecretsManager(WriteOnlyShelfBackend(context=ManagerContext(name="tried", id=identity or self.identity), shelf=self.shelf))


def test_a_suite_is_what_its_manager_claims() -> None:
    """Tests of what a manager does not claim are not there, rather than skipped, and come back where a subclass claims it."""
    read, write, weather = (
        "test_what_is_there_is_read_as_it_was_written",
        "test_a_name_is_registered_once",
        "test_faults_are_reported_and_leave_everything_unchanged",
    )
    tested = {
        suite: [name for name in (read, write, weather) if callable(getattr(suite, name))]
        for suite in (TestShelf, TestReadOnlyShelf, TestWriteOnlyShelf, TestMemory)
    }
    assert tested == {
        TestShelf: [read, write, weather],
        TestReadOnlyShelf: [read, weather],
        TestWriteOnlyShelf: [write, weather],
        TestMemory: [read, write],
    }
