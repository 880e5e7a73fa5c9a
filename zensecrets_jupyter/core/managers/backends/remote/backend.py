"""Base class of remote backends, which store one document for each secret in a service.

The name of a document in the service is called its key. The key begins with a prefix for the scope of the manager. The stored text of a
document is called its envelope.

A :class:`RequestRunner` retries requests and maps errors, :class:`RemoteKeys` converts names of secrets to keys, an :class:`EnvelopeCodec`
converts records to envelopes, and :class:`ExternalSecrets` reads secrets of other programs. A subclass implements the requests at the end
of :class:`RemoteBackend`.
"""

from __future__ import annotations

import random
import time
from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Protocol, runtime_checkable

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import (
    InvalidSecretError,
    ManagerCorruptedError,
    SecretNotFoundError,
    UnsupportedOperationError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers.backend import Backend
from zensecrets_jupyter.core.managers.backends.remote.envelope import EnvelopeCodec, SecretEnvelope, foreign_secret_error
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.naming import NameEncoding, RemoteKeys
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions, ExternalSecrets
from zensecrets_jupyter.core.managers.backends.remote.runner import ClientT, ErrorTable, OptionsT, RemoteOptions, RequestRunner
from zensecrets_jupyter.core.managers.records import Capability, ManagerContext, ManagerOptions, SecretRecord, SecretSummary, SecretVersion
from zensecrets_jupyter.core.managers.registry import Availability, install_command, is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

MAX_CONFLICT_RETRIES = 100
"""Maximum number of attempts of an update that gets conflicts. At each conflict, another writer has completed an update."""


class ListedKey(NamedTuple):
    """A key in a list of the service. A field is ``None`` if the list does not contain it."""

    key: str
    schema: str | None = None
    version: int | None = None
    updated: datetime | None = None


class StoredVersion(NamedTuple):
    """One version of a secret in the service.

    Attributes:
        number: Number of the version. The first version has number 1.
        created: Time of the write, in UTC.
        envelope: The stored text.
        current: Whether this version is the current one.
    """

    number: int
    created: datetime
    envelope: SecretEnvelope
    current: bool


@runtime_checkable
class VersionRequests(Protocol):
    """A remote backend whose service has earlier versions."""

    def fetch_versions(self, client: Any, key: str) -> Sequence[StoredVersion]:
        """Return all versions of a key, the newest first. If there is no current version, the error has the kind MISSING."""


@runtime_checkable
class RecoveryRequests(Protocol):
    """A remote backend whose service can restore deleted secrets."""

    def recover(self, client: Any, key: str) -> None:
        """Restore a deleted key.

        If the key exists, the error has the kind EXISTS. If there is no deleted key, it has the kind MISSING.
        """


class RemoteBackend(Backend, Generic[ClientT, OptionsT]):
    """Base class of backends that send requests to a service.

    Requests raise errors of the SDK or :class:`RemoteError`. The table ``error_kinds`` maps the errors of the SDK.
    """

    options: OptionsT
    options_model: ClassVar[type[ManagerOptions]] = RemoteOptions
    encoding: ClassVar[NameEncoding]
    """Allowed characters, escapes and maximum length of keys in the service."""
    error_kinds: ClassVar[ErrorTable] = {}
    """Error kinds by the class of the SDK's error, or by a code that :meth:`codes_of` returns."""
    environment_files: ClassVar[Mapping[str, str]] = {}
    """Environment variables of the SDK that name files, each with the content that its file must have."""
    libraries: ClassVar[tuple[str, ...]] = ()
    """Modules that the flavor's extra installs."""
    max_attempts: ClassVar[int] = 5
    """Maximum number of attempts of one request."""
    first_wait: ClassVar[float] = 0.1
    """Maximum seconds before the second attempt. The wait is random, and its maximum doubles for each later attempt."""
    batch_size: int = 1
    """Maximum number of keys in one :meth:`fetch_many`."""
    max_size: ClassVar[int] = 0
    """Maximum number of bytes of a secret, or 0 if the service documents no limit."""
    codec: EnvelopeCodec = EnvelopeCodec()
    """Converts records to stored text and back."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        self.keys = RemoteKeys(self.encoding, self.options, self.id)
        self.runner: RequestRunner[ClientT] = RequestRunner(self, deadline=self.options.deadline)
        self.external = ExternalSecrets(
            self.options if isinstance(self.options, ExternalOptions) else None,
            self._fetch_external,
            codec=self.codec,
            service=self.encoding.service,
            manager=self.name,
        )

    @classmethod
    def implemented_capabilities(cls) -> Capability:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.implemented_capabilities`."""
        # This class itself has the methods for versions and for restoring. A subclass supports them only if it has the requests for them.
        capabilities = super().implemented_capabilities()
        for protocol, capability in ((VersionRequests, Capability.VERSIONS), (RecoveryRequests, Capability.UNDELETE)):
            if not issubclass(cls, protocol):
                capabilities &= ~capability
        return capabilities

    @classmethod
    def availability(cls) -> Availability:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.availability`. Only the libraries are checked."""
        missing_libraries = [library for library in cls.libraries if not is_installed(library)]
        if not missing_libraries:
            return Availability(ok=True)
        return Availability(ok=False, reason=f"needs {' and '.join(missing_libraries)}: {install_command(cls.FLAVOR)}")

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        service = self.encoding.service
        scope = {"scope": self.keys.scope.value, "names begin with": self.keys.prefix or "nothing: names are not changed"}
        return {"kept in": service, "protected by": f"the access control of {service}", **scope}

    @property
    def read_only_locations(self) -> Mapping[str, str]:
        """See :attr:`~zensecrets_jupyter.core.managers.backend.Backend.read_only_locations`."""
        return self.external.locations

    def explain_missing(self, name: str, *, may_request: bool) -> SecretNotFoundError | None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.explain_missing`."""
        if name in self.external.paths:
            return self.external.missing_error(name)
        if may_request:
            with suppress(ZenSecretsError, RemoteError):
                return self.explain_deleted(name, self.key_for(name))
        return None

    def key_for(self, name: str) -> str:
        """Return the key of an existing secret.

        Raises:
            SecretNotFoundError: If the name is invalid. A secret with an invalid name cannot exist.
            UnsupportedOperationError: If the secret belongs to another program. That secret has a path instead of a key.
        """
        if name in self.external.paths:
            # This always raises UnsupportedOperationError.
            self.check_change(name)
        with suppress(InvalidSecretError):
            return self.keys.key_for(names.check_name(name))
        raise self.missing_error(name)

    # The methods of Backend and its protocols.

    def read(self, name: str) -> SecretRecord:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.read`."""
        if name in self.external.paths:
            return self.external.read(name)
        return self._decode(self._fetch("read", name), name)

    def read_batch(self, names: Sequence[str]) -> Mapping[str, SecretRecord | ZenSecretsError]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.BatchReads.read_batch`."""
        external_names = [name for name in names if name in self.external.paths]
        results: dict[str, SecretRecord | ZenSecretsError] = {}
        names_by_key: dict[str, str] = {}
        for name in names:
            if name not in self.external.paths:
                # This result stays if the response has no envelope of the secret.
                results[name] = self.missing_error(name)
                with suppress(SecretNotFoundError):
                    names_by_key[self.key_for(name)] = name
        envelopes = self.runner.run("read", lambda client: self.fetch_many(client, [*names_by_key])) if names_by_key else {}
        for key, envelope in envelopes.items():
            name = names_by_key[key]
            if isinstance(envelope, RemoteError):
                results[name] = self.runner.error_for(envelope, "read", name)
                continue
            try:
                results[name] = self._decode(envelope, name)
            except ZenSecretsError as error:
                results[name] = error
        if external_names:
            with ThreadPoolExecutor(min(self.parallel_reads, len(external_names)), thread_name_prefix="zensecrets-external") as pool:
                results.update(zip(external_names, pool.map(self.external.read_or_error, external_names), strict=True))
        return results

    def list(self) -> Iterable[SecretSummary]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.list`."""
        listed_keys = self.runner.run("list", lambda client: [*self.list_keys(client, self.keys.prefix)])
        summaries: list[SecretSummary] = []
        for key, schema, version, updated in listed_keys:
            name = self.keys.name_for(key)
            if name is not None and name not in self.external.paths:
                summaries.append(SecretSummary(name, schema, version, updated))
        return [*summaries, *self.external.summaries()]

    def check(self, name: str, record: SecretRecord) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.check`."""
        self.keys.key_for(name)
        self.envelope_for(name, record)

    def create(self, name: str, record: SecretRecord) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.create`."""
        key = self.keys.key_for(name)
        envelope = self.envelope_for(name, record)
        try:
            return self.runner.run_unmapped(lambda client: self.insert(client, key, envelope))
        except RemoteError as error:
            if error.kind is ErrorKind.EXISTS and error.was_retried and self._is_stored(key, envelope):
                # An earlier attempt stored the secret, and its response was lost.
                return None
            problem = self.runner.error_for(error, "register", name, is_write=True)
        raise problem

    def replace(self, name: str, change: Callable[[SecretRecord], SecretRecord]) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.replace`."""
        key = self.key_for(name)
        failure = RemoteError(ErrorKind.CONFLICT)
        for _ in range(MAX_CONFLICT_RETRIES):
            current = self.runner.run("update", lambda client: self.fetch_for_update(client, key), name=name)
            envelope = self.envelope_for(name, change(self._decode(current, name)))
            error = self._overwrite(key, envelope, current)
            if error is None:
                return
            failure = error
            if failure.kind is not ErrorKind.CONFLICT:
                break
            time.sleep(random.uniform(0, self.first_wait))  # noqa: S311 - the random wait only separates the retries of two writers
        raise self.runner.error_for(failure, "update", name, is_write=True)

    def delete(self, name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.delete`."""
        key = self.key_for(name)
        # A backend without reads can't check the owner of the secret.
        if Capability.READ in self.capabilities and not self._fetch("delete", name).is_ours:
            raise foreign_secret_error(name, self.encoding.service)
        self.delete_key(name, key)

    def delete_key(self, name: str, key: str) -> None:
        """Delete the key of a secret, even if another program wrote the payload.

        Raises:
            SecretNotFoundError: If the key does not exist.
        """
        try:
            return self.runner.run_unmapped(lambda client: self.remove(client, key))
        except RemoteError as error:
            if error.kind is ErrorKind.MISSING and error.was_retried:
                # An earlier attempt deleted the key, and its response was lost.
                return None
            problem = self.runner.error_for(error, "delete", name, is_write=True)
        raise problem

    def rename(self, name: str, new_name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Renamable.rename`."""
        self.create(new_name, self.read(name))
        try:
            self.delete(name)
        except SecretNotFoundError:
            # Another user has deleted the secret since it was read, so the copy under the new name must not stay.
            self.delete(new_name)
            raise
        except ZenSecretsError as error:
            problem = error
        else:
            return
        # The old secret could not be deleted, so the copy is deleted. If this fails too, the first error is raised.
        with suppress(ZenSecretsError):
            self.delete(new_name)
        raise problem

    def delete_all(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Clearable.delete_all`."""
        secret_names = [*self.names()]
        if secret_names:
            with ThreadPoolExecutor(min(self.parallel_reads, len(secret_names)), thread_name_prefix="zensecrets-delete") as pool:
                # The loop raises the first error of the threads.
                for _ in pool.map(self._delete_if_ours, secret_names):
                    pass

    def restore(self, name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Restorable.restore`."""
        key = self.key_for(name)
        if not isinstance(self, RecoveryRequests):
            raise self.unsupported_error("bring back deleted secrets")
        # In the lambda, mypy does not know the result of isinstance, so the method is looked up here.
        recover = self.recover
        try:
            return self.runner.run_unmapped(lambda client: recover(client, key))
        except RemoteError as error:
            if error.kind is ErrorKind.EXISTS and error.was_retried:
                # An earlier attempt restored the secret, and its response was lost.
                return None
            problem = self.runner.error_for(error, "bring back", name, is_write=True)
        raise problem

    def history(self, name: str) -> Sequence[SecretVersion]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Versioned.history`."""
        return [
            SecretVersion(version.number, version.envelope.schema, version.created, version.current) for version in self._versions(name)
        ]

    def rollback(self, name: str, number: int) -> SecretVersion:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Versioned.rollback`. A conflict is retried as in an update."""
        versions = self._versions(name)
        envelope = next((version.envelope for version in versions if version.number == number), None)
        if envelope is None:
            message = f"There is no version {number} of secret {name!r} in secrets manager {self.name!r}."
            hint = f"The versions are {', '.join(str(version.number) for version in versions)}."
            raise SecretNotFoundError(message, name=name, manager=self.name, hint=hint)
        record = self._decode(envelope, name)
        self.replace(name, lambda _current: record)
        return self.history(name)[0]

    # Helpers.

    def envelope_for(self, name: str, record: SecretRecord) -> SecretEnvelope:
        """Return the text that is stored for a secret.

        Raises:
            InvalidSecretError: If the text is too large for the service.
        """
        envelope = self.codec.encode(record)
        if not self.max_size or envelope.size <= self.max_size:
            return envelope
        message = f"Secret {name!r} needs {envelope.size} bytes in {self.encoding.service}; {self.max_size} are allowed."
        hint = "Store large files elsewhere, and only the key to them here."
        raise InvalidSecretError(message, name=name, manager=self.name, hint=hint)

    def _decode(self, envelope: SecretEnvelope, name: str) -> SecretRecord:
        """Return the record of an envelope of a secret."""
        return self.codec.decode(envelope, name=name, service=self.encoding.service, manager=self.name)

    def _fetch(self, verb: str, name: str) -> SecretEnvelope:
        """Return the current envelope of a secret. ``verb`` is the operation, for messages."""
        key = self.key_for(name)
        return self.runner.run(verb, lambda client: self.fetch(client, key), name=name)

    def _fetch_external(self, name: str, path: str) -> str | bytes:
        """Return the current text of a secret of another program."""
        return self.runner.run("read", lambda client: self.fetch_external(client, path), name=name)

    def _overwrite(self, key: str, envelope: SecretEnvelope, current: SecretEnvelope) -> RemoteError | None:
        """Replace the envelope ``current`` by ``envelope``, and return the error or ``None``."""
        try:
            self.runner.run_unmapped(lambda client: self.overwrite(client, key, envelope, current))
        except RemoteError as error:
            if error.kind is ErrorKind.CONFLICT and error.was_retried and self._is_stored(key, envelope):
                # An earlier attempt stored the envelope, and its response was lost.
                return None
            return error
        return None

    def _is_stored(self, key: str, envelope: SecretEnvelope) -> bool:
        """Return whether an earlier attempt has stored the envelope in the service."""
        if Capability.READ not in self.capabilities:
            return False
        with suppress(RemoteError):
            # Write IDs are compared instead of texts, because a service that parses JSON may return the text with another order of keys.
            return self.runner.run_unmapped(lambda client: self.fetch(client, key)).write_id == envelope.write_id
        return False

    def _delete_if_ours(self, name: str) -> None:
        """Delete a secret. Skip a secret of another program, and a secret that another user has just deleted."""
        with suppress(SecretNotFoundError, ManagerCorruptedError, UnsupportedOperationError):
            self.delete(name)

    def _versions(self, name: str) -> Sequence[StoredVersion]:
        """Return all versions of a secret, the newest first."""
        key = self.key_for(name)
        if not isinstance(self, VersionRequests):
            raise self.unsupported_error("keep versions of secrets")
        # In the lambda, mypy does not know the result of isinstance, so the method is looked up here.
        fetch_versions = self.fetch_versions
        return self.runner.run("read", lambda client: fetch_versions(client, key), name=name)

    # The requests that a subclass implements. They use keys, not names.

    @abstractmethod
    def connect(self) -> ClientT:
        """Return a new client that is logged in.

        The client must be thread-safe, use ``options.timeout`` and not retry.
        """

    @abstractmethod
    def fetch(self, client: ClientT, key: str) -> SecretEnvelope:
        """Return the current envelope of a key."""

    @abstractmethod
    def list_keys(self, client: ClientT, prefix: str) -> Iterable[ListedKey]:
        """Return every key that begins with ``prefix``, from all pages. The result may contain other keys, which are ignored."""

    @abstractmethod
    def insert(self, client: ClientT, key: str, envelope: SecretEnvelope) -> None:
        """Store an envelope under a new key. If the key exists already, the error has the kind EXISTS."""

    @abstractmethod
    def overwrite(self, client: ClientT, key: str, envelope: SecretEnvelope, current: SecretEnvelope) -> None:
        """Replace the envelope ``current`` by ``envelope``.

        If another writer has replaced ``current`` since it was read, and the service can detect this, the error has the kind CONFLICT.
        """

    @abstractmethod
    def remove(self, client: ClientT, key: str) -> None:
        """Delete a key. If the key does not exist, the error has the kind MISSING."""

    # Requests and hooks that a subclass may override.

    def fetch_for_update(self, client: ClientT, key: str) -> SecretEnvelope:
        """Return the current envelope with the token that :meth:`overwrite` needs."""
        return self.fetch(client, key)

    def fetch_many(self, client: ClientT, keys: Sequence[str]) -> Mapping[str, SecretEnvelope | RemoteError]:  # noqa: ARG002 - overrides use the arguments
        """Return the envelope or the error of each existing key. There are at most ``batch_size`` keys.

        This method is called only if ``batch_size`` is greater than 1.
        """
        raise RemoteError(ErrorKind.UNSUPPORTED)

    def fetch_external(self, client: ClientT, path: str) -> str | bytes:
        """Return the current text of a secret of another program. If the secret does not exist, the error has the kind MISSING."""
        return self.fetch(client, path).text

    def explain_deleted(self, name: str, key: str) -> SecretNotFoundError | None:  # noqa: ARG002 - overrides use the arguments
        """Return an error that states until when a deleted secret can be restored, or ``None``.

        This method may send a request.
        """
        return None

    def library_errors(self) -> ErrorTable:
        """Return further error kinds by class. The method imports the classes, because the module must not import the SDK."""
        return {}

    def codes_of(self, error: Exception) -> tuple[str, ...]:  # noqa: ARG002 - overrides use the arguments
        """Return the service's codes of an error, the most specific first."""
        return ()

    def classify(self, error: Exception) -> ErrorKind | None:  # noqa: ARG002 - overrides use the arguments
        """Return the kind of an error whose class and codes are not enough to find the kind, or ``None``."""
        return None

    def requested_wait(self, error: Exception) -> float:  # noqa: ARG002 - overrides use the arguments
        """Return the seconds that the service asked to wait before a retry, or 0."""
        return 0.0
