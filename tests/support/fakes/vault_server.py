"""A fake Vault server on loopback: KV version 2, tokens, AppRole, Kubernetes, namespaces and policies.

It follows the pages "KV Secrets Engine - Version 2 (API)", "AppRole", "Kubernetes", "Token" and "HTTP API" of Vault's documentation.
Like Vault, which is written in Go, the fake returns JSON objects with sorted keys and replaces lone surrogates by U+FFFD.
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
"""Vault's default number of versions per secret."""


class _ApiError(Exception):
    def __init__(self, status: int, *errors: str, data: Any = None) -> None:
        super().__init__(*errors)
        self.status = status
        self.body = {"errors": list(errors)} if data is None else {"data": data}


class Rule(NamedTuple):
    """A rule of a policy: a regular expression for paths, and the allowed capabilities."""

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
        """Create a version with the current time."""
        self.data = data
        self.created = _now()
        self.deleted = ""
        self.destroyed = False

    def metadata(self, number: int) -> dict[str, Any]:
        """Return the metadata that the API returns."""
        return {
            "created_time": self.created,
            "custom_metadata": None,
            "deletion_time": self.deleted,
            "destroyed": self.destroyed,
            "version": number,
        }


class FakeVault:
    """The state of the fake server, which tests read and change."""

    def __init__(self) -> None:
        """Start unsealed and empty."""
        self.lock = threading.Lock()
        self.sealed = False
        self.kv1_mounts: set[str] = set()
        self.stored: dict[tuple[str, str, str], dict[int, Version]] = {}
        """The versions by namespace, mount and path."""
        self.tokens: dict[str, tuple[Rule, ...]] = {}
        self.approles: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self.kubernetes: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self.logins = 0
        self.latency = 0.0
        """Seconds that are added to each response."""

    def new_token(self, *rules: Rule) -> str:
        """Return a token with the rules, or with all permissions if there are no rules."""
        token = f"hvs.{secrets.token_hex(12)}"
        self.tokens[token] = rules or EVERYTHING
        return token

    def handle(self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: Any) -> tuple[int, Any]:
        """Return the status and the body of the response."""
        if self.sealed:
            raise _ApiError(503, "Vault is sealed")
        namespace = headers.get("X-Vault-Namespace") or ""
        if method == "POST" and (match := re.fullmatch(r"auth/[\w/-]+/login", path)):
            return 200, self._login(match[0], body)
        token = headers.get("X-Vault-Token") or ""
        rules = self.tokens.get(token)
        if rules is None:
            raise _ApiError(403, "permission denied", "invalid token")
        if (method, path) == ("GET", "auth/token/lookup-self"):
            return 200, {"data": {"id": token, "ttl": 3600}}
        if method == "GET" and (match := re.fullmatch(r"sys/internal/ui/mounts/(.+)", path)):
            version = "1" if match[1] in self.kv1_mounts else "2"
            return 200, {"data": {"type": "kv", "path": f"{match[1]}/", "options": {"version": version}}}
        if match := re.fullmatch(r"(.+?)/(data|metadata|delete|undelete|destroy)/(.*)", path):
            method = "LIST" if query.get("list") == ["true"] else method
            number = int(query.get("version", ["0"])[0])
            return self._kv(_Request(method, namespace, match[1], match[2], match[3], number, body), rules)
        raise _ApiError(404)

    def _login(self, path: str, body: Any) -> Any:
        kind = path.split("/")[1]
        credentials = self.approles if kind.startswith("approle") else self.kubernetes
        login = (body.get("role_id"), body.get("secret_id")) if credentials is self.approles else (body.get("role"), body.get("jwt"))
        if login not in credentials:
            raise _ApiError(400, "invalid role or secret ID") if credentials is self.approles else _ApiError(403, "permission denied")
        self.logins += 1
        return {"auth": {"client_token": self.new_token(*credentials[login]), "lease_duration": 3600, "renewable": True}}

    def _kv(self, request: _Request, rules: tuple[Rule, ...]) -> tuple[int, Any]:
        method, kind, body = request.method, request.kind, request.body
        location = (request.namespace, request.mount, request.path)
        capability = {"GET": "read", "LIST": "list", "DELETE": "delete"}.get(method, "update" if location in self.stored else "create")
        path = f"{request.mount}/{kind}/{request.path}"
        if not any(re.fullmatch(rule.path, path) and capability in rule.capabilities for rule in rules):
            raise _ApiError(403, "1 error occurred:\n\t* permission denied\n\n")
        with self.lock:
            if method == "LIST" and kind == "metadata":
                return 200, {"data": {"keys": self._list(*location)}}
            if method == "POST" and kind == "data":
                return 200, {"data": self._write(location, body)}
            versions = self.stored.get(location)
            if (method, kind) == ("DELETE", "metadata"):
                self.stored.pop(location, None)
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
            key[2][len(folder) :] for key in self.stored if key[:2] == (namespace, mount) and key[2].startswith(folder) and key[2] != folder
        ]
        keys = sorted({key if "/" not in key else f"{key.split('/')[0]}/" for key in below})
        if not keys:
            raise _ApiError(404)
        return keys

    def write(self, location: tuple[str, str, str], data: Any) -> None:
        """Write ``data``, as another program would. ``location`` is a namespace, a mount and a path."""
        with self.lock:
            self._write(location, {"data": data})

    def _write(self, location: tuple[str, str, str], body: Any) -> dict[str, Any]:
        versions = self.stored.get(location, {})
        current = max(versions, default=0)
        if body.get("options", {}).get("cas", current) != current:
            raise _ApiError(400, "check-and-set parameter did not match the current version")
        number = current + 1
        versions[number] = Version(body["data"])
        versions.pop(number - MAX_VERSIONS, None)
        self.stored[location] = versions
        return versions[number].metadata(number)


def _read(versions: dict[int, Version], number: int) -> dict[str, Any]:
    number = number or max(versions)
    if number not in versions:
        raise _ApiError(404)
    version = versions[number]
    if version.deleted or version.destroyed:
        raise _ApiError(404, data={"data": None, "metadata": version.metadata(number)})
    return {"data": version.data, "metadata": version.metadata(number)}


def _metadata(versions: dict[int, Version]) -> dict[str, Any]:
    metadata = {str(number): version.metadata(number) for number, version in versions.items()}
    times = [version.created for version in versions.values()]
    return {
        "cas_required": False,
        "current_version": max(versions),
        "oldest_version": min(versions),
        "max_versions": 0,
        "created_time": min(times),
        "updated_time": max(times),
        "versions": metadata,
    }


def _now() -> str:
    # Go formats nanoseconds.
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"


@contextmanager
def running_vault() -> Iterator[tuple[FakeVault, int]]:
    """Run a new server while the block runs, and yield its state and its port."""
    vault = FakeVault()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """Answer a request of any method."""
            parts = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # Go's JSON decoder replaces a lone surrogate by U+FFFD.
            body = json.loads(re.sub(r"[\ud800-\udfff]", "\ufffd", json.dumps(json.loads(text), ensure_ascii=False))) if text else {}
            time.sleep(vault.latency)
            try:
                path = unquote(parts.path.removeprefix("/v1/"))
                status, answer = vault.handle(self.command, path, parse_qs(parts.query), dict(self.headers.items()), body)
            except _ApiError as error:
                status, answer = error.status, error.body
            payload = b"" if answer is None else json.dumps(answer, sort_keys=True).encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_POST = do_PUT = do_DELETE = do_LIST = do_GET  # noqa: N815 - http.server looks up these method names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names this parameter
            """Write no log."""

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
