"""A Vault server on loopback as its HTTP API documentation has it: KV version 2, tokens, AppRole, Kubernetes, namespaces, policies.

Written from the pages "KV Secrets Engine - Version 2 (API)", "AppRole", "Kubernetes", "Token" and "HTTP API" of Vault's documentation.
Like Vault, which is written in Go, it gives JSON objects back with sorted keys, and puts U+FFFD where there is half a character.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_VERSIONS = 10
"""What Vault keeps where nothing else is configured."""


class _ApiError(Exception):
    def __init__(self, status: int, *errors: str, data: Any = None) -> None:
        super().__init__(*errors)
        self.status = status
        self.body = {"errors": list(errors)} if data is None else {"data": data}


class Rule(NamedTuple):
    """A rule of a policy: which paths, as an expression, and what may be done there."""

    path: str
    capabilities: frozenset[str]


class _Request(NamedTuple):
    method: str
    namespace: str
    mount: str
    kind: str
    path: str
    version: int
    body: Any


EVERYTHING = (Rule(".*", frozenset({"create", "read", "update", "delete", "list"})),)


class Version:
    """One version of a secret."""

    def __init__(self, data: Any) -> None:
        """Be written now."""
        self.data = data
        self.created = _now()
        self.deleted = ""
        self.destroyed = False

    def metadata(self, number: int) -> dict[str, Any]:
        """Return what the API tells of it."""
        return {
            "created_time": self.created,
            "custom_metadata": None,
            "deletion_time": self.deleted,
            "destroyed": self.destroyed,
            "version": number,
        }


class FakeVault:
    """What the server has, for the tests to look at and to change."""

    def __init__(self) -> None:
        """Be unsealed and empty."""
        self.lock = threading.Lock()
        self.sealed = False
        self.kv1_mounts: set[str] = set()
        self.kept: dict[tuple[str, str, str], dict[int, Version]] = {}
        """The versions by namespace, mount and path."""
        self.tokens: dict[str, tuple[Rule, ...]] = {}
        self.approles: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self.kubernetes: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self.logins = 0
        self.latency = 0.0
        """Seconds that each answer takes besides."""

    def new_token(self, *rules: Rule) -> str:
        """Return a token that may do what the rules say; everything without any."""
        token = f"hvs.{secrets.token_hex(12)}"
        self.tokens[token] = rules or EVERYTHING
        return token

    def handle(self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: Any) -> tuple[int, Any]:
        """Return the status and the body of the answer."""
        if self.sealed:
            raise _ApiError(503, "Vault is sealed")
        namespace = headers.get("X-Vault-Namespace") or ""
        if method == "POST" and (found := re.fullmatch(r"auth/[\w/-]+/login", path)):
            return 200, self._login(found[0], body)
        token = headers.get("X-Vault-Token") or ""
        rules = self.tokens.get(token)
        if rules is None:
            raise _ApiError(403, "permission denied", "invalid token")
        if (method, path) == ("GET", "auth/token/lookup-self"):
            return 200, {"data": {"id": token, "ttl": 3600}}
        if method == "GET" and (found := re.fullmatch(r"sys/internal/ui/mounts/(.+)", path)):
            version = "1" if found[1] in self.kv1_mounts else "2"
            return 200, {"data": {"type": "kv", "path": f"{found[1]}/", "options": {"version": version}}}
        if found := re.fullmatch(r"(.+?)/(data|metadata|delete|undelete|destroy)/(.*)", path):
            method = "LIST" if query.get("list") == ["true"] else method
            number = int(query.get("version", ["0"])[0])
            return self._kv(_Request(method, namespace, found[1], found[2], found[3], number, body), rules)
        raise _ApiError(404)

    def _login(self, path: str, body: Any) -> Any:
        kind = path.split("/")[1]
        known = self.approles if kind.startswith("approle") else self.kubernetes
        given = (body.get("role_id"), body.get("secret_id")) if known is self.approles else (body.get("role"), body.get("jwt"))
        if given not in known:
            raise _ApiError(400, "invalid role or secret ID") if known is self.approles else _ApiError(403, "permission denied")
        self.logins += 1
        return {"auth": {"client_token": self.new_token(*known[given]), "lease_duration": 3600, "renewable": True}}

    def _kv(self, request: _Request, rules: tuple[Rule, ...]) -> tuple[int, Any]:
        method, kind, body = request.method, request.kind, request.body
        place = (request.namespace, request.mount, request.path)
        wanted = {"GET": "read", "LIST": "list", "DELETE": "delete"}.get(method, "update" if place in self.kept else "create")
        path = f"{request.mount}/{kind}/{request.path}"
        if not any(re.fullmatch(rule.path, path) and wanted in rule.capabilities for rule in rules):
            raise _ApiError(403, "1 error occurred:\n\t* permission denied\n\n")
        with self.lock:
            if method == "LIST" and kind == "metadata":
                return 200, {"data": {"keys": self._list(*place)}}
            if method == "POST" and kind == "data":
                return 200, {"data": self._write(place, body)}
            versions = self.kept.get(place)
            if (method, kind) == ("DELETE", "metadata"):
                self.kept.pop(place, None)
                return 204, None
            if versions is None:
                raise _ApiError(404)
            if method == "GET" and kind == "data":
                return 200, {"data": _read(versions, request.version)}
            if method == "GET":
                return 200, {"data": _metadata(versions)}
            numbers = [max(versions)] if kind == "data" else [int(number) for number in body["versions"]]
            for number in set(numbers) & set(versions):
                if kind == "destroy":
                    versions[number].data, versions[number].destroyed = None, True
                else:
                    versions[number].deleted = "" if kind == "undelete" else _now()
            return 204, None

    def _list(self, namespace: str, mount: str, path: str) -> list[str]:
        folder = path.rstrip("/") + "/" if path else ""
        below = [
            key[2][len(folder) :] for key in self.kept if key[:2] == (namespace, mount) and key[2].startswith(folder) and key[2] != folder
        ]
        keys = sorted({key if "/" not in key else f"{key.split('/')[0]}/" for key in below})
        if not keys:
            raise _ApiError(404)
        return keys

    def write(self, place: tuple[str, str, str], data: Any) -> None:
        """Write ``data`` at once, as another program would; the place is a namespace, a mount and a path."""
        with self.lock:
            self._write(place, {"data": data})

    def _write(self, place: tuple[str, str, str], body: Any) -> dict[str, Any]:
        versions = self.kept.get(place, {})
        current = max(versions, default=0)
        if body.get("options", {}).get("cas", current) != current:
            raise _ApiError(400, "check-and-set parameter did not match the current version")
        number = current + 1
        versions[number] = Version(body["data"])
        versions.pop(number - MAX_VERSIONS, None)
        self.kept[place] = versions
        return versions[number].metadata(number)


def _read(versions: dict[int, Version], number: int) -> dict[str, Any]:
    number = number or max(versions)
    if number not in versions:
        raise _ApiError(404)
    found = versions[number]
    if found.deleted or found.destroyed:
        raise _ApiError(404, data={"data": None, "metadata": found.metadata(number)})
    return {"data": found.data, "metadata": found.metadata(number)}


def _metadata(versions: dict[int, Version]) -> dict[str, Any]:
    told = {str(number): version.metadata(number) for number, version in versions.items()}
    times = [version.created for version in versions.values()]
    return {
        "cas_required": False,
        "current_version": max(versions),
        "oldest_version": min(versions),
        "max_versions": 0,
        "created_time": min(times),
        "updated_time": max(times),
        "versions": told,
    }


def _now() -> str:
    # Go writes nanoseconds.
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"


@contextmanager
def running_vault() -> Iterator[tuple[FakeVault, int]]:
    """Yield what a new server has, and its port; it ends with the block."""
    vault = FakeVault()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """Answer any request."""
            parts = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # Go's decoder takes a lone surrogate for U+FFFD.
            body = json.loads(re.sub(r"[\ud800-\udfff]", "\ufffd", json.dumps(json.loads(text), ensure_ascii=False))) if text else {}
            time.sleep(vault.latency)
            try:
                path = unquote(parts.path.removeprefix("/v1/"))
                status, answer = vault.handle(self.command, path, parse_qs(parts.query), dict(self.headers.items()), body)
            except _ApiError as error:
                status, answer = error.status, error.body
            sent = b"" if answer is None else json.dumps(answer, sort_keys=True).encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_POST = do_PUT = do_DELETE = do_LIST = do_GET  # noqa: N815 - the base class looks for these

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield vault, server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(30)
