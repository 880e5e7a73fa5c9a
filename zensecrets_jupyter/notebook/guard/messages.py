"""Messages of a kernel: every one, of any type and on any socket, goes through its session."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.notebook.guard.buffers import redacted_buffers
from zensecrets_jupyter.notebook.guard.comms import CommTexts
from zensecrets_jupyter.notebook.guard.failing import without_texts
from zensecrets_jupyter.notebook.guard.kept_numbers import KeptNumbers
from zensecrets_jupyter.notebook.guard.streams import HeldStreams

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from zensecrets_jupyter.notebook.guard.guard import Guard

_HEADER = frozenset({"msg_id", "msg_type", "username", "session", "date", "version", "subshell_id"})


class GuardedSession:
    """Wraps the ``pack`` and the ``send`` of a session, which serves streams, displays, results, replies, comms and the debugger alike.

    ``pack`` redacts everything that is serialised. ``send`` redacts streams, over whose messages a value may be split, and buffers.
    """

    def __init__(self, session: Any, guard: Guard) -> None:
        """Guard ``session``, which is a ``jupyter_client.session.Session``."""
        self._session = session
        self._guard = guard
        self._pack = session.pack
        self._send = session.send
        self._had_send = "send" in vars(session)
        self._looked_at: dict[str, Any] | None = None
        self._parent: tuple[dict[str, Any], bytes] = ({}, b"{}")
        self._empty: bytes = session.pack({})
        self._catcher: _Catcher | None = None
        self.comms = CommTexts()
        self.streams = HeldStreams(guard, self._send_stream)

    def install(self) -> None:
        """Redact all messages from now on."""
        self._session.pack = self._guarded_pack
        self._session.send = self._guarded_send
        self._guard.holds_back(self.streams.release_all)

    def uninstall(self) -> None:
        """Restore the session. A wrapper that was put around ours stays, and ours passes everything through."""
        self.streams.release_all()
        if self._session.pack == self._guarded_pack:
            self._session.pack = self._pack
        if vars(self._session).get("send") == self._guarded_send:
            if self._had_send:
                self._session.send = self._send
            else:
                del self._session.send

    @contextmanager
    def catching(self, identities: Collection[str]) -> Iterator[list[str]]:
        """Collect the texts of messages instead of sending them: those of this thread, and those that answer ``identities``."""
        catcher = self._catcher = _Catcher(self._session.unpack, threading.get_ident(), identities)
        try:
            yield catcher.texts
        finally:
            self._catcher = None

    def _caught_instead(self, socket: Any, parent: Any) -> Any:
        catcher = self._catcher
        if catcher is None:
            return socket
        return catcher if threading.get_ident() == catcher.thread or _identity(parent) in catcher.identities else socket

    def _guarded_pack(self, thing: Any) -> bytes:
        if not thing and thing == {}:
            # The metadata of nearly every message.
            return self._empty
        looked_at = self._looked_at
        is_safe = not thing or not self._guard.is_on
        if looked_at is not None:
            if thing is looked_at.get("parent_header"):
                return self._packed_parent(thing)
            is_safe = is_safe or thing is looked_at["content"]
        packed: bytes = self._pack(thing)
        return packed if is_safe or _is_header(thing) else self._safe(packed)

    def _packed_parent(self, header: Any) -> bytes:
        """Return the packed header of the request that streams answer: it is the same in all that a cell prints.

        This saves more time than the guard takes for a line.
        """
        known, known_packed = self._parent
        if header == known:
            return known_packed
        packed: bytes = self._pack(header)
        if not _is_header(header):
            return self._safe(packed)
        self._parent = (header.copy(), packed)
        return packed

    def _safe(self, packed: bytes) -> bytes:
        """Return ``packed`` masked. It is unpacked again, so that exactly the text to send is searched."""
        redactor = self._guard.redactor
        try:
            if self._guard.fingerprints is not None:
                packed = self._without_fingerprinted(packed)
            if not redactor.touches_json(packed):
                return packed
            numbers = KeptNumbers()
            tree = numbers.without(self._session.unpack(packed))
            redacted = redactor.redact_tree(tree)
            if redacted is tree:
                return packed
            redacted = self.comms.masked(tree, redacted, redactor)
            # A mark names the secret; a name can hold another's value.
            if type(redacted) is type(tree) and redactor.redact_tree(redacted) is redacted:
                return bytes(self._pack(numbers.restored(redacted)))
        except Exception:  # noqa: BLE001, S110 - whatever it is, the message must not go out as it is
            pass
        return self._without_texts(packed)

    def _without_fingerprinted(self, packed: bytes) -> bytes:
        """Return ``packed`` without the values that only the fingerprints know."""
        tree = self._session.unpack(packed)
        masked = _with_texts(tree, self._guard.masked_by_fingerprints)
        return packed if masked == tree else bytes(self._pack(masked))

    def _without_texts(self, packed: bytes) -> bytes:
        try:
            return bytes(self._pack(without_texts(self._session.unpack(packed))))
        except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
            return bytes(self._pack({}))

    def _guarded_send(  # noqa: PLR0913, PLR0917 - the signature of Session.send
        self,
        stream: Any,
        msg_or_type: Any,
        content: Any = None,
        parent: Any = None,
        ident: Any = None,
        buffers: Any = None,
        track: Any = False,  # noqa: FBT002 - the signature of Session.send
        header: Any = None,
        metadata: Any = None,
    ) -> Any:
        message = msg_or_type if isinstance(msg_or_type, dict) else None
        guard = self._guard
        if guard.is_on:
            if guard.before_output is not None and _shows(msg_or_type, content):
                guard.get_ready()
            if message is not None and message.get("msg_type") == "stream" and self.streams.take(stream, message, ident):
                return message
            self._release(_identity(message["parent_header"] if message is not None else parent))
            buffers = buffers or (message or {}).get("buffers", None)
            buffers = redacted_buffers(buffers, guard.redactor) if buffers else buffers
            content = self._packed_already(content)
            if message is not None and isinstance(message.get("content"), (bytes, str)):
                msg_or_type = {**message, "content": self._packed_already(message["content"])}
        socket = self._caught_instead(stream, message["parent_header"] if message is not None else parent)
        return self._send(socket, msg_or_type, content, parent, ident, buffers, track, header, metadata)

    def _release(self, identity: str) -> None:
        # What can't be shown stays where it is; the message that comes after it has to go out.
        with suppress(Exception):
            self.streams.release(identity)

    def _packed_already(self, content: Any) -> Any:
        # A message that is handed on as it came is not packed again.
        if isinstance(content, str):
            return self._safe(content.encode("utf-8", "surrogatepass"))
        return self._safe(content) if isinstance(content, bytes) else content

    def _send_stream(self, socket: Any, message: dict[str, Any], ident: Any, text: str | None) -> None:
        """Send ``text``, or the whole message if it is ``None``, after the redactor."""
        if self._guard.fingerprints is not None:
            shown = message["content"]["text"] if text is None else text
            masked = self._guard.masked_by_fingerprints(shown)
            text = masked if masked is not shown else text
        if text is not None:
            # As a message of its own, even if it is the first: clients refuse one that looks like another.
            header = self._session.msg_header("stream")
            message = {**message, "header": header, "msg_id": header["msg_id"], "content": {**message["content"], "text": text}}
        # Should another thread end its own message meanwhile, this one is looked at twice.
        self._looked_at = message
        try:
            self._send(self._caught_instead(socket, message.get("parent_header")), message, ident=ident)
        finally:
            self._looked_at = None


class _Catcher:
    """Takes messages in the place of a socket."""

    def __init__(self, unpack: Callable[[bytes], Any], thread: int, identities: Collection[str]) -> None:
        self._unpack = unpack
        self.thread = thread
        self.identities = identities
        self.texts: list[str] = []

    def send_multipart(self, parts: list[bytes], **_options: Any) -> None:
        """Keep every text of a message, as a front end would read it."""
        start = parts.index(b"<IDS|MSG>") + 2
        for part in parts[start : start + 4]:
            self.texts += _leaves(self._unpack(part))
        self.texts += [bytes(buffer).decode("utf-8", "replace") for buffer in parts[start + 4 :]]


_SHOWN = (
    "execute_input",
    "stream",
    "display_data",
    "update_display_data",
    "execute_result",
    "error",
    "comm_open",
    "comm_msg",
    "debug_event",
)


def _shows(message: Any, content: Any) -> bool:
    """Tell whether a message may hold results of code; a status and the reply to a silent cell do not."""
    kind = message.get("msg_type") if isinstance(message, dict) else message
    if kind == "execute_reply":
        found = message.get("content") if isinstance(message, dict) else content
        return not isinstance(found, dict) or found.get("status") != "ok" or bool(found.get("payload") or found.get("user_expressions"))
    return kind in _SHOWN or str(kind).endswith("_reply")


def _with_texts(thing: Any, change: Callable[[str], str]) -> Any:
    """Return JSON data with ``change`` applied to each text and key."""
    if isinstance(thing, str):
        return change(thing)
    if isinstance(thing, dict):
        return {change(key): _with_texts(inner, change) for key, inner in thing.items()}
    return [_with_texts(inner, change) for inner in thing] if isinstance(thing, list) else thing


def _is_header(thing: Any) -> bool:
    """Tell whether it is a header. Sessions make them, of kinds, identities and times."""
    return isinstance(thing, dict) and "msg_id" in thing and thing.keys() <= _HEADER


def _leaves(thing: Any) -> Iterator[str]:
    if isinstance(thing, dict):
        for key, inner in thing.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(thing, list):
        for inner in thing:
            yield from _leaves(inner)
    else:
        yield str(thing)


def _identity(parent: Any) -> str:
    """Return the identity of the request that a message answers."""
    try:
        return str((parent.get("header") or parent).get("msg_id", "")) if parent else ""
    except AttributeError:
        return ""
