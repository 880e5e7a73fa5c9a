"""The contract of a backend: the methods that a flavor of secrets manager implements.

A backend is a subclass of :class:`Backend`. It implements ``read`` and ``list`` and, if it can write, ``create``, ``replace`` and
``delete``. Each optional feature is a protocol. For example, a backend that has the methods of :class:`Versioned` supports versions.

Methods raise :class:`~zensecrets_jupyter.core.errors.ManagerError` or a subclass if the backend refuses, does not answer or is damaged.
Instances must be thread-safe.
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
    """Base class of backends. The definition of a subclass that sets ``FLAVOR`` adds the flavor to the registry of flavors."""

    FLAVOR: ClassVar[str] = ""
    """Name of the flavor."""
    options_model: ClassVar[type[ManagerOptions]] = ManagerOptions
    """The options of the flavor, which a user sets when registering a secrets manager."""
    capabilities: ClassVar[Capability] = Capability(0)
    """Supported operations. They are derived from the implemented methods, unless a subclass declares fewer."""
    is_local: ClassVar[bool] = False
    """Whether only this machine can reach the backend. A stack with a remote orchestrator refuses a local backend."""
    parallel_reads: ClassVar[int] = 32
    """Maximum number of concurrent reads. It should be 1 if a read takes less time than the start of a thread."""
    time_to_live: ClassVar[float] = 60.0
    """Seconds for which the cache keeps a secret. A write by this process removes the secret from the cache at once."""

    _declares_capabilities: ClassVar[bool] = False
    """Whether the class, or a base class other than :class:`Backend`, sets ``capabilities`` itself."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Derive the capabilities, and add the flavor to the registry of flavors."""
        super().__init_subclass__(**kwargs)
        cls._declares_capabilities = cls._declares_capabilities or "capabilities" in cls.__dict__
        if not cls._declares_capabilities:
            cls.capabilities = cls.implemented_capabilities()
        # A subclass that only inherits FLAVOR adds no flavor.
        if cls.__dict__.get("FLAVOR"):
            registry.add(cls)

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """Create the backend. No file or connection is opened before the first operation.

        Args:
            options: An instance of ``options_model``. By default all options have their default values.
            context: Name, ID and folder of the registered secrets manager.

        Raises:
            InvalidOptionsError: If a required option is missing.
        """
        self.options = options if options is not None else self.make_options({})
        self.context = context or ManagerContext()

    @abstractmethod
    def read(self, name: str) -> SecretRecord:
        """Return a secret.

        Raises:
            SecretNotFoundError: If the secret does not exist. :meth:`missing_error` creates this error.
        """

    @abstractmethod
    def list(self) -> Iterable[SecretSummary]:
        """Return a summary of each secret, in any order, without reading values."""

    def create(self, name: str, record: SecretRecord) -> None:  # noqa: ARG002 - overrides use the arguments
        """Store a new secret, atomically.

        Raises:
            SecretExistsError: If the name exists already. The existing secret stays unchanged. :meth:`exists_error` creates this error.
        """
        raise self.unsupported_error(f"register secret {name!r}")

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:  # noqa: ARG002 - overrides use the arguments
        """Replace a secret by ``change(current)``, where ``current`` is the current record.

        ``change`` may be called again after a conflict. A backend with compare-and-set must not lose the update of another writer.

        Raises:
            SecretNotFoundError: If the secret does not exist.
        """
        raise self.unsupported_error(f"update secret {name!r}")

    def delete(self, name: str) -> None:
        """Delete a secret.

        Raises:
            SecretNotFoundError: If the secret does not exist.
        """
        raise self.unsupported_error(f"delete secret {name!r}")

    # Hooks that a subclass may override.

    def names(self) -> Iterable[str]:
        """Return the names of all secrets, in any order."""
        return [summary.name for summary in self.list()]

    def check(self, name: str, record: SecretRecord) -> None:  # noqa: B027 - the default has no limits to check
        """Raise InvalidSecretError if the backend cannot store a record. No request is sent."""

    def check_merge(self, name: str) -> None:  # noqa: B027 - most backends can change single keys
        """Raise UnsupportedOperationError if the backend cannot change single keys of a secret."""

    def describe(self) -> dict[str, str]:
        """Return facts for users, by label: the location of the secrets and their protection. No request is sent."""
        return {}

    def explain_missing(self, name: str, *, may_request: bool) -> SecretNotFoundError | None:  # noqa: ARG002 - overrides use the arguments
        """Return an error that explains why a secret is missing, or ``None``.

        Args:
            name: Name of the missing secret.
            may_request: Whether a request may be sent to find the reason.
        """
        return None

    @property
    def read_only_locations(self) -> Mapping[str, str]:
        """The locations of secrets of other programs, by name of the secret. These secrets are read-only."""
        return {}

    @property
    def opens_without_keyring(self) -> bool:
        """Whether secrets can be read now with neither a prompt nor the keyring, which may prompt."""
        return True

    @property
    def opens_without_prompt(self) -> bool:
        """Whether secrets can be read now without a prompt.

        This is also true if the encryption key of the secrets is in an unlocked keyring. The check itself never unlocks a keyring.
        """
        return self.opens_without_keyring

    @property
    def required_passphrase(self) -> RequiredPassphrase | None:
        """The passphrase that the next operation needs from the user, or ``None``."""
        return None

    @property
    def keeps_key_in_file(self) -> bool:
        """Whether the encryption key of the secrets is in a file.

        If so, a program that can read the files of this user can read the secrets.
        """
        return False

    @classmethod
    def availability(cls) -> registry.Availability:
        """Return whether the flavor can be used on this machine. Secrets are not read."""
        return registry.Availability(ok=True)

    @classmethod
    def initial_secrets(cls, attributes: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[BaseSecretSchema]]:
        """Return the attributes to store for a new secrets manager, and the secrets to import into it.

        A subclass leaves out an attribute that only names secrets to import, such as ``secrets_file``. The default imports no secrets.
        """
        return dict(attributes), []

    # Helpers for subclasses.

    @property
    def name(self) -> str:
        """Name of the registered secrets manager."""
        return self.context.name

    @property
    def id(self) -> str:
        """ID of the registered secrets manager, which does not change when the manager is renamed."""
        return self.context.id

    def missing_error(self, name: str) -> SecretNotFoundError:
        """Return the error for a missing secret. The secrets manager replaces the text of this error, and suggests similar names."""
        return SecretNotFoundError(f"no {name!r}", name=name)

    def exists_error(self, name: str) -> SecretExistsError:
        """Return the error for a name that exists already."""
        message = f"A secret {name!r} exists already in secrets manager {self.name!r}; it was not changed."
        return SecretExistsError(message, name=name, manager=self.name, hint=f"To change it: %secret update {name}")

    def unsupported_error(self, action: str, hint: str = "Use a stack with another secrets manager for that.") -> UnsupportedOperationError:
        """Return the error for an unsupported operation. ``action`` is the text after "can't"."""
        message = f"Secrets manager {self.name!r} (flavor {self.FLAVOR}) can't {action}."
        return UnsupportedOperationError(message, flavor=self.FLAVOR, hint=hint)

    def check_change(self, name: str) -> None:
        """Check that a secret does not belong to another program.

        Raises:
            UnsupportedOperationError: If the secret belongs to another program. The message states where the secret is stored.
        """
        location = self.read_only_locations.get(name)
        if location is None:
            return
        message = f"Secret {name!r} belongs to another program: secrets manager {self.name!r} only reads it, from {location}."
        hint = "Change it with the program that owns it, or use another name."
        raise UnsupportedOperationError(message, flavor=self.FLAVOR, hint=hint)

    @classmethod
    def implemented_capabilities(cls) -> Capability:
        """Return the capabilities whose methods the class implements."""
        capabilities = Capability.READ | Capability.LIST
        for method, capability in (("create", Capability.REGISTER), ("replace", Capability.UPDATE), ("delete", Capability.DELETE)):
            if getattr(cls, method) is not getattr(Backend, method):
                capabilities |= capability
        for protocol, capability in _PROTOCOL_CAPABILITIES.items():
            if issubclass(cls, protocol):
                capabilities |= capability
        return capabilities

    @classmethod
    def make_options(cls, attributes: Mapping[str, Any]) -> ManagerOptions:
        """Return validated options.

        Args:
            attributes: The options, by our names or by ZenML's names.

        Raises:
            InvalidOptionsError: If an option is missing, unknown or malformed. The message contains the name and never the value.
        """
        model = cls.options_model
        # From here on, the redactor masks the sensitive attributes, also in errors.
        model.protect(attributes)
        try:
            return model.model_validate(model.with_our_names(attributes))
        except ValidationError as error:
            # A problem names the option as the user wrote it.
            labels = {our_name: zenml_name for zenml_name, our_name in model.ZENML_NAMES.items() if zenml_name in attributes}
            problems = describe_problems(error, model, known_names=[*model.model_fields, *model.ZENML_NAMES], labels=labels)
        except ValueError as error:
            problems = [str(error)]
        fields = ", ".join(model.model_fields) or "none"
        message = f"Flavor {cls.FLAVOR!r} of secrets manager does not take this: {', '.join(problems)}."
        raise InvalidOptionsError(message, flavor=cls.FLAVOR, hint=f"Its attributes are {fields}.")


