"""Secrets in HashiCorp Vault, in a KV secrets engine of version 2, one JSON document each, with the versions that Vault keeps.

Needs hvac (extra ``vault``), and a token, an AppRole or a Kubernetes service account. Vault lists deleted secrets too as long as they can
be brought back: a list asks for the metadata of each, and shows them all to whoever may not read that.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.errors import InvalidSecretError, SecretNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.managers._document import Document
from zensecrets_jupyter.core.managers._named_files import OF_REQUESTS, PEM
from zensecrets_jupyter.core.managers._names import ALPHABETS
from zensecrets_jupyter.core.managers._outcomes import Outcome, Refusal
from zensecrets_jupyter.core.managers._remote import Listed
from zensecrets_jupyter.core.managers._vault_client import VaultOptions, connected, is_known
from zensecrets_jupyter.core.managers._versioned import Kept, VersionedSecretsManager
from zensecrets_jupyter.core.managers.records import Capability, SecretSummary
from zensecrets_jupyter.core.names import LONE_SURROGATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zensecrets_jupyter.core.managers._names import Alphabet
    from zensecrets_jupyter.core.managers.records import ManagerOptions, SecretRecord

_NO_CONTENT = 204

_SAID: dict[str, str] = {
    "check-and-set parameter did not match": "check-and-set",
    "Vault is sealed": "sealed",
    "too large": "too-large",
    "invalid token": "invalid-token",
}
"""What Vault says in words only, and what the table calls it."""

_ERRORS: dict[str, Outcome] = {
    "check-and-set": Outcome.CONFLICT,
    "sealed": Outcome.LOCKED,
    "too-large": Outcome.TOO_LARGE,
    "invalid-token": Outcome.UNKNOWN_USER,
    # hvac.exceptions, each one status of "HTTP Status Codes" in Vault's documentation.
    "Unauthorized": Outcome.UNKNOWN_USER,
    "Forbidden": Outcome.DENIED,
    "InvalidPath": Outcome.MISSING,
    "UnsupportedOperation": Outcome.UNSUPPORTED,
    "PreconditionFailed": Outcome.TRANSIENT,
    "RateLimitExceeded": Outcome.TRANSIENT,
    "InternalServerError": Outcome.TRANSIENT,
    "VaultNotInitialized": Outcome.LOCKED,
    "BadGateway": Outcome.TRANSIENT,
    "VaultDown": Outcome.TRANSIENT,
    # urllib3.exceptions, inside of those of requests.
    "NewConnectionError": Outcome.UNREACHABLE,
    "NameResolutionError": Outcome.UNREACHABLE,
    # requests.exceptions
    "SSLError": Outcome.UNREACHABLE,
    "ProxyError": Outcome.UNREACHABLE,
    "Timeout": Outcome.TRANSIENT,
    "ChunkedEncodingError": Outcome.TRANSIENT,
    "MissingSchema": Outcome.UNREACHABLE,
    "InvalidSchema": Outcome.UNREACHABLE,
    "InvalidURL": Outcome.UNREACHABLE,
}


class VaultSecretsManager(VersionedSecretsManager[Any, VaultOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`.

    Every write says which version it replaces, and Vault refuses it where that is no longer the current one.
    """

    FLAVOR: ClassVar[str] = "vault"
    options_model: ClassVar[type[ManagerOptions]] = VaultOptions
    alphabet: ClassVar[Alphabet] = ALPHABETS["vault"]
    named_files: ClassVar[Mapping[str, str]] = {
        "VAULT_CACERT": PEM,
        "VAULT_CAPATH": PEM,
        "VAULT_CLIENT_CERT": PEM,
        "VAULT_CLIENT_KEY": PEM,
        **OF_REQUESTS,
    }
    libraries: ClassVar[tuple[str, ...]] = ("hvac",)
    capabilities: ClassVar[Capability] = VersionedSecretsManager.capabilities | Capability.UNDELETE
    foreign_errors: ClassVar[Mapping[str, Outcome]] = _ERRORS
    # Consul, the narrowest of Vault's storages, takes 512 KiB, with what Vault adds; its integrated storage takes 1 MiB.
    largest: ClassVar[int] = 500_000

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.interface.SecretsManager.describe`; no request is made for it."""
        kept = "not at all" if self.chosen.force else "as long as Vault keeps its versions"
        facts = {"mounted at": self.chosen.mount_point, "login by": self.chosen.auth, "deleted secrets are kept for": kept}
        return {**super().describe(), **facts}

    def not_found(self, secret_name: str) -> SecretNotFoundError:
        """Return the error that says that there is no such secret, and how to bring it back if it was deleted."""
        with suppress(ZenSecretsError, Refusal):
            key = self.key_of(secret_name)
            found = self._attempt(lambda client: self._metadata(client, key))
            if _can_be_brought_back(found):
                message = f"Secret {secret_name!r} in secrets manager {self.name!r} was deleted; Vault still keeps it."
                hint = f"Bring it back: %secret undelete {secret_name}, or register it anew."
                return SecretNotFoundError(message, name=secret_name, manager=self.name, hint=hint)
        return super().not_found(secret_name)

    def _document_for(self, name: str, record: SecretRecord) -> Document:
        document = super()._document_for(name, record)
        if LONE_SURROGATE.search("".join([*record.content, *record.content.values()])):
            message = f"Secret {name!r} holds half a character, in the place of which Vault would keep another one."
            raise InvalidSecretError(message, name=name, manager=self.name, hint="Encode it, as base64 say.")
        return document

    def _summaries(self) -> Iterable[SecretSummary]:
        found = list(super()._summaries())
        if not found:
            return []
        with ThreadPoolExecutor(min(self.parallel_reads, len(found)), thread_name_prefix="zensecrets-list") as pool:
            return [summary for summary in pool.map(self._summary_of, found) if summary is not None]

    def _summary_of(self, listed: SecretSummary) -> SecretSummary | None:
        """Return what is to be shown of a secret that Vault lists; ``None`` if it is deleted."""
        if listed.name in self.read_only:
            return listed
        key = self.key_of(listed.name)
        try:
            found = self._attempt(lambda client: self._metadata(client, key))
        except Refusal as refusal:
            if refusal.outcome is Outcome.MISSING:
                return None
            if refusal.outcome is Outcome.DENIED:
                return listed
            problem = self._error(refusal, "list")
        else:
            live = _live(found)
            return SecretSummary(listed.name, None, live[0], _moment(found["updated_time"])) if live else None
        raise problem

    # The requests of the flavor.

    def _connect(self) -> Any:
        return connected(self.chosen, connections=self.parallel_reads)

    def _get(self, client: Any, key: str) -> Document:
        return self._get_version(client, key, None)

    def _get_version(self, client: Any, key: str, number: int | None) -> Document:
        answer = self._call(client, client.secrets.kv.v2.read_secret_version, key, version=number, raise_on_deleted_version=True)
        found = _data_of(answer)
        data, version = found.get("data"), found.get("metadata", {}).get("version")
        return Document(json.dumps(data, ensure_ascii=False, separators=(",", ":")), version)

    def _get_external(self, client: Any, path: str) -> str:
        return self._get(client, path.strip("/")).text

    def _metadata(self, client: Any, key: str) -> dict[str, Any]:
        return _data_of(self._call(client, client.secrets.kv.v2.read_secret_metadata, key))

    def _list_keys(self, client: Any, prefix: str) -> Iterable[Listed]:
        from hvac.exceptions import InvalidPath  # noqa: PLC0415 - see _connect

        try:
            found = _data_of(self._call(client, client.secrets.kv.v2.list_secrets, prefix))["keys"]
        except InvalidPath:
            # That is how Vault says that there is nothing.
            found = []
        return [Listed(prefix + key) for key in found if not key.endswith("/")]

    def _create(self, client: Any, key: str, document: Document) -> None:
        try:
            return self._write(client, key, document, over=0)
        except Refusal:
            pass
        # What was deleted, and can be brought back, still has its versions.
        found = self._metadata(client, key)
        if _live(found):
            raise Refusal(Outcome.EXISTS)
        try:
            return self._write(client, key, document, over=found["current_version"])
        except Refusal:
            pass
        raise Refusal(Outcome.EXISTS)

    def _replace(self, client: Any, key: str, document: Document, present: Document) -> None:
        self._write(client, key, document, over=present.token)

    def _write(self, client: Any, key: str, document: Document, *, over: object) -> None:
        """Write ``document`` if ``over`` is still the number of the current version; raise Refusal with CONFLICT if not."""
        from hvac.exceptions import InvalidRequest  # noqa: PLC0415 - see _connect

        try:
            answer = self._call(client, client.secrets.kv.v2.create_or_update_secret, key, secret=json.loads(document.text), cas=over)
        except InvalidRequest as error:
            if self._outcome_of(error) is not Outcome.CONFLICT:
                raise
            answer = None
        if answer is None:
            raise Refusal(Outcome.CONFLICT)
        if "version" not in _data_of(answer):
            raise _not_vault()

    def _remove(self, client: Any, key: str) -> None:
        kv = client.secrets.kv.v2
        if self.chosen.force:
            _be_done(self._call(client, kv.delete_metadata_and_all_versions, key))
            return
        live = _live(self._metadata(client, key))
        if not live:
            raise Refusal(Outcome.MISSING)
        # All of them: what comes later under that name is another secret, with no past.
        _be_done(self._call(client, kv.delete_secret_versions, key, versions=live))

    def _restore(self, client: Any, key: str) -> None:
        found = self._metadata(client, key)
        if _live(found):
            raise Refusal(Outcome.EXISTS)
        if not _can_be_brought_back(found):
            raise Refusal(Outcome.MISSING)
        last = {"versions": [found["current_version"]]}
        _be_done(self._call(client, client.secrets.kv.v2.undelete_secret_versions, key, **last))
        # Whose it is only its content tells.
        if not self._is_foreign(client, key):
            return
        _be_done(self._call(client, client.secrets.kv.v2.delete_secret_versions, key, **last))
        raise Refusal(Outcome.NOT_OURS)

    def _is_foreign(self, client: Any, key: str) -> bool:
        from hvac.exceptions import Forbidden  # noqa: PLC0415 - see _connect

        try:
            return not self._get(client, key).is_ours
        except Forbidden:
            # Who may not read can't tell.
            return False

    def _get_versions(self, client: Any, key: str) -> list[Kept]:
        found = self._metadata(client, key)
        kept: list[Kept] = []
        for number in _live(found):
            created = _moment(found["versions"][str(number)]["created_time"])
            kept.append(Kept(number, created, self._get_version(client, key, number), current=not kept))
        if not kept:
            raise Refusal(Outcome.MISSING)
        return kept

    def _call(self, client: Any, request: Callable[..., Any], key: str, **arguments: Any) -> Any:
        from hvac.exceptions import Forbidden  # noqa: PLC0415 - see _connect

        try:
            return request(path=key, mount_point=self.chosen.mount_point, **arguments)
        except Forbidden as error:
            # Vault says the same to whom it does not know and to whom it does not allow it; everybody it knows may ask about himself.
            if self._outcome_of(error) is Outcome.DENIED and not is_known(client):
                refusal = Refusal(Outcome.UNKNOWN_USER, "Forbidden")
            else:
                raise
        raise refusal

    def _codes_of(self, error: Exception) -> tuple[str, ...]:
        said = getattr(error, "errors", None)
        texts = " ".join(map(str, said)) if isinstance(said, list) else str(said or "")
        codes = [code for words, code in _SAID.items() if words in texts]
        # requests wraps what urllib3 has found.
        reason = getattr(error.args[0], "reason", None) if error.args else None
        return (*codes, type(reason).__name__) if reason is not None else tuple(codes)


def _data_of(answer: Any) -> dict[str, Any]:
    """Return the data of an answer; what has none does not come from Vault."""
    found = answer.get("data") if isinstance(answer, dict) else None
    if isinstance(found, dict):
        return found
    raise _not_vault()


def _be_done(answer: Any) -> None:
    """Raise Refusal unless Vault says that it has done what has no answer."""
    if getattr(answer, "status_code", None) != _NO_CONTENT:
        raise _not_vault()


def _not_vault() -> Refusal:
    return Refusal(Outcome.NOT_OURS, "no-answer-of-Vault")


def _live(metadata: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the versions that are not deleted, the newest first; none if the current one is."""
    numbers = [int(number) for number, one in metadata["versions"].items() if not one["deletion_time"] and not one["destroyed"]]
    return sorted(numbers, reverse=True) if metadata["current_version"] in numbers else []


def _can_be_brought_back(metadata: Mapping[str, Any]) -> bool:
    """Tell whether the current version is deleted, and still kept."""
    current = metadata["versions"].get(str(metadata["current_version"]))
    return current is not None and bool(current["deletion_time"]) and not current["destroyed"]


def _moment(text: str) -> datetime:
    # Vault tells nanoseconds, in UTC.
    return datetime.fromisoformat(f"{text[:19]}+00:00")
