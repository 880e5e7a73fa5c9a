"""Secrets in Google Cloud Secret Manager, with their earlier versions.

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
from zensecrets_jupyter.core.managers._document import Document
from zensecrets_jupyter.core.managers._external import ExternalOptions
from zensecrets_jupyter.core.managers._gcp_client import Connection, connected
from zensecrets_jupyter.core.managers._names import ALPHABETS, Alphabet
from zensecrets_jupyter.core.managers._outcomes import Outcome, Refusal
from zensecrets_jupyter.core.managers._remote import Listed
from zensecrets_jupyter.core.managers._versioned import Kept, VersionedSecretsManager

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.cloud.secretmanager_v1 import Secret
    from google.cloud.secretmanager_v1.types import SecretVersion as CloudVersion

    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

FOREIGN_ERRORS: Mapping[str, Outcome] = {
    # The codes of google.rpc.Code.
    "NOT_FOUND": Outcome.MISSING,
    "ALREADY_EXISTS": Outcome.EXISTS,
    # "Use entity tags": what a stale etag ends with.
    "FAILED_PRECONDITION": Outcome.CONFLICT,
    "UNAVAILABLE": Outcome.TRANSIENT,
    "DEADLINE_EXCEEDED": Outcome.TRANSIENT,
    "INTERNAL": Outcome.TRANSIENT,
    "UNKNOWN": Outcome.TRANSIENT,
    "ABORTED": Outcome.TRANSIENT,
    "CANCELLED": Outcome.TRANSIENT,
    # Requests a minute; of the number of secrets there is no quota.
    "RESOURCE_EXHAUSTED": Outcome.TRANSIENT,
    "UNAUTHENTICATED": Outcome.UNKNOWN_USER,
    "PERMISSION_DENIED": Outcome.DENIED,
    "UNIMPLEMENTED": Outcome.UNSUPPORTED,
    # google.auth: before anything is asked.
    "DefaultCredentialsError": Outcome.UNKNOWN_USER,
    "RefreshError": Outcome.UNKNOWN_USER,
    "TransportError": Outcome.TRANSIENT,
}

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


class GcpSecretsManager(VersionedSecretsManager[Connection, GcpOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""

    FLAVOR: ClassVar[str] = "gcp"
    options_model: ClassVar[type[ManagerOptions]] = GcpOptions
    alphabet: ClassVar[Alphabet] = ALPHABETS["gcp"]
    foreign_errors: ClassVar[Mapping[str, Outcome]] = FOREIGN_ERRORS
    libraries: ClassVar[tuple[str, ...]] = ("google.cloud.secretmanager",)
    # "Quotas and limits": the size of the payload of a secret version.
    largest: ClassVar[int] = 64 * 1024

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""
        super().__init__(options, context=context)
        # The documents that were sent once: another try looks first whether that one did it.
        self._sent: weakref.WeakSet[Document] = weakref.WeakSet()

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.interface.SecretsManager.describe`; no request is made for it."""
        ambient = {} if self.chosen.project else {"project": self._named_project() or "the one of the credentials"}
        return {**super().describe(), **ambient}

    def _connect(self) -> Connection:
        connection = connected(self.chosen.endpoint or "", self._named_project(), self.chosen.timeout)
        if connection.project:
            return connection
        message = f"Secrets manager {self.name!r} (flavor gcp) does not know which project to ask."
        raise InvalidOptionsError(message, flavor=self.FLAVOR, hint="Give it project=ID, or set GOOGLE_CLOUD_PROJECT.")

    def _named_project(self) -> str:
        return self.chosen.project or os.environ.get("GOOGLE_CLOUD_PROJECT", "")

    def _get(self, client: Connection, key: str) -> Document:
        try:
            return _document_in(client.ask("access_secret_version", name=client.path(key, ALIAS)))
        except Exception as error:
            # What an alias that is not there, or one of a disabled version, ends with is not documented.
            if not {"NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION"} & set(self._codes_of(error)):
                raise
        return self._without_alias(client, key)

    def _without_alias(self, client: Connection, key: str) -> Document:
        """Return what another program keeps under ``key``; raise Refusal if there is nothing, or nothing that can be read."""
        try:
            secret: Secret = client.ask("get_secret", name=client.path(key))
        except Exception as error:
            if self._outcome_of(error) is not Outcome.DENIED:
                raise
            # Who may read values only can't look further.
            raise Refusal(Outcome.MISSING) from None
        if ALIAS in secret.version_aliases:
            raise Refusal(Outcome.DENIED, "its current version is disabled or destroyed")
        if LABEL in secret.labels:
            # Its registration has not ended, or never will.
            raise Refusal(Outcome.MISSING)
        try:
            return _document_in(client.ask("access_secret_version", name=client.path(key, "latest")))
        except Exception as error:
            if self._outcome_of(error) is Outcome.TRANSIENT:
                raise
            raise Refusal(Outcome.NOT_OURS) from None

    def _get_external(self, client: Connection, path: str) -> bytes:
        secret, _, version = path.partition("/versions/")
        name = f"{secret if secret.startswith('projects/') else client.path(secret)}/versions/{version or 'latest'}"
        try:
            data: bytes = client.ask("access_secret_version", name=name).payload.data
        except Exception as error:
            refused = {"FAILED_PRECONDITION": Refusal(Outcome.DENIED, "that version is disabled or destroyed")}
            refused |= {"INVALID_ARGUMENT": Refusal(Outcome.MISSING)}
            refusals = [refused[code] for code in self._codes_of(error) if code in refused]
            if not refusals:
                raise
        else:
            return data
        raise refusals[0]

    def _get_to_replace(self, client: Connection, key: str) -> Document:
        secret: Secret = client.ask("get_secret", name=client.path(key))
        if ALIAS not in secret.version_aliases:
            return self._without_alias(client, key)
        try:
            found = client.ask("access_secret_version", name=client.path(key, str(secret.version_aliases[ALIAS])))
        except Exception as error:
            if self._outcome_of(error) is Outcome.CONFLICT:
                raise Refusal(Outcome.DENIED, "its current version is disabled or destroyed") from None
            raise
        return Document(_document_in(found).text, token=secret)

    def _list_keys(self, client: Connection, prefix: str) -> Iterable[Listed]:  # noqa: ARG002 - Google filters by any part of a name
        for secret in client.ask("list_secrets", parent=f"projects/{client.project}", page_size=PAGE):
            if ALIAS in secret.version_aliases:
                yield Listed(_last(secret.name), secret.annotations.get(SCHEMA), int(secret.version_aliases[ALIAS]))
            elif LABEL not in secret.labels:
                yield Listed(_last(secret.name))

    def _create(self, client: Connection, key: str, document: Document) -> None:
        try:
            secret: Secret = client.ask("create_secret", parent=f"projects/{client.project}", secret_id=key, secret=self._new_secret())
        except Exception as error:
            if self._outcome_of(error) is Outcome.CONFLICT:
                # There is nothing yet that could have changed.
                raise Refusal(Outcome.DENIED, "the organization may want certain locations: see the option locations") from None
            if self._outcome_of(error) is not Outcome.EXISTS:
                raise
            secret = client.ask("get_secret", name=client.path(key))
            if ALIAS in secret.version_aliases or LABEL not in secret.labels:
                raise
            # Else it is a registration that was broken off, which this one completes, or that another is completing now.
        if not self._moved_alias(client, key, secret, document):
            raise Refusal(Outcome.EXISTS)

    def _new_secret(self) -> dict[str, Any]:
        replicas = [{"location": location} for location in self.chosen.locations.split(",") if location]
        replication = {"user_managed": {"replicas": replicas}} if replicas else {"automatic": {}}
        return {"replication": replication, "labels": {LABEL: self._keys.scope.value}}

    def _replace(self, client: Connection, key: str, document: Document, present: Document) -> None:
        secret: Any = present.token
        if not self._moved_alias(client, key, secret, document):
            raise Refusal(Outcome.CONFLICT)

    def _moved_alias(self, client: Connection, key: str, secret: Secret, document: Document) -> bool:
        """Have ``document`` as a version and make it the current one; tell whether ``secret`` was still as it is here."""
        before = int(secret.version_aliases.get(ALIAS, 0))
        version = self._added_before(client, key, document, before)
        if version is None:
            version = client.ask("add_secret_version", parent=client.path(key), payload={"data": document.text.encode()})
        changed = {
            "name": secret.name,
            "etag": secret.etag,
            "version_aliases": {**secret.version_aliases, ALIAS: _number(version)},
            "annotations": {**secret.annotations, SCHEMA: document.schema},
        }
        try:
            client.ask("update_secret", secret=changed, update_mask={"paths": ["version_aliases", "annotations"]})
        except Exception as error:
            if self._outcome_of(error) is not Outcome.CONFLICT:
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

    def _added_before(self, client: Connection, key: str, document: Document, number: int) -> CloudVersion | None:
        """Return the version after ``number`` that an earlier try has added, without an answer that came."""
        if document not in self._sent:
            self._sent.add(document)
            return None
        for version in client.ask("list_secret_versions", parent=client.path(key), page_size=PAGE):
            if version.state.name == "ENABLED" and _number(version) > number:
                found = _document_in(client.ask("access_secret_version", name=version.name))
                if found.write == document.write:
                    return cast("CloudVersion", version)
        return None

    def _remove(self, client: Connection, key: str) -> None:
        client.ask("delete_secret", name=client.path(key))

    def _get_versions(self, client: Connection, key: str) -> list[Kept]:
        secret: Secret = client.ask("get_secret", name=client.path(key))
        current = int(secret.version_aliases.get(ALIAS, 0))
        if not current:
            raise Refusal(Outcome.MISSING if LABEL in secret.labels else Outcome.NOT_OURS)
        found = client.ask("list_secret_versions", parent=client.path(key), page_size=PAGE)
        # What is newer than the current one is being written just now.
        kept = sorted((one for one in found if one.state.name == "ENABLED" and _number(one) <= current), key=_number, reverse=True)

        def version(one: CloudVersion) -> Kept:
            created = datetime.fromtimestamp(one.create_time.timestamp(), timezone.utc)
            return Kept(_number(one), created, _document_in(client.ask("access_secret_version", name=one.name)), _number(one) == current)

        with ThreadPoolExecutor(self.parallel_reads, thread_name_prefix="zensecrets-versions") as pool:
            return [one for one in pool.map(version, kept) if one.document.is_ours]

    def _outcome_of(self, error: Exception) -> Outcome:
        # What Google's token server says of a signature from the future or of long ago.
        if type(error).__name__ == "RefreshError" and "reasonable timeframe" in str(error):
            return Outcome.SKEWED
        return super()._outcome_of(error)

    def _codes_of(self, error: Exception) -> tuple[str, ...]:
        code = getattr(getattr(error, "grpc_status_code", None), "name", "")
        return (code,) if code else ()

    def _wait_asked_by(self, error: Exception) -> float:
        waits = [detail.retry_delay for detail in getattr(error, "details", None) or () if hasattr(detail, "retry_delay")]
        return max((wait.seconds + wait.nanos / 1e9 for wait in waits), default=0.0)


def _document_in(answer: Any) -> Document:
    data: bytes = answer.payload.data
    return Document(data.decode("utf-8", "replace"))


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _number(version: CloudVersion) -> int:
    return int(_last(version.name))
