"""What the tests of a secrets manager have to be told about it, and which of them are run."""

from __future__ import annotations

import traceback
import uuid
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pytest

from zensecrets_jupyter.core.managers import Backend, Capability, ManagerContext, SecretsManager
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema
from zensecrets_jupyter.testing.stateful import Habits
from zensecrets_jupyter.testing.strategies import AWKWARD_NAMES, AWKWARD_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from zensecrets_jupyter.core.errors import ZenSecretsError

FAULTS_TEST = "test_faults_are_reported_and_leave_everything_unchanged"
"""The test that only runs if :meth:`ManagerHooks.faults` makes the backend fail."""

_Test = TypeVar("_Test", bound="Callable[..., None]")


def needs(capabilities: Capability) -> Callable[[_Test], _Test]:
    """Mark a test that asks a manager for these: it is no test of one that says that it lacks one of them."""

    def mark(test: _Test) -> _Test:
        vars(test)["needed"] = capabilities
        return test

    return mark


class ManagerHooks:
    """What a subclass says about a secrets manager; only ``backend_class`` has to be said."""

    backend_class: ClassVar[type[Backend]]
    """The tested class. Operations outside its ``capabilities`` are only tested to be refused."""
    attributes: Mapping[str, Any] = {}
    """The attributes that it is registered with."""
    limit: ClassVar[int] = 0
    """Bytes that a value may have; 0 if it takes 64 KiB and no limit is documented."""
    sealed: ClassVar[bool] = False
    """Whether what :meth:`raw` returns must hold no value."""
    keeps_apart: ClassVar[bool] = True
    """Whether two managers of this flavor, registered with the same attributes, have secrets of their own."""
    keeps_all_updates: ClassVar[bool] = True
    """Whether of several updates at once none is lost; a backend that can't compare before it writes loses some."""
    registers_once: ClassVar[bool] = True
    """Whether of several that register one name at once one wins; a backend that can't compare before it writes keeps the last one's."""
    keeps_deleted: ClassVar[bool] = True
    """Whether what is deleted can be brought back, of a manager that claims it: an option may have it deleted for good."""
    habits: ClassVar[Habits] = Habits()
    """What it does with versions."""
    series: ClassVar[int] = 20
    """How many series of random acts it goes through beside a dict; each has at most 15."""
    writers: ClassVar[int] = 8
    """How many write at once."""
    awkward_names: ClassVar[Sequence[str]] = AWKWARD_NAMES
    """Names that it has to keep apart, or to refuse with the reason."""
    awkward_values: ClassVar[Sequence[str]] = AWKWARD_VALUES
    """Values that it has to give back as they were."""

    folder: Path
    identity: str

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take out the tests of what the manager does not claim."""
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "backend_class"):
            return
        lacks = set() if cls.faults is not ManagerHooks.faults else {FAULTS_TEST}
        for name in dir(cls):
            # A subclass may claim more than the class that it is derived from.
            test = next((found for base in cls.__mro__ if callable(found := vars(base).get(name))), None)
            needed = getattr(test, "needed", None)
            if needed is not None:
                setattr(cls, name, test if needed in cls.backend_class.capabilities and name not in lacks else None)

    @pytest.fixture(autouse=True)
    def _own_storage(self, tmp_path: Path) -> None:
        """Give each test a folder and an identity of its own."""
        self.folder = tmp_path
        self.identity = str(uuid.uuid4())
        self.prepare()

    def prepare(self) -> None:
        """Empty the backend before each test; by default there is nothing to do."""

    def open_manager(self, identity: str = "") -> SecretsManager:
        """Return a new instance, as another process would open it, of the manager with that identity; by default of the test's own."""
        context = ManagerContext(name="tried", id=identity or self.identity, folder=self.folder / (identity or self.identity))
        return SecretsManager(self.backend_class(self.backend_class.make_options(self.attributes), context=context))

    def seed(self, contents: Mapping[str, Mapping[str, str]]) -> None:
        """Store secrets. If the manager can't register any, a subclass writes them without it."""
        manager = self.open_manager()
        for name, content in contents.items():
            manager.register_secret(secret(name, content))

    def raw(self) -> bytes | None:
        """Return everything in the storage, read without the manager; ``None`` if that is impossible."""
        return None

    def faults(self) -> Mapping[str, tuple[Callable[[], AbstractContextManager[Any]], type[ZenSecretsError]]]:
        """Return faults by name: a context manager that makes the backend fail, and the error of every operation meanwhile."""
        return {}


def secret(name: str, content: Mapping[str, str]) -> ArbitrarySecretSchema:
    """Return a secret with that content."""
    return ArbitrarySecretSchema(name=name, arbitrary_kv_pairs=content)


def content_of(manager: SecretsManager, name: str) -> dict[str, str]:
    """Return what is stored under ``name`` now, past the cache, as plain texts."""
    return {key: str.__str__(value) + "" for key, value in manager.get_secret(name, refresh=True).content.items()}


def told(error: BaseException) -> str:
    """Return all that ``error`` tells: text, arguments, attributes, traceback, and the same of what led to it."""
    parts = ["".join(traceback.format_exception(error))]
    seen: BaseException | None = error
    while seen is not None:
        parts += [str(seen), repr(seen), repr(seen.args), repr(vars(seen))]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(parts)
