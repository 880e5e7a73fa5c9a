"""The ``zenml`` backend: secrets of a ZenML server, shared with its pipelines.

The backend needs a server, the extra ``zenml``, and an API key of a service account or a login of ``zenml login``. ZenML itself does not
have to be installed.

The backend writes ordinary secrets of the server, with the same keys, so ``{{name.key}}`` has the same value in a pipeline. It also reads
secrets that other programs wrote. Without a scope, which is the default, the backend refuses to delete all secrets at once, because other
programs use them. The schema of a secret is stored in an additional key, unless it is ``arbitrary``.

A server has no compare-and-set and no versions. If two users change the same key of a secret at the same time, the later write wins.
Changes of different keys do not conflict, because only changed keys are sent. If two users register one name at the same time, both
registrations may succeed, and the older secret is read.
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
from zensecrets_jupyter.core.managers.backends.remote.environment_files import REQUESTS_VARIABLES
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.http_errors import requests_errors
from zensecrets_jupyter.core.managers.backends.remote.naming import ENCODINGS, ROOT, NameEncoding, Scope
from zensecrets_jupyter.core.managers.backends.remote.readonly import ExternalOptions
from zensecrets_jupyter.core.managers.backends.remote.zenml.client import (
    ZenmlConnection,
    ZenmlResponseError,
    connect,
    foreign_response_error,
    mapping_in,
    text_in,
)
from zensecrets_jupyter.core.managers.backends.remote.zenml.login import ServerLogin, configured_server, is_encrypted_or_local
from zensecrets_jupyter.core.managers.records import SecretRecord
from zensecrets_jupyter.core.names import LONE_SURROGATE
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable
    from zensecrets_jupyter.core.managers.records import ManagerContext, ManagerOptions

ERROR_KINDS: ErrorTable = {
    # The first two codes are codes of ZenmlResponseError.
    "no-such-address": ErrorKind.UNREACHABLE,
    # A ZenML server refuses content only because of its size.
    "refused-content": ErrorKind.TOO_LARGE,
    # Redirects are refused, so that the token is not sent to another address.
    "301": ErrorKind.UNREACHABLE,
    "302": ErrorKind.UNREACHABLE,
    "307": ErrorKind.UNREACHABLE,
    "308": ErrorKind.UNREACHABLE,
    # These are the statuses of errors of a ZenML server.
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
    # These errors of urllib3 are inside errors of requests. They are texts, because urllib3 1 has no class NameResolutionError.
    "SSLError": ErrorKind.UNREACHABLE,
    "NewConnectionError": ErrorKind.UNREACHABLE,
    "NameResolutionError": ErrorKind.UNREACHABLE,
}
"""Error kinds by status and code. :meth:`ZenmlBackend.library_errors` has the errors of requests."""

SCHEMA_KEY = "zensecrets_schema"
"""The key that stores the schema of a secret, if the schema is not ``arbitrary``."""


class ZenmlOptions(ExternalOptions):
    """Options of the ``zenml`` backend. The defaults are the server and the login of ZenML on this machine."""

    scope: Scope = Scope.NONE
    """Which managers share the secrets. With ``none``, the default, all users of the server and its pipelines share them, and names have no
    prefix."""
    url: str | None = Field(default=None, max_length=500)
    """The address of the server. The default is the environment variable ZENML_STORE_URL, or the server of ``zenml login``."""
    api_key: str | None = SecretField(default=None)
    """An API key of a service account. For the default server, the default is the environment variable ZENML_STORE_API_KEY, or the
    login of ``zenml login``."""
    private: bool = False
    """Whether the secrets are private secrets of the user in ZenML."""

    @field_validator("url")
    @classmethod
    def _require_encryption(cls, url: str | None) -> str | None:
        # Users see only the first argument of this error. No other text of it is shown, because it could quote the value.
        if url is None:
            return None
        if not is_encrypted_or_local(url):
            raise PydanticCustomError("no address that begins with https", "unencrypted")
        return url.rstrip("/")


@dataclass(frozen=True)
class _ZenmlSecret(SecretEnvelope):
    """The keys and values of a ZenML secret, as JSON. The attribute ``token`` is the ID of the secret in ZenML."""

    @property
    def size(self) -> int:
        """Number of bytes of keys and values, which ZenML limits."""
        return sum(len(key.encode("utf-8")) + len(value.encode("utf-8")) for key, value in _values_of(self).items())

    @property
    def is_ours(self) -> bool:
        """Always true, because this backend also uses secrets that other programs wrote."""
        return True

    @property
    def write_id(self) -> str:
        """The text itself, because ZenML stores no ID of a write."""
        return self.text


class _ZenmlCodec(EnvelopeCodec):
    """Converts records to ZenML's keys and values. The schema is an additional key."""

    def encode(self, record: SecretRecord) -> SecretEnvelope:
        """See :meth:`EnvelopeCodec.encode`."""
        schema = {} if record.schema == ArbitrarySecretSchema.TYPE else {SCHEMA_KEY: record.schema}
        return _envelope_of({**record.content, **schema})

    def decode(self, envelope: SecretEnvelope, *, name: str, service: str, manager: str) -> SecretRecord:
        """See :meth:`EnvelopeCodec.decode`.

        Raises:
            InvalidSecretError: If a key is invalid in this package.
        """
        content = _values_of(envelope)
        schema = content.pop(SCHEMA_KEY, ArbitrarySecretSchema.TYPE)
        invalid_key = next((key for key in content if not _is_valid_key(key)), None)
        if invalid_key is None:
            return SecretRecord(schema, content)
        message = f"Secret {name!r} has a key {invalid_key!r} in {service}, which is invalid in this package."
        hint = "Rename the key in ZenML, without white space and braces."
        raise InvalidSecretError(message, name=name, manager=manager, hint=hint)