@runtime_checkable
class Versioned(Protocol):
    """A backend with earlier versions of its secrets."""

    def history(self, name: str) -> Sequence[SecretVersion]:
        """Return the versions of a secret, the newest first.

        Raises:
            SecretNotFoundError: If the secret does not exist.
        """

    def rollback(self, name: str, number: int) -> SecretVersion:
        """Store the content of version ``number`` as a new version, and return the new version.

        Raises:
            SecretNotFoundError: If the secret or the version does not exist.
        """


@runtime_checkable
class Restorable(Protocol):
    """A backend that can restore deleted secrets. It gets the capability ``UNDELETE``, which the command ``undelete`` needs."""

    def restore(self, name: str) -> None:
        """Restore the last version of a deleted secret.

        Raises:
            SecretNotFoundError: If there is no deleted secret with that name.
            SecretExistsError: If a secret with that name exists.
        """


@runtime_checkable
class BatchReads(Protocol):
    """A backend that reads several secrets in one request."""

    batch_size: int
    """Maximum number of names in one call."""

    def read_batch(self, names: Sequence[str]) -> Mapping[str, SecretRecord | ZenSecretsError]:
        """Return the secret or the error for each name."""


@runtime_checkable
class BatchWrites(Protocol):
    """A backend that writes several secrets in one transaction."""

    def write_batch(self, new_records: Mapping[str, SecretRecord], replacements: Mapping[str, SecretRecord]) -> None:
        """Create and replace secrets, all or none. The errors are those of ``create`` and ``replace``.

        Args:
            new_records: The secrets to create, by name.
            replacements: The new records of existing secrets, by name.
        """


