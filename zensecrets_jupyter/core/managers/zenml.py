"""Secrets of a ZenML server: those that its pipelines use, so that a notebook and the pipelines that it becomes share one store.

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
from zensecrets_jupyter.core.errors import InvalidOptionsError, InvalidSecretError, UnsupportedOperationError
from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.managers._document import Document
from zensecrets_jupyter.core.managers._external import ExternalOptions, ExternalSecretsManager
from zensecrets_jupyter.core.managers._named_files import OF_REQUESTS
from zensecrets_jupyter.core.managers._names import ALPHABETS, ROOT, Alphabet, Scope
from zensecrets_jupyter.core.managers._outcomes import Outcome, Refusal
from zensecrets_jupyter.core.managers._remote import Listed
from zensecrets_jupyter.core.managers._zenml_client import AnswerError, Connection, connected, no_zenml, part_of, text_in
from zensecrets_jupyter.core.managers._zenml_login import Server, is_sealed_on_the_way, server_in_use
from zensecrets_jupyter.core.managers.records import SecretRecord
from zensecrets_jupyter.core.names import LONE_SURROGATE
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

FOREIGN_ERRORS: Mapping[str, Outcome] = {
    "no-such-address": Outcome.UNREACHABLE,
    "refused-content": Outcome.TOO_LARGE,
    # The server was moved; a token is not sent after it.
    "301": Outcome.UNREACHABLE,
    "302": Outcome.UNREACHABLE,
    "307": Outcome.UNREACHABLE,
    "308": Outcome.UNREACHABLE,
    # The statuses that a ZenML server gives its errors.
    "401": Outcome.UNKNOWN_USER,
    "402": Outcome.DENIED,
    "403": Outcome.DENIED,
    "404": Outcome.MISSING,
    "405": Outcome.UNREACHABLE,
    "408": Outcome.TRANSIENT,
    "409": Outcome.EXISTS,
    "413": Outcome.TOO_LARGE,
    "422": Outcome.REFUSED_NAME,
    "429": Outcome.TRANSIENT,
    "500": Outcome.TRANSIENT,
    "501": Outcome.UNSUPPORTED,
    "502": Outcome.TRANSIENT,
    "503": Outcome.TRANSIENT,
    "504": Outcome.TRANSIENT,
    # Of requests, where there was no answer, and of what is behind them.
    "SSLError": Outcome.UNREACHABLE,
    "NewConnectionError": Outcome.UNREACHABLE,
    "NameResolutionError": Outcome.UNREACHABLE,
    "InvalidURL": Outcome.UNREACHABLE,
    "Timeout": Outcome.TRANSIENT,
    "ChunkedEncodingError": Outcome.TRANSIENT,
    "RequestException": Outcome.TRANSIENT,
}

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
class _Values(Document):
    """What ZenML keeps of a secret: its keys and values, as JSON, under ZenML's identifier for it as the token."""

    @property
    def size(self) -> int:
        """See :class:`Document`; ZenML counts keys and values."""
        return sum(len(text.encode("utf-8")) for pair in _values_of(self).items() for text in pair)

    @property
    def is_ours(self) -> bool:
        """Whether it is a secret: everything there is one."""
        return True

    @property
    def write(self) -> str:
        """What names the write that made it: the very content, since nothing else of ours is there."""
        return self.text


