"""A fake of GitHub's REST API for Actions secrets, over HTTP on loopback.

It implements the documented behavior: values that the client encrypts with the public key of the repository, the statuses 201 and 204,
pages with a Link header, the rules for names, the limit of 48 KB, and rate limits.
"""

from __future__ import annotations

import base64
import re
import time
from typing import TYPE_CHECKING, Any

from nacl.public import PrivateKey, SealedBox

from tests.support.fakes.web import Request, Response, WebServer

if TYPE_CHECKING:
    from tests.support.faults.injector import Fault

REPOSITORY = "owner/tested"
MAX_VALUE_BYTES = 48_000
PAGE_SIZE = 3
"""The number of entries per page. It is small so that every list has several pages."""


class GithubServer(WebServer):
    """The fake API for the secrets of the repository ``owner/tested``. ``secrets`` maps names to decrypted values."""

    def __init__(self, token: str) -> None:
        """Prepare a server without secrets, which accepts only requests with ``token``."""
        super().__init__()
        self.secrets: dict[str, str] = {}
        self.token = token
        self._key = PrivateKey.generate()

    def raw(self) -> bytes:
        """Return all stored values, one per line."""
        with self.lock:
            return "\n".join(self.secrets.values()).encode()

    def fault_response(self, fault: Fault) -> Response:
        """Return an error response in GitHub's format. The reason ``limit`` adds the headers of a rate limit that ends now.

        The message contains the canary ``zsCanary``, because the client may not show the message.
        """
        # GitHub adds the state of the rate limit to every response. The fake adds it only to errors, because the client needs it there.
        headers = {"X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": str(int(time.time()) + 3600)}
        if fault.retry_after:
            headers["Retry-After"] = str(int(fault.retry_after))
        if fault.reason == "limit":
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()))}
        return Response(int(fault.code), {"message": "zsCanary, injected fault"}, headers)

    def answer(self, request: Request) -> Response:
        """Execute a request and return its response."""
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Response(401, {"message": "Bad credentials"})
        # The path is /repos/OWNER/REPOSITORY/actions/secrets, or the same with /NAME.
        base_path, names = "/".join(request.path[:5]), request.path[5:]
        if base_path != f"repos/{REPOSITORY}/actions/secrets":
            return Response(404, {"message": "Not Found"})
        return self._answer_for_secret(request, names[0]) if names else self._page(int(request.query.get("page", 1)))

    def _answer_for_secret(self, request: Request, name: str) -> Response:
        if name == "public-key":
            return Response(200, {"key_id": "1", "key": base64.b64encode(bytes(self._key.public_key)).decode()})
        if request.method == "PUT":
            return self._put(name, request.json)
        if name not in self.secrets:
            return Response(404, {"message": "Not Found"})
        if request.method == "DELETE":
            del self.secrets[name]
            return Response(204)
        return Response(200, _metadata(name))

    def _put(self, name: str, body: Any) -> Response:
        value = SealedBox(self._key).decrypt(base64.b64decode(body["encrypted_value"])).decode()
        if body["key_id"] != "1" or not re.fullmatch(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", name) or len(value.encode()) > MAX_VALUE_BYTES:
            return Response(422, {"message": "Validation Failed"})
        status = 204 if name in self.secrets else 201
        self.secrets[name] = value
        return Response(status, {} if status == 201 else None)

    def _page(self, number: int) -> Response:
        names = sorted(self.secrets)
        start = (number - 1) * PAGE_SIZE
        # The client only checks whether there is a link to a next page, so the path of the link is arbitrary.
        link = {"Link": f'<{self.url}/anything?page={number + 1}>; rel="next"'} if start + PAGE_SIZE < len(names) else {}
        return Response(200, {"total_count": len(names), "secrets": [_metadata(name) for name in names[start : start + PAGE_SIZE]]}, link)


def _metadata(name: str) -> dict[str, str]:
    return {"name": name, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T03:04:05Z"}