@runtime_checkable
class ChangeTracking(Protocol):
    """A backend that detects cheaply whether any process has written a secret."""

    def change_token(self) -> object:
        """Return a token that changes with every write by any process, or ``None`` if the backend has none now. No secret is read."""


@runtime_checkable
class Renamable(Protocol):
    """A backend that can rename a secret. With another backend, the manager creates a secret with the new name and deletes the old one."""

    def rename(self, name: str, new_name: str) -> None:
        """Rename a secret.

        Raises:
            SecretNotFoundError: If the secret does not exist.
            SecretExistsError: If the new name exists already.
        """


@runtime_checkable
class Clearable(Protocol):
    """A backend that can delete all secrets in one call. With another backend, the manager deletes them one by one."""

    def delete_all(self) -> None:
        """Delete every secret of this secrets manager."""


@runtime_checkable
class Rekeyable(Protocol):
    """A backend that encrypts its secrets with its own data key."""

    def rewrap(self, protection: str, *, passphrase: str | None = None) -> None:
        """Change the protection of the data key, which encrypts the secrets; see :meth:`SecretsManager.rewrap`."""

    def rotate_key(self) -> None:
        """Encrypt every secret and every earlier version with a new data key."""


_PROTOCOL_CAPABILITIES: dict[type, Capability] = {
    Versioned: Capability.VERSIONS,
    Restorable: Capability.UNDELETE,
    Rekeyable: Capability.REKEY,
}
"""The capability that each protocol adds to a backend. The protocols that are not in this table add no capability."""
