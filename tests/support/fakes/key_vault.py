"""A fake of Azure Key Vault and of its token server, over HTTPS on loopback.

The server creates its own certificate authority. The fake implements the documented behavior: the challenge of status 401, versions, pages
with next links, soft delete, recovery and purge with their delays and the status 409 during them, the rules for names, and the limit of 25
KiB. A client with a token has all permissions. In this module, a key is the name that Azure has for one secret.
"""

from __future__ import annotations

import re
import secrets
import ssl
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import trustme

from tests.support.fakes.web import Request, Response, WebServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.faults.injector import Fault

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT_ID = "66666666-7777-8888-9999-000000000000"
MAX_VALUE_BYTES = 25 * 1024
PAGE_SIZE = 3
"""The number of entries per page. It is small so that every list has several pages."""


class _Version(NamedTuple):
    """A version of a secret. As in Azure, ``number`` is a random text of hexadecimal digits."""

    number: str
    value: str
    attributes: dict[str, Any]
    tags: dict[str, str]
    content_type: str


class KeyVaultServer(WebServer):
    """The fake vault.

    Attributes:
        authority: The file of the certificate authority.
        secrets: The versions of each secret.
        deleted_secrets: The versions of each soft-deleted secret.
        requests_until_complete: The number of requests for a key that get status 409 or 404 until its deletion or recovery is complete.
        client_secret: The password with which a client gets a token.
        has_purge_protection: Whether the vault has purge protection.
        refuses_writes: Whether the vault refuses to store a secret.
        tokens: The valid tokens.
    """

    def __init__(self, folder: Path, client_secret: str) -> None:
        """Prepare an empty server, and write the certificate authority to a file in ``folder``."""
        authority = trustme.CA()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        super().__init__(tls)
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        self.secrets: dict[str, list[_Version]] = {}
        self.deleted_secrets: dict[str, list[_Version]] = {}
        self.requests_until_complete = 0
        self.client_secret = client_secret
        self.tokens: set[str] = set()
        self.has_purge_protection = self.refuses_writes = False
        self._pending: dict[str, tuple[str, int]] = {}
        """For each key, an error code, and the number of further requests that get this code.

        The code says that the deletion or recovery of the key is pending.
        """

    def empty(self) -> None:
        """Remove all secrets, faults and recorded requests, and reset the options of the vault. Tokens stay valid."""
        self.secrets.clear()
        self.deleted_secrets.clear()
        self._pending.clear()
        self.requests_until_complete = 0
        self.has_purge_protection = self.refuses_writes = False
        self.faults.clear()
        self.faults.requests.clear()

    def raw(self) -> bytes:
        """Return all values, including those of deleted secrets, one per line."""
        with self.lock:
            return "\n".join(
                version.value for versions in (*self.secrets.values(), *self.deleted_secrets.values()) for version in versions
            ).encode()

    def put(self, key: str, value: str, tags: dict[str, str] | None = None) -> None:
        """Store a secret, as another program would."""
        self.secrets.setdefault(key, []).append(_Version(secrets.token_hex(16), value, _attributes(), tags or {}, ""))

    def fault_response(self, fault: Fault) -> Response:
        """Return an error response in Azure's format."""
        headers = {"Retry-After": str(int(fault.retry_after))} if fault.retry_after else {}
        if fault.code == "401":
            return self._challenge(fault.reason)
        return _error_response(int(fault.code), fault.reason or "InjectedFault", headers=headers)

    def answer(self, request: Request) -> Response:
        """Issue a token, or execute a request that has one."""
        if request.path[:1] == [TENANT] or request.path[:1] == ["common"]:
            return self._answer_as_token_server(request)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return self._challenge()
        if "api-version" not in request.query:
            return _error_response(400, "BadParameter")
        if request.path[0] == "deletedsecrets":
            return self._answer_for_deleted_secret(request)
        return self._answer_for_secrets(request)

    def _challenge(self, description: str = "") -> Response:
        # The client accepts a challenge only if the vault's host ends with a dot and the resource's host: 127.0.0.1 ends with ".0.0.1".
        resource = self.url.replace("//127.0.", "//0.")
        challenge = f'Bearer authorization="{self.url}/{TENANT}", resource="{resource}"'
        error = {"code": "Unauthorized", "message": description or "AKV10000: Request is missing a Bearer or PoP token."}
        return Response(401, {"error": error}, {"WWW-Authenticate": challenge})

    def _answer_as_token_server(self, request: Request) -> Response:
        if request.path[-1] == "openid-configuration":
            base = f"{self.url}/{TENANT}"
            endpoints = {"token_endpoint": f"{base}/oauth2/v2.0/token", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize"}
            return Response(200, {**endpoints, "issuer": f"{base}/v2.0"})
        form = dict(field.split("=", 1) for field in request.body.decode().split("&"))
        if form.get("client_secret") != self.client_secret:
            description = "AADSTS7000215: Invalid client secret provided."
            return Response(401, {"error": "invalid_client", "error_description": description, "error_codes": [7000215]})
        token = secrets.token_hex(16)
        self.tokens.add(token)
        return Response(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token})

    def _answer_for_secrets(self, request: Request) -> Response:
        # The path is /secrets, /secrets/KEY, /secrets/KEY/VERSION or /secrets/KEY/versions.
        key = request.path[1] if len(request.path) > 1 else ""
        if not key:
            return self._page(request, [self._item(name, versions[-1]) for name, versions in sorted(self.secrets.items())])
        pending_error = self._next_pending_error(key)
        # During a deletion only PUT gets the pending error, during a recovery every request.
        if pending_error is not None and (request.method == "PUT" or pending_error == "ObjectIsBeingRecovered"):
            return _error_response(409 if request.method == "PUT" else 404, pending_error)
        if request.method == "PUT":
            return self._set(key, request)
        if key not in self.secrets:
            return _error_response(404, "SecretNotFound")
        if request.method == "DELETE":
            versions = self.deleted_secrets[key] = self.secrets.pop(key)
            self._pending[key] = ("ObjectIsBeingDeleted", self.requests_until_complete)
            return Response(200, {**self._bundle(key, versions[-1]), **self._recovery(key)})
        return self._read(request, key, request.path[2] if len(request.path) > 2 else "")

    def _read(self, request: Request, key: str, version_number: str) -> Response:
        versions = self.secrets[key]
        if version_number == "versions":
            # Azure does not sort versions by age. The fake sorts them by their random numbers.
            numbered = sorted(versions, key=lambda version: version.number)
            return self._page(
                request, [{**self._item(key, version), "id": f"{self.url}/secrets/{key}/{version.number}"} for version in numbered]
            )
        matching = [version for version in versions if not version_number or version.number == version_number]
        return Response(200, self._bundle(key, matching[-1])) if matching else _error_response(404, "SecretNotFound")

    def _set(self, key: str, request: Request) -> Response:
        if key in self.deleted_secrets:
            return _error_response(409, "ObjectIsDeletedButRecoverable")
        if self.refuses_writes:
            return _error_response(403, "Forbidden")
        value = request.json["value"]
        if not re.fullmatch(r"[0-9a-zA-Z-]{1,127}", key) or len(value.encode("utf-8", "surrogatepass")) > MAX_VALUE_BYTES:
            return _error_response(400, "BadParameter")
        version = _Version(
            secrets.token_hex(16), value, _attributes(), request.json.get("tags") or {}, request.json.get("contentType") or ""
        )
        self.secrets.setdefault(key, []).append(version)
        return Response(200, self._bundle(key, version))

    def _answer_for_deleted_secret(self, request: Request) -> Response:
        key = request.path[1]
        if key not in self.deleted_secrets or self._next_pending_error(key) is not None:
            return _error_response(404, "SecretNotFound")
        if request.method == "GET":
            return Response(200, {**self._bundle(key, self.deleted_secrets[key][-1], has_value=False), **self._recovery(key)})
        if request.method == "DELETE":
            if self.has_purge_protection:
                return _error_response(403, "ForbiddenByPolicy")
            del self.deleted_secrets[key]
            return Response(204)
        versions = self.secrets[key] = self.deleted_secrets.pop(key)
        self._pending[key] = ("ObjectIsBeingRecovered", self.requests_until_complete)
        return Response(200, self._bundle(key, versions[-1], has_value=False))

    def _next_pending_error(self, key: str) -> str | None:
        """Return the error code for this request during a deletion or recovery, else ``None``.

        Each call counts as one request.
        """
        error_code, remaining_requests = self._pending.get(key, ("", 0))
        self._pending[key] = (error_code, remaining_requests - 1)
        return error_code if remaining_requests > 0 else None

    def _page(self, request: Request, entries: list[Any]) -> Response:
        start = int(request.query.get("$skiptoken", 0))
        end = start + PAGE_SIZE
        next_link = f"{self.url}/{'/'.join(request.path)}?api-version=7.6&$skiptoken={end}" if end < len(entries) else None
        return Response(200, {"value": entries[start:end], "nextLink": next_link})

    def _item(self, key: str, version: _Version) -> dict[str, Any]:
        """Return Azure's ``SecretItem``: the properties of a secret without its value."""
        item = {"id": f"{self.url}/secrets/{key}", "attributes": version.attributes, "tags": version.tags}
        return {**item, "contentType": version.content_type}

    def _bundle(self, key: str, version: _Version, *, has_value: bool = True) -> dict[str, Any]:
        """Return Azure's ``SecretBundle``: the properties of a version and its value."""
        bundle = {**self._item(key, version), "id": f"{self.url}/secrets/{key}/{version.number}"}
        return {**bundle, "value": version.value} if has_value else bundle

    def _recovery(self, key: str) -> dict[str, Any]:
        """Return the additional properties of a deleted secret."""
        now = int(time.time())
        return {"recoveryId": f"{self.url}/deletedsecrets/{key}", "deletedDate": now, "scheduledPurgeDate": now + 90 * 86400}


def _attributes() -> dict[str, Any]:
    now = int(time.time())
    return {"enabled": True, "created": now, "updated": now, "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}


def _error_response(status: int, reason: str, *, headers: dict[str, str] | None = None) -> Response:
    """Return an error in Azure's format.

    Its message contains the canary ``zsCanary``, because the client may not show the message.
    """
    codes = {403: "Forbidden", 404: "SecretNotFound", 409: "Conflict", 429: "Throttled"}
    error = {"code": codes.get(status, reason), "message": "zsCanary, in many words", "innererror": {"code": reason}}
    return Response(status, {"error": error}, headers or {})