class ZenmlBackend(RemoteBackend[ZenmlConnection, ZenmlOptions]):
    """The backend for secrets of a ZenML server."""

    FLAVOR: ClassVar[str] = "zenml"
    options_model: ClassVar[type[ManagerOptions]] = ZenmlOptions
    encoding: ClassVar[NameEncoding] = ENCODINGS["zenml"]
    error_kinds: ClassVar[ErrorTable] = ERROR_KINDS
    environment_files: ClassVar[Mapping[str, str]] = REQUESTS_VARIABLES
    libraries: ClassVar[tuple[str, ...]] = ("requests",)
    # This is SECRET_KEY_VALUE_BYTES_MAX of ZenML 0.98.
    max_size: ClassVar[int] = 64 * 1024
    codec: EnvelopeCodec = _ZenmlCodec()
    page_size: ClassVar[int] = 1000
    """Number of secrets in one page of a list. The server allows 10,000."""

    def __init__(self, options: ManagerOptions | None = None, *, context: ManagerContext | None = None) -> None:
        """See :class:`~zensecrets_jupyter.core.managers.backend.Backend`."""
        super().__init__(options, context=context)
        self._has_connected = False

    def describe(self) -> dict[str, str]:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Backend.describe`."""
        visibility = {"visible to": "this user only" if self.options.private else "all users of the server"}
        server = self._find_server()
        # If the options contain the URL, it is shown with the options.
        server_fact = {} if self.options.url else {"server": server.address if server else "not set"}
        return {**super().describe(), **visibility, **server_fact}

    def _find_server(self) -> ServerLogin | None:
        """Return the server of the options or of ZenML's settings, or ``None``."""
        if self.options.url:
            return ServerLogin(self.options.url, self.options.api_key)
        login = configured_server()
        if login and self.options.api_key:
            return ServerLogin(login.url, self.options.api_key)
        return login

    def connect(self) -> ZenmlConnection:
        """See :meth:`RemoteBackend.connect`."""
        server = self._find_server()
        if server is None:
            message = f"Secrets manager {self.name!r} (flavor zenml) has no server, and ZenML's settings name none."
            hint = "Give it url=https://SERVER, or log in: zenml login SERVER. To start a local server: zenml login --local"
            raise InvalidOptionsError(message, flavor=self.FLAVOR, hint=hint)
        if not is_encrypted_or_local(server.url):
            message = f"ZenML's settings name {server.address}, where an API key and secrets would be sent unencrypted."
            raise InvalidOptionsError(message, flavor=self.FLAVOR, hint="Use an address of the server that begins with https.")
        # A second connection is created if the server did not accept the token of the first one. That token may have expired.
        needs_new_token = self._has_connected
        self._has_connected = True
        return connect(server, needs_new_token=needs_new_token, timeout=self.options.timeout, max_connections=self.parallel_reads)

    def library_errors(self) -> ErrorTable:
        """See :meth:`RemoteBackend.library_errors`."""
        return requests_errors(default=ErrorKind.TRANSIENT)

    def envelope_for(self, name: str, record: SecretRecord) -> SecretEnvelope:
        """See :meth:`RemoteBackend.envelope_for`."""
        if SCHEMA_KEY in record.content:
            message = f"Secret {name!r} can't have a key {SCHEMA_KEY!r}, because it stores the schema of a secret in ZenML."
            raise InvalidSecretError(message, name=name, manager=self.name, hint="Choose another key.")
        if LONE_SURROGATE.search("".join([*record.content, *record.content.values()])):
            message = f"Secret {name!r} contains a lone surrogate, which ZenML does not accept."
            raise InvalidSecretError(message, name=name, manager=self.name, hint="Encode the value, for example as base64.")
        return super().envelope_for(name, record)

    def delete(self, name: str) -> None:
        """See :meth:`RemoteBackend.delete`."""
        # Other backends first check that this package wrote the secret. In ZenML, a user may delete the secrets of any program.
        self.delete_key(name, self.key_for(name))

    def delete_all(self) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Clearable.delete_all`."""
        if self.keys.scope is Scope.NONE:
            action = "delete all secrets without a scope: pipelines may need them"
            raise self.unsupported_error(action, "Delete your secrets one by one.")
        super().delete_all()

    def rename(self, name: str, new_name: str) -> None:
        """See :meth:`~zensecrets_jupyter.core.managers.backend.Renamable.rename`."""
        key, new_key = self.key_for(name), self.keys.key_for(new_name)
        secret_id = self.runner.run("rename", lambda client: self._find_id(client, key), name=name)
        if key == new_key:
            raise self.exists_error(new_name)
        self.runner.run("rename", lambda client: self._patch(client, secret_id, {"name": new_key}), name=new_name, is_write=True)

    # The methods below send requests.

    def fetch(self, client: ZenmlConnection, key: str) -> SecretEnvelope:
        """See :meth:`RemoteBackend.fetch`."""
        secret_id = self._find_id(client, key)
        values = mapping_in(mapping_in(client.send("GET", f"/{secret_id}", params={"hydrate": False}), "body"), "values")
        if not all(isinstance(value, str) for value in values.values()):
            # Without permission to read values, the server returns the keys with ``null``.
            raise RemoteError(ErrorKind.DENIED, "the values are hidden")
        return _envelope_of(values, token=secret_id)

    def fetch_external(self, client: ZenmlConnection, path: str) -> str:
        """See :meth:`RemoteBackend.fetch_external`."""
        # The key with the schema is not part of the content.
        return json.dumps({key: value for key, value in _values_of(self.fetch(client, path)).items() if key != SCHEMA_KEY})

    def _find_id(self, client: ZenmlConnection, key: str) -> str:
        """Return the ID of a secret in ZenML. If the secret does not exist, the error has the kind MISSING."""
        for item in self._list_items(client, f"equals:{key}"):
            # A server with MySQL compares names without case.
            if text_in(item, "name") == key:
                return text_in(item, "id")
        raise RemoteError(ErrorKind.MISSING)

    def list_keys(self, client: ZenmlConnection, prefix: str) -> Iterable[ListedKey]:
        """See :meth:`RemoteBackend.list_keys`."""
        # The third segment of the prefix is a namespace or an ID. A namespace may contain wildcards of SQL patterns, so only the first two
        # segments are sent, and the caller ignores keys of other managers. With scope ``none`` the prefix is empty, and all secrets are
        # listed.
        first_segments = "/".join(prefix.split("/")[:2])
        listed_names: set[str] = set()
        for item in self._list_items(client, f"startswith:{first_segments}/" if first_segments.startswith(ROOT) else None):
            name = text_in(item, "name")
            if name in listed_names:
                # Two users may have registered one name at the same time. Only the older secret is listed, because only that one is read.
                continue
            listed_names.add(name)
            updated = text_in(mapping_in(item, "body"), "updated")
            # ZenML writes times in UTC without a time zone.
            update_time = datetime.fromisoformat(updated.replace("Z", "+00:00"))
            yield ListedKey(name, updated=update_time.replace(tzinfo=update_time.tzinfo or timezone.utc))

    def _list_items(self, client: ZenmlConnection, pattern: str | None) -> Iterator[object]:
        """Yield the secrets whose names match a pattern, the oldest first.

        All pages are requested. The items contain no values. A pattern is for example ``equals:db``. For ``None`` all secrets are returned.
        """
        query: dict[str, Any] = {"private": self.options.private, "sort_by": "asc:created", "size": self.page_size, "name": pattern}
        page_number, last_page_number = 1, 1
        while page_number <= last_page_number:
            response = client.send("GET", params={**query, "page": page_number})
            page = response if isinstance(response, dict) else {}
            items, page_count = page.get("items"), page.get("total_pages")
            if not isinstance(items, list) or not isinstance(page_count, int):
                raise foreign_response_error()
            yield from items
            page_number, last_page_number = page_number + 1, page_count

    def insert(self, client: ZenmlConnection, key: str, envelope: SecretEnvelope) -> None:
        """See :meth:`RemoteBackend.insert`."""
        # A response without the ID of the secret does not come from a ZenML server, but for example from a proxy. Then `text_in` raises an
        # error.
        text_in(client.send("POST", json={"name": key, "private": self.options.private, "values": _values_of(envelope)}), "id")

    def overwrite(self, client: ZenmlConnection, key: str, envelope: SecretEnvelope, current: SecretEnvelope) -> None:  # noqa: ARG002 - the request uses the ID
        """See :meth:`RemoteBackend.overwrite`."""
        old_values, new_values = _values_of(current), _values_of(envelope)
        changes: dict[str, str | None] = {
            secret_key: value for secret_key, value in new_values.items() if old_values.get(secret_key) != value
        }
        # ZenML removes a key with the value ``None``, and keeps the keys that are not in the request.
        changes.update(dict.fromkeys(old_values.keys() - new_values.keys()))
        if changes:
            self._patch(client, str(current.token), {"values": changes})

    def _patch(self, client: ZenmlConnection, secret_id: str, changes: Mapping[str, Any]) -> None:
        """Change a secret in ZenML. Its other values stay unchanged."""
        # A response without the ID of the secret does not come from a ZenML server, but for example from a proxy. Then `text_in` raises an
        # error.
        text_in(client.send("PUT", f"/{secret_id}", params={"patch_values": True}, json=changes), "id")

    def remove(self, client: ZenmlConnection, key: str) -> None:
        """See :meth:`RemoteBackend.remove`."""
        # A ZenML server confirms a deletion with the JSON text ``null``.
        if client.send("DELETE", f"/{self._find_id(client, key)}") is not None:
            raise foreign_response_error()

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """See :meth:`RemoteBackend.codes_of`."""
        if isinstance(error, ZenmlResponseError):
            return (error.code,)
        # An error of requests wraps an error of urllib3.
        reason = getattr(error.args[0], "reason", None) if error.args else None
        return (type(reason).__name__,) if isinstance(reason, BaseException) else ()

    def requested_wait(self, error: Exception) -> float:
        """See :meth:`RemoteBackend.requested_wait`."""
        return error.wait_seconds if isinstance(error, ZenmlResponseError) else 0.0


def _is_valid_key(text: str) -> bool:
    """Return whether a text is a valid key in this package."""
    with suppress(InvalidSecretError):
        return bool(names.check_key(text))
    return False


def _envelope_of(values: Mapping[str, str], token: object = None) -> _ZenmlSecret:
    """Return the envelope of keys and values. Equal content has an equal text, because the keys are sorted."""
    return _ZenmlSecret(json.dumps(values, sort_keys=True, ensure_ascii=False), token)


def _values_of(envelope: SecretEnvelope) -> dict[str, str]:
    """Return the keys and values in an envelope."""
    values: dict[str, str] = json.loads(envelope.text)
    return values
