"""Secrets in Azure Key Vault, with their earlier versions.

Needs the vault's address, the extra ``azure``, and credentials: those that Azure's libraries find by themselves, or an application's client
secret. To read takes the permission to get secrets; to list, list; to write, get and set; to delete, delete; to bring back what was
deleted, or to register its name anew, recover.

A vault can't compare before it writes: of two who register or change one secret at the very same moment the later wins, and what the
earlier wrote is a version in the vault. What is deleted can be recovered in the vault until its time is over, unless the option ``purge``
says otherwise. A name that is registered again takes the deleted secret's place in the vault, but not its history.

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

from zensecrets_jupyter.core.errors import SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.managers._azure_client import classes_behind, client_of, once
from zensecrets_jupyter.core.managers._document import Document
from zensecrets_jupyter.core.managers._external import ExternalOptions
from zensecrets_jupyter.core.managers._named_files import OF_REQUESTS, PEM
from zensecrets_jupyter.core.managers._names import ALPHABETS, Alphabet
from zensecrets_jupyter.core.managers._outcomes import Outcome, Refusal
from zensecrets_jupyter.core.managers._remote import Listed
from zensecrets_jupyter.core.managers._versioned import Kept, VersionedSecretsManager
from zensecrets_jupyter.core.managers.records import Capability

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from azure.core.credentials import TokenCredential
    from azure.keyvault.secrets import DeletedSecret, SecretClient, SecretProperties

    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

DELETED = "ObjectIsDeletedButRecoverable"
UNSETTLED = frozenset({"ObjectIsBeingDeleted", "ObjectIsBeingRecovered"})

FOREIGN_ERRORS: Mapping[str, Outcome] = {
    # The inner code of an answer 409. Who changes a secret that another deleted just now does not find it.
    DELETED: Outcome.MISSING,
    "ObjectIsBeingDeleted": Outcome.TRANSIENT,
    "ObjectIsBeingRecovered": Outcome.TRANSIENT,
    # The certificate, or the name of the vault, that a ServiceRequestError comes from.
    "SSLCertVerificationError": Outcome.UNREACHABLE,
    "NameResolutionError": Outcome.UNREACHABLE,
    # "Authentication, requests and responses" of Key Vault's REST API.
    "401": Outcome.UNKNOWN_USER,
    "403": Outcome.DENIED,
    "404": Outcome.MISSING,
    "408": Outcome.TRANSIENT,
    "409": Outcome.TRANSIENT,
    "413": Outcome.TOO_LARGE,
    "429": Outcome.TRANSIENT,
    "500": Outcome.TRANSIENT,
    "502": Outcome.TRANSIENT,
    "503": Outcome.TRANSIENT,
    "504": Outcome.TRANSIENT,
    # Of azure.core and azure.identity, where there was no answer, or none of the vault's.
    "ClientAuthenticationError": Outcome.UNKNOWN_USER,
    "ServiceRequestError": Outcome.TRANSIENT,
    "ServiceResponseError": Outcome.TRANSIENT,
}

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


class _Place(NamedTuple):
    """Where a version is in the history of a secret."""

    life: str
    number: int


class AzureSecretsManager(VersionedSecretsManager["SecretClient", AzureOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""

    FLAVOR: ClassVar[str] = "azure"
    options_model: ClassVar[type[ManagerOptions]] = AzureOptions
    alphabet: ClassVar[Alphabet] = ALPHABETS["azure"]
    foreign_errors: ClassVar[Mapping[str, Outcome]] = FOREIGN_ERRORS
    named_files: ClassVar[Mapping[str, str]] = {"AZURE_CLIENT_CERTIFICATE_PATH": PEM, **OF_REQUESTS}
    libraries: ClassVar[tuple[str, ...]] = ("azure.identity", "azure.keyvault.secrets")
    capabilities: ClassVar[Capability] = VersionedSecretsManager.capabilities | Capability.UNDELETE
    # "About Azure Key Vault secrets": 25 KB.
    largest: ClassVar[int] = 25 * 1024
    settling: ClassVar[float] = 1.0
    """Seconds between two looks at what is being deleted or recovered."""
    seconds_of_deleting: ClassVar[float] = 5.0
    """Seconds for which what is to be brought back is looked for among the deleted: "several", by the client's documentation."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""
        super().__init__(options, context=context)
        # The documents that were sent once over another, and those for which a deleted secret was recovered: of these another try
        # may find what this one left.
        self._sent: weakref.WeakSet[Document] = weakref.WeakSet()
        self._recovered: weakref.WeakSet[Document] = weakref.WeakSet()

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.interface.SecretsManager.describe`; no request is made for it."""
        deleted = "purged at once" if self.chosen.purge else "can be recovered in the vault"
        return {**super().describe(), "what is deleted": deleted}

    def not_found(self, secret_name: str) -> SecretNotFoundError:
        """Return the error that says that there is no such secret, and until when it can be brought back if it was deleted."""
        with suppress(ZenSecretsError, Refusal):
            key = self.key_of(secret_name)
            found = self._attempt(lambda client: client.get_deleted_secret(key))
            if _is_ours(found) and found.scheduled_purge_date:
                until = f"Azure keeps it until {found.scheduled_purge_date:%Y-%m-%d}"
                message = f"Secret {secret_name!r} in secrets manager {self.name!r} was deleted; {until}."
                hint = f"Bring it back: %secret undelete {secret_name}, or register it anew."
                return SecretNotFoundError(message, name=secret_name, manager=self.name, hint=hint)
        return super().not_found(secret_name)

    def _connect(self) -> SecretClient:
        timeout = self.chosen.timeout
        return client_of(self.chosen.vault_url, self._credential(), timeout=timeout, connections=self.parallel_reads)

    def _credential(self) -> TokenCredential:
        from azure.identity import ClientSecretCredential, DefaultAzureCredential  # noqa: PLC0415 - loaded when it is used

        asked: dict[str, Any] = {**once(self.chosen.timeout), "disable_instance_discovery": not self.chosen.authority_is_known}
        if self.chosen.authority:
            asked["authority"] = self.chosen.authority
        tenant, application, client_secret = self.chosen.tenant_id, self.chosen.client_id, self.chosen.client_secret
        try:
            if tenant and application and client_secret:
                return ClientSecretCredential(tenant, application, client_secret, **asked)
            return DefaultAzureCredential(**asked)
        except ValueError:
            # Of azure.identity's constructors, whose text quotes it.
            malformed = "malformed tenant id or authority"
        raise Refusal(Outcome.UNKNOWN_USER, malformed)

    def _get(self, client: SecretClient, key: str) -> Document:
        found = client.get_secret(key)
        return Document(found.value or "", token=_place_of(found.properties))

    def _get_external(self, client: SecretClient, path: str) -> str:
        if not re.fullmatch("[0-9A-Za-z-]{1,127}", path):
            # Of any other the client would make an address of something else.
            raise Refusal(Outcome.MISSING)
        return client.get_secret(path).value or ""

    def _list_keys(self, client: SecretClient, prefix: str) -> Iterable[Listed]:  # noqa: ARG002 - a vault filters nothing
        for found in client.list_properties_of_secrets():
            # The others belong to certificates.
            if found.name and not found.managed:
                place = _place_of(found)
                yield Listed(found.name, (found.tags or {}).get(SCHEMA), place.number if place else None, found.updated_on)

    def _create(self, client: SecretClient, key: str, document: Document) -> None:
        if document not in self._recovered and self._is_there(client, key):
            raise Refusal(Outcome.EXISTS)
        first = _Place(secrets.token_hex(8), 1)
        try:
            self._when_settled(lambda: self._set(client, key, document, first))
        except Exception as error:
            if DELETED not in self._codes_of(error):
                raise
        else:
            return
        _refuse_foreign(client.get_deleted_secret(key))
        self._recovered.add(document)
        try:
            client.begin_recover_deleted_secret(key)
            self._when_settled(lambda: self._set(client, key, document, first))
        except BaseException:
            # Ctrl-C too must not bring back what was deleted.
            with suppress(Exception):  # the first error is the one that is told; another try recovers it again
                client.begin_delete_secret(key)
                self._recovered.discard(document)
            raise

    def _is_there(self, client: SecretClient, key: str) -> bool:
        try:
            client.get_secret(key)
        except Exception as error:
            if self._outcome_of(error) is not Outcome.MISSING:
                raise
            return False
        return True

    def _replace(self, client: SecretClient, key: str, document: Document, present: Document) -> None:
        before = present.token if isinstance(present.token, _Place) else _Place(secrets.token_hex(8), 0)
        if document in self._sent:
            # An earlier try's answer was lost: it may have been done, and another may have come since.
            found = self._get(client, key).write
            if found == document.write:
                return
            if found != present.write:
                raise Refusal(Outcome.CONFLICT)
        self._sent.add(document)
        self._set(client, key, document, _Place(before.life, before.number + 1))

    def _set(self, client: SecretClient, key: str, document: Document, place: _Place) -> None:
        tags = {SCHEMA: document.schema, LIFE: place.life, NUMBER: str(place.number)}
        client.set_secret(key, document.text, content_type="application/json", tags=tags)

    def _remove(self, client: SecretClient, key: str) -> None:
        try:
            client.begin_delete_secret(key)
        except Exception as error:
            if not self.chosen.purge or self._outcome_of(error) is not Outcome.MISSING:
                raise
            # An earlier try may have deleted it, and not purged it yet.
            client.get_deleted_secret(key)
        if not self.chosen.purge:
            return
        try:
            self._when_settled(lambda: client.purge_deleted_secret(key), missing_is_unsettled=True)
        except Exception as error:
            if self._outcome_of(error) is not Outcome.DENIED:
                raise
            raise Refusal(Outcome.DENIED, "it is deleted, and could not be purged") from None

    def _restore(self, client: SecretClient, key: str) -> None:
        if self._is_there(client, key):
            raise Refusal(Outcome.EXISTS)
        # What was deleted a moment ago is nowhere for a while.
        self._when_settled(
            lambda: _refuse_foreign(client.get_deleted_secret(key)), missing_is_unsettled=True, patience=self.seconds_of_deleting
        )
        client.begin_recover_deleted_secret(key)
        self._when_settled(lambda: client.get_secret(key), missing_is_unsettled=True)

    def _get_versions(self, client: SecretClient, key: str) -> list[Kept]:
        current = client.get_secret(key).properties
        now = _place_of(current)
        if now is None:
            raise Refusal(Outcome.NOT_OURS)
        versions: dict[int, SecretProperties] = {}
        for one in client.list_properties_of_secret_versions(key):
            place = _place_of(one)
            # Of two that were written at the very same moment the current one has the number, else either.
            if place and place.life == now.life and one.enabled and (place.number < now.number or one.version == current.version):
                versions[place.number] = one

        def version(number: int) -> Kept:
            one = versions[number]
            document = Document(client.get_secret(key, one.version).value or "")
            return Kept(number, one.created_on or _EPOCH, document, number == now.number)

        with ThreadPoolExecutor(self.parallel_reads, thread_name_prefix="zensecrets-versions") as pool:
            return [one for one in pool.map(version, sorted(versions, reverse=True)) if one.document.is_ours]

    def _when_settled(self, act: Callable[[], Any], *, missing_is_unsettled: bool = False, patience: float | None = None) -> None:
        """Do something as soon as nothing is being deleted or recovered any more, or the time for it, by default the deadline, is over."""
        last = time.monotonic() + (self.chosen.deadline if patience is None else patience)
        while True:
            try:
                act()
            except Exception as error:
                missing = self._outcome_of(error) is Outcome.MISSING and DELETED not in self._codes_of(error)
                settling = (missing and missing_is_unsettled) or UNSETTLED & set(self._codes_of(error))
                if not settling or time.monotonic() > last:
                    raise
            else:
                return
            time.sleep(self.settling)

    def _outcome_of(self, error: Exception) -> Outcome:
        # What the vault says of a token from the future or of long ago.
        if "Lifetime validation failed" in str(getattr(error, "message", "")):
            return Outcome.SKEWED
        return super()._outcome_of(error)

    def _codes_of(self, error: Exception) -> tuple[str, ...]:
        inner = getattr(getattr(error, "error", None), "innererror", None)
        codes = [inner.get("code") if isinstance(inner, dict) else None, getattr(error, "status_code", None)]
        # Without an answer, what is furthest behind tells most.
        return tuple(str(code) for code in codes if code) or tuple(classes_behind(error))[::-1]

    def _wait_asked_by(self, error: Exception) -> float:
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        asked = headers.get("Retry-After", "")
        return float(asked) if asked.isdecimal() else 0.0


def _is_ours(deleted: DeletedSecret) -> bool:
    return SCHEMA in (deleted.properties.tags or {})


def _refuse_foreign(deleted: DeletedSecret) -> None:
    """Raise Refusal if what was deleted was not written by this package."""
    if not _is_ours(deleted):
        raise Refusal(Outcome.NOT_OURS, "another program's, deleted and not yet purged")


def _place_of(found: SecretProperties) -> _Place | None:
    tags = found.tags or {}
    number = tags.get(NUMBER, "")
    return _Place(tags[LIFE], int(number)) if LIFE in tags and SCHEMA in tags and number.isdecimal() else None
