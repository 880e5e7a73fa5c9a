"""Azure Key Vault at the wire, and the token server beside it: HTTPS on loopback, with a certificate of an authority made for the test.

It knows what the documentation says: the challenge of an answer 401, versions, pages with next links, soft delete, recovery and purge with
the time that they take, the answers 409 around them, names, 25 KiB. It knows no permissions but who may come in.
"""

from __future__ import annotations

import re
import secrets
import ssl
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import trustme

from tests.support.fakes.web import Answer, Asked, WebServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.faults.answers import Fault

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT_ID = "66666666-7777-8888-9999-000000000000"
LARGEST = 25 * 1024
PAGE = 3
"""Entries in a page at most, however many are asked for: so that every list has several."""


class _Version(NamedTuple):
    number: str
    value: str
    attributes: dict[str, Any]
    tags: dict[str, str]
    content_type: str


class KeyVaultServer(WebServer):
    """The vault; ``kept`` and ``deleted`` are what it keeps, read past everything.

    ``settling`` is how many requests it answers with 409 or 404 while something is being deleted or recovered.
    """

    def __init__(self, folder: Path, client_secret: str) -> None:
        """Be empty, with a certificate whose authority is written to ``authority`` in that folder."""
        authority = trustme.CA()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        super().__init__(tls)
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        self.kept: dict[str, list[_Version]] = {}
        self.deleted: dict[str, list[_Version]] = {}
        self.settling = 0
        self.client_secret = client_secret
        self.tokens: set[str] = set()
        self.protected = self.frozen = False
        self._unsettled: dict[str, tuple[str, int]] = {}

    def empty(self) -> None:
        """Forget all secrets, and be in good weather."""
        self.kept.clear()
        self.deleted.clear()
        self._unsettled.clear()
        self.settling = 0
        self.protected = self.frozen = False
        self.weather.clear()
        self.weather.requests.clear()

    def raw(self) -> bytes:
        """Return all values that it keeps, one a line, deleted ones too."""
        with self.lock:
            return "\n".join(one.value for found in (self.kept, self.deleted) for all_ in found.values() for one in all_).encode()

    def put(self, key: str, value: str, tags: dict[str, str] | None = None) -> None:
        """Keep a secret as another program would."""
        self.kept.setdefault(key, []).append(_Version(secrets.token_hex(16), value, _attributes(), tags or {}, ""))

    def spoiled(self, fault: Fault) -> Answer:
        """Return an error in Azure's words."""
        headers = {"Retry-After": str(int(fault.wait))} if fault.wait else {}
        if fault.code == "401":
            return self._challenge(fault.reason)
        return _refused(int(fault.code), fault.reason or "InBadWeather", headers=headers)

    def answer(self, asked: Asked) -> Answer:
        """Give tokens, and answer who has one."""
        if asked.path[:1] == [TENANT] or asked.path[:1] == ["common"]:
            return self._token_server(asked)
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return self._challenge()
        if "api-version" not in asked.query:
            return _refused(400, "BadParameter")
        places = {"secrets": self._secrets, "deletedsecrets": self._deleted_secrets}
        return places[asked.path[0]](asked)

    def _challenge(self, description: str = "") -> Answer:
        # A client only trusts a resource that its vault is in: of vault.azure.net a name, of 127.0.0.1 what looks like one.
        resource = self.url.replace("//127.0.", "//0.")
        challenge = f'Bearer authorization="{self.url}/{TENANT}", resource="{resource}"'
        error = {"code": "Unauthorized", "message": description or "AKV10000: Request is missing a Bearer or PoP token."}
        return Answer(401, {"error": error}, {"WWW-Authenticate": challenge})

    def _token_server(self, asked: Asked) -> Answer:
        if asked.path[-1] == "openid-configuration":
            base = f"{self.url}/{TENANT}"
            endpoints = {"token_endpoint": f"{base}/oauth2/v2.0/token", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize"}
            return Answer(200, {**endpoints, "issuer": f"{base}/v2.0"})
        form = dict(part.split("=", 1) for part in asked.body.decode().split("&"))
        if form.get("client_secret") != self.client_secret:
            said = "AADSTS7000215: Invalid client secret provided."
            return Answer(401, {"error": "invalid_client", "error_description": said, "error_codes": [7000215]})
        token = secrets.token_hex(16)
        self.tokens.add(token)
        return Answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": token})

    def _secrets(self, asked: Asked) -> Answer:
        key = asked.path[1] if len(asked.path) > 1 else ""
        if not key:
            return self._page(asked, [self._item(name, found[-1]) for name, found in sorted(self.kept.items())])
        unsettled = self._not_settled(key)
        if unsettled is not None and (asked.method == "PUT" or unsettled == "ObjectIsBeingRecovered"):
            return _refused(409 if asked.method == "PUT" else 404, unsettled)
        if asked.method == "PUT":
            return self._set(key, asked)
        if key not in self.kept:
            return _refused(404, "SecretNotFound")
        if asked.method == "DELETE":
            found = self.deleted[key] = self.kept.pop(key)
            self._unsettled[key] = ("ObjectIsBeingDeleted", self.settling)
            return Answer(200, {**self._bundle(key, found[-1]), **self._recovery(key)})
        return self._read(asked, key, asked.path[2] if len(asked.path) > 2 else "")

    def _read(self, asked: Asked, key: str, wanted: str) -> Answer:
        found = self.kept[key]
        if wanted == "versions":
            # In no order that says anything.
            numbered = sorted(found, key=lambda one: one.number)
            return self._page(asked, [{**self._item(key, one), "id": f"{self.url}/secrets/{key}/{one.number}"} for one in numbered])
        matching = [one for one in found if not wanted or one.number == wanted]
        return Answer(200, self._bundle(key, matching[-1])) if matching else _refused(404, "SecretNotFound")

    def _set(self, key: str, asked: Asked) -> Answer:
        if key in self.deleted:
            return _refused(409, "ObjectIsDeletedButRecoverable")
        if self.frozen:
            return _refused(403, "Forbidden")
        value = asked.json["value"]
        if not re.fullmatch(r"[0-9a-zA-Z-]{1,127}", key) or len(value.encode("utf-8", "surrogatepass")) > LARGEST:
            return _refused(400, "BadParameter")
        made = _Version(secrets.token_hex(16), value, _attributes(), asked.json.get("tags") or {}, asked.json.get("contentType") or "")
        self.kept.setdefault(key, []).append(made)
        return Answer(200, self._bundle(key, made))

    def _deleted_secrets(self, asked: Asked) -> Answer:
        key = asked.path[1]
        if key not in self.deleted or self._not_settled(key) is not None:
            return _refused(404, "SecretNotFound")
        if asked.method == "GET":
            return Answer(200, {**self._bundle(key, self.deleted[key][-1], value=False), **self._recovery(key)})
        if asked.method == "DELETE":
            if self.protected:
                return _refused(403, "ForbiddenByPolicy")
            del self.deleted[key]
            return Answer(204)
        found = self.kept[key] = self.deleted.pop(key)
        self._unsettled[key] = ("ObjectIsBeingRecovered", self.settling)
        return Answer(200, self._bundle(key, found[-1], value=False))

    def _not_settled(self, key: str) -> str | None:
        state, left = self._unsettled.get(key, ("", 0))
        self._unsettled[key] = (state, left - 1)
        return state if left > 0 else None

    def _page(self, asked: Asked, found: list[Any]) -> Answer:
        start = int(asked.query.get("$skiptoken", 0))
        end = start + PAGE
        following = f"{self.url}/{'/'.join(asked.path)}?api-version=7.6&$skiptoken={end}" if end < len(found) else None
        return Answer(200, {"value": found[start:end], "nextLink": following})

    def _item(self, key: str, version: _Version) -> dict[str, Any]:
        found = {"id": f"{self.url}/secrets/{key}", "attributes": version.attributes, "tags": version.tags}
        return {**found, "contentType": version.content_type}

    def _bundle(self, key: str, version: _Version, *, value: bool = True) -> dict[str, Any]:
        bundle = {**self._item(key, version), "id": f"{self.url}/secrets/{key}/{version.number}"}
        return {**bundle, "value": version.value} if value else bundle

    def _recovery(self, key: str) -> dict[str, Any]:
        now = int(time.time())
        return {"recoveryId": f"{self.url}/deletedsecrets/{key}", "deletedDate": now, "scheduledPurgeDate": now + 90 * 86400}


def _attributes() -> dict[str, Any]:
    now = int(time.time())
    return {"enabled": True, "created": now, "updated": now, "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}


def _refused(status: int, reason: str, *, headers: dict[str, str] | None = None) -> Answer:
    codes = {403: "Forbidden", 404: "SecretNotFound", 409: "Conflict", 429: "Throttled"}
    error = {"code": codes.get(status, reason), "message": "zsCanary, in many words", "innererror": {"code": reason}}
    return Answer(status, {"error": error}, headers or {})
