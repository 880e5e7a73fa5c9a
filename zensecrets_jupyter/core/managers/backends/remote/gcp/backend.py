"""The ``gcp`` backend: Google Cloud Secret Manager, with earlier versions.

Needs a project, the extra ``gcp``, and the credentials that Google's libraries find by themselves. To read takes the role Secret Manager
Secret Accessor; to list, Viewer; to write, Admin, because a write moves an alias. It has no time of the last change in a list, and keeps
every version until somebody destroys it there.

Which version is current is what an alias says. It is moved with the etag that was read, so that of two writers one is told to begin again;
a version that never got the alias was never written, for us.
"""

from __future__ import annotations

import os
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core.errors import InvalidOptionsError
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend, StoredVersion
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.gcp.client import GcpConnection, connected
from zensecrets_jupyter.core.managers.backends.remote.http_errors import requests_errors
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS, NameEncoding
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from google.cloud.secretmanager_v1 import Secret
    from google.cloud.secretmanager_v1.types import SecretVersion as CloudVersion

    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable
    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

ERROR_KINDS: ErrorTable = {
    # The codes of google.rpc.Code.
    "NOT_FOUND": ErrorKind.MISSING,
    "ALREADY_EXISTS": ErrorKind.EXISTS,
    # "Use entity tags": what a stale etag ends with.
    "FAILED_PRECONDITION": ErrorKind.CONFLICT,
    "UNAVAILABLE": ErrorKind.TRANSIENT,
    "DEADLINE_EXCEEDED": ErrorKind.TRANSIENT,
    "INTERNAL": ErrorKind.TRANSIENT,
    "UNKNOWN": ErrorKind.TRANSIENT,
    "ABORTED": ErrorKind.TRANSIENT,
    "CANCELLED": ErrorKind.TRANSIENT,
    # Requests a minute; of the number of secrets there is no quota.
    "RESOURCE_EXHAUSTED": ErrorKind.TRANSIENT,
    "UNAUTHENTICATED": ErrorKind.UNKNOWN_USER,
    "PERMISSION_DENIED": ErrorKind.DENIED,
    "UNIMPLEMENTED": ErrorKind.UNSUPPORTED,
}
"""Kinds of errors, by the codes of gRPC; those of google.auth are in :meth:`GcpBackend.library_errors`."""

ALIAS = "zensecrets"
"""The alias of the current version."""
LABEL = "zensecrets"
"""The label of our secrets; its value is their scope."""
SCHEMA = "zensecrets-schema"
"""The annotation with the schema of the current version, so that a list need read no value."""
PAGE = 1000
"""Secrets or versions in one page of a list; 25,000 are allowed."""


class GcpOptions(ExternalOptions):
    """Where the secrets are."""

    OTHER_NAMES: ClassVar[dict[str, str]] = {"project_id": "project"}

    project: str | None = Field(default=None, pattern=r"^[a-z0-9.:-]{1,60}$")
    """The project's id or number; by default the one of the environment or of the credentials. ZenML calls it ``project_id``."""
    locations: str = Field(default="", pattern=r"^([a-z0-9-]+(,[a-z0-9-]+)*)?$")
    """The locations of new secrets, with commas between them; by default Google chooses."""
    endpoint: str | None = None
    """Another address of the service; one that begins with ``http://`` is an emulator on this machine, that is told no credentials."""

    @field_validator("endpoint")
    @classmethod
    def _send_nothing_in_clear(cls, endpoint: str | None) -> str | None:
        if endpoint and endpoint.startswith("http://") and urlsplit(endpoint).hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise PydanticCustomError("not encrypted, and not on this machine", "unencrypted")
        return endpoint

    @property
    def project_id(self) -> str | None:
        """The project, under ZenML's name."""
        return self.project


