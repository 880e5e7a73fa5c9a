"""The ``zenml`` backend: secrets of a ZenML server, shared with its pipelines.

Needs a server, the extra ``zenml``, and an API key of a service account, or a login by ``zenml login``. ZenML itself need not be installed.

What is written are ordinary secrets of the server: each key is a key there, and ``{{name.key}}`` is the same value in a pipeline. What
others wrote are ordinary secrets here. So there is nothing that is another program's, and without a scope, which is the default, all
secrets can't be deleted at once. A schema other than ``arbitrary`` is remembered under a key more.

A server can't compare before it writes, and takes some milliseconds to change a secret. Of two who change one at the very same moment the
later may undo what the earlier did; changed keys only are sent, so that it has to be that moment. Of two users who register one name then
both may succeed, and the older secret is the one that is read. It keeps no versions.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidOptionsError, InvalidSecretError
from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend
from zensecrets_jupyter.core.managers.backends.remote.envelope import EnvelopeCodec, SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.http_errors import requests_errors
from zensecrets_jupyter.core.managers.backends.remote.named_files import OF_REQUESTS
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS, ROOT, NameEncoding, Scope
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions
from zensecrets_jupyter.core.managers.backends.remote.zenml.client import (
    ZenmlAnswerError,
    ZenmlConnection,
    connected,
    no_zenml,
    part_of,
    text_in,
)
from zensecrets_jupyter.core.managers.backends.remote.zenml.login import ServerLogin, is_sealed_on_the_way, server_in_use
from zensecrets_jupyter.core.managers.records import SecretRecord
from zensecrets_jupyter.core.names import LONE_SURROGATE
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable
    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

ERROR_KINDS: ErrorTable = {
    "no-such-address": ErrorKind.UNREACHABLE,
    "refused-content": ErrorKind.TOO_LARGE,
    # The server was moved; a token is not sent after it.
    "301": ErrorKind.UNREACHABLE,
    "302": ErrorKind.UNREACHABLE,
    "307": ErrorKind.UNREACHABLE,
    "308": ErrorKind.UNREACHABLE,
    # The statuses that a ZenML server gives its errors.
    "401": ErrorKind.UNKNOWN_USER,
    "402": ErrorKind.DENIED,
    "403": ErrorKind.DENIED,
    "404": ErrorKind.MISSING,
    "405": ErrorKind.UNREACHABLE,
    "408": ErrorKind.TRANSIENT,
    "409": ErrorKind.EXISTS,
    "413": ErrorKind.TOO_LARGE,
    "422": ErrorKind.REFUSED_NAME,
    "429": ErrorKind.TRANSIENT,
    "500": ErrorKind.TRANSIENT,
    "501": ErrorKind.UNSUPPORTED,
    "502": ErrorKind.TRANSIENT,
    "503": ErrorKind.TRANSIENT,
    "504": ErrorKind.TRANSIENT,
    # Classes of urllib3 inside errors of requests; not all of them are in each version of urllib3.
    "SSLError": ErrorKind.UNREACHABLE,
    "NewConnectionError": ErrorKind.UNREACHABLE,
    "NameResolutionError": ErrorKind.UNREACHABLE,
}
"""Kinds of errors, by status and code; those of requests are in :meth:`ZenmlBackend.library_errors`."""

SCHEMA = "zensecrets_schema"
"""The key under which a secret's schema is remembered, where it is not ``arbitrary``."""


class ZenmlOptions(ExternalOptions):
    """Which server, and as whom; by default those that ZenML itself would ask here."""

    scope: Scope = Scope.NONE
    """Who shares the secrets: ``none`` whoever uses the server, by bare names, as its pipelines do; see the other flavors for the rest."""
    url: str | None = Field(default=None, max_length=500)
    """The address of the server; by default ZENML_STORE_URL, else that of ``zenml login``."""
    api_key: str | None = SecretField(default=None)
    """An API key of a service account; by default ZENML_STORE_API_KEY, else what ``zenml login`` has left, each for its own server."""
    private: bool = False
    """Whether the secrets are this user's only, as ZenML has it, instead of all users'."""

    @field_validator("url")
    @classmethod
    def _send_nothing_in_clear(cls, url: str | None) -> str | None:
        # Only the type of an error is shown, so that no text of it can quote what was given.
        if url is None:
            return None
        if not is_sealed_on_the_way(url):
            raise PydanticCustomError("no address that begins with https", "unencrypted")
        return url.rstrip("/")


@dataclass(frozen=True)
class _ZenmlSecret(SecretEnvelope):
    """Keys and values of a secret of ZenML, as JSON; the token is its identifier in ZenML."""

    @property
    def size(self) -> int:
        """See :class:`SecretEnvelope`; the limit of ZenML counts keys and values."""
        return sum(len(text.encode("utf-8")) for pair in _values_of(self).items() for text in pair)

    @property
    def is_ours(self) -> bool:
        """Whether it is a secret: everything in ZenML is one."""
        return True

    @property
    def write(self) -> str:
        """The content itself, since ZenML stores nothing else that could identify a write."""
        return self.text


