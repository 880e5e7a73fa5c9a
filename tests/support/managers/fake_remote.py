"""A fake remote service, its client, and backends of it.

The errors of the client quote the secrets.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

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
    """An error of the client. Like the errors of many SDKs, it contains the request."""

    def __init__(self, code: str, sent: object = "") -> None:
        """Quote the request in the message."""
        super().__init__(f"{code}: {sent}")
        self.code = code
        self.sent = sent


class FakeService:
    """The fake service.

    Attributes:
        stored: The text and the version of each key.
        requests: The verbs of all requests so far.
        before: Called with the verb before each request. It may raise an error.
        after: Called with the verb after each request. It may raise an error.
    """

    def __init__(self) -> None:
        """Start empty and without faults."""
        self.stored: dict[str, tuple[str, int]] = {}
        self.requests: list[str] = []
        self.before: Callable[[str], None] = lambda _verb: None
        self.after: Callable[[str], None] = lambda _verb: None
        self.lock = threading.Lock()

    def fail(self, times: int, code: str, sent: object = "", *, after: bool = False) -> None:
        """Let the next requests fail before the service executes them, or afterwards if ``after`` is set."""
        remaining = [times]

        def fail_request(_verb: str) -> None:
            if remaining[0] > 0:
                remaining[0] -= 1
                raise FakeServiceError(code, sent)

        if after:
            self.after = fail_request
        else:
            self.before = fail_request


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
        service.before(verb)
        with service.lock:
            answer = self._execute(verb, key, text, version)
        service.after(verb)
        return answer

    def _execute(self, verb: str, key: str, text: str, version: int | None) -> Any:
        stored = self.service.stored
        if verb == "list":
            return list(stored)
        if verb == "create":
            if key in stored:
                raise FakeServiceError("taken", text)
            stored[key] = (text, 1)
            return None
        if key not in stored:
            raise FakeServiceError("absent", text)
        if verb == "put":
            if version != stored[key][1]:
                raise FakeServiceError("stale", text)
            stored[key] = (text, stored[key][1] + 1)
        if verb == "remove":
            del stored[key]
            return None
        return stored[key]


class FakeRemoteOptions(RemoteOptions):
    """The options that all remote flavors have."""


class FakeRemoteBackend(RemoteBackend[FakeServiceClient, FakeRemoteOptions]):
    """A backend of the fake service, as the author of a plug-in would write it."""

    FLAVOR: ClassVar[str] = "fake_remote"
    options_model = FakeRemoteOptions
    encoding = NameEncoding("the fake service", "abcdefghijklmnopqrstuvwxyz0123456789_", 120)
    max_size: ClassVar[int] = 1000
    first_wait: ClassVar[float] = 0.001
    error_kinds: ClassVar[ErrorTable] = {
        "absent": ErrorKind.MISSING,
        "taken": ErrorKind.EXISTS,
        "stale": ErrorKind.CONFLICT,
        "busy": ErrorKind.TRANSIENT,
        "stranger": ErrorKind.UNKNOWN_USER,
        "forbidden": ErrorKind.DENIED,
        "late": ErrorKind.SKEWED,
        "long": ErrorKind.TOO_LARGE,
        "odd": ErrorKind.REFUSED_NAME,
        "full": ErrorKind.FULL,
        "sealed": ErrorKind.LOCKED,
        "never": ErrorKind.UNSUPPORTED,
        "gone": ErrorKind.UNREACHABLE,
    }

    def __init__(
        self, options: RemoteOptions | None = None, *, context: ManagerContext | None = None, service: FakeService | None = None
    ) -> None:
        """Use ``service``, or a new one."""
        super().__init__(options, context=context)
        self.service = service or FakeService()
        self.connections = 0

    def connect(self) -> FakeServiceClient:
        """Count the connection and return a client."""
        self.connections += 1
        return FakeServiceClient(self.service)

    def fetch(self, client: FakeServiceClient, key: str) -> SecretEnvelope:
        """Return the text of a key."""
        return SecretEnvelope(*client.call("get", key))

    def list_keys(self, client: FakeServiceClient, prefix: str) -> Iterable[ListedKey]:  # noqa: ARG002 - this client has no filter by prefix
        """Return all keys."""
        return [ListedKey(key) for key in client.call("list")]

    def insert(self, client: FakeServiceClient, key: str, envelope: SecretEnvelope) -> None:
        """Store a text."""
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
    """A backend that reads ten secrets with one request."""

    FLAVOR: ClassVar[str] = "batching_fake_remote"
    batch_size: int = 10

    def fetch_many(self, client: FakeServiceClient, keys: Sequence[str]) -> Mapping[str, SecretEnvelope | RemoteError]:
        """Return the texts of several keys."""
        client.call("list")
        client.service.requests[-1] = "get many"
        envelopes: dict[str, SecretEnvelope | RemoteError] = {
            key: SecretEnvelope(*client.service.stored[key]) for key in keys if key in client.service.stored
        }
        return {key: RemoteError(ErrorKind.DENIED) if "forbidden" in key else envelope for key, envelope in envelopes.items()}


class ReadOnlyFakeBackend(FakeRemoteBackend):
    """A backend that can only read."""

    FLAVOR: ClassVar[str] = "read_only_fake_remote"
    capabilities: ClassVar[Capability] = Capability.READ | Capability.LIST


class WriteOnlyFakeBackend(FakeRemoteBackend):
    """A backend that can only write, and so cannot compare before a write."""

    FLAVOR: ClassVar[str] = "write_only_fake_remote"
    capabilities: ClassVar[Capability] = Capability.LIST | Capability.REGISTER | Capability.DELETE