class GcpBackend(RemoteBackend[GcpConnection, GcpOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""

    FLAVOR: ClassVar[str] = "gcp"
    options_model: ClassVar[type[ManagerOptions]] = GcpOptions
    encoding: ClassVar[NameEncoding] = ENCODINGS["gcp"]
    error_kinds: ClassVar[ErrorTable] = ERROR_KINDS
    libraries: ClassVar[tuple[str, ...]] = ("google.cloud.secretmanager",)
    # "Quotas and limits": the size of the payload of a secret version.
    max_size: ClassVar[int] = 64 * 1024

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        # The documents that were sent once: another try looks first whether that one did it.
        self._sent: weakref.WeakSet[SecretEnvelope] = weakref.WeakSet()

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        ambient = {} if self.options.project else {"project": self._named_project() or "the one of the credentials"}
        return {**super().describe(), **ambient}

    def connect(self) -> GcpConnection:
        """See :meth:`RemoteBackend.connect`."""
        connection = connected(self.options.endpoint or "", self._named_project(), self.options.timeout)
        if connection.project:
            return connection
        message = f"Secrets manager {self.name!r} (flavor gcp) does not know which project to ask."
        raise InvalidOptionsError(message, flavor=self.FLAVOR, hint="Give it project=ID, or set GOOGLE_CLOUD_PROJECT.")

    def library_errors(self) -> ErrorTable:
        """See :meth:`RemoteBackend.library_errors`."""
        from google.auth import exceptions

        return {
            **requests_errors(),
            exceptions.DefaultCredentialsError: ErrorKind.UNKNOWN_USER,
            exceptions.RefreshError: ErrorKind.UNKNOWN_USER,
            exceptions.TransportError: ErrorKind.TRANSIENT,
        }

    def _named_project(self) -> str:
        return self.options.project or os.environ.get("GOOGLE_CLOUD_PROJECT", "")

    def fetch(self, client: GcpConnection, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch`."""
        try:
            return _document_in(client.ask("access_secret_version", name=client.path(key, ALIAS)))
        except Exception as error:
            # What an alias that is not there, or one of a disabled version, ends with is not documented.
            if not {"NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION"} & set(self.codes_of(error)):
                raise
        return self._without_alias(client, key)

    def _without_alias(self, client: GcpConnection, key: str) -> SecretEnvelope:
        """Return what another program keeps under ``key``; raise RemoteError if there is nothing, or nothing that can be read."""
        try:
            secret: Secret = client.ask("get_secret", name=client.path(key))
        except Exception as error:
            if self.runner.kind_of(error) is not ErrorKind.DENIED:
                raise
            # Who may read values only can't look further.
            raise RemoteError(ErrorKind.MISSING) from None
        if ALIAS in secret.version_aliases:
            raise RemoteError(ErrorKind.DENIED, "its current version is disabled or destroyed")
        if LABEL in secret.labels:
            # Its registration has not ended, or never will.
            raise RemoteError(ErrorKind.MISSING)
        try:
            return _document_in(client.ask("access_secret_version", name=client.path(key, "latest")))
        except Exception as error:
            if self.runner.kind_of(error) is ErrorKind.TRANSIENT:
                raise
            raise RemoteError(ErrorKind.NOT_OURS) from None

    def fetch_external(self, client: GcpConnection, path: str) -> bytes:
        """See :meth:`RemoteBackend.fetch_external`."""
        secret, _, version = path.partition("/versions/")
        name = f"{secret if secret.startswith('projects/') else client.path(secret)}/versions/{version or 'latest'}"
        try:
            data: bytes = client.ask("access_secret_version", name=name).payload.data
        except Exception as error:
            refused = {"FAILED_PRECONDITION": RemoteError(ErrorKind.DENIED, "that version is disabled or destroyed")}
            refused |= {"INVALID_ARGUMENT": RemoteError(ErrorKind.MISSING)}
            refusals = [refused[code] for code in self.codes_of(error) if code in refused]
            if not refusals:
                raise
        else:
            return data
        raise refusals[0]

    def fetch_for_update(self, client: GcpConnection, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch_for_update`."""
        secret: Secret = client.ask("get_secret", name=client.path(key))
        if ALIAS not in secret.version_aliases:
            return self._without_alias(client, key)
        try:
            found = client.ask("access_secret_version", name=client.path(key, str(secret.version_aliases[ALIAS])))
        except Exception as error:
            if self.runner.kind_of(error) is ErrorKind.CONFLICT:
                raise RemoteError(ErrorKind.DENIED, "its current version is disabled or destroyed") from None
            raise
        return SecretEnvelope(_document_in(found).text, token=secret)

    def list_keys(self, client: GcpConnection, prefix: str) -> Iterable[ListedKey]:  # noqa: ARG002 - Google filters by any part of a name
        """See :meth:`RemoteBackend.list_keys`."""
        for secret in client.ask("list_secrets", parent=f"projects/{client.project}", page_size=PAGE):
            if ALIAS in secret.version_aliases:
                yield ListedKey(_last(secret.name), secret.annotations.get(SCHEMA), int(secret.version_aliases[ALIAS]))
            elif LABEL not in secret.labels:
                yield ListedKey(_last(secret.name))

    def insert(self, client: GcpConnection, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        try:
            secret: Secret = client.ask("create_secret", parent=f"projects/{client.project}", secret_id=key, secret=self._new_secret())
        except Exception as error:
            if self.runner.kind_of(error) is ErrorKind.CONFLICT:
                # There is nothing yet that could have changed.
                raise RemoteError(ErrorKind.DENIED, "the organization may want certain locations: see the option locations") from None
            if self.runner.kind_of(error) is not ErrorKind.EXISTS:
                raise
            secret = client.ask("get_secret", name=client.path(key))
            if ALIAS in secret.version_aliases or LABEL not in secret.labels:
                raise
            # Else it is a registration that was broken off, which this one completes, or that another is completing now.
        if not self._moved_alias(client, key, secret, envelope):
            raise RemoteError(ErrorKind.EXISTS)

    def _new_secret(self) -> dict[str, Any]:
        replicas = [{"location": location} for location in self.options.locations.split(",") if location]
        replication = {"user_managed": {"replicas": replicas}} if replicas else {"automatic": {}}
        return {"replication": replication, "labels": {LABEL: self.keys.scope.value}}

    def overwrite(self, client: GcpConnection, key: str, envelope: SecretEnvelope, present: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.overwrite`."""
        secret: Any = present.token
        if not self._moved_alias(client, key, secret, envelope):
            raise RemoteError(ErrorKind.CONFLICT)

    def _moved_alias(self, client: GcpConnection, key: str, secret: Secret, envelope: SecretEnvelope) -> bool:
        """Have ``envelope`` as a version and make it the current one; tell whether ``secret`` was still as it is here."""
        before = int(secret.version_aliases.get(ALIAS, 0))
        version = self._added_before(client, key, envelope, before)
        if version is None:
            version = client.ask("add_secret_version", parent=client.path(key), payload={"data": envelope.text.encode()})
        changed = {
            "name": secret.name,
            "etag": secret.etag,
            "version_aliases": {**secret.version_aliases, ALIAS: _number(version)},
            "annotations": {**secret.annotations, SCHEMA: envelope.schema},
        }
        try:
            client.ask("update_secret", secret=changed, update_mask={"paths": ["version_aliases", "annotations"]})
        except Exception as error:
            if self.runner.kind_of(error) is not ErrorKind.CONFLICT:
                raise
        else:
            return True
        now: Secret = client.ask("get_secret", name=client.path(key))
        if now.version_aliases.get(ALIAS) == _number(version):
            # An earlier try did it, and its answer was lost.
            return True
        with suppress(Exception):  # whoever reads by the alias never sees it; that it stays would be no harm but its price
            client.ask("destroy_secret_version", name=version.name)
        return False

    def _added_before(self, client: GcpConnection, key: str, envelope: SecretEnvelope, number: int) -> CloudVersion | None:
        """Return the version after ``number`` that an earlier try has added, without an answer that came."""
        if envelope not in self._sent:
            self._sent.add(envelope)
            return None
        for version in client.ask("list_secret_versions", parent=client.path(key), page_size=PAGE):
            if version.state.name == "ENABLED" and _number(version) > number:
                found = _document_in(client.ask("access_secret_version", name=version.name))
                if found.write_id == envelope.write_id:
                    return cast("CloudVersion", version)
        return None

    def remove(self, client: GcpConnection, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        client.ask("delete_secret", name=client.path(key))

    def fetch_versions(self, client: GcpConnection, key: str) -> Sequence[StoredVersion]:
        """See :meth:`VersionRequests.fetch_versions`."""
        secret: Secret = client.ask("get_secret", name=client.path(key))
        current = int(secret.version_aliases.get(ALIAS, 0))
        if not current:
            raise RemoteError(ErrorKind.MISSING if LABEL in secret.labels else ErrorKind.NOT_OURS)
        found = client.ask("list_secret_versions", parent=client.path(key), page_size=PAGE)
        # What is newer than the current one is being written just now.
        kept = sorted((one for one in found if one.state.name == "ENABLED" and _number(one) <= current), key=_number, reverse=True)

        def version(one: CloudVersion) -> StoredVersion:
            created = datetime.fromtimestamp(one.create_time.timestamp(), timezone.utc)
            return StoredVersion(
                _number(one), created, _document_in(client.ask("access_secret_version", name=one.name)), _number(one) == current
            )

        with ThreadPoolExecutor(self.parallel_reads, thread_name_prefix="zensecrets-versions") as pool:
            return [one for one in pool.map(version, kept) if one.envelope.is_ours]

    def classify(self, error: Exception) -> ErrorKind | None:
        """See :meth:`RemoteBackend.classify`."""
        from google.auth.exceptions import RefreshError

        # The text of Google's token server for a signature whose time is in the future or long past.
        return ErrorKind.SKEWED if isinstance(error, RefreshError) and "reasonable timeframe" in str(error) else None

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        code = getattr(getattr(error, "grpc_status_code", None), "name", "")
        return (code,) if code else ()

    def requested_wait(self, error: Exception) -> float:
        """See :meth:`RemoteBackend.requested_wait`."""
        waits = [detail.retry_delay for detail in getattr(error, "details", None) or () if hasattr(detail, "retry_delay")]
        return max((wait.seconds + wait.nanos / 1e9 for wait in waits), default=0.0)


def _document_in(answer: Any) -> SecretEnvelope:
    data: bytes = answer.payload.data
    return SecretEnvelope(data.decode("utf-8", "replace"))


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _number(version: CloudVersion) -> int:
    return int(_last(version.name))
