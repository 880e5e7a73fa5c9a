"""The ``azure`` backend: Azure Key Vault, with earlier versions.

Needs the vault's address, the extra ``azure``, and credentials: those that Azure's libraries find by themselves, or an application's client
secret. To read takes the permission to get secrets; to list, list; to write, get and set; to delete, delete; to bring back what was
deleted, or to register its name anew, recover.

A vault can't compare before it writes: of two who register or change one secret at the very same moment the later wins, and what the
earlier wrote is a version in the vault. What is deleted can be recovered in the vault until its time is over, unless the option ``purge``
says otherwise. A name that is registered again replaces the deleted secret in the vault, without its history.

The vault's own versions have no order within a second, and outlive a deletion: tags say which life of a secret a version belongs to, and
its number in it.
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
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core.errors import SecretNotFoundError
from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.managers.backends.remote.azure.client import classes_behind, client_of, once
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend, StoredVersion
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.http_errors import requests_errors
from zensecrets_jupyter.core.managers.backends.remote.named_files import OF_REQUESTS, PEM
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS, NameEncoding
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from azure.core.credentials import TokenCredential
    from azure.keyvault.secrets import DeletedSecret, SecretClient, SecretProperties

    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable
    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

DELETED = "ObjectIsDeletedButRecoverable"
UNSETTLED = frozenset({"ObjectIsBeingDeleted", "ObjectIsBeingRecovered"})

ERROR_KINDS: ErrorTable = {
    # The inner code of an answer 409. Who changes a secret that another deleted just now does not find it.
    DELETED: ErrorKind.MISSING,
    "ObjectIsBeingDeleted": ErrorKind.TRANSIENT,
    "ObjectIsBeingRecovered": ErrorKind.TRANSIENT,
    # The certificate, or the name of the vault, that a ServiceRequestError comes from.
    "SSLCertVerificationError": ErrorKind.UNREACHABLE,
    "NameResolutionError": ErrorKind.UNREACHABLE,
    "gaierror": ErrorKind.UNREACHABLE,
    "ConnectionError": ErrorKind.TRANSIENT,
    "TimeoutError": ErrorKind.TRANSIENT,
    "InvalidHeader": ErrorKind.UNKNOWN_USER,
    # "Authentication, requests and responses" of Key Vault's REST API.
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
"""Kinds of errors, by the codes and statuses of Key Vault, and by the classes that a connection's error wraps."""

SCHEMA = "zensecrets"
"""The tag of our secrets; its value is the schema, so that a list need read no value."""
LIFE = "zensecrets-life"
"""The tag that all versions since one registration share."""
NUMBER = "zensecrets-version"
"""The tag with the number of a version, from 1."""

_EPOCH = datetime.fromtimestamp(0, timezone.utc)


_VAULT = re.compile(r"https://([^./]+)\.vault\.azure\.net/?")


