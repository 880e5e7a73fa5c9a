"""The ``vault`` backend: a KV version 2 engine of HashiCorp Vault, with the versions that Vault keeps.

Needs hvac (extra ``vault``), and a token, an AppRole or a Kubernetes service account. Vault lists deleted secrets too as long as they can
be brought back: a list asks for the metadata of each, and shows them all to whoever may not read that.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.errors import InvalidSecretError, SecretNotFoundError
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend, StoredVersion
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.http_errors import requests_errors
from zensecrets_jupyter.core.managers.backends.remote.named_files import OF_REQUESTS, PEM
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS
from zensecrets_jupyter.core.managers.backends.remote.vault.client import VaultOptions, connected, is_known
from zensecrets_jupyter.core.managers.records import SecretSummary
from zensecrets_jupyter.core.names import LONE_SURROGATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zensecrets_jupyter.core.managers.backends.remote.naming import NameEncoding
    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable
    from zensecrets_jupyter.core.managers.records import ManagerOptions, SecretRecord

_NO_CONTENT = 204

_SAID: dict[str, str] = {
    "check-and-set parameter did not match": "check-and-set",
    "Vault is sealed": "sealed",
    "too large": "too-large",
    "invalid token": "invalid-token",
}
"""What Vault says in words only, and what the table calls it."""

_ERRORS: ErrorTable = {
    "check-and-set": ErrorKind.CONFLICT,
    "sealed": ErrorKind.LOCKED,
    "too-large": ErrorKind.TOO_LARGE,
    "invalid-token": ErrorKind.UNKNOWN_USER,
    # Classes of urllib3 inside errors of requests; not all of them are in each version of urllib3.
    "NewConnectionError": ErrorKind.UNREACHABLE,
    "NameResolutionError": ErrorKind.UNREACHABLE,
    "SSLError": ErrorKind.UNREACHABLE,
    "ProxyError": ErrorKind.UNREACHABLE,
}
"""Kinds of errors, by code; those of hvac and requests are in :meth:`VaultBackend.library_errors`."""


class VaultBackend(RemoteBackend[Any, VaultOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`.

    Every write says which version it replaces, and Vault refuses it where that is no longer the current one.
    """

    FLAVOR: ClassVar[str] = "vault"
    options_model: ClassVar[type[ManagerOptions]] = VaultOptions
    encoding: ClassVar[NameEncoding] = ENCODINGS["vault"]
    named_files: ClassVar[Mapping[str, str]] = {
        "VAULT_CACERT": PEM,
        "VAULT_CAPATH": PEM,
        "VAULT_CLIENT_CERT": PEM,
        "VAULT_CLIENT_KEY": PEM,
        **OF_REQUESTS,
    }
    libraries: ClassVar[tuple[str, ...]] = ("hvac",)
    error_kinds: ClassVar[ErrorTable] = _ERRORS
    # Consul, the narrowest of Vault's storages, takes 512 KiB, with what Vault adds; its integrated storage takes 1 MiB.
    max_size: ClassVar[int] = 500_000

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        kept = "not at all" if self.options.force else "as long as Vault keeps its versions"
        facts = {"mounted at": self.options.mount_point, "login by": self.options.auth, "deleted secrets are kept for": kept}
        return {**super().describe(), **facts}

    def explain_deleted(self, name: str, key: str) -> SecretNotFoundError | None:
        """See :meth:`RemoteBackend.explain_deleted`."""
        found = self.runner.attempt(lambda client: self._metadata(client, key))
        if _can_be_brought_back(found):
            message = f"Secret {name!r} in secrets manager {self.name!r} was deleted; Vault still keeps it."
            hint = f"Bring it back: %secret undelete {name}, or register it anew."
            return SecretNotFoundError(message, name=name, manager=self.name, hint=hint)
        return None

    def library_errors(self) -> ErrorTable:
        """See :meth:`RemoteBackend.library_errors`."""
        from hvac import exceptions
        from requests import exceptions as http

        return {
            **requests_errors(),
            http.ProxyError: ErrorKind.UNREACHABLE,
            http.MissingSchema: ErrorKind.UNREACHABLE,
            http.InvalidSchema: ErrorKind.UNREACHABLE,
            # Each is one status of "HTTP Status Codes" in Vault's documentation.
            exceptions.Unauthorized: ErrorKind.UNKNOWN_USER,
            exceptions.Forbidden: ErrorKind.DENIED,
            exceptions.InvalidPath: ErrorKind.MISSING,
            exceptions.UnsupportedOperation: ErrorKind.UNSUPPORTED,
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
            message = f"Secret {name!r} holds half a character, in the place of which Vault would keep another one."
            raise InvalidSecretError(message, name=name, manager=self.name, hint="Encode it, as base64 say.")
        return envelope

    def list(self) -> Iterable[SecretSummary]:
        """See :meth:`RemoteBackend.list`."""
        found = [*super().list()]
        if not found:
            return []
        with ThreadPoolExecutor(min(self.parallel_reads, len(found)), thread_name_prefix="zensecrets-list") as pool:
            return [summary for summary in pool.map(self._summary_of, found) if summary is not None]

    def _summary_of(self, listed: SecretSummary) -> SecretSummary | None:
        """Return what is to be shown of a secret that Vault lists; ``None`` if it is deleted."""
        if listed.name in self.read_only:
            return listed
        key = self.key_for(listed.name)
        try:
            found = self.runner.attempt(lambda client: self._metadata(client, key))
        except RemoteError as refusal:
            if refusal.kind is ErrorKind.MISSING:
                return None
            if refusal.kind is ErrorKind.DENIED:
                return listed
            problem = self.runner.error_for(refusal, "list")
        else:
            live = _live(found)
            return SecretSummary(listed.name, None, live[0], _moment(found["updated_time"])) if live else None
        raise problem

    # The requests of the flavor.

    def connect(self) -> Any:
        """See :meth:`RemoteBackend.connect`."""
        return connected(self.options, connections=self.parallel_reads)

    def fetch(self, client: Any, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch`."""
        return self._get_version(client, key, None)

    def _get_version(self, client: Any, key: str, number: int | None) -> SecretEnvelope:
        answer = self._call(client, client.secrets.kv.v2.read_secret_version, key, version=number, raise_on_deleted_version=True)
        found = _data_of(answer)
        data, version = found.get("data"), found.get("metadata", {}).get("version")
        return SecretEnvelope(json.dumps(data, ensure_ascii=False, separators=(",", ":")), version)

    def fetch_external(self, client: Any, path: str) -> str:
        """See :meth:`RemoteBackend.fetch_external`."""
        return self.fetch(client, path.strip("/")).text

    def _metadata(self, client: Any, key: str) -> dict[str, Any]:
        return _data_of(self._call(client, client.secrets.kv.v2.read_secret_metadata, key))

    def list_keys(self, client: Any, prefix: str) -> Iterable[ListedKey]:
        """See :meth:`RemoteBackend.list_keys`."""
        from hvac.exceptions import InvalidPath

        try:
            found = _data_of(self._call(client, client.secrets.kv.v2.list_secrets, prefix))["keys"]
        except InvalidPath:
            # That is how Vault says that there is nothing.
            found = []
        return [ListedKey(prefix + key) for key in found if not key.endswith("/")]

    def insert(self, client: Any, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        try:
            return self._write(client, key, envelope, over=0)
        except RemoteError:
            pass
        # What was deleted, and can be brought back, still has its versions.
        found = self._metadata(client, key)
        if _live(found):
            raise RemoteError(ErrorKind.EXISTS)
        try:
            return self._write(client, key, envelope, over=found["current_version"])
        except RemoteError:
            pass
        raise RemoteError(ErrorKind.EXISTS)

    def overwrite(self, client: Any, key: str, envelope: SecretEnvelope, present: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.overwrite`."""
        self._write(client, key, envelope, over=present.token)

    def _write(self, client: Any, key: str, envelope: SecretEnvelope, *, over: object) -> None:
        """Write ``envelope`` if ``over`` is still the number of the current version; raise RemoteError with CONFLICT if not."""
        from hvac.exceptions import InvalidRequest

        try:
            answer = self._call(client, client.secrets.kv.v2.create_or_update_secret, key, secret=json.loads(envelope.text), cas=over)
        except InvalidRequest as error:
            if self.runner.kind_of(error) is not ErrorKind.CONFLICT:
                raise
            answer = None
        if answer is None:
            raise RemoteError(ErrorKind.CONFLICT)
        if "version" not in _data_of(answer):
            raise _not_vault()

    def remove(self, client: Any, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        kv = client.secrets.kv.v2
        if self.options.force:
            _be_done(self._call(client, kv.delete_metadata_and_all_versions, key))
            return
        live = _live(self._metadata(client, key))
        if not live:
            raise RemoteError(ErrorKind.MISSING)
        # All of them: what comes later under that name is another secret, with no past.
        _be_done(self._call(client, kv.delete_secret_versions, key, versions=live))

    def recover(self, client: Any, key: str) -> None:
        """See :meth:`RecoveryRequests.recover`."""
        found = self._metadata(client, key)
        if _live(found):
            raise RemoteError(ErrorKind.EXISTS)
        if not _can_be_brought_back(found):
            raise RemoteError(ErrorKind.MISSING)
        last = {"versions": [found["current_version"]]}
        _be_done(self._call(client, client.secrets.kv.v2.undelete_secret_versions, key, **last))
        # Whose it is only its content tells.
        if not self._is_foreign(client, key):
            return
        _be_done(self._call(client, client.secrets.kv.v2.delete_secret_versions, key, **last))
        raise RemoteError(ErrorKind.NOT_OURS)

    def _is_foreign(self, client: Any, key: str) -> bool:
        from hvac.exceptions import Forbidden

        try:
            return not self.fetch(client, key).is_ours
        except Forbidden:
            # Who may not read can't tell.
            return False

    def fetch_versions(self, client: Any, key: str) -> Sequence[StoredVersion]:
        """See :meth:`VersionRequests.fetch_versions`."""
        found = self._metadata(client, key)
        kept: list[StoredVersion] = []
        for number in _live(found):
            created = _moment(found["versions"][str(number)]["created_time"])
            kept.append(StoredVersion(number, created, self._get_version(client, key, number), current=not kept))
        if not kept:
            raise RemoteError(ErrorKind.MISSING)
        return kept

    def _call(self, client: Any, request: Callable[..., Any], key: str, **arguments: Any) -> Any:
        from hvac.exceptions import Forbidden

        try:
            return request(path=key, mount_point=self.options.mount_point, **arguments)
        except Forbidden as error:
            # Vault says the same to whom it does not know and to whom it does not allow it; everybody it knows may ask about himself.
            if self.runner.kind_of(error) is ErrorKind.DENIED and not is_known(client):
                refusal = RemoteError(ErrorKind.UNKNOWN_USER, "Forbidden")
            else:
                raise
        raise refusal

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
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
    """Raise RemoteError unless Vault says that it has done what has no answer."""
    if getattr(answer, "status_code", None) != _NO_CONTENT:
        raise _not_vault()


def _not_vault() -> RemoteError:
    return RemoteError(ErrorKind.NOT_OURS, "no-answer-of-Vault")


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
