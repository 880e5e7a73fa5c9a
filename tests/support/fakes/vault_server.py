"""A fake Vault server on loopback: KV engine version 2, tokens, logins, namespaces, policies.

Clients log in with AppRole or Kubernetes. The fake follows the pages "KV Secrets Engine - Version 2 (API)", "AppRole", "Kubernetes",
"Token" and "HTTP API" of Vault's documentation.
Like Vault, which is written in Go, the fake returns JSON objects with sorted keys and replaces lone surrogates by U+FFFD.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_VERSIONS = 10
"""Vault's default number of versions per secret."""


class _ApiError(Exception):
    """An error response. Its body contains ``data`` if it is given, else the texts of the errors."""

    def __init__(self, status: int, *errors: str, data: Any = None) -> None:
        super().__init__(*errors)
        self.status = status
        self.body = {"errors": list(errors)} if data is None else {"data": data}


class Rule(NamedTuple):
    """A rule of a policy: a regular expression for paths, and the allowed capabilities."""

    path: str
    capabilities: frozenset[str]


class _KvRequest(NamedTuple):
    """A request to a KV engine. ``action`` is the part of the URL between mount and path, such as ``data`` or ``undelete``.

    ``version`` is 0 if the request names no version.
    """

    method: str
    namespace: str
    mount: str
    action: str
    path: str
    version: int
    body: Any


ALL_PERMISSIONS = (Rule(".*", frozenset({"create", "read", "update", "delete", "list"})),)


class Version:
    """One version of a secret."""

    def __init__(self, data: Any) -> None:
        """Create a version whose creation time is now."""
        self.data = data
        self.creation_time = _now()
        self.deletion_time = ""
        self.is_destroyed = False

    @property
    def is_deleted(self) -> bool:
        """Whether the deletion time has passed. Both times have the same format."""
        return bool(self.deletion_time) and self.deletion_time <= _now()

    def metadata(self, number: int) -> dict[str, Any]:
        """Return the metadata that the API returns."""
        return {
            "created_time": self.creation_time,
            "custom_metadata": None,
            "deletion_time": self.deletion_time,
            "destroyed": self.is_destroyed,
            "version": number,
        }