class AzureOptions(ExternalOptions):
    """Which vault, and as whom; without a client secret as whom the environment, a managed identity or Azure's command line says."""

    OTHER_NAMES: ClassVar[dict[str, str]] = {"key_vault_name": "vault_url"}

    vault_url: str = Field(max_length=500)
    """The address of the vault: ``https://NAME.vault.azure.net``. ZenML takes the name alone, as ``key_vault_name``."""
    tenant_id: str | None = None
    """The directory of the application."""
    client_id: str | None = None
    """The application."""
    client_secret: str | None = SecretField(default=None, validate_default=True)
    """Its secret; with the two others only."""
    authority: str | None = None
    """Another token server, as sovereign clouds have one; by default AZURE_AUTHORITY_HOST or the public cloud's."""
    authority_is_known: bool = Field(default=True)
    """Whether the public cloud knows the token server, and is asked about it; say no where it is a cloud of one's own."""
    purge: bool = False
    """Whether what is deleted is purged at once, for good."""

    @classmethod
    def translated(cls, name: str, value: Any) -> Any:
        """Return the address of the vault that ``key_vault_name`` names.

        Raises:
            ValueError: If no vault can be called so.
        """
        if isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]", value):
            return f"https://{value}.vault.azure.net"
        message = f"{name} (no name of a vault: 3 to 24 letters, digits and hyphens)"
        raise ValueError(message)

    @property
    def key_vault_name(self) -> str:
        """The name of the vault, as ZenML has it; empty where the address is none of the public cloud's."""
        found = _VAULT.fullmatch(self.vault_url)
        return found[1] if found else ""

    @field_validator("vault_url", "authority")
    @classmethod
    def _send_nothing_in_clear(cls, url: str | None) -> str | None:
        if url is not None and (urlsplit(url).scheme != "https" or not urlsplit(url).hostname):
            raise PydanticCustomError("no address that begins with https", "unencrypted")
        return url

    @field_validator("client_secret")
    @classmethod
    def _come_together(cls, client_secret: str | None, info: ValidationInfo) -> str | None:
        given = [client_secret, info.data.get("tenant_id"), info.data.get("client_id")]
        if any(given) and not all(given):
            raise PydanticCustomError("tenant_id, client_id and client_secret only come together", "incomplete")
        return client_secret


class _VersionTags(NamedTuple):
    """The tags of a version: the life of the secret that it belongs to, and its number in it."""

    life: str
    number: int


