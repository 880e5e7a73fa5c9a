"""A fake of Google Cloud Secret Manager: a gRPC server on loopback.

It uses the message types of Google's client, and implements the documented behavior: version aliases, etags that refuse a stale write,
versions and their states, pages, the limit of 64 KiB and names of up to 255 characters. Every client has all permissions.
"""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timezone
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc
from google.cloud.secretmanager_v1 import types
from google.protobuf import any_pb2, duration_pb2, empty_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from tests.support.fakes.web import FOREIGN_PAGE
from tests.support.faults.injector import FaultInjector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import trustme

PROJECT = "tested-project"
SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
MAX_VALUE_BYTES = 64 * 1024
PAGE_SIZE = 3
"""The number of entries per page. It is small so that every list has several pages."""


class _RequestError(Exception):
    """The refusal of a request, with its gRPC status."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__(code.name)
        self.code = code


class StoredVersion(NamedTuple):
    """A version of a secret."""

    metadata: types.SecretVersion
    data: bytes


class StoredSecret(NamedTuple):
    """A secret with its versions by number."""

    metadata: types.Secret
    versions: dict[int, StoredVersion]


class SecretManagerServer:
    """The fake service.

    Attributes:
        faults: The faults that the server injects.
        secrets: The stored secrets by ID.
        endpoint: The address of the server while it runs.
        authorizations: The ``authorization`` metadata of all requests so far.
    """

    def __init__(self) -> None:
        """Prepare an empty server without faults, which is not running yet."""
        self.faults = FaultInjector()
        self.secrets: dict[str, StoredSecret] = {}
        self.endpoint = ""
        self.authorizations: set[str] = set()
        self._etags = count(1)
        self._lock = threading.RLock()

    @contextmanager
    def running(self, authority: trustme.CA | None = None) -> Iterator[SecretManagerServer]:
        """Serve on a free port while the block runs, with TLS if ``authority`` is given."""
        # With SO_REUSEPORT, two servers could get the same port.
        server = grpc.server(ThreadPoolExecutor(64), options=[("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, self._handlers())])
        if authority is None:
            self.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        else:
            certificate = authority.issue_cert("127.0.0.1")
            credentials = grpc.ssl_server_credentials([(certificate.private_key_pem.bytes(), certificate.cert_chain_pems[0].bytes())])
            self.endpoint = f"https://127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}"
        server.start()
        try:
            yield self
        finally:
            server.stop(None).wait()

    def raw(self) -> bytes:
        """Return all payloads, one per line."""
        with self._lock:
            return b"\n".join(version.data for secret in self.secrets.values() for version in secret.versions.values())

    def put(self, key: str, data: bytes) -> None:
        """Store a secret with the ID ``key``, as another program would."""
        self._create(types.CreateSecretRequest(parent=f"projects/{PROJECT}", secret_id=key))
        self._add(types.AddSecretVersionRequest(parent=f"projects/{PROJECT}/secrets/{key}", payload={"data": data}))

    def _handlers(self) -> dict[str, grpc.RpcMethodHandler]:
        methods: dict[str, tuple[Callable[[Any], Any], Any]] = {
            "CreateSecret": (self._create, types.CreateSecretRequest),
            "GetSecret": (self._get, types.GetSecretRequest),
            "UpdateSecret": (self._update, types.UpdateSecretRequest),
            "DeleteSecret": (self._delete, types.DeleteSecretRequest),
            "ListSecrets": (self._list, types.ListSecretsRequest),
            "AddSecretVersion": (self._add, types.AddSecretVersionRequest),
            "AccessSecretVersion": (self._access, types.AccessSecretVersionRequest),
            "ListSecretVersions": (self._list_versions, types.ListSecretVersionsRequest),
            "DestroySecretVersion": (self._destroy, types.DestroySecretVersionRequest),
        }
        return {
            name: grpc.unary_unary_rpc_method_handler(
                self._handler(name, method), request_deserializer=request_type.deserialize, response_serializer=_serialize
            )
            for name, (method, request_type) in methods.items()
        }

    def _handler(self, name: str, method: Callable[[Any], Any]) -> Callable[[Any, grpc.ServicerContext], Any]:
        """Return a function that answers requests with ``method``, or with the next fault.

        If the fault's ``request_is_executed`` is set, the request is executed and its response is discarded.
        """

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            self.authorizations |= {str(value) for key, value in context.invocation_metadata() if key == "authorization"}
            time.sleep(self.faults.latency)
            fault = self.faults.fault_for(name)
            response = None
            if fault is None or fault.request_is_executed:
                try:
                    with self._lock:
                        response = method(request)
                except _RequestError as error:
                    # A real service may quote the request in its error, so the fake does too.
                    context.abort(error.code, f"refused: {request!r}")
                if fault is None:
                    return response
            time.sleep(fault.delay)
            if fault.is_foreign_response:
                return FOREIGN_PAGE
            # A client gets UNAVAILABLE if the connection is closed, so this code is used for faults without a code.
            code = grpc.StatusCode[fault.code or "UNAVAILABLE"]
            if fault.retry_after:
                context.abort_with_status(rpc_status.to_status(_retry_info(code, fault.retry_after)))
            context.abort(code, f"injected fault: {request!r}")
            return None

        return handle

    def _create(self, request: types.CreateSecretRequest) -> types.Secret:
        if request.secret_id in self.secrets:
            raise _RequestError(grpc.StatusCode.ALREADY_EXISTS)
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", request.secret_id):
            raise _RequestError(grpc.StatusCode.INVALID_ARGUMENT)
        secret = types.Secret(request.secret)
        secret.name = f"{request.parent}/secrets/{request.secret_id}"
        secret.create_time = datetime.now(timezone.utc)
        secret.etag = self._new_etag()
        self.secrets[request.secret_id] = StoredSecret(secret, {})
        return secret

    def _get(self, request: types.GetSecretRequest) -> types.Secret:
        return self._stored_secret(request.name).metadata

    def _update(self, request: types.UpdateSecretRequest) -> types.Secret:
        metadata, versions = self._stored_secret(request.secret.name)
        if request.secret.etag and request.secret.etag != metadata.etag:
            raise _RequestError(grpc.StatusCode.FAILED_PRECONDITION)
        if not set(request.secret.version_aliases.values()) <= set(versions):
            raise _RequestError(grpc.StatusCode.FAILED_PRECONDITION)
        for path in request.update_mask.paths:
            setattr(metadata, path, getattr(request.secret, path))
        metadata.etag = self._new_etag()
        return metadata

    def _delete(self, request: types.DeleteSecretRequest) -> empty_pb2.Empty:
        self._stored_secret(request.name)
        del self.secrets[request.name.rpartition("/")[2]]
        return empty_pb2.Empty()

    def _list(self, request: types.ListSecretsRequest) -> types.ListSecretsResponse:
        secrets = [secret.metadata for _, secret in sorted(self.secrets.items())]
        page, next_token = _page(secrets, request.page_token, request.page_size)
        return types.ListSecretsResponse(secrets=page, next_page_token=next_token, total_size=len(secrets))

    def _add(self, request: types.AddSecretVersionRequest) -> types.SecretVersion:
        versions = self._stored_secret(request.parent).versions
        if not 0 < len(request.payload.data) <= MAX_VALUE_BYTES:
            raise _RequestError(grpc.StatusCode.INVALID_ARGUMENT)
        number = max(versions, default=0) + 1
        now = datetime.now(timezone.utc)
        metadata = types.SecretVersion(name=f"{request.parent}/versions/{number}", state=types.SecretVersion.State.ENABLED, create_time=now)
        versions[number] = StoredVersion(metadata, request.payload.data)
        return metadata

    def _access(self, request: types.AccessSecretVersionRequest) -> types.AccessSecretVersionResponse:
        metadata, data = self._stored_version(request.name)
        if metadata.state != types.SecretVersion.State.ENABLED:
            raise _RequestError(grpc.StatusCode.FAILED_PRECONDITION)
        return types.AccessSecretVersionResponse(name=metadata.name, payload={"data": data})

    def _list_versions(self, request: types.ListSecretVersionsRequest) -> types.ListSecretVersionsResponse:
        versions = self._stored_secret(request.parent).versions
        newest_first = [versions[number].metadata for number in sorted(versions, reverse=True)]
        page, next_token = _page(newest_first, request.page_token, request.page_size)
        return types.ListSecretVersionsResponse(versions=page, next_page_token=next_token, total_size=len(versions))

    def _destroy(self, request: types.DestroySecretVersionRequest) -> types.SecretVersion:
        metadata = types.SecretVersion(self._stored_version(request.name).metadata, state=types.SecretVersion.State.DESTROYED)
        secret_name, _, number = request.name.partition("/versions/")
        self._stored_secret(secret_name).versions[int(number)] = StoredVersion(metadata, b"")
        return metadata

    def _stored_secret(self, name: str) -> StoredSecret:
        match = re.fullmatch(f"projects/{PROJECT}/secrets/([^/]+)", name)
        if match is None or match[1] not in self.secrets:
            raise _RequestError(grpc.StatusCode.NOT_FOUND)
        return self.secrets[match[1]]

    def _stored_version(self, name: str) -> StoredVersion:
        secret_name, _, number_or_alias = name.partition("/versions/")
        metadata, versions = self._stored_secret(secret_name)
        if number_or_alias.isdecimal():
            number = int(number_or_alias)
        elif number_or_alias == "latest":
            number = max(versions, default=0)
        else:
            number = metadata.version_aliases.get(number_or_alias, 0)
        if number not in versions:
            raise _RequestError(grpc.StatusCode.NOT_FOUND)
        return versions[number]

    def _new_etag(self) -> str:
        return f'"{next(self._etags):x}"'


def _page(entries: list[Any], token: str, size: int) -> tuple[list[Any], str]:
    start = int(token or 0)
    end = start + min(size or PAGE_SIZE, PAGE_SIZE)
    return entries[start:end], str(end) if end < len(entries) else ""


def _serialize(message: Any) -> bytes:
    if isinstance(message, bytes):
        # The message is FOREIGN_PAGE, the response of a fault.
        return message
    # Google's message types are proto-plus classes, except Empty, which is a plain protobuf class.
    data: bytes = message.SerializeToString() if isinstance(message, empty_pb2.Empty) else type(message).serialize(message)
    return data


def _retry_info(code: grpc.StatusCode, seconds: float) -> status_pb2.Status:
    """Return an error that asks the client to wait for less than one second. ``code.value[0]`` is the number of the code."""
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=int(seconds * 1e9))))
    return status_pb2.Status(code=code.value[0], message="injected fault", details=[detail])
