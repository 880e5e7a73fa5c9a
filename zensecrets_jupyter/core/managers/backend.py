"""The contract of a backend: what a flavor of secrets manager implements.

A backend subclasses :class:`Backend` and implements its five methods. What only some backends can do is a protocol each: a backend that has
the methods of :class:`Versioned` keeps versions, with no registration or flag. :attr:`Backend.capabilities` is derived from the methods.

Methods raise :class:`~zensecrets_jupyter.core.errors.ManagerError` or a subclass if the backend refuses, does not answer or is damaged.
Instances must be safe for several threads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from pydantic import ValidationError

from zensecrets_jupyter.core.errors import InvalidOptionsError, SecretExistsError, SecretNotFoundError, UnsupportedOperationError
from zensecrets_jupyter.core.managers import registry
from zensecrets_jupyter.core.managers.records import Capability, ManagerContext, ManagerOptions
from zensecrets_jupyter.core.validation_errors import describe_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zensecrets_jupyter.core.errors import ZenSecretsError
    from zensecrets_jupyter.core.interaction import RequiredPassphrase
    from zensecrets_jupyter.core.managers.records import SecretRecord, SecretSummary, SecretVersion
    from zensecrets_jupyter.core.schemas import BaseSecretSchema


class Backend(ABC):
    """Base class of backends. A subclass that sets ``FLAVOR`` is registered when it is defined.

    ``read`` and ``list`` are required. ``create``, ``replace`` and ``delete`` may be left out by a backend that only reads.
    """

    FLAVOR: ClassVar[str] = ""
    """Name of the flavor, as users type it."""
    options_model: ClassVar[type[ManagerOptions]] = ManagerOptions
    """Attributes that the flavor takes at registration."""
    capabilities: ClassVar[Capability] = Capability(0)
    """Supported operations; derived from the implemented methods unless a subclass declares fewer."""
    is_local: ClassVar[bool] = False
    """Whether only this machine can reach the backend. A stack with a remote orchestrator refuses a local one."""
    parallel_reads: ClassVar[int] = 32
    """Maximum number of concurrent reads; 1 where a read is cheaper than a thread."""
    time_to_live: ClassVar[float] = 60.0
    """Seconds for which a secret stays in the cache. A write by this process drops it at once."""

    _declares_capabilities: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Derive the capabilities and register the flavor."""
        super().__init_subclass__(**kwargs)
        cls._declares_capabilities = cls._declares_capabilities or "capabilities" in cls.__dict__
        if not cls._declares_capabilities:
            cls.capabilities = cls.implemented_capabilities()
        if cls.__dict__.get("FLAVOR"):
            registry.add(cls)

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """Set up the backend; nothing is opened, created or connected before the first operation.

        Args:
            options: An instance of ``options_model``; by default one without attributes.
            context: Name, identity and folder of the registered secrets manager.

        Raises:
            InvalidOptionsError: If a required option is missing.
        """
        self.options = options if options is not None else self.make_options({})
        self.context = context or ManagerContext()

    @abstractmethod
    def read(self, name: str) -> SecretRecord:
        """Return the secret called ``name``.

        Raises:
            SecretNotFoundError: If there is no such secret; see :meth:`missing`.
        """

    @abstractmethod
    def list(self) -> Iterable[SecretSummary]:
        """Return a summary of each secret, in any order, without reading values."""

    def create(self, name: str, record: SecretRecord) -> None:  # noqa: ARG002 - for subclasses
        """Store a new secret, atomically.

        Raises:
            SecretExistsError: If the name is taken; see :meth:`exists`. The present secret stays unchanged.
        """
        raise self.unsupported(f"register secret {name!r}")

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:  # noqa: ARG002 - for subclasses
        """Read a secret and store ``change(present)`` instead.

        ``change`` may be called again after a conflict. A backend that can compare before it writes must not lose
        the update of another writer.

        Raises:
            SecretNotFoundError: If there is no such secret.
        """
        raise self.unsupported(f"update secret {name!r}")

    def delete(self, name: str) -> None:
        """Delete a secret.

        Raises:
            SecretNotFoundError: If there is no such secret.
        """
        raise self.unsupported(f"delete secret {name!r}")

    # Hooks with a default.

    def names(self) -> Iterable[str]:
        """Return the names of all secrets, in any order."""
        return [summary.name for summary in self.list()]

    def check(self, name: str, record: SecretRecord) -> None:  # noqa: B027 - a backend without limits has nothing to check
        """Raise InvalidSecretError if the backend can't hold ``record`` under ``name``. No request is made."""

    def check_merge(self, name: str) -> None:  # noqa: B027 - most backends that can read can change single keys
        """Raise UnsupportedOperationError if single keys of a secret can't be changed."""

    def change_token(self) -> object:
        """Return a cheap value that differs after any write by any process; ``None`` if the backend has none."""
        return None

    def describe(self) -> dict[str, str]:
        """Return facts for a person, by label: where secrets are stored, and how they are protected. No request is made."""
        return {}

    def explain_missing(self, name: str, *, request: bool) -> SecretNotFoundError | None:  # noqa: ARG002 - the default knows no reason
        """Return an error that says why a secret is missing, or ``None``.

        Args:
            name: Name of the missing secret.
            request: Whether a request may be made for it.
        """
        return None

    @property
    def read_only(self) -> Mapping[str, str]:
        """Secrets of other programs, which are read and never written: by name, each with where it is stored."""
        return {}

    @property
    def opens_unasked(self) -> bool:
        """Whether secrets can be read now without asking a person for anything."""
        return True

    @property
    def opens_without_prompt(self) -> bool:
        """Whether ``opens_unasked`` holds or an unlocked keyring has the key. The check does not unlock the keyring."""
        return self.opens_unasked

    @property
    def required_passphrase(self) -> RequiredPassphrase | None:
        """The passphrase that the next read or write asks a person for; ``None`` if none."""
        return None

    @property
    def keeps_key_in_file(self) -> bool:
        """Whether a program that can read this user's files can read the secrets."""
        return False

    @classmethod
    def availability(cls) -> registry.Availability:
        """Return whether the flavor can be used on this machine. Secrets are not read."""
        return registry.Availability(ok=True)

    @classmethod
    def initial_secrets(cls, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[BaseSecretSchema]]:
        """Split off attributes that import secrets once, at registration.

        Returns:
            The attributes to register, and the secrets to import.
        """
        return dict(attributes), []

    # Helpers for subclasses.

    @property
    def name(self) -> str:
        """Name of the registered secrets manager."""
        return self.context.name

    @property
    def id(self) -> str:
        """Identity of the registered secrets manager, which stays when it is renamed."""
        return self.context.id

    def missing(self, name: str) -> SecretNotFoundError:
        """Return the error for a missing secret. The secrets manager replaces its text by one with near misses."""
        return SecretNotFoundError(f"no {name!r}", name=name)

    def exists(self, name: str) -> SecretExistsError:
        """Return the error for a name that is taken."""
        message = f"A secret {name!r} exists already in secrets manager {self.name!r}; it was not changed."
        return SecretExistsError(message, name=name, manager=self.name, hint=f"To change it: %secret update {name}")

    def unsupported(self, action: str, hint: str = "Use a stack with another secrets manager for that.") -> UnsupportedOperationError:
        """Return the error for an operation that the backend does not support; ``action`` follows "can't"."""
        message = f"Secrets manager {self.name!r} (flavor {self.FLAVOR}) can't {action}."
        return UnsupportedOperationError(message, flavor=self.FLAVOR, hint=hint)

    def check_change(self, name: str) -> None:
        """Check that a secret may be written, and is not one of another program.

        Raises:
            UnsupportedOperationError: If it is; the text says where it is stored.
        """
        where = self.read_only.get(name)
        if where is None:
            return
        message = f"Secret {name!r} is another program's: secrets manager {self.name!r} only reads it, from {where}."
        hint = "Change it there, by the program that keeps it, or use another name."
        raise UnsupportedOperationError(message, flavor=self.FLAVOR, hint=hint)

    @classmethod
    def implemented_capabilities(cls) -> Capability:
        """Return the capabilities that the class has methods for."""
        found = Capability.READ | Capability.LIST
        for method, capability in (("create", Capability.REGISTER), ("replace", Capability.UPDATE), ("delete", Capability.DELETE)):
            if getattr(cls, method) is not getattr(Backend, method):
                found |= capability
        for protocol, capability in _OPTIONAL.items():
            if issubclass(cls, protocol):
                found |= capability
        return found

    @classmethod
    def make_options(cls, attributes: Mapping[str, Any]) -> ManagerOptions:
        """Return validated options.

        Args:
            attributes: Attributes by our names or ZenML's.

        Raises:
            InvalidOptionsError: If one is missing, unknown or malformed. Its text names the attribute and never holds the value.
        """
        model = cls.options_model
        model.protect(attributes)
        try:
            return model.model_validate(model.in_our_names(attributes))
        except ValidationError as error:
            given = {ours: theirs for theirs, ours in model.OTHER_NAMES.items() if theirs in attributes}
            problems = describe_problems(error, model, known=[*model.model_fields, *model.OTHER_NAMES], labels=given)
        except ValueError as error:
            problems = [str(error)]
        fields = ", ".join(model.model_fields) or "none"
        message = f"Flavor {cls.FLAVOR!r} of secrets manager does not take this: {', '.join(problems)}."
        raise InvalidOptionsError(message, flavor=cls.FLAVOR, hint=f"Its attributes are {fields}.")


