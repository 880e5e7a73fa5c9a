"""The properties of a tested backend, and the selection of tests by its capabilities."""

from __future__ import annotations

import traceback
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pytest

from zensecrets_jupyter.core.managers import Backend, Capability, ManagerContext, SecretsManager
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.core.system.related_errors import related_errors
from zensecrets_jupyter.testing.stateful import VersionBehavior
from zensecrets_jupyter.testing.strategies import AWKWARD_NAMES, AWKWARD_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from zensecrets_jupyter.core.errors import ZenSecretsError

FAULTS_TEST = "test_faults_are_reported_and_leave_everything_unchanged"
"""The name of the test that needs :meth:`ManagerHooks.faults`."""

_Test = TypeVar("_Test", bound="Callable[..., None]")


def needs(capabilities: Capability) -> Callable[[_Test], _Test]:
    """Decorator for a test that runs only if the backend has all of ``capabilities``.

    It only records them. :class:`ManagerHooks` removes the tests that can't run.
    """

    def mark(test: _Test) -> _Test:
        vars(test)["needed"] = capabilities
        return test

    return mark


class ManagerHooks:
    """The base class of the test classes.

    A subclass must set ``backend_class``. It may set other attributes, and override ``prepare``, ``seed``, ``raw`` and ``faults``.
    """

    backend_class: ClassVar[type[Backend]]
    """The tested backend. The suite only checks that operations without a capability of the backend are refused."""
    attributes: Mapping[str, Any] = {}
    """The options of the backend."""
    limit: ClassVar[int] = 0
    """Maximum number of bytes of a value, or 0 if the backend has no limit below 64 KiB."""
    sealed: ClassVar[bool] = False
    """Whether the storage is encrypted, so that :meth:`raw` must not contain a value."""
    isolates_managers: ClassVar[bool] = True
    """Whether two managers with the same options and different IDs have separate secrets."""
    keeps_all_updates: ClassVar[bool] = True
    """Whether concurrent updates are never lost. Set it to ``False`` for a backend without compare-and-set."""
    registers_once: ClassVar[bool] = True
    """Whether only one of several concurrent registrations succeeds. Set it to ``False`` for a backend without compare-and-set."""
    restores_deleted: ClassVar[bool] = True
    """Whether deleted secrets can be restored. Set it to ``False`` if a backend with UNDELETE can't restore them due to ``attributes``."""
    version_behavior: ClassVar[VersionBehavior] = VersionBehavior()
    """How the backend numbers and keeps the versions of a secret."""
    random_series_count: ClassVar[int] = 20
    """Number of series of random operations that are compared with a dict. Each series has at most 15 operations."""
    writers: ClassVar[int] = 8
    """Number of threads that write at the same time in a test."""
    awkward_names: ClassVar[Sequence[str]] = AWKWARD_NAMES
    """Names that the backend must distinguish, or refuse with a reason."""
    awkward_values: ClassVar[Sequence[str]] = AWKWARD_VALUES
    """Values that the backend must return unchanged."""

    folder: Path
    """The folder for local files of the backend; each test has a new one."""
    identity: str
    """The ID of the secrets manager; each test has a new one."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Remove the tests whose capabilities the backend does not have."""
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "backend_class"):
            return
        disabled_tests = set() if cls.faults is not ManagerHooks.faults else {FAULTS_TEST}
        for name in dir(cls):
            # The base class may have set the test to None, and the subclass may have the missing capability. So the search in the base
            # classes skips None and finds the function.
            test = next((candidate for base in cls.__mro__ if callable(candidate := vars(base).get(name))), None)
            needed = getattr(test, "needed", None)
            if needed is not None:
                is_enabled = needed in cls.backend_class.capabilities and name not in disabled_tests
                # pytest does not collect an attribute that is None.
                setattr(cls, name, test if is_enabled else None)

    @pytest.fixture(autouse=True)
    def _own_storage(self, tmp_path: Path) -> None:
        """Create a new folder and a new ID for each test."""
        self.folder = tmp_path
        self.identity = str(uuid.uuid4())
        self.prepare()

    def prepare(self) -> None:
        """Empty the backend before each test. The default method does nothing."""

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a new instance of the manager, as another process would open it.

        The default of ``identity`` is the ID of the test.
        """
        context = ManagerContext(name="tested", id=identity or self.identity, folder=self.folder / (identity or self.identity))
        return SecretsManager(self.backend_class(self.backend_class.make_options(self.attributes), context=context))

    def seed(self, contents: Mapping[str, Mapping[str, str]]) -> None:
        """Store secrets before a test.

        For a read-only backend, override this method and store the secrets without the manager.
        """
        manager = self.open_manager()
        for name, content in contents.items():
            manager.register_secret(secret(name, content))

    def raw(self) -> bytes | None:
        """Return all bytes of the backend's storage, or ``None`` if a test can't read them."""
        return None

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return the faults of the backend by name.

        Returns:
            For each fault, a function that returns a context manager, and a class of errors. While the context manager is active, the fault
            exists and every operation raises an error of the class.
        """
        return {}


def secret(name: str, content: Mapping[str, str]) -> ArbitrarySecretSchema:
    """Return a secret with ``content`` and no particular schema."""
    return ArbitrarySecretSchema(name=name, arbitrary_kv_pairs=content)


def content_of(manager: SecretsManager, name: str) -> dict[str, str]:
    """Return the stored content of a secret, without the cache."""
    # A value may be of a subclass of ``str``. ``str.__str__`` converts it to a plain ``str``.
    return {key: str.__str__(value) for key, value in manager.get_secret(name, refresh=True).content.items()}


def error_text(error: BaseException) -> str:
    """Return everything that an error shows: its traceback, and the text, arguments and attributes of all related errors."""
    texts = ["".join(traceback.format_exception(error))]
    for related_error in related_errors(error):
        texts += [str(related_error), repr(related_error), repr(related_error.args), repr(vars(related_error))]
    return "\n".join(texts)
