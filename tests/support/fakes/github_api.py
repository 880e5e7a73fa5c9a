"""The part of GitHub's REST API that is about the secrets of Actions, over HTTP on loopback.

It knows what the documentation says: a public key to which values are sealed, 201 and 204, pages with a Link header, names, 48 KB, limits
of requests. Only this fake can open what was sealed.
"""

from __future__ import annotations

import base64
import re
import time
from typing import TYPE_CHECKING, Any

from nacl.public import PrivateKey, SealedBox

from tests.support.fakes.web import Answer, Asked, WebServer

if TYPE_CHECKING:
    from tests.support.faults.answers import Fault

REPOSITORY = "owner/tried"
LARGEST = 48_000
PAGE = 3
"""Entries in a page at most, however many are asked for: so that every list has several."""


class GithubServer(WebServer):
    """The API; ``kept`` is what it keeps, opened."""

    def __init__(self, token: str) -> None:
        """Be empty; only who has the token may come in."""
        super().__init__()
        self.kept: dict[str, str] = {}
        self.token = token
        self._key = PrivateKey.generate()

    def raw(self) -> bytes:
        """Return all values that it keeps, one a line."""
        with self.lock:
            return "\n".join(self.kept.values()).encode()

    def spoiled(self, fault: Fault) -> Answer:
        """Return an error in GitHub's words."""
        headers: dict[str, str] = {"Retry-After": str(int(fault.wait))} if fault.wait else {}
        if fault.reason == "limit":
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()))}
        return Answer(int(fault.code), {"message": "zsCanary, in bad weather"}, headers)

    def answer(self, asked: Asked) -> Answer:
        """Do what is asked for."""
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(401, {"message": "Bad credentials"})
        if "/".join(asked.path[:5]) != f"repos/{REPOSITORY}/actions/secrets":
            return Answer(404, {"message": "Not Found"})
        return self._secret(asked, asked.path[5]) if len(asked.path) > 5 else self._page(int(asked.query.get("page", 1)))

    def _secret(self, asked: Asked, name: str) -> Answer:
        if name == "public-key":
            return Answer(200, {"key_id": "1", "key": base64.b64encode(bytes(self._key.public_key)).decode()})
        if asked.method == "PUT":
            return self._put(name, asked.json)
        if name not in self.kept:
            return Answer(404, {"message": "Not Found"})
        if asked.method == "DELETE":
            del self.kept[name]
            return Answer(204)
        return Answer(200, _described(name))

    def _put(self, name: str, body: Any) -> Answer:
        value = SealedBox(self._key).decrypt(base64.b64decode(body["encrypted_value"])).decode()
        if body["key_id"] != "1" or not re.fullmatch(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", name) or len(value.encode()) > LARGEST:
            return Answer(422, {"message": "Validation Failed"})
        status = 204 if name in self.kept else 201
        self.kept[name] = value
        return Answer(status, {} if status == 201 else None)

    def _page(self, number: int) -> Answer:
        names = sorted(self.kept)
        start = (number - 1) * PAGE
        link = {"Link": f'<{self.url}/anything?page={number + 1}>; rel="next"'} if start + PAGE < len(names) else {}
        return Answer(200, {"total_count": len(names), "secrets": [_described(name) for name in names[start : start + PAGE]]}, link)


def _described(name: str) -> dict[str, str]:
    return {"name": name, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T03:04:05Z"}