@runtime_checkable
class Versioned(Protocol):
    """A backend that keeps earlier versions of its secrets."""

    def history(self, name: str) -> Sequence[SecretVersion]:
        """Return the kept versions, the newest first.

        Raises:
            SecretNotFoundError: If there is no such secret.
        """

    def rollback(self, name: str, number: int) -> SecretVersion:
        """Store the content of version ``number`` as a new version, and return that.

        Raises:
            SecretNotFoundError: If there is no such secret, or no such version of it.
        """


@runtime_checkable
class Restorable(Protocol):
    """A backend that can bring back deleted secrets."""

    def restore(self, name: str) -> None:
        """Bring back a deleted secret as it was last.

        Raises:
            SecretNotFoundError: If there is nothing to bring back.
            SecretExistsError: If there is a secret of that name.
        """


@runtime_checkable
class BatchReads(Protocol):
    """A backend that reads several secrets in one request."""

    batch_size: int
    """Maximum number of names in one call."""

    def read_batch(self, names: Sequence[str]) -> Mapping[str, SecretRecord | ZenSecretsError]:
        """Return the secret, or the error, for each name."""


@runtime_checkable
class BatchWrites(Protocol):
    """A backend that writes several secrets in one transaction."""

    def write_batch(self, new: Mapping[str, SecretRecord], replaced: Mapping[str, SecretRecord]) -> None:
        """Create and replace secrets, all or none; errors as for ``create`` and ``replace``."""


@runtime_checkable
class Renamable(Protocol):
    """A backend that renames a secret by itself. For others the secret is read, created anew and deleted."""

    def rename(self, name: str, new_name: str) -> None:
        """Rename a secret.

        Raises:
            SecretNotFoundError: If there is no such secret.
            SecretExistsError: If the new name is taken.
        """


@runtime_checkable
class Clearable(Protocol):
    """A backend that deletes all secrets by itself. For others they are deleted one by one."""

    def delete_all(self) -> None:
        """Delete every secret of this secrets manager."""


@runtime_checkable
class Rekeyable(Protocol):
    """A backend that encrypts its secrets with a key of its own."""

    def rewrap(self, protection: str, *, passphrase: str | None = None) -> None:
        """Change what protects the data key; see :meth:`SecretsManager.rewrap`."""

    def rotate_key(self) -> None:
        """Encrypt every secret and every earlier version with a new data key."""


_OPTIONAL: dict[type, Capability] = {
    Versioned: Capability.VERSIONS,
    Restorable: Capability.UNDELETE,
    Rekeyable: Capability.REKEY,
}
