"""The ``azure`` backend: Azure Key Vault, with earlier versions.

It needs the address of the vault, the extra ``azure``, and credentials: those that Azure's libraries find, or the client secret of an
application. A read needs the permission "get", a list "list", a write "get" and "set", and a deletion "get" and "delete",
with the option ``purge`` also "purge". The permission "recover" is needed to restore a deleted secret, or to register its name again.

A vault has no compare-and-set. If two users write one secret at the same time, the later write wins, and the earlier one is a version in
the vault. A deleted secret can be recovered until its retention period ends, unless the option ``purge`` is set. If the name is registered
again, the new secret replaces the deleted one, and does not get the history of the deleted one.

Each version that this backend writes has two tags besides the schema. One is its number, because the vault does not order versions of the
same second. The other one is a random ID that all versions since one registration share, because a recovered secret still has the versions
from before its deletion.
"""

from __future__ import annotations

import re
import secrets
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from zensecrets_jupyter.core.errors import SecretNotFoundError
from zensecrets_jupyter.core.managers.backends.remote.azure.client import (
    AzureOptions,
    create_client,
    nested_error_classes,
    no_retry_options,
)
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend, StoredVersion
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.environment_files import PEM, REQUESTS_VARIABLES
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.http_errors import requests_errors
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS, NameEncoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from azure.core.credentials import TokenCredential
    from azure.keyvault.secrets import DeletedSecret, SecretClient, SecretProperties

    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable
    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

RECOVERABLE_CODE = "ObjectIsDeletedButRecoverable"
"""The code of Key Vault for a deleted secret that can be recovered."""
PENDING_CODES = frozenset({"ObjectIsBeingDeleted", "ObjectIsBeingRecovered"})
"""The codes of Key Vault for a deletion or a recovery in progress."""

ERROR_KINDS: ErrorTable = {
    # These are inner codes of status 409. An update gets the first one if another user has just deleted the secret.
    RECOVERABLE_CODE: ErrorKind.MISSING,
    "ObjectIsBeingDeleted": ErrorKind.TRANSIENT,
    "ObjectIsBeingRecovered": ErrorKind.TRANSIENT,
    # These are classes of errors inside a ServiceRequestError.
    "SSLCertVerificationError": ErrorKind.UNREACHABLE,
    "NameResolutionError": ErrorKind.UNREACHABLE,
    "gaierror": ErrorKind.UNREACHABLE,
    "ConnectionError": ErrorKind.TRANSIENT,
    "TimeoutError": ErrorKind.TRANSIENT,
    # A credential contains a character that no HTTP header allows.
    "InvalidHeader": ErrorKind.UNKNOWN_USER,
    # These statuses are in "Authentication, requests and responses" of Key Vault's REST API.
    "401": ErrorKind.UNKNOWN_USER,
    "403": ErrorKind.DENIED,
    "404": ErrorKind.MISSING,
    "408": ErrorKind.TRANSIENT,
    "409": ErrorKind.TRANSIENT,
    "413": ErrorKind.TOO_LARGE,
    "429": ErrorKind.TRANSIENT,
    "500": ErrorKind.TRANSIENT,
    "502": ErrorKind.TRANSIENT,
    "503": ErrorKind.TRANSIENT,
    "504": ErrorKind.TRANSIENT,
}
"""Error kinds by code and status of Key Vault, and by the class of a nested error."""

SCHEMA_TAG = "zensecrets"
"""The tag of the secrets of this package. Its value is the schema, so that a list shows the schemas without reading values."""
REGISTRATION_TAG = "zensecrets-life"
"""The tag with the ID of the registration, which all versions since that registration share. The life of a secret is the time from its
registration to its deletion."""
NUMBER_TAG = "zensecrets-version"
"""The tag with the number of a version. The first version has number 1."""

_EPOCH = datetime.fromtimestamp(0, timezone.utc)
"""The time of a version for which the vault returns no time."""


class _VersionTags(NamedTuple):
    """The tags of a version: the ID of its registration, and its number."""

    registration: str
    number: int


