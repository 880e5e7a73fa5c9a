"""A remote flavor over a library that does not exist: a shared shelf, and a client whose errors quote what it was given."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.managers._document import Document
from zensecrets_jupyter.core.managers._names import Alphabet
from zensecrets_jupyter.core.managers._outcomes import Outcome, Refusal
from zensecrets_jupyter.core.managers._remote import Listed, RemoteSecretsManager
from zensecrets_jupyter.core.managers._requests import RemoteOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zensecrets_jupyter.core.managers import ManagerContext


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


class ShelfManager(RemoteSecretsManager[ShelfClient, ShelfOptions]):
    """As an author of a flavor would write it."""

    FLAVOR: ClassVar[str] = "tested_shelf"
    options_model = ShelfOptions
    alphabet = Alphabet("the shelf", "abcdefghijklmnopqrstuvwxyz0123456789_", 120)
    largest: ClassVar[int] = 1000
    first_wait: ClassVar[float] = 0.001
    foreign_errors: ClassVar[Mapping[str, Outcome]] = {
        "absent": Outcome.MISSING,
        "taken": Outcome.EXISTS,
        "stale": Outcome.CONFLICT,
        "busy": Outcome.TRANSIENT,
        "stranger": Outcome.UNKNOWN_USER,
        "forbidden": Outcome.DENIED,
        "late": Outcome.SKEWED,
        "long": Outcome.TOO_LARGE,
        "odd": Outcome.REFUSED_NAME,
        "full": Outcome.FULL,
        "sealed": Outcome.LOCKED,
        "never": Outcome.UNSUPPORTED,
        "gone": Outcome.UNREACHABLE,
    }

    def __init__(self, options: RemoteOptions | None = None, *, context: ManagerContext | None = None, shelf: Shelf | None = None) -> None:
        """Look at ``shelf``."""
        super().__init__(options, context=context)
        self.shelf = shelf or Shelf()
        self.connections = 0

    def _connect(self) -> ShelfClient:
        self.connections += 1
        return ShelfClient(self.shelf)

    def _get(self, client: ShelfClient, key: str) -> Document:
        return Document(*client.call("get", key))

    def _list_keys(self, client: ShelfClient, prefix: str) -> Iterable[Listed]:  # noqa: ARG002 - this library lists everything
        return [Listed(key) for key in client.call("list")]

    def _create(self, client: ShelfClient, key: str, document: Document) -> None:
        client.call("create", key, document.text)

    def _replace(self, client: ShelfClient, key: str, document: Document, present: Document) -> None:
        client.call("put", key, document.text, present.token if isinstance(present.token, int) else None)

    def _remove(self, client: ShelfClient, key: str) -> None:
        client.call("remove", key)

    def _codes_of(self, error: Exception) -> tuple[str, ...]:
        return (error.code,) if isinstance(error, ShelfError) else ()


class BatchingShelfManager(ShelfManager):
    """One whose library reads ten at a time."""

    FLAVOR: ClassVar[str] = "tested_batching_shelf"
    batch_reads: ClassVar[int] = 10

    def _get_many(self, client: ShelfClient, keys: list[str]) -> Mapping[str, Document | Refusal]:
        client.call("list")
        client.shelf.requests[-1] = "get many"
        found: dict[str, Document | Refusal] = {key: Document(*client.shelf.kept[key]) for key in keys if key in client.shelf.kept}
        return {key: Refusal(Outcome.DENIED) if "forbidden" in key else document for key, document in found.items()}


class ReadOnlyShelfManager(ShelfManager):
    """One that may not write."""

    FLAVOR: ClassVar[str] = "tested_read_only_shelf"
    capabilities: ClassVar[Capability] = Capability.READ | Capability.LIST


class WriteOnlyShelfManager(ShelfManager):
    """One that may not read, and whose place can't be compared before a write."""

    FLAVOR: ClassVar[str] = "tested_write_only_shelf"
    capabilities: ClassVar[Capability] = Capability.LIST | Capability.REGISTER | Capability.DELETE
