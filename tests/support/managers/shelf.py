"""A remote flavor over a library that does not exist: a shared shelf, and a client whose errors quote what it was given."""

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


class ShelfError(Exception):
    """What the library raises; like many it keeps and shows what was sent."""

    def __init__(self, code: str, sent: object = "") -> None:
        """Quote everything."""
        super().__init__(f"{code}: {sent}")
        self.code = code
        self.sent = sent


class Shelf:
    """The place itself, with its weather: ``before`` and ``after`` are called around each request, with its verb, and may raise."""

    def __init__(self) -> None:
        """Be empty, in good weather."""
        self.kept: dict[str, tuple[str, int]] = {}
        self.requests: list[str] = []
        self.before: Callable[[str], None] = lambda _verb: None
        self.after: Callable[[str], None] = lambda _verb: None
        self.lock = threading.Lock()

    def fail(self, times: int, code: str, sent: object = "", *, after: bool = False) -> None:
        """Let the next requests fail so, before or after the shelf has done what they ask for."""
        left = [times]

        def failing(_verb: str) -> None:
            if left[0] > 0:
                left[0] -= 1
                raise ShelfError(code, sent)

        if after:
            self.after = failing
        else:
            self.before = failing


class ShelfClient:
    """What the library gives."""

    def __init__(self, shelf: Shelf) -> None:
        """Be connected."""
        self.shelf = shelf

    def call(self, verb: str, key: str = "", text: str = "", version: int | None = None) -> Any:
        """Do one thing."""
        shelf = self.shelf
        with shelf.lock:
            shelf.requests.append(verb)
        shelf.before(verb)
        with shelf.lock:
            answer = self._done(verb, key, text, version)
        shelf.after(verb)
        return answer

    def _done(self, verb: str, key: str, text: str, version: int | None) -> Any:
        kept = self.shelf.kept
        if verb == "list":
            return list(kept)
        if verb == "create":
            if key in kept:
                raise ShelfError("taken", text)
            kept[key] = (text, 1)
            return None
        if key not in kept:
            raise ShelfError("absent", text)
        if verb == "put":
            if version != kept[key][1]:
                raise ShelfError("stale", text)
            kept[key] = (text, kept[key][1] + 1)
        if verb == "remove":
            del kept[key]
            return None
        return kept[key]


class ShelfOptions(RemoteOptions):
    """It takes what all remote flavors take."""


class ShelfBackend(RemoteBackend[ShelfClient, ShelfOptions]):
    """As an author of a flavor would write it."""

    FLAVOR: ClassVar[str] = "tested_shelf"
    options_model = ShelfOptions
    encoding = NameEncoding("the shelf", "abcdefghijklmnopqrstuvwxyz0123456789_", 120)
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

    def __init__(self, options: RemoteOptions | None = None, *, context: ManagerContext | None = None, shelf: Shelf | None = None) -> None:
        """Look at ``shelf``."""
        super().__init__(options, context=context)
        self.shelf = shelf or Shelf()
        self.connections = 0

    def connect(self) -> ShelfClient:
        """Count the connections."""
        self.connections += 1
        return ShelfClient(self.shelf)

    def fetch(self, client: ShelfClient, key: str) -> SecretEnvelope:
        """Get a text."""
        return SecretEnvelope(*client.call("get", key))

    def list_keys(self, client: ShelfClient, prefix: str) -> Iterable[ListedKey]:  # noqa: ARG002 - this library lists everything
        """List all keys."""
        return [ListedKey(key) for key in client.call("list")]

    def insert(self, client: ShelfClient, key: str, envelope: SecretEnvelope) -> None:
        """Store a text."""
        client.call("create", key, envelope.text)

    def overwrite(self, client: ShelfClient, key: str, envelope: SecretEnvelope, present: SecretEnvelope) -> None:
        """Replace a text if its version is current."""
        client.call("put", key, envelope.text, present.token if isinstance(present.token, int) else None)

    def remove(self, client: ShelfClient, key: str) -> None:
        """Delete a text."""
        client.call("remove", key)

    def codes_of(self, error: Exception) -> tuple[str, ...]:
        """Return the code of the library's error."""
        return (error.code,) if isinstance(error, ShelfError) else ()


class BatchingShelfBackend(ShelfBackend):
    """One whose library reads ten at a time."""

    FLAVOR: ClassVar[str] = "tested_batching_shelf"
    batch_size: int = 10

    def fetch_many(self, client: ShelfClient, keys: Sequence[str]) -> Mapping[str, SecretEnvelope | RemoteError]:
        """Get several texts."""
        client.call("list")
        client.shelf.requests[-1] = "get many"
        found: dict[str, SecretEnvelope | RemoteError] = {
            key: SecretEnvelope(*client.shelf.kept[key]) for key in keys if key in client.shelf.kept
        }
        return {key: RemoteError(ErrorKind.DENIED) if "forbidden" in key else document for key, document in found.items()}


class ReadOnlyShelfBackend(ShelfBackend):
    """One that may not write."""

    FLAVOR: ClassVar[str] = "tested_read_only_shelf"
    capabilities: ClassVar[Capability] = Capability.READ | Capability.LIST


class WriteOnlyShelfBackend(ShelfBackend):
    """One that may not read, and whose place can't be compared before a write."""

    FLAVOR: ClassVar[str] = "tested_write_only_shelf"
    capabilities: ClassVar[Capability] = Capability.LIST | Capability.REGISTER | Capability.DELETE
