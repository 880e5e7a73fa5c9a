"""The ``gcp`` backend: Google Cloud Secret Manager, with the earlier versions of each secret.

The backend needs a project, the extra ``gcp``, and credentials that Google's libraries find. A user needs the role Secret Manager Secret
Accessor to read, Secret Manager Viewer to list, and Secret Manager Admin to write. A write needs the role Admin because it moves an alias.
A list does not contain the time of the last change. Google keeps every version until a user destroys it.

An alias marks the current version. A write first adds a version. Then it moves the alias, and sends the etag of the secret that it read
before. If two users write at the same time, the etag of the later one is stale, so that writer gets a conflict. A version with a higher
number than the version with the alias is ignored.
"""

from __future__ import annotations

import os
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

from zensecrets_jupyter.core.errors import InvalidOptionsError
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend, StoredVersion
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.gcp.client import GcpOptions, create_client
from zensecrets_jupyter.core.managers.backends.remote.http_errors import requests_errors
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS, NameEncoding
from zensecrets_jupyter.core.managers.backends.remote.runner import suppressed_debug_logs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from google.cloud.secretmanager_v1 import Secret, SecretManagerServiceClient
    from google.cloud.secretmanager_v1.types import SecretVersion as CloudVersion

    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable
    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

ERROR_KINDS: ErrorTable = {
    # These are the codes of google.rpc.Code.
    "NOT_FOUND": ErrorKind.MISSING,
    "ALREADY_EXISTS": ErrorKind.EXISTS,
    # A stale etag causes this code: "Use entity tags" in the documentation.
    "FAILED_PRECONDITION": ErrorKind.CONFLICT,
    "UNAVAILABLE": ErrorKind.TRANSIENT,
    "DEADLINE_EXCEEDED": ErrorKind.TRANSIENT,
    "INTERNAL": ErrorKind.TRANSIENT,
    "UNKNOWN": ErrorKind.TRANSIENT,
    "ABORTED": ErrorKind.TRANSIENT,
    "CANCELLED": ErrorKind.TRANSIENT,
    # The quota is a number of requests per minute, so a retry may succeed. The number of secrets has no quota.
    "RESOURCE_EXHAUSTED": ErrorKind.TRANSIENT,
    "UNAUTHENTICATED": ErrorKind.UNKNOWN_USER,
    "PERMISSION_DENIED": ErrorKind.DENIED,
    "UNIMPLEMENTED": ErrorKind.UNSUPPORTED,
}
"""Error kinds by gRPC code. :meth:`GcpBackend.library_errors` has the errors of google.auth."""

ALIAS = "zensecrets"
"""The alias of the current version."""
LABEL = "zensecrets"
"""The label of each secret that this package created. The value of the label is the scope."""
SCHEMA_ANNOTATION = "zensecrets-schema"
"""The annotation with the schema of the current version. With it, a list shows the schemas without reading values."""
PAGE_SIZE = 1000
"""Number of entries in one page of a list. Google allows 25,000."""


class GcpConnection(NamedTuple):
    """Google's client, the project, and the time-out of a request in seconds."""

    client: SecretManagerServiceClient
    project: str
    timeout: float

    def send(self, method: str, **request: Any) -> Any:
        """Return the response to one request. The request is not retried."""
        with suppressed_debug_logs("google"):
            return getattr(self.client, method)(request=request, retry=None, timeout=self.timeout)

    def resource_name(self, key: str, version: str = "") -> str:
        """Return Google's name of a secret or of one of its versions, which contains the project."""
        return f"projects/{self.project}/secrets/{key}" + (f"/versions/{version}" if version else "")