class _ZenmlCodec(EnvelopeCodec):
    """Converts secrets to ZenML's keys and values; the schema is one more key."""

    def encode(self, record: SecretRecord) -> SecretEnvelope:
        """See :meth:`EnvelopeCodec.encode`."""
        schema = {} if record.schema == ArbitrarySecretSchema.TYPE else {SCHEMA: record.schema}
        return _envelope_of({**record.content, **schema})

    def decode(self, envelope: SecretEnvelope, *, name: str, service: str, manager: str) -> SecretRecord:
        """See :meth:`EnvelopeCodec.decode`.

        Raises:
            InvalidSecretError: If it has a key that no secret may have here.
        """
        content = _values_of(envelope)
        schema = content.pop(SCHEMA, ArbitrarySecretSchema.TYPE)
        invalid = next((key for key in content if not _can_be_a_key(key)), None)
        if invalid is None:
            return SecretRecord(schema, content)
        message = f"Secret {name!r} has a key {invalid!r} in {service}, which no secret can have here."
        hint = "Give the key another name there, without white space and braces."
        raise InvalidSecretError(message, name=name, manager=manager, hint=hint)


class ZenmlBackend(RemoteBackend[ZenmlConnection, ZenmlOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""

    FLAVOR: ClassVar[str] = "zenml"
    options_model: ClassVar[type[ManagerOptions]] = ZenmlOptions
    encoding: ClassVar[NameEncoding] = ENCODINGS["zenml"]
    error_kinds: ClassVar[ErrorTable] = ERROR_KINDS
    named_files: ClassVar[Mapping[str, str]] = OF_REQUESTS
    libraries: ClassVar[tuple[str, ...]] = ("requests",)
    # SECRET_KEY_VALUE_BYTES_MAX of ZenML 0.98.
    max_size: ClassVar[int] = 64 * 1024
    codec: EnvelopeCodec = _ZenmlCodec()
    page: ClassVar[int] = 1000
    """Secrets in one page of a list; the server allows ten times as many."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        self._has_connected = False

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        seen = {"seen by": "this user only" if self.options.private else "all users of the server"}
        server = self._server()
        ambient = {} if self.options.url else {"server": server.address if server else "none yet"}
        return {**super().describe(), **seen, **ambient}

    def _server(self) -> ServerLogin | None:
        if self.options.url:
            return ServerLogin(self.options.url, self.options.api_key)
        found = server_in_use()
        return ServerLogin(found.url, self.options.api_key) if found and self.options.api_key else found

    def connect(self) -> ZenmlConnection:
        """See :meth:`RemoteBackend.connect`."""
        server = self._server()
        if server is None:
            message = f"Secrets manager {self.name!r} (flavor zenml) does not know which server to ask: none is in ZenML's settings here."
            hint = "Give it url=https://SERVER, or log in by zenml login SERVER; a local ZenML gets a server by zenml login --local"
            raise InvalidOptionsError(message, flavor=self.FLAVOR, hint=hint)
        if not is_sealed_on_the_way(server.url):
            message = f"ZenML's settings name {server.address}, where an API key and secrets would be sent in clear."
            raise InvalidOptionsError(message, flavor=self.FLAVOR, hint="Give the server an address that begins with https.")
        # Where an earlier client was given up, the token of a login before it may have ended.
        anew, self._has_connected = self._has_connected, True
        return connected(server, anew=anew, timeout=self.options.timeout, connections=self.parallel_reads)

    def library_errors(self) -> ErrorTable:
        """See :meth:`RemoteBackend.library_errors`."""
        return requests_errors(default=ErrorKind.TRANSIENT)

    def envelope_for(self, name: str, record: SecretRecord) -> SecretEnvelope:
        """See :meth:`RemoteBackend.envelope_for`."""
        if SCHEMA in record.content:
            message = f"Secret {name!r} can't have a key {SCHEMA!r}: in ZenML that is where a secret's schema is remembered."
            raise InvalidSecretError(message, name=name, manager=self.name, hint="Choose another key.")
        if LONE_SURROGATE.search("".join([*record.content, *record.content.values()])):
            message = f"Secret {name!r} holds half a character, which ZenML does not take."
            raise InvalidSecretError(message, name=name, manager=self.name, hint="Encode it, as base64 say.")
        return super().envelope_for(name, record)

    def delete(self, name: str) -> None:
        """See :meth:`RemoteBackend.delete`."""
        # Without a look at what is there: it can't be anything else than a secret.
        self.delete_key(name, self.key_for(name))

    def delete_all(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Clearable.delete_all`."""
        if self.keys.scope is Scope.NONE:
            action = "delete all secrets without a scope: pipelines may need them"
            raise self.unsupported(action, "Delete those that are yours one by one.")
        super().delete_all()

    def rename(self, name: str, new_name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Renamable.rename`."""
        key, new_key = self.key_for(name), self.keys.key_for(new_name)
        found = self.runner.ask("rename", lambda client: self._identity(client, key), name=name)
        if key == new_key:
            raise self.exists(new_name)
        self.runner.ask("rename", lambda client: self._change_in(client, found, {"name": new_key}), name=new_name, writes=True)

    # The requests of the flavor.

    def fetch(self, client: ZenmlConnection, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch`."""
        identity = self._identity(client, key)
        values = part_of(part_of(client.ask("GET", f"/{identity}", params={"hydrate": False}), "body"), "values")
        if not all(isinstance(value, str) for value in values.values()):
            # So it answers whoever may see that there is such a secret, and no more.
            raise RemoteError(ErrorKind.DENIED, "the values are hidden")
        return _envelope_of(values, token=identity)

    def fetch_external(self, client: ZenmlConnection, path: str) -> str:
        """See :meth:`RemoteBackend.fetch_external`."""
        # Whoever wrote it: what its schema is called is no value.
        return json.dumps({key: value for key, value in _values_of(self.fetch(client, path)).items() if key != SCHEMA})

    def _identity(self, client: ZenmlConnection, key: str) -> str:
        """Return ZenML's identifier of the secret; the kind of the error is MISSING if there is none."""
        for found in self._items(client, f"equals:{key}"):
            # A server on MySQL takes capitals and small letters for the same.
            if text_in(found, "name") == key:
                return text_in(found, "id")
        raise RemoteError(ErrorKind.MISSING)

    def list_keys(self, client: ZenmlConnection, prefix: str) -> Iterable[ListedKey]:
        """See :meth:`RemoteBackend.list_keys`."""
        # A namespace may hold what a pattern of SQL reads otherwise: what is before it is enough.
        root = "/".join(prefix.split("/")[:2])
        seen: set[str] = set()
        for found in self._items(client, f"startswith:{root}/" if root.startswith(ROOT) else None):
            name = text_in(found, "name")
            if name in seen:
                # Two users at the same moment can have registered one name; the older secret is the one that is read.
                continue
            seen.add(name)
            updated = text_in(part_of(found, "body"), "updated")
            # It tells times in UTC, without saying so.
            moment = datetime.fromisoformat(updated.replace("Z", "+00:00"))
            yield ListedKey(name, updated=moment.replace(tzinfo=moment.tzinfo or timezone.utc))

    def _items(self, client: ZenmlConnection, pattern: str | None) -> Iterator[object]:
        """Yield the secrets whose names the pattern fits, without their values, over all pages, the oldest first."""
        asked: dict[str, Any] = {"private": self.options.private, "sort_by": "asc:created", "size": self.page, "name": pattern}
        number, last = 1, 1
        while number <= last:
            answer = client.ask("GET", params={**asked, "page": number})
            items, pages = (answer.get("items"), answer.get("total_pages")) if isinstance(answer, dict) else (None, None)
            if not isinstance(items, list) or not isinstance(pages, int):
                raise no_zenml()
            yield from items
            number, last = number + 1, pages

    def insert(self, client: ZenmlConnection, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        text_in(client.ask("POST", json={"name": key, "private": self.options.private, "values": _values_of(envelope)}), "id")

    def overwrite(self, client: ZenmlConnection, key: str, envelope: SecretEnvelope, present: SecretEnvelope) -> None:  # noqa: ARG002 - by its identifier
        """See :meth:`RemoteBackend.overwrite`."""
        before, after = _values_of(present), _values_of(envelope)
        change: dict[str, str | None] = {name: value for name, value in after.items() if before.get(name) != value}
        change.update(dict.fromkeys(before.keys() - after.keys()))
        if change:
            # Keys that are not named stay, and one without a value goes.
            self._change_in(client, str(present.token), {"values": change})

    def _change_in(self, client: ZenmlConnection, identity: str, change: Mapping[str, Any]) -> None:
        text_in(client.ask("PUT", f"/{identity}", params={"patch_values": True}, json=change), "id")

    def remove(self, client: ZenmlConnection, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        if client.ask("DELETE", f"/{self._identity(client, key)}") is not None:
            raise no_zenml()

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        if isinstance(error, ZenmlAnswerError):
            return (error.code,)
        behind = getattr(error.args[0], "reason", None) if error.args else None
        return (type(behind).__name__,) if isinstance(behind, BaseException) else ()

    def requested_wait(self, error: Exception) -> float:
        """See :meth:`RemoteBackend.requested_wait`."""
        return error.wait if isinstance(error, ZenmlAnswerError) else 0.0


def _can_be_a_key(text: str) -> bool:
    with suppress(InvalidSecretError):
        return bool(names.check_key(text))
    return False


def _envelope_of(values: Mapping[str, str], token: object = None) -> _ZenmlSecret:
    return _ZenmlSecret(json.dumps(values, sort_keys=True, ensure_ascii=False), token)


def _values_of(envelope: SecretEnvelope) -> dict[str, str]:
    found: dict[str, str] = json.loads(envelope.text)
    return found
