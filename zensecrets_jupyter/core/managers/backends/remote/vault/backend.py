"""The ``vault`` backend: a KV version 2 engine of HashiCorp Vault, with versions.

The backend needs the extra ``vault``, and a token, an AppRole or a Kubernetes service account. Vault's list includes deleted secrets that
can be restored. To omit them, this backend reads the metadata of each listed secret. Without permission to read metadata, the backend's
list includes deleted secrets.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.errors import InvalidSecretError, SecretNotFoundError
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend, StoredVersion
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.environment_files import PEM, REQUESTS_VARIABLES
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.http_errors import requests_errors
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS
from zensecrets_jupyter.core.managers.backends.remote.vault.client import VaultOptions, create_client, is_token_valid
from zensecrets_jupyter.core.managers.records import SecretSummary
from zensecrets_jupyter.core.names import LONE_SURROGATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zensecrets_jupyter.core.managers.backends.remote.naming import NameEncoding
    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable
    from zensecrets_jupyter.core.managers.records import ManagerOptions, SecretRecord

_NO_CONTENT = 204
"""The HTTP status of a response without a body."""

_CODES_BY_TEXT: dict[str, str] = {
    "check-and-set parameter did not match": "check-and-set",
    "Vault is sealed": "sealed",
    "too large": "too-large",
    "invalid token": "invalid-token",
}
"""Our codes for errors that Vault reports only as text."""

_ERRORS: ErrorTable = {
    "check-and-set": ErrorKind.CONFLICT,
    "sealed": ErrorKind.LOCKED,
    "too-large": ErrorKind.TOO_LARGE,
    "invalid-token": ErrorKind.UNKNOWN_USER,
    # These errors of urllib3 are inside errors of requests. They are texts, because urllib3 1 has no class NameResolutionError.
    "NewConnectionError": ErrorKind.UNREACHABLE,
    "NameResolutionError": ErrorKind.UNREACHABLE,
    "SSLError": ErrorKind.UNREACHABLE,
    "ProxyError": ErrorKind.UNREACHABLE,
}
"""Error kinds by code. :meth:`VaultBackend.library_errors` has the errors of hvac and requests."""


class VaultBackend(RemoteBackend[Any, VaultOptions]):
    """The backend for HashiCorp Vault.

    Every write contains the number of the version that it replaces. Vault refuses the write if another version is current.
    """

    FLAVOR: ClassVar[str] = "vault"
    options_model: ClassVar[type[ManagerOptions]] = VaultOptions
    encoding: ClassVar[NameEncoding] = ENCODINGS["vault"]
    environment_files: ClassVar[Mapping[str, str]] = {
        "VAULT_CACERT": PEM,
        "VAULT_CAPATH": PEM,
        "VAULT_CLIENT_CERT": PEM,
        "VAULT_CLIENT_KEY": PEM,
        **REQUESTS_VARIABLES,
    }
    libraries: ClassVar[tuple[str, ...]] = ("hvac",)
    error_kinds: ClassVar[ErrorTable] = _ERRORS
    # Vault's Consul storage allows 512 KiB including metadata, the least of all storages.
    max_size: ClassVar[int] = 500_000

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        retention = "not at all" if self.options.force else "as long as Vault keeps its versions"
        facts = {"mounted at": self.options.mount_point, "login by": self.options.auth, "deleted secrets are kept for": retention}
        return {**super().describe(), **facts}

    def explain_deleted(self, name: str, key: str) -> SecretNotFoundError | None:
        """See :meth:`RemoteBackend.explain_deleted`."""
        metadata = self.runner.run_unmapped(lambda client: self._read_metadata(client, key))
        if _is_restorable(metadata):
            message = f"Secret {name!r} in secrets manager {self.name!r} was deleted. Vault still keeps it."
            hint = f"Restore it: %secret undelete {name}, or register it again."
            return SecretNotFoundError(message, name=name, manager=self.name, hint=hint)
        return None

    def library_errors(self) -> ErrorTable:
        """See :meth:`RemoteBackend.library_errors`."""
        from hvac import exceptions
        from requests import exceptions as requests_exceptions

        return {
            **requests_errors(),
            requests_exceptions.ProxyError: ErrorKind.UNREACHABLE,
            requests_exceptions.MissingSchema: ErrorKind.UNREACHABLE,
            requests_exceptions.InvalidSchema: ErrorKind.UNREACHABLE,
            # Each class is one status of "HTTP Status Codes" in Vault's documentation.
            exceptions.Unauthorized: ErrorKind.UNKNOWN_USER,
            exceptions.Forbidden: ErrorKind.DENIED,
            exceptions.InvalidPath: ErrorKind.MISSING,
            exceptions.UnsupportedOperation: ErrorKind.UNSUPPORTED,
            # Status 412: a server of Vault Enterprise has not received the latest data yet.
            exceptions.PreconditionFailed: ErrorKind.TRANSIENT,
            exceptions.RateLimitExceeded: ErrorKind.TRANSIENT,
            exceptions.InternalServerError: ErrorKind.TRANSIENT,
            exceptions.VaultNotInitialized: ErrorKind.LOCKED,
            exceptions.BadGateway: ErrorKind.TRANSIENT,
            exceptions.VaultDown: ErrorKind.TRANSIENT,
        }

    def envelope_for(self, name: str, record: SecretRecord) -> SecretEnvelope:
        """See :meth:`RemoteBackend.envelope_for`."""
        envelope = super().envelope_for(name, record)
        if LONE_SURROGATE.search("".join([*record.content, *record.content.values()])):
            message = f"Secret {name!r} contains a lone surrogate, which Vault would replace by another character."
            raise InvalidSecretError(message, name=name, manager=self.name, hint="Encode the value, for example as base64.")
        return envelope

    def list(self) -> Iterable[SecretSummary]:
        """See :meth:`RemoteBackend.list`."""
        listed_summaries = [*super().list()]
        if not listed_summaries:
            return []
        with ThreadPoolExecutor(min(self.parallel_reads, len(listed_summaries)), thread_name_prefix="zensecrets-list") as pool:
            return [summary for summary in pool.map(self._complete_summary, listed_summaries) if summary is not None]

    def _complete_summary(self, listed_summary: SecretSummary) -> SecretSummary | None:
        """Return the summary of a listed secret with version and time, or ``None`` if the secret is deleted."""
        if listed_summary.name in self.read_only_locations:
            # An external secret is not stored under a key of this manager.
            return listed_summary
        key = self.key_for(listed_summary.name)
        try:
            metadata = self.runner.run_unmapped(lambda client: self._read_metadata(client, key))
        except RemoteError as error:
            if error.kind is ErrorKind.MISSING:
                return None
            if error.kind is ErrorKind.DENIED:
                return listed_summary
            problem = self.runner.error_for(error, "list")
        else:
            live_numbers = _live_version_numbers(metadata)
            if not live_numbers:
                return None
            return SecretSummary(listed_summary.name, None, live_numbers[0], _parse_time(metadata["updated_time"]))
        raise problem

    # The methods below send requests.

    def connect(self) -> Any:
        """See :meth:`RemoteBackend.connect`."""
        return create_client(self.options, max_connections=self.parallel_reads)

    def fetch(self, client: Any, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch`."""
        return self._read_version(client, key, None)

    def _read_version(self, client: Any, key: str, number: int | None) -> SecretEnvelope:
        """Return the envelope of the version ``number``, or of the current version for ``None``."""
        response = self._call(client, client.secrets.kv.v2.read_secret_version, key, version=number, raise_on_deleted_version=True)
        payload = _data_of(response)
        data, version = payload.get("data"), payload.get("metadata", {}).get("version")
        return SecretEnvelope(json.dumps(data, ensure_ascii=False, separators=(",", ":")), version)

    def fetch_external(self, client: Any, path: str) -> str:
        """See :meth:`RemoteBackend.fetch_external`."""
        return self.fetch(client, path.strip("/")).text

    def _read_metadata(self, client: Any, key: str) -> dict[str, Any]:
        """Return the metadata of a key, with all its versions."""
        return _data_of(self._call(client, client.secrets.kv.v2.read_secret_metadata, key))

    def list_keys(self, client: Any, prefix: str) -> Iterable[ListedKey]:
        """See :meth:`RemoteBackend.list_keys`."""
        from hvac.exceptions import InvalidPath

        try:
            keys = _data_of(self._call(client, client.secrets.kv.v2.list_secrets, prefix))["keys"]
        except InvalidPath:
            # If there is no secret, Vault sends this error.
            keys = []
        # A key that ends with a slash is a folder.
        return [ListedKey(prefix + key) for key in keys if not key.endswith("/")]

    def insert(self, client: Any, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        try:
            # Vault accepts the version 0 only for a key that has no version.
            return self._write(client, key, envelope, replaced_version=0)
        except RemoteError as error:
            if error.kind is not ErrorKind.CONFLICT:
                raise
        # The key has versions. The secret exists, or it is deleted and can be restored. A deleted secret is replaced by a new version.
        metadata = self._read_metadata(client, key)
        if _live_version_numbers(metadata):
            raise RemoteError(ErrorKind.EXISTS)
        try:
            return self._write(client, key, envelope, replaced_version=metadata["current_version"])
        except RemoteError as error:
            if error.kind is not ErrorKind.CONFLICT:
                raise
        # Another writer has registered the name since the first attempt.
        raise RemoteError(ErrorKind.EXISTS)

    def overwrite(self, client: Any, key: str, envelope: SecretEnvelope, current: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.overwrite`."""
        self._write(client, key, envelope, replaced_version=current.token)

    def _write(self, client: Any, key: str, envelope: SecretEnvelope, *, replaced_version: object) -> None:
        """Write ``envelope`` if ``replaced_version`` is the number of the current version.

        Raises:
            RemoteError: If another version is current. The error has the kind CONFLICT.
        """
        from hvac.exceptions import InvalidRequest

        try:
            response = self._call(
                client, client.secrets.kv.v2.create_or_update_secret, key, secret=json.loads(envelope.text), cas=replaced_version
            )
        except InvalidRequest as error:
            if self.runner.kind_of(error) is not ErrorKind.CONFLICT:
                raise
            response = None
        if response is None:
            raise RemoteError(ErrorKind.CONFLICT)
        if "version" not in _data_of(response):
            raise _foreign_response_error()

    def remove(self, client: Any, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        kv = client.secrets.kv.v2
        if self.options.force:
            _check_confirmed(self._call(client, kv.delete_metadata_and_all_versions, key))
            return
        live_numbers = _live_version_numbers(self._read_metadata(client, key))
        if not live_numbers:
            raise RemoteError(ErrorKind.MISSING)
        # All versions are deleted, so that the history of a new secret with the same name does not contain them.
        _check_confirmed(self._call(client, kv.delete_secret_versions, key, versions=live_numbers))

    def recover(self, client: Any, key: str) -> None:
        """See :meth:`RecoveryRequests.recover`."""
        metadata = self._read_metadata(client, key)
        if _live_version_numbers(metadata):
            raise RemoteError(ErrorKind.EXISTS)
        if not _is_restorable(metadata):
            raise RemoteError(ErrorKind.MISSING)
        current_version = {"versions": [metadata["current_version"]]}
        _check_confirmed(self._call(client, client.secrets.kv.v2.undelete_secret_versions, key, **current_version))
        # Only the content shows whether this package wrote the secret, so the secret is restored before this check.
        if not self._is_foreign(client, key):
            return
        _check_confirmed(self._call(client, client.secrets.kv.v2.delete_secret_versions, key, **current_version))
        raise RemoteError(ErrorKind.NOT_OURS)

    def _is_foreign(self, client: Any, key: str) -> bool:
        """Return whether another program wrote the current version."""
        from hvac.exceptions import Forbidden

        try:
            return not self.fetch(client, key).is_ours
        except Forbidden:
            # Without permission to read, the secret counts as ours.
            return False

    def fetch_versions(self, client: Any, key: str) -> Sequence[StoredVersion]:
        """See :meth:`VersionRequests.fetch_versions`."""
        metadata = self._read_metadata(client, key)
        versions: list[StoredVersion] = []
        for number in _live_version_numbers(metadata):
            created = _parse_time(metadata["versions"][str(number)]["created_time"])
            # The first number is that of the current version.
            versions.append(StoredVersion(number, created, self._read_version(client, key, number), current=not versions))
        if not versions:
            raise RemoteError(ErrorKind.MISSING)
        return versions

    def _call(self, client: Any, request: Callable[..., Any], key: str, **arguments: Any) -> Any:
        """Return the response to one request.

        Raises:
            RemoteError: If the token is invalid.
        """
        from hvac.exceptions import Forbidden

        try:
            return request(path=key, mount_point=self.options.mount_point, **arguments)
        except Forbidden as error:
            # Vault sends this error for an invalid token and for a missing permission. is_token_valid tells the two cases apart.
            if self.runner.kind_of(error) is ErrorKind.DENIED and not is_token_valid(client):
                problem = RemoteError(ErrorKind.UNKNOWN_USER, "Forbidden")
            else:
                raise
        raise problem

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        errors = getattr(error, "errors", None)
        texts = " ".join(map(str, errors)) if isinstance(errors, list) else str(errors or "")
        codes = [code for text, code in _CODES_BY_TEXT.items() if text in texts]
        # An error of requests wraps an error of urllib3.
        reason = getattr(error.args[0], "reason", None) if error.args else None
        return (*codes, type(reason).__name__) if reason is not None else tuple(codes)


def _data_of(response: Any) -> dict[str, Any]:
    """Return the data of a response.

    Raises:
        RemoteError: If the response has no data. Then it does not come from Vault.
    """
    data = response.get("data") if isinstance(response, dict) else None
    if isinstance(data, dict):
        return data
    raise _foreign_response_error()


def _check_confirmed(response: Any) -> None:
    """Check that the response is Vault's confirmation, which has no body.

    Raises:
        RemoteError: If the response is not a confirmation.
    """
    if getattr(response, "status_code", None) != _NO_CONTENT:
        raise _foreign_response_error()


def _foreign_response_error() -> RemoteError:
    """Return the error for a response that does not come from Vault, for example the page of a proxy."""
    return RemoteError(ErrorKind.UNREACHABLE, "no response of Vault")


def _live_version_numbers(metadata: Mapping[str, Any]) -> list[int]:
    """Return the numbers of all versions that are not deleted, the newest first. If the current version is deleted, the list is empty."""
    versions = metadata["versions"]
    numbers = [int(number) for number, version in versions.items() if not _is_deleted(version) and not version["destroyed"]]
    return sorted(numbers, reverse=True) if metadata["current_version"] in numbers else []


def _is_restorable(metadata: Mapping[str, Any]) -> bool:
    """Return whether the current version is deleted but not destroyed."""
    current = metadata["versions"].get(str(metadata["current_version"]))
    return current is not None and _is_deleted(current) and not current["destroyed"]


def _is_deleted(version: Mapping[str, Any]) -> bool:
    """Return whether a version is deleted, from its metadata.

    With ``delete_version_after``, a version has a deletion time in the future:
    https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#configure-the-kv-engine
    """
    return bool(version["deletion_time"]) and _parse_time(version["deletion_time"]) <= datetime.now(timezone.utc)


def _parse_time(text: str) -> datetime:
    """Return a time of Vault, without fractions of a second. Vault writes times in UTC."""
    return datetime.fromisoformat(f"{text[:19]}+00:00")