class GcpBackend(RemoteBackend[GcpConnection, GcpOptions]):
    """The backend for Google Cloud Secret Manager."""

    FLAVOR: ClassVar[str] = "gcp"
    options_model: ClassVar[type[ManagerOptions]] = GcpOptions
    encoding: ClassVar[NameEncoding] = ENCODINGS["gcp"]
    error_kinds: ClassVar[ErrorTable] = ERROR_KINDS
    libraries: ClassVar[tuple[str, ...]] = ("google.cloud.secretmanager",)
    # This is the maximum payload size in "Quotas and limits".
    max_size: ClassVar[int] = 64 * 1024

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        # The envelopes that were sent at least once. A retry first checks whether the earlier attempt stored its envelope. The set is weak,
        # so that an envelope is removed when its write has ended.
        self._sent_envelopes: weakref.WeakSet[SecretEnvelope] = weakref.WeakSet()

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        # If the options contain the project, it is shown with the options.
        project_fact = {} if self.options.project else {"project": self._configured_project() or "the one of the credentials"}
        return {**super().describe(), **project_fact}

    def connect(self) -> GcpConnection:
        """See :meth:`RemoteBackend.connect`."""
        client, project = create_client(self.options.endpoint or "", self._configured_project())
        if project:
            return GcpConnection(client, project, self.options.timeout)
        message = f"Secrets manager {self.name!r} (flavor gcp) has no project."
        raise InvalidOptionsError(message, flavor=self.FLAVOR, hint="Give it project=ID, or set GOOGLE_CLOUD_PROJECT.")

    def library_errors(self) -> ErrorTable:
        """See :meth:`RemoteBackend.library_errors`."""
        from google.auth import exceptions

        return {
            # google.auth sends its requests for tokens with the library requests.
            **requests_errors(),
            exceptions.DefaultCredentialsError: ErrorKind.UNKNOWN_USER,
            exceptions.RefreshError: ErrorKind.UNKNOWN_USER,
            exceptions.TransportError: ErrorKind.TRANSIENT,
        }

    def _configured_project(self) -> str:
        """Return the project of the options or of the environment, or an empty text."""
        return self.options.project or os.environ.get("GOOGLE_CLOUD_PROJECT", "")

    def fetch(self, client: GcpConnection, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch`."""
        try:
            return _envelope_in(client.send("access_secret_version", name=client.resource_name(key, ALIAS)))
        except Exception as error:
            # Google does not document which code means a missing alias or an alias of a disabled version. So the three codes below are
            # accepted.
            if not {"NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION"} & set(self.codes_of(error)):
                raise
        return self._read_without_alias(client, key)

    def _read_without_alias(self, client: GcpConnection, key: str) -> SecretEnvelope:
        """Return the latest payload of a secret without our alias, which another program stored.

        Raises:
            RemoteError: If the secret does not exist or cannot be read, or if it has our alias and its current version is disabled.
        """
        try:
            secret: Secret = client.send("get_secret", name=client.resource_name(key))
        except Exception as error:
            if self.runner.kind_of(error) is not ErrorKind.DENIED:
                raise
            # This user may read values but no metadata, so it stays unknown whether the secret exists.
            raise RemoteError(ErrorKind.MISSING) from None
        if ALIAS in secret.version_aliases:
            raise RemoteError(ErrorKind.DENIED, "its current version is disabled or destroyed")
        if LABEL in secret.labels:
            # The secret has our label and no alias yet: its registration is in progress or was aborted.
            raise RemoteError(ErrorKind.MISSING)
        try:
            return _envelope_in(client.send("access_secret_version", name=client.resource_name(key, "latest")))
        except Exception as error:
            if self.runner.kind_of(error) is ErrorKind.TRANSIENT:
                raise
            raise RemoteError(ErrorKind.NOT_OURS) from None

    def fetch_external(self, client: GcpConnection, path: str) -> bytes:
        """See :meth:`RemoteBackend.fetch_external`."""
        # Examples of a path are ``db-password``, ``db-password/versions/2`` and ``projects/ID/secrets/db-password``.
        secret, _, version = path.partition("/versions/")
        name = f"{secret if secret.startswith('projects/') else client.resource_name(secret)}/versions/{version or 'latest'}"
        try:
            data: bytes = client.send("access_secret_version", name=name).payload.data
        except Exception as error:
            codes = self.codes_of(error)
            if "FAILED_PRECONDITION" in codes:
                problem = RemoteError(ErrorKind.DENIED, "the version is disabled or destroyed")
            elif "INVALID_ARGUMENT" in codes:
                # The path is not a valid name, so there is no secret with this name.
                problem = RemoteError(ErrorKind.MISSING)
            else:
                raise
        else:
            return data
        raise problem

    def fetch_for_update(self, client: GcpConnection, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch_for_update`."""
        secret: Secret = client.send("get_secret", name=client.resource_name(key))
        if ALIAS not in secret.version_aliases:
            return self._read_without_alias(client, key)
        try:
            response = client.send("access_secret_version", name=client.resource_name(key, str(secret.version_aliases[ALIAS])))
        except Exception as error:
            if self.runner.kind_of(error) is ErrorKind.CONFLICT:
                # This is a read, so the code FAILED_PRECONDITION does not mean a conflict between two writers.
                raise RemoteError(ErrorKind.DENIED, "its current version is disabled or destroyed") from None
            raise
        return SecretEnvelope(_envelope_in(response).text, token=secret)

    def list_keys(self, client: GcpConnection, prefix: str) -> Iterable[ListedKey]:  # noqa: ARG002 - Google cannot filter by a prefix
        """See :meth:`RemoteBackend.list_keys`."""
        for secret in client.send("list_secrets", parent=f"projects/{client.project}", page_size=PAGE_SIZE):
            if ALIAS in secret.version_aliases:
                yield ListedKey(_last_segment(secret.name), secret.annotations.get(SCHEMA_ANNOTATION), int(secret.version_aliases[ALIAS]))
            elif LABEL not in secret.labels:  # a secret of another program; one with our label is not completely registered yet
                yield ListedKey(_last_segment(secret.name))

    def insert(self, client: GcpConnection, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        try:
            secret: Secret = client.send("create_secret", parent=f"projects/{client.project}", secret_id=key, secret=self._new_secret())
        except Exception as error:
            if self.runner.kind_of(error) is ErrorKind.CONFLICT:
                # The secret does not exist yet, so the code FAILED_PRECONDITION does not mean a conflict between two writers.
                raise RemoteError(ErrorKind.DENIED, "the organization may require certain locations: see the option locations") from None
            if self.runner.kind_of(error) is not ErrorKind.EXISTS:
                raise
            secret = client.send("get_secret", name=client.resource_name(key))
            if ALIAS in secret.version_aliases or LABEL not in secret.labels:
                raise
            # Another registration was aborted, or is still in progress. This registration goes on, unless the other one moves the alias
            # first.
        if not self._add_and_move_alias(client, key, secret, envelope):
            raise RemoteError(ErrorKind.EXISTS)

    def _new_secret(self) -> dict[str, Any]:
        """Return the properties of a new secret: its locations and our label."""
        replicas = [{"location": location} for location in self.options.locations.split(",") if location]
        replication = {"user_managed": {"replicas": replicas}} if replicas else {"automatic": {}}
        return {"replication": replication, "labels": {LABEL: self.keys.scope.value}}

    def overwrite(self, client: GcpConnection, key: str, envelope: SecretEnvelope, current: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.overwrite`."""
        secret: Any = current.token
        if not self._add_and_move_alias(client, key, secret, envelope):
            raise RemoteError(ErrorKind.CONFLICT)

    def _add_and_move_alias(self, client: GcpConnection, key: str, secret: Secret, envelope: SecretEnvelope) -> bool:
        """Add ``envelope`` as a version and make it the current one.

        Returns:
            Whether the alias was moved. If another writer has changed ``secret``, the alias is not moved.
        """
        # The number 0 means that no version has the alias: this is a registration.
        replaced_number = int(secret.version_aliases.get(ALIAS, 0))
        version = self._find_sent_version(client, key, envelope, replaced_number)
        if version is None:
            version = client.send("add_secret_version", parent=client.resource_name(key), payload={"data": envelope.text.encode()})
        new_properties = {
            "name": secret.name,
            "etag": secret.etag,
            "version_aliases": {**secret.version_aliases, ALIAS: _number_of(version)},
            "annotations": {**secret.annotations, SCHEMA_ANNOTATION: envelope.schema},
        }
        try:
            client.send("update_secret", secret=new_properties, update_mask={"paths": ["version_aliases", "annotations"]})
        except Exception as error:
            if self.runner.kind_of(error) is not ErrorKind.CONFLICT:
                raise
        else:
            return True
        reread_secret: Secret = client.send("get_secret", name=client.resource_name(key))
        if reread_secret.version_aliases.get(ALIAS) == _number_of(version):
            # An earlier attempt moved the alias, and its response was lost.
            return True
        with suppress(Exception):  # if the unused version stays, it only costs money
            client.send("destroy_secret_version", name=version.name)
        return False

    def _find_sent_version(self, client: GcpConnection, key: str, envelope: SecretEnvelope, replaced_number: int) -> CloudVersion | None:
        """Return the version that an earlier attempt to send ``envelope`` added, or ``None``.

        There is one if the response to that attempt was lost. The first call for an envelope sends no request: it records that the
        envelope is sent. Only versions with a higher number than ``replaced_number`` are checked.
        """
        if envelope not in self._sent_envelopes:
            self._sent_envelopes.add(envelope)
            return None
        for version in client.send("list_secret_versions", parent=client.resource_name(key), page_size=PAGE_SIZE):
            if version.state.name == "ENABLED" and _number_of(version) > replaced_number:
                stored_envelope = _envelope_in(client.send("access_secret_version", name=version.name))
                if stored_envelope.write_id == envelope.write_id:
                    return cast("CloudVersion", version)
        return None

    def remove(self, client: GcpConnection, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        client.send("delete_secret", name=client.resource_name(key))

    def fetch_versions(self, client: GcpConnection, key: str) -> Sequence[StoredVersion]:
        """See :meth:`VersionRequests.fetch_versions`."""
        secret: Secret = client.send("get_secret", name=client.resource_name(key))
        current_number = int(secret.version_aliases.get(ALIAS, 0))
        if not current_number:
            raise RemoteError(ErrorKind.MISSING if LABEL in secret.labels else ErrorKind.NOT_OURS)
        cloud_versions = client.send("list_secret_versions", parent=client.resource_name(key), page_size=PAGE_SIZE)
        # A version with a higher number than the current one belongs to a write in progress.
        live_versions = [
            cloud_version
            for cloud_version in cloud_versions
            if cloud_version.state.name == "ENABLED" and _number_of(cloud_version) <= current_number
        ]
        live_versions.sort(key=_number_of, reverse=True)

        def read_version(cloud_version: CloudVersion) -> StoredVersion:
            number = _number_of(cloud_version)
            created = datetime.fromtimestamp(cloud_version.create_time.timestamp(), timezone.utc)
            envelope = _envelope_in(client.send("access_secret_version", name=cloud_version.name))
            return StoredVersion(number, created, envelope, current=number == current_number)

        with ThreadPoolExecutor(self.parallel_reads, thread_name_prefix="zensecrets-versions") as pool:
            return [version for version in pool.map(read_version, live_versions) if version.envelope.is_ours]

    def classify(self, error: Exception) -> ErrorKind | None:
        """See :meth:`RemoteBackend.classify`."""
        from google.auth.exceptions import RefreshError

        # Google's token server sends this text for a signature with a wrong time.
        return ErrorKind.SKEWED if isinstance(error, RefreshError) and "reasonable timeframe" in str(error) else None

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        code = getattr(getattr(error, "grpc_status_code", None), "name", "")
        return (code,) if code else ()

    def requested_wait(self, error: Exception) -> float:
        """See :meth:`RemoteBackend.requested_wait`."""
        # An error with a requested delay contains a google.rpc.RetryInfo.
        delays = [detail.retry_delay for detail in getattr(error, "details", None) or () if hasattr(detail, "retry_delay")]
        return max((delay.seconds + delay.nanos / 1e9 for delay in delays), default=0.0)


def _envelope_in(response: Any) -> SecretEnvelope:
    """Return the envelope of a response. Invalid UTF-8, which only another program writes, is replaced."""
    data: bytes = response.payload.data
    return SecretEnvelope(data.decode("utf-8", "replace"))


def _last_segment(path: str) -> str:
    """Return the last segment of a resource name."""
    return path.rpartition("/")[2]


def _number_of(version: CloudVersion) -> int:
    """Return the number of a version."""
    return int(_last_segment(version.name))