class FakeVault:
    """The state of the fake server, which tests read and change.

    Attributes:
        lock: A lock for the secrets.
        is_sealed: Whether Vault is sealed. This is Vault's own term: a sealed Vault refuses every request.
        kv1_mounts: The mounts with a KV engine of version 1.
        secrets: For each secret, its versions by number. A secret is identified by its namespace, mount and path.
        tokens: The valid tokens, each with the rules of its policy.
        approle_logins: The valid pairs of a role ID and a secret ID, each with the rules of its tokens.
        kubernetes_logins: The valid pairs of a role and a JWT, each with the rules of its tokens.
        login_count: The number of successful logins so far.
        latency: Seconds that are added to each response.
        delete_version_after: Seconds after which Vault deletes a new version; 0 for never.
    """

    def __init__(self) -> None:
        """Start unsealed and empty."""
        self.delete_version_after = 0.0
        self.lock = threading.Lock()
        self.is_sealed = False
        self.kv1_mounts: set[str] = set()
        self.secrets: dict[tuple[str, str, str], dict[int, Version]] = {}
        self.tokens: dict[str, tuple[Rule, ...]] = {}
        self.approle_logins: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self.kubernetes_logins: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self.login_count = 0
        self.latency = 0.0

    def new_token(self, *rules: Rule) -> str:
        """Create and return a token with these rules, by default with all permissions."""
        token = f"hvs.{secrets.token_hex(12)}"
        self.tokens[token] = rules or ALL_PERMISSIONS
        return token

    def handle(self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: Any) -> tuple[int, Any]:
        """Execute a request, and return the status and the body of the response."""
        if self.is_sealed:
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
        # The client asks for the version of the KV engine of a mount.
        if method == "GET" and (match := re.fullmatch(r"sys/internal/ui/mounts/(.+)", path)):
            version = "1" if match[1] in self.kv1_mounts else "2"
            return 200, {"data": {"type": "kv", "path": f"{match[1]}/", "options": {"version": version}}}
        if match := re.fullmatch(r"(.+?)/(data|metadata|delete|undelete|destroy)/(.*)", path):
            mount, action, secret_path = match.groups()
            method = "LIST" if query.get("list") == ["true"] else method
            number = int(query.get("version", ["0"])[0])
            return self._handle_kv(_KvRequest(method, namespace, mount, action, secret_path, number, body), rules)
        raise _ApiError(404)

    def _login(self, path: str, body: Any) -> Any:
        # The path is auth/MOUNT/login.
        mount = path.split("/")[1]
        if mount.startswith("approle"):
            rules = self.approle_logins.get((body.get("role_id"), body.get("secret_id")))
            refusal = _ApiError(400, "invalid role or secret ID")
        else:
            rules = self.kubernetes_logins.get((body.get("role"), body.get("jwt")))
            refusal = _ApiError(403, "permission denied")
        if rules is None:
            raise refusal
        self.login_count += 1
        return {"auth": {"client_token": self.new_token(*rules), "lease_duration": 3600, "renewable": True}}

    def _handle_kv(self, request: _KvRequest, rules: tuple[Rule, ...]) -> tuple[int, Any]:
        method, action, body = request.method, request.action, request.body
        location = (request.namespace, request.mount, request.path)
        # Vault distinguishes the capability to write a new secret from the capability to write an existing one.
        write_capability = "update" if location in self.secrets else "create"
        capability = {"GET": "read", "LIST": "list", "DELETE": "delete"}.get(method, write_capability)
        path = f"{request.mount}/{action}/{request.path}"
        if not any(re.fullmatch(rule.path, path) and capability in rule.capabilities for rule in rules):
            raise _ApiError(403, "1 error occurred:\n\t* permission denied\n\n")
        with self.lock:
            if method == "LIST" and action == "metadata":
                return 200, {"data": {"keys": self._list(*location)}}
            if method == "POST" and action == "data":
                return 200, {"data": self._write(location, body)}
            versions = self.secrets.get(location)
            if method == "DELETE" and action == "metadata":
                self.secrets.pop(location, None)
                return 204, None
            if versions is None:
                raise _ApiError(404)
            if method == "GET" and action == "data":
                return 200, {"data": _read(versions, request.version)}
            if method == "GET":
                return 200, {"data": _metadata(versions)}
            # The request deletes, restores or destroys versions. "DELETE data" has no body and deletes the current version.
            numbers = [max(versions)] if action == "data" else [int(number) for number in body["versions"]]
            for number in set(numbers) & set(versions):
                if action == "destroy":
                    versions[number].data, versions[number].is_destroyed = None, True
                else:
                    versions[number].deletion_time = "" if action == "undelete" else _now()
            return 204, None

    def _list(self, namespace: str, mount: str, path: str) -> list[str]:
        """Return the names in a folder. The name of a subfolder ends with a slash."""
        folder = path.rstrip("/") + "/" if path else ""
        names = set()
        for secret_namespace, secret_mount, secret_path in self.secrets:
            if (secret_namespace, secret_mount) == (namespace, mount) and secret_path.startswith(folder) and secret_path != folder:
                name, slash, _ = secret_path.removeprefix(folder).partition("/")
                names.add(name + slash)
        if not names:
            raise _ApiError(404)
        return sorted(names)

    def write(self, location: tuple[str, str, str], data: Any) -> None:
        """Write ``data``, as another program would. ``location`` is a namespace, a mount and a path."""
        with self.lock:
            self._write(location, {"data": data})

    def _write(self, location: tuple[str, str, str], body: Any) -> dict[str, Any]:
        versions = self.secrets.get(location, {})
        current = max(versions, default=0)
        if body.get("options", {}).get("cas", current) != current:
            raise _ApiError(400, "check-and-set parameter did not match the current version")
        number = current + 1
        versions[number] = Version(body["data"])
        if self.delete_version_after:
            versions[number].deletion_time = _now(self.delete_version_after)
        versions.pop(number - MAX_VERSIONS, None)
        self.secrets[location] = versions
        return versions[number].metadata(number)


def _read(versions: dict[int, Version], number: int) -> dict[str, Any]:
    """Return a version, or the current version if ``number`` is 0."""
    number = number or max(versions)
    if number not in versions:
        raise _ApiError(404)
    version = versions[number]
    if version.is_deleted or version.is_destroyed:
        raise _ApiError(404, data={"data": None, "metadata": version.metadata(number)})
    return {"data": version.data, "metadata": version.metadata(number)}


def _metadata(versions: dict[int, Version]) -> dict[str, Any]:
    metadata = {str(number): version.metadata(number) for number, version in versions.items()}
    times = [version.creation_time for version in versions.values()]
    return {
        "cas_required": False,
        "current_version": max(versions),
        "oldest_version": min(versions),
        "max_versions": 0,
        "created_time": min(times),
        "updated_time": max(times),
        "versions": metadata,
    }


def _now(seconds_later: float = 0) -> str:
    # Vault writes nanoseconds, so three digits follow the microseconds.
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds_later)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "123Z"


@contextmanager
def running_vault() -> Iterator[tuple[FakeVault, int]]:
    """Run a new server while the block runs, and yield its state and its port."""
    vault = FakeVault()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # With Nagle's algorithm, the body waits 40 ms for the acknowledgement of the headers.
        disable_nagle_algorithm = True

        def _handle_request(self) -> None:
            url = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # Go's JSON decoder replaces a lone surrogate by U+FFFD.
            body = json.loads(re.sub(r"[\ud800-\udfff]", "\ufffd", json.dumps(json.loads(text), ensure_ascii=False))) if text else {}
            time.sleep(vault.latency)
            try:
                path = unquote(url.path.removeprefix("/v1/"))
                status, response = vault.handle(self.command, path, parse_qs(url.query), dict(self.headers.items()), body)
            except _ApiError as error:
                status, response = error.status, error.body
            payload = b"" if response is None else json.dumps(response, sort_keys=True).encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_DELETE = do_LIST = _handle_request  # noqa: N815 - http.server looks up these method names

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