class ZenmlSecretsManager(ExternalSecretsManager[Connection, ZenmlOptions]):
    """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""

    FLAVOR: ClassVar[str] = "zenml"
    options_model: ClassVar[type[ManagerOptions]] = ZenmlOptions
    alphabet: ClassVar[Alphabet] = ALPHABETS["zenml"]
    foreign_errors: ClassVar[Mapping[str, Outcome]] = FOREIGN_ERRORS
    named_files: ClassVar[Mapping[str, str]] = OF_REQUESTS
    libraries: ClassVar[tuple[str, ...]] = ("requests",)
    # SECRET_KEY_VALUE_BYTES_MAX of ZenML 0.98.
    largest: ClassVar[int] = 64 * 1024
    page: ClassVar[int] = 1000
    """Secrets in one page of a list; the server allows ten times as many."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.interface.SecretsManager`."""
        super().__init__(options, context=context)
        self._has_connected = False

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.interface.SecretsManager.describe`; no request is made for it."""
        seen = {"seen by": "this user only" if self.chosen.private else "all users of the server"}
        server = self._server()
        ambient = {} if self.chosen.url else {"server": server.address if server else "none yet"}
        return {**super().describe(), **seen, **ambient}

    def _server(self) -> Server | None:
        if self.chosen.url:
            return Server(self.chosen.url, self.chosen.api_key)
        found = server_in_use()
        return Server(found.url, self.chosen.api_key) if found and self.chosen.api_key else found

    def _connect(self) -> Connection:
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
        return connected(server, anew=anew, timeout=self.chosen.timeout, connections=self.parallel_reads)

    def _document_for(self, name: str, record: SecretRecord) -> Document:
        if SCHEMA in record.content:
            message = f"Secret {name!r} can't have a key {SCHEMA!r}: in ZenML that is where a secret's schema is remembered."
            raise InvalidSecretError(message, name=name, manager=self.name, hint="Choose another key.")
        if LONE_SURROGATE.search("".join([*record.content, *record.content.values()])):
            message = f"Secret {name!r} holds half a character, which ZenML does not take."
            raise InvalidSecretError(message, name=name, manager=self.name, hint="Encode it, as base64 say.")
        return super()._document_for(name, record)

    def _written(self, record: SecretRecord) -> Document:
        mark = {} if record.schema == ArbitrarySecretSchema.TYPE else {SCHEMA: record.schema}
        return _document_of({**record.content, **mark})

    def _record_in(self, document: Document, name: str) -> SecretRecord:
        content = _values_of(document)
        schema = content.pop(SCHEMA, ArbitrarySecretSchema.TYPE)
        unfit = next((key for key in content if not _can_be_a_key(key)), None)
        if unfit is None:
            return SecretRecord(schema, content)
        message = f"Secret {name!r} has a key {unfit!r} in ZenML, which no secret can have here."
        hint = "Give the key another name there, without white space and braces."
        raise InvalidSecretError(message, name=name, manager=self.name, hint=hint)

    def _delete(self, name: str) -> None:
        # Without a look at what is there: it can't be anything else than a secret.
        self._take_out(name, self.key_of(name))

    def _delete_all(self) -> None:
        if self._keys.scope is Scope.NONE:
            message = f"Secrets manager {self.name!r} (flavor zenml) can't delete all secrets without a scope: pipelines may need them."
            raise UnsupportedOperationError(message, flavor=self.FLAVOR, hint="Delete those that are yours one by one.")
        super()._delete_all()

    def _rename(self, name: str, new_name: str) -> None:
        key, new_key = self.key_of(name), self._keys.of(new_name)
        found = self.ask("rename", lambda client: self._identity(client, key), name=name)
        if key == new_key:
            raise self.exists(new_name)
        self.ask("rename", lambda client: self._change_in(client, found, {"name": new_key}), name=new_name, writes=True)

    # The requests of the flavor.

    def _get(self, client: Connection, key: str) -> Document:
        identity = self._identity(client, key)
        values = part_of(part_of(client.ask("GET", f"/{identity}", params={"hydrate": False}), "body"), "values")
        if not all(isinstance(value, str) for value in values.values()):
            # So it answers whoever may see that there is such a secret, and no more.
            raise Refusal(Outcome.DENIED, "the values are hidden")
        return _document_of(values, token=identity)

    def _get_external(self, client: Connection, path: str) -> str:
        # Whoever wrote it: what its schema is called is no value.
        return json.dumps({key: value for key, value in _values_of(self._get(client, path)).items() if key != SCHEMA})

    def _identity(self, client: Connection, key: str) -> str:
        """Return ZenML's identifier of the secret; the outcome is MISSING if there is none."""
        for found in self._items(client, f"equals:{key}"):
            # A server on MySQL takes capitals and small letters for the same.
            if text_in(found, "name") == key:
                return text_in(found, "id")
        raise Refusal(Outcome.MISSING)

    def _list_keys(self, client: Connection, prefix: str) -> Iterable[Listed]:
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
            yield Listed(name, updated=moment.replace(tzinfo=moment.tzinfo or timezone.utc))

    def _items(self, client: Connection, pattern: str | None) -> Iterator[object]:
        """Yield the secrets whose names the pattern fits, without their values, over all pages, the oldest first."""
        asked: dict[str, Any] = {"private": self.chosen.private, "sort_by": "asc:created", "size": self.page, "name": pattern}
        number, last = 1, 1
        while number <= last:
            answer = client.ask("GET", params={**asked, "page": number})
            items, pages = (answer.get("items"), answer.get("total_pages")) if isinstance(answer, dict) else (None, None)
            if not isinstance(items, list) or not isinstance(pages, int):
                raise no_zenml()
            yield from items
            number, last = number + 1, pages

    def _create(self, client: Connection, key: str, document: Document) -> None:
        text_in(client.ask("POST", json={"name": key, "private": self.chosen.private, "values": _values_of(document)}), "id")

    def _replace(self, client: Connection, key: str, document: Document, present: Document) -> None:  # noqa: ARG002 - by its identifier
        before, after = _values_of(present), _values_of(document)
        change: dict[str, str | None] = {name: value for name, value in after.items() if before.get(name) != value}
        change.update(dict.fromkeys(before.keys() - after.keys()))
        if change:
            # Keys that are not named stay, and one without a value goes.
            self._change_in(client, str(present.token), {"values": change})

    def _change_in(self, client: Connection, identity: str, change: Mapping[str, Any]) -> None:
        text_in(client.ask("PUT", f"/{identity}", params={"patch_values": True}, json=change), "id")

    def _remove(self, client: Connection, key: str) -> None:
        if client.ask("DELETE", f"/{self._identity(client, key)}") is not None:
            raise no_zenml()

    def _codes_of(self, error: Exception) -> tuple[str, ...]:
        if isinstance(error, AnswerError):
            return (error.code,)
        behind = getattr(error.args[0], "reason", None) if error.args else None
        return (type(behind).__name__,) if isinstance(behind, BaseException) else ()

    def _wait_asked_by(self, error: Exception) -> float:
        return error.wait if isinstance(error, AnswerError) else 0.0


def _can_be_a_key(text: str) -> bool:
    with suppress(InvalidSecretError):
        return bool(names.check_key(text))
    return False


def _document_of(values: Mapping[str, str], token: object = None) -> _Values:
    return _Values(json.dumps(values, sort_keys=True, ensure_ascii=False), token)


def _values_of(document: Document) -> dict[str, str]:
    found: dict[str, str] = json.loads(document.text)
    return found