class AzureBackend(RemoteBackend["SecretClient", AzureOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""

    FLAVOR: ClassVar[str] = "azure"
    options_model: ClassVar[type[ManagerOptions]] = AzureOptions
    encoding: ClassVar[NameEncoding] = ENCODINGS["azure"]
    error_kinds: ClassVar[ErrorTable] = ERROR_KINDS
    named_files: ClassVar[Mapping[str, str]] = {"AZURE_CLIENT_CERTIFICATE_PATH": PEM, **OF_REQUESTS}
    libraries: ClassVar[tuple[str, ...]] = ("azure.identity", "azure.keyvault.secrets")
    # "About Azure Key Vault secrets": 25 KB.
    max_size: ClassVar[int] = 25 * 1024
    settling: ClassVar[float] = 1.0
    """Seconds between two looks at what is being deleted or recovered."""
    seconds_of_deleting: ClassVar[float] = 5.0
    """Seconds for which what is to be brought back is looked for among the deleted: "several", by the client's documentation."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        # The documents that were sent once over another, and those for which a deleted secret was recovered: of these another try
        # may find what this one left.
        self._sent: weakref.WeakSet[SecretEnvelope] = weakref.WeakSet()
        self._recovered: weakref.WeakSet[SecretEnvelope] = weakref.WeakSet()

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        deleted = "purged at once" if self.options.purge else "can be recovered in the vault"
        return {**super().describe(), "what is deleted": deleted}

    def explain_deleted(self, name: str, key: str) -> SecretNotFoundError | None:
        """See :meth:`RemoteBackend.explain_deleted`."""
        found = self.runner.attempt(lambda client: client.get_deleted_secret(key))
        if _is_ours(found) and found.scheduled_purge_date:
            until = f"Azure keeps it until {found.scheduled_purge_date:%Y-%m-%d}"
            message = f"Secret {name!r} in secrets manager {self.name!r} was deleted; {until}."
            hint = f"Bring it back: %secret undelete {name}, or register it anew."
            return SecretNotFoundError(message, name=name, manager=self.name, hint=hint)
        return None

    def connect(self) -> SecretClient:
        """See :meth:`RemoteBackend.connect`."""
        timeout = self.options.timeout
        return client_of(self.options.vault_url, self._credential(), timeout=timeout, connections=self.parallel_reads)

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
        from azure.identity import ClientSecretCredential, DefaultAzureCredential

        asked: dict[str, Any] = {**once(self.options.timeout), "disable_instance_discovery": not self.options.authority_is_known}
        if self.options.authority:
            asked["authority"] = self.options.authority
        tenant, application, client_secret = self.options.tenant_id, self.options.client_id, self.options.client_secret
        try:
            if tenant and application and client_secret:
                return ClientSecretCredential(tenant, application, client_secret, **asked)
            return DefaultAzureCredential(**asked)
        except ValueError:
            # Of azure.identity's constructors, whose text quotes it.
            malformed = "malformed tenant id or authority"
        raise RemoteError(ErrorKind.UNKNOWN_USER, malformed)

    def fetch(self, client: SecretClient, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch`."""
        found = client.get_secret(key)
        return SecretEnvelope(found.value or "", token=_tags_of(found.properties))

    def fetch_external(self, client: SecretClient, path: str) -> str:
        """See :meth:`RemoteBackend.fetch_external`."""
        if not re.fullmatch("[0-9A-Za-z-]{1,127}", path):
            # Of any other the client would make an address of something else.
            raise RemoteError(ErrorKind.MISSING)
        return client.get_secret(path).value or ""

    def list_keys(self, client: SecretClient, prefix: str) -> Iterable[ListedKey]:  # noqa: ARG002 - a vault filters nothing
        """See :meth:`RemoteBackend.list_keys`."""
        for found in client.list_properties_of_secrets():
            # The others belong to certificates.
            if found.name and not found.managed:
                version = _tags_of(found)
                yield ListedKey(found.name, (found.tags or {}).get(SCHEMA), version.number if version else None, found.updated_on)

    def insert(self, client: SecretClient, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        if envelope not in self._recovered and self._is_there(client, key):
            raise RemoteError(ErrorKind.EXISTS)
        first = _VersionTags(secrets.token_hex(8), 1)
        try:
            self._when_settled(lambda: self._set(client, key, envelope, first))
        except Exception as error:
            if DELETED not in self.codes_of(error):
                raise
        else:
            return
        _refuse_foreign(client.get_deleted_secret(key))
        self._recovered.add(envelope)
        try:
            client.begin_recover_deleted_secret(key)
            self._when_settled(lambda: self._set(client, key, envelope, first))
        except BaseException:
            # Ctrl-C too must not bring back what was deleted.
            with suppress(Exception):  # the first error is the one that is told; another try recovers it again
                client.begin_delete_secret(key)
                self._recovered.discard(envelope)
            raise

    def _is_there(self, client: SecretClient, key: str) -> bool:
        try:
            client.get_secret(key)
        except Exception as error:
            if self.runner.kind_of(error) is not ErrorKind.MISSING:
                raise
            return False
        return True

    def overwrite(self, client: SecretClient, key: str, envelope: SecretEnvelope, present: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.overwrite`."""
        before = present.token if isinstance(present.token, _VersionTags) else _VersionTags(secrets.token_hex(8), 0)
        if envelope in self._sent:
            # An earlier try's answer was lost: it may have been done, and another may have come since.
            found = self.fetch(client, key).write_id
            if found == envelope.write_id:
                return
            if found != present.write_id:
                raise RemoteError(ErrorKind.CONFLICT)
        self._sent.add(envelope)
        self._set(client, key, envelope, _VersionTags(before.life, before.number + 1))

    def _set(self, client: SecretClient, key: str, envelope: SecretEnvelope, version: _VersionTags) -> None:
        tags = {SCHEMA: envelope.schema, LIFE: version.life, NUMBER: str(version.number)}
        client.set_secret(key, envelope.text, content_type="application/json", tags=tags)

    def remove(self, client: SecretClient, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        try:
            client.begin_delete_secret(key)
        except Exception as error:
            if not self.options.purge or self.runner.kind_of(error) is not ErrorKind.MISSING:
                raise
            # An earlier try may have deleted it, and not purged it yet.
            client.get_deleted_secret(key)
        if not self.options.purge:
            return
        try:
            self._when_settled(lambda: client.purge_deleted_secret(key), missing_is_unsettled=True)
        except Exception as error:
            if self.runner.kind_of(error) is not ErrorKind.DENIED:
                raise
            raise RemoteError(ErrorKind.DENIED, "it is deleted, and could not be purged") from None

    def recover(self, client: SecretClient, key: str) -> None:
        """See :meth:`RecoveryRequests.recover`."""
        if self._is_there(client, key):
            raise RemoteError(ErrorKind.EXISTS)
        # What was deleted a moment ago is nowhere for a while.
        self._when_settled(
            lambda: _refuse_foreign(client.get_deleted_secret(key)), missing_is_unsettled=True, patience=self.seconds_of_deleting
        )
        client.begin_recover_deleted_secret(key)
        self._when_settled(lambda: client.get_secret(key), missing_is_unsettled=True)

    def fetch_versions(self, client: SecretClient, key: str) -> Sequence[StoredVersion]:
        """See :meth:`VersionRequests.fetch_versions`."""
        current = client.get_secret(key).properties
        now = _tags_of(current)
        if now is None:
            raise RemoteError(ErrorKind.NOT_OURS)
        versions: dict[int, SecretProperties] = {}
        for one in client.list_properties_of_secret_versions(key):
            tags = _tags_of(one)
            # Of two that were written at the very same moment the current one has the number, else either.
            if tags and tags.life == now.life and one.enabled and (tags.number < now.number or one.version == current.version):
                versions[tags.number] = one

        def version(number: int) -> StoredVersion:
            one = versions[number]
            envelope = SecretEnvelope(client.get_secret(key, one.version).value or "")
            return StoredVersion(number, one.created_on or _EPOCH, envelope, number == now.number)

        with ThreadPoolExecutor(self.parallel_reads, thread_name_prefix="zensecrets-versions") as pool:
            return [one for one in pool.map(version, sorted(versions, reverse=True)) if one.envelope.is_ours]

    def _when_settled(self, act: Callable[[], Any], *, missing_is_unsettled: bool = False, patience: float | None = None) -> None:
        """Do something as soon as nothing is being deleted or recovered any more, or the time for it, by default the deadline, is over."""
        last = time.monotonic() + (self.options.deadline if patience is None else patience)
        while True:
            try:
                act()
            except Exception as error:
                missing = self.runner.kind_of(error) is ErrorKind.MISSING and DELETED not in self.codes_of(error)
                settling = (missing and missing_is_unsettled) or UNSETTLED & set(self.codes_of(error))
                if not settling or time.monotonic() > last:
                    raise
            else:
                return
            time.sleep(self.settling)

    def classify(self, error: Exception) -> ErrorKind | None:
        """See :meth:`RemoteBackend.classify`."""
        # The vault's text for a token whose time is in the future or long past.
        return ErrorKind.SKEWED if "Lifetime validation failed" in str(getattr(error, "message", "")) else None

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        inner = getattr(getattr(error, "error", None), "innererror", None)
        codes = [inner.get("code") if isinstance(inner, dict) else None, getattr(error, "status_code", None)]
        # Without an answer, what is furthest behind tells most.
        return tuple(str(code) for code in codes if code) or tuple(classes_behind(error))[::-1]

    def requested_wait(self, error: Exception) -> float:
        """See :meth:`RemoteBackend.requested_wait`."""
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        asked = headers.get("Retry-After", "")
        return float(asked) if asked.isdecimal() else 0.0


def _is_ours(deleted: DeletedSecret) -> bool:
    return SCHEMA in (deleted.properties.tags or {})


def _refuse_foreign(deleted: DeletedSecret) -> None:
    """Raise RemoteError if what was deleted was not written by this package."""
    if not _is_ours(deleted):
        raise RemoteError(ErrorKind.NOT_OURS, "another program's, deleted and not yet purged")


def _tags_of(found: SecretProperties) -> _VersionTags | None:
    tags = found.tags or {}
    number = tags.get(NUMBER, "")
    return _VersionTags(tags[LIFE], int(number)) if LIFE in tags and SCHEMA in tags and number.isdecimal() else None