class AzureBackend(RemoteBackend["SecretClient", AzureOptions]):
    """The backend for Azure Key Vault."""

    FLAVOR: ClassVar[str] = "azure"
    options_model: ClassVar[type[ManagerOptions]] = AzureOptions
    encoding: ClassVar[NameEncoding] = ENCODINGS["azure"]
    error_kinds: ClassVar[ErrorTable] = ERROR_KINDS
    environment_files: ClassVar[Mapping[str, str]] = {"AZURE_CLIENT_CERTIFICATE_PATH": PEM, **REQUESTS_VARIABLES}
    libraries: ClassVar[tuple[str, ...]] = ("azure.identity", "azure.keyvault.secrets")
    # Key Vault allows 25 KB ("About Azure Key Vault secrets").
    max_size: ClassVar[int] = 25 * 1024
    poll_interval: ClassVar[float] = 1.0
    """Seconds between two checks of a pending deletion or recovery."""
    deletion_seconds: ClassVar[float] = 5.0
    """Seconds that a deletion may take. The documentation of the client says "several"."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        # The first set has the envelopes of updates that were sent at least once. The second set has the envelopes for which a deleted
        # secret was recovered. With these sets, a retry of an envelope expects the result of the earlier attempt.
        self._sent_envelopes: weakref.WeakSet[SecretEnvelope] = weakref.WeakSet()
        self._recovered_envelopes: weakref.WeakSet[SecretEnvelope] = weakref.WeakSet()

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        deleted_secrets = "purged at once" if self.options.purge else "recoverable in the vault"
        return {**super().describe(), "deleted secrets are": deleted_secrets}

    def explain_deleted(self, name: str, key: str) -> SecretNotFoundError | None:
        """See :meth:`RemoteBackend.explain_deleted`."""
        deleted_secret = self.runner.run_unmapped(lambda client: client.get_deleted_secret(key))
        if _is_written_by_us(deleted_secret) and deleted_secret.scheduled_purge_date:
            end_date = f"{deleted_secret.scheduled_purge_date:%Y-%m-%d}"
            message = f"Secret {name!r} in secrets manager {self.name!r} was deleted. Azure keeps it until {end_date}."
            hint = f"Restore it: %secret undelete {name}, or register it again."
            return SecretNotFoundError(message, name=name, manager=self.name, hint=hint)
        return None

    def connect(self) -> SecretClient:
        """See :meth:`RemoteBackend.connect`."""
        timeout = self.options.timeout
        return create_client(self.options.vault_url, self._credential(), timeout=timeout, max_connections=self.parallel_reads)

    def library_errors(self) -> ErrorTable:
        """See :meth:`RemoteBackend.library_errors`."""
        from azure.core import exceptions

        return {
            **requests_errors(),
            exceptions.ClientAuthenticationError: ErrorKind.UNKNOWN_USER,
            exceptions.ServiceRequestError: ErrorKind.TRANSIENT,
            exceptions.ServiceResponseError: ErrorKind.TRANSIENT,
        }

    def _credential(self) -> TokenCredential:
        """Return the credential of the options, or the credential that Azure's libraries find."""
        from azure.identity import ClientSecretCredential, DefaultAzureCredential

        # By instance discovery, a credential asks the public cloud whether it knows the token server.
        options: dict[str, Any] = {
            **no_retry_options(self.options.timeout),
            "disable_instance_discovery": not self.options.authority_is_known,
        }
        if self.options.authority:
            options["authority"] = self.options.authority
        tenant, application, client_secret = self.options.tenant_id, self.options.client_id, self.options.client_secret
        try:
            if tenant and application and client_secret:
                return ClientSecretCredential(tenant, application, client_secret, **options)
            return DefaultAzureCredential(**options)
        except ValueError:
            # The text of this error is not shown, because it quotes the tenant ID or the authority.
            pass
        raise RemoteError(ErrorKind.UNKNOWN_USER, "malformed tenant id or authority")

    def fetch(self, client: SecretClient, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch`."""
        secret = client.get_secret(key)
        return SecretEnvelope(secret.value or "", token=_tags_of(secret.properties))

    def fetch_external(self, client: SecretClient, path: str) -> str:
        """See :meth:`RemoteBackend.fetch_external`."""
        if not re.fullmatch("[0-9A-Za-z-]{1,127}", path):
            # With other characters in the path, the client would send the request to the address of another resource.
            raise RemoteError(ErrorKind.MISSING)
        return client.get_secret(path).value or ""

    def list_keys(self, client: SecretClient, prefix: str) -> Iterable[ListedKey]:  # noqa: ARG002 - a vault has no filter by prefix
        """See :meth:`RemoteBackend.list_keys`."""
        for properties in client.list_properties_of_secrets():
            # Managed secrets belong to certificates, and are skipped.
            if properties.name and not properties.managed:
                tags = _tags_of(properties)
                schema = (properties.tags or {}).get(SCHEMA_TAG)
                yield ListedKey(properties.name, schema, tags.number if tags else None, properties.updated_on)

    def insert(self, client: SecretClient, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        # A vault would add a version to an existing secret. After a recovery by an earlier attempt, the key is expected to exist.
        if envelope not in self._recovered_envelopes and self._has_current_version(client, key):
            raise RemoteError(ErrorKind.EXISTS)
        first_tags = _VersionTags(secrets.token_hex(8), 1)
        try:
            self._retry_while_pending(lambda: self._write_version(client, key, envelope, first_tags))
        except Exception as error:
            if RECOVERABLE_CODE not in self.codes_of(error):
                raise
        else:
            return
        _refuse_foreign(client.get_deleted_secret(key))
        self._recovered_envelopes.add(envelope)
        try:
            client.begin_recover_deleted_secret(key)
            self._retry_while_pending(lambda: self._write_version(client, key, envelope, first_tags))
        except BaseException:
            # The recovered secret must be deleted again, even after Ctrl-C.
            with suppress(Exception):  # the error of the write is raised
                client.begin_delete_secret(key)
                # A retry has to recover the secret again.
                self._recovered_envelopes.discard(envelope)
            raise

    def _has_current_version(self, client: SecretClient, key: str) -> bool:
        """Return whether the key has a current version."""
        try:
            client.get_secret(key)
        except Exception as error:
            if self.runner.kind_of(error) is not ErrorKind.MISSING:
                raise
            return False
        return True

    def overwrite(self, client: SecretClient, key: str, envelope: SecretEnvelope, current: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.overwrite`."""
        # After a version without our tags, for example a copy by another program, the numbers begin with 1.
        current_tags = current.token if isinstance(current.token, _VersionTags) else _VersionTags(secrets.token_hex(8), 0)
        if envelope in self._sent_envelopes:
            # The response to an earlier attempt was lost. That attempt, or another writer, may have changed the secret.
            current_write_id = self.fetch(client, key).write_id
            if current_write_id == envelope.write_id:
                return
            if current_write_id != current.write_id:
                raise RemoteError(ErrorKind.CONFLICT)
        self._sent_envelopes.add(envelope)
        self._write_version(client, key, envelope, _VersionTags(current_tags.registration, current_tags.number + 1))

    def _write_version(self, client: SecretClient, key: str, envelope: SecretEnvelope, tags: _VersionTags) -> None:
        """Store an envelope as a new version with our tags."""
        azure_tags = {SCHEMA_TAG: envelope.schema, REGISTRATION_TAG: tags.registration, NUMBER_TAG: str(tags.number)}
        client.set_secret(key, envelope.text, content_type="application/json", tags=azure_tags)

    def remove(self, client: SecretClient, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        try:
            client.begin_delete_secret(key)
        except Exception as error:
            if not self.options.purge or self.runner.kind_of(error) is not ErrorKind.MISSING:
                raise
            # An earlier attempt may have deleted the secret without purging it. Without a deleted secret, the next line raises an error.
            client.get_deleted_secret(key)
        if not self.options.purge:
            return
        try:
            self._retry_while_pending(lambda: client.purge_deleted_secret(key), missing_is_pending=True)
        except Exception as error:
            if self.runner.kind_of(error) is not ErrorKind.DENIED:
                raise
            raise RemoteError(ErrorKind.DENIED, "it is deleted, but could not be purged") from None

    def recover(self, client: SecretClient, key: str) -> None:
        """See :meth:`RecoveryRequests.recover`."""
        if self._has_current_version(client, key):
            raise RemoteError(ErrorKind.EXISTS)
        # For some seconds after a deletion, the vault finds neither a current nor a deleted secret.
        self._retry_while_pending(
            lambda: _refuse_foreign(client.get_deleted_secret(key)), missing_is_pending=True, timeout=self.deletion_seconds
        )
        client.begin_recover_deleted_secret(key)
        self._retry_while_pending(lambda: client.get_secret(key), missing_is_pending=True)

    def fetch_versions(self, client: SecretClient, key: str) -> Sequence[StoredVersion]:
        """See :meth:`VersionRequests.fetch_versions`."""
        current = client.get_secret(key).properties
        current_tags = _tags_of(current)
        if current_tags is None:
            raise RemoteError(ErrorKind.NOT_OURS)
        versions: dict[int, SecretProperties] = {}
        for properties in client.list_properties_of_secret_versions(key):
            tags = _tags_of(properties)
            if tags is None or tags.registration != current_tags.registration or not properties.enabled:
                continue
            # After concurrent writes, another version may have the number of the current one. Of versions with that number,
            # only the current one is returned.
            if tags.number < current_tags.number or properties.version == current.version:
                versions[tags.number] = properties

        def read_version(number: int) -> StoredVersion:
            properties = versions[number]
            envelope = SecretEnvelope(client.get_secret(key, properties.version).value or "")
            return StoredVersion(number, properties.created_on or _EPOCH, envelope, number == current_tags.number)

        with ThreadPoolExecutor(self.parallel_reads, thread_name_prefix="zensecrets-versions") as pool:
            return [version for version in pool.map(read_version, sorted(versions, reverse=True)) if version.envelope.is_ours]

    def _retry_while_pending(self, operation: Callable[[], Any], *, missing_is_pending: bool = False, timeout: float | None = None) -> None:
        """Call ``operation`` again until it is not refused by a pending deletion or recovery.

        Args:
            operation: Sends the request.
            missing_is_pending: Whether a missing secret means that a deletion or a recovery is pending.
            timeout: Seconds after which the last error is raised. The default is the option ``deadline``.
        """
        end_time = time.monotonic() + (self.options.deadline if timeout is None else timeout)
        while True:
            try:
                operation()
            except Exception as error:
                codes = set(self.codes_of(error))
                # A secret with RECOVERABLE_CODE is completely deleted, so nothing is pending.
                is_missing = self.runner.kind_of(error) is ErrorKind.MISSING and RECOVERABLE_CODE not in codes
                is_pending = (is_missing and missing_is_pending) or PENDING_CODES & codes
                if not is_pending or time.monotonic() > end_time:
                    raise
            else:
                return
            time.sleep(self.poll_interval)

    def classify(self, error: Exception) -> ErrorKind | None:
        """See :meth:`RemoteBackend.classify`."""
        # The vault sends this text if the token is not valid at the current time, because a clock is wrong.
        return ErrorKind.SKEWED if "Lifetime validation failed" in str(getattr(error, "message", "")) else None

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        inner_error = getattr(getattr(error, "error", None), "innererror", None)
        codes = [inner_error.get("code") if isinstance(inner_error, dict) else None, getattr(error, "status_code", None)]
        # An error without a response has no codes. Its nested errors are returned, the innermost and most specific one first.
        return tuple(str(code) for code in codes if code) or tuple(nested_error_classes(error))[::-1]

    def requested_wait(self, error: Exception) -> float:
        """See :meth:`RemoteBackend.requested_wait`."""
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        seconds = headers.get("Retry-After", "")
        return float(seconds) if seconds.isdecimal() else 0.0


def _is_written_by_us(deleted_secret: DeletedSecret) -> bool:
    """Return whether this package wrote the deleted secret."""
    return SCHEMA_TAG in (deleted_secret.properties.tags or {})


def _refuse_foreign(deleted_secret: DeletedSecret) -> None:
    """Raise RemoteError if another program wrote the deleted secret."""
    if not _is_written_by_us(deleted_secret):
        raise RemoteError(ErrorKind.NOT_OURS, "a deleted secret of another program")


def _tags_of(properties: SecretProperties) -> _VersionTags | None:
    """Return our tags of a version, or ``None`` if another program wrote it."""
    tags = properties.tags or {}
    number = tags.get(NUMBER_TAG, "")
    if REGISTRATION_TAG in tags and SCHEMA_TAG in tags and number.isdecimal():
        return _VersionTags(tags[REGISTRATION_TAG], int(number))
    return None
