"""A fake remote service, its client, and backends that use it.

The errors of the client quote the sent texts, as the errors of many SDKs do. So tests can check that our errors do not quote these texts.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

from tests.support.faults.injector import UNLIMITED
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.managers.backends.remote.backend import ListedKey, RemoteBackend
from zensecrets_jupyter.core.managers.backends.remote.envelope import SecretEnvelope
from zensecrets_jupyter.core.managers.backends.remote.failures import ErrorKind, RemoteError
from zensecrets_jupyter.core.managers.backends.remote.naming import NameEncoding
from zensecrets_jupyter.core.managers.backends.remote.runner import RemoteOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zensecrets_jupyter.core.managers import ManagerContext
    from zensecrets_jupyter.core.managers.backends.remote.runner import ErrorTable


class FakeServiceError(Exception):
    """An error of the client."""

    def __init__(self, code: str, sent_text: object = "") -> None:
        """Quote the sent text in the message."""
        super().__init__(f"{code}: {sent_text}")
        self.code = code
        self.sent_text = sent_text


class FakeService:
    """The fake service.

    Attributes:
        payloads: The text and the version number of each key.
        requests: The verbs of all requests so far.
        before_request: Called with the verb before the service executes a request. It may raise an error.
        after_request: Called with the verb after the service has executed a request. It may raise an error.
    """

    def __init__(self) -> None:
        """Start empty and without faults."""
        self.payloads: dict[str, tuple[str, int]] = {}
        self.requests: list[str] = []
        self.lock = threading.Lock()
        self.recover()

    def recover(self) -> None:
        """Let no further request fail."""
        self.before_request: Callable[[str], None] = lambda _verb: None
        self.after_request: Callable[[str], None] = lambda _verb: None

    def fail(self, code: str, *, times: int = UNLIMITED, sent_text: object = "", is_executed: bool = False) -> None:
        """Let the next requests fail.

        Args:
            code: The code of the error.
            times: The number of requests that fail.
            sent_text: A text that the error quotes.
            is_executed: Whether the service executes a request before it fails.
        """
        remaining_requests = times

        def fail_request(_verb: str) -> None:
            nonlocal remaining_requests
            if remaining_requests > 0:
                remaining_requests -= 1
                raise FakeServiceError(code, sent_text)

        if is_executed:
            self.after_request = fail_request
        else:
            self.before_request = fail_request


class FakeServiceClient:
    """The client of the fake service."""

    def __init__(self, service: FakeService) -> None:
        """Connect to ``service``."""
        self.service = service

    def call(self, verb: str, key: str = "", text: str = "", version: int | None = None) -> Any:
        """Send one request and return its response."""
        service = self.service
        with service.lock:
            service.requests.append(verb)
        service.before_request(verb)
        with service.lock:
            response = self._execute(verb, key, text, version)
        service.after_request(verb)
        return response

    def _execute(self, verb: str, key: str, text: str, version: int | None) -> Any:
        payloads = self.service.payloads
        if verb == "list":
            return list(payloads)
        if verb == "create":
            if key in payloads:
                raise FakeServiceError("exists", text)
            payloads[key] = (text, 1)
            return None
        if key not in payloads:
            raise FakeServiceError("missing", text)
        _, current_version = payloads[key]
        if verb == "put":
            if version != current_version:
                raise FakeServiceError("conflict", text)
            payloads[key] = (text, current_version + 1)
        if verb == "remove":
            del payloads[key]
            return None
        return payloads[key]


class FakeRemoteOptions(RemoteOptions):
    """The options that all remote flavors have."""


class FakeRemoteBackend(RemoteBackend[FakeServiceClient, FakeRemoteOptions]):
    """A backend of the fake service, as the author of a plug-in would write it."""

    FLAVOR: ClassVar[str] = "fake_remote"
    options_model = FakeRemoteOptions
    # A key of the fake service has at most 120 of these characters.
    encoding = NameEncoding("the fake service", "abcdefghijklmnopqrstuvwxyz0123456789_", 120)
    max_size: ClassVar[int] = 1000
    first_wait: ClassVar[float] = 0.001
    error_kinds: ClassVar[ErrorTable] = {
        "missing": ErrorKind.MISSING,
        "exists": ErrorKind.EXISTS,
        "conflict": ErrorKind.CONFLICT,
        "busy": ErrorKind.TRANSIENT,
        "unknown-user": ErrorKind.UNKNOWN_USER,
        "forbidden": ErrorKind.DENIED,
        "clock-skew": ErrorKind.SKEWED,
        "too-large": ErrorKind.TOO_LARGE,
        "refused-name": ErrorKind.REFUSED_NAME,
        "full": ErrorKind.FULL,
        "locked": ErrorKind.LOCKED,
        "unsupported": ErrorKind.UNSUPPORTED,
        "unreachable": ErrorKind.UNREACHABLE,
    }

    def __init__(
        self, options: RemoteOptions | None = None, *, context: ManagerContext | None = None, service: FakeService | None = None
    ) -> None:
        """Use ``service``, or a new one."""
        super().__init__(options, context=context)
        self.service = service or FakeService()
        self.connection_count = 0

    def connect(self) -> FakeServiceClient:
        """Count the connection and return a client."""
        self.connection_count += 1
        return FakeServiceClient(self.service)

    def fetch(self, client: FakeServiceClient, key: str) -> SecretEnvelope:
        """Return the text and the version number of a key."""
        return SecretEnvelope(*client.call("get", key))

    def list_keys(self, client: FakeServiceClient, prefix: str) -> Iterable[ListedKey]:  # noqa: ARG002 - this client has no filter by prefix
        """Return all keys."""
        return [ListedKey(key) for key in client.call("list")]

    def insert(self, client: FakeServiceClient, key: str, envelope: SecretEnvelope) -> None:
        """Store the text of a new key."""
        client.call("create", key, envelope.text)

    def overwrite(self, client: FakeServiceClient, key: str, envelope: SecretEnvelope, current: SecretEnvelope) -> None:
        """Replace a text if its version is current."""
        client.call("put", key, envelope.text, current.token if isinstance(current.token, int) else None)

    def remove(self, client: FakeServiceClient, key: str) -> None:
        """Delete a text."""
        client.call("remove", key)

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """Return the code of an error of the client."""
        return (error.code,) if isinstance(error, FakeServiceError) else ()


class BatchingFakeBackend(FakeRemoteBackend):
    """A backend that reads up to ten secrets with one request. A key with ``forbidden`` in it is refused, and the other keys are read."""

    FLAVOR: ClassVar[str] = "batching_fake_remote"
    batch_size: int = 10

    def fetch_many(self, client: FakeServiceClient, keys: Sequence[str]) -> Mapping[str, SecretEnvelope | RemoteError]:
        """Return the texts of several keys."""
        # The client has no request for several keys. The backend sends a list request, and renames it in the list of requests.
        client.call("list")
        client.service.requests[-1] = "get many"
        results: dict[str, SecretEnvelope | RemoteError] = {}
        for key in keys:
            if key in client.service.payloads:
                is_forbidden = "forbidden" in key
                results[key] = RemoteError(ErrorKind.DENIED) if is_forbidden else SecretEnvelope(*client.service.payloads[key])
        return results


class ReadOnlyFakeBackend(FakeRemoteBackend):
    """A backend that can read and list."""

    FLAVOR: ClassVar[str] = "read_only_fake_remote"
    capabilities: ClassVar[Capability] = Capability.READ | Capability.LIST


class WriteOnlyFakeBackend(FakeRemoteBackend):
    """A backend that can list, register and delete. It cannot update, because it would have to read the stored content first."""

    FLAVOR: ClassVar[str] = "write_only_fake_remote"
    capabilities: ClassVar[Capability] = Capability.LIST | Capability.REGISTER | Capability.DELETE
