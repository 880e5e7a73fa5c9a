"""The session channel: every message of a kernel, of any type and on any socket."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.system.patching import patch
from zensecrets_jupyter.notebook.guard.messages.buffers import redact_buffers
from zensecrets_jupyter.notebook.guard.messages.redaction import MessageRedactor
from zensecrets_jupyter.notebook.guard.messages.streams import StreamMessages

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from contextlib import ExitStack

    from zensecrets_jupyter.notebook.guard.guard import Guard
    from zensecrets_jupyter.notebook.guard.messages.comms import CommTexts

_HEADER_KEYS = frozenset({"msg_id", "msg_type", "username", "session", "date", "version", "subshell_id"})


class SessionChannel:
    """Wraps ``pack`` and ``send`` of a session, through which streams, displays, results, replies, comms and the debugger send.

    ``pack`` redacts everything that is serialized. ``send`` redacts streams, in which a value may be split over messages, and buffers.
    """

    def __init__(self, session: Any, guard: Guard) -> None:
        """Guard ``session``, which is a ``jupyter_client.session.Session``."""
        self._session = session
        self._guard = guard
        self._stored_values = guard.stored_values
        self._pack = session.pack
        self._send = session.send
        self._redactor = MessageRedactor(guard, session.pack, session.unpack)
        self._redact = self._redactor.redact
        self._redacted_message: dict[str, Any] | None = None
        self._packed_parent: tuple[dict[str, Any], bytes] = ({}, b"{}")
        self._packed_empty: bytes = session.pack({})
        self._capture: _Capture | None = None
        self._streams = StreamMessages(guard.redactor, self._send_stream)

    @property
    def comm_texts(self) -> CommTexts:
        """The masked texts of comm messages, with their originals."""
        return self._redactor.comm_texts

    def install(self, undo: ExitStack) -> None:
        """Redact all messages from now on; ``undo`` restores the session.

        If another program has wrapped our methods, they stay installed. They pass everything unchanged once the guard is off.
        """
        self._session.pack = self._guarded_pack
        undo.callback(self._restore_pack)
        patch(self._session, "send", self._guarded_send, undo)
        undo.callback(self.flush)

    def _restore_pack(self) -> None:
        # This attribute is a trait, which has no entry in `vars(session)`, so `patch` cannot restore it.
        if self._session.pack == self._guarded_pack:
            self._session.pack = self._pack

    def flush(self) -> None:
        """Send all stream text that is held back, masked."""
        self._streams.release_all()

    @contextmanager
    def capture(self, identities: Collection[str]) -> Iterator[list[str]]:
        """Collect texts instead of sending messages.

        Args:
            identities: Identities of requests. Messages that answer them are collected, and every message that this thread sends.
        """
        capture = self._capture = _Capture(self._session.unpack, threading.get_ident(), identities)
        try:
            yield capture.texts
        finally:
            self._capture = None

    def _target(self, socket: Any, parent: Any) -> Any:
        """Return ``socket``, or the capture that receives the message instead."""
        capture = self._capture
        if capture is None:
            return socket
        return capture if threading.get_ident() == capture.thread or _identity(parent) in capture.identities else socket

    def _guarded_pack(self, thing: Any) -> bytes:
        if not thing and thing == {}:
            # Nearly every message has empty metadata.
            return self._packed_empty
        redacted = self._redacted_message
        is_safe = not thing or not self._guard.is_on
        if redacted is not None:
            if thing is redacted.get("parent_header"):
                return self._pack_parent(thing)
            is_safe = is_safe or thing is redacted["content"]
        packed: bytes = self._pack(thing)
        return packed if is_safe or _is_header(thing) else self._redact(packed)

    def _pack_parent(self, header: Any) -> bytes:
        """Return the packed header of the request that a stream message answers.

        All stream messages of a cell have the same one, so the last is cached. This saves more time than the guard takes for a line.
        """
        cached, cached_packed = self._packed_parent
        if header == cached:
            return cached_packed
        packed: bytes = self._pack(header)
        if not _is_header(header):
            return self._redact(packed)
        self._packed_parent = (header.copy(), packed)
        return packed

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
            if self._stored_values.is_loading and _shows_output(msg_or_type, content):
                self._stored_values.wait()
            if message is not None and message.get("msg_type") == "stream" and self._streams.send(stream, message, ident):
                return message
            self._release_streams(_identity(message["parent_header"] if message is not None else parent))
            buffers = buffers or (message or {}).get("buffers", None)
            buffers = redact_buffers(buffers, guard.redactor) if buffers else buffers
            content = self._redact_if_packed(content)
            if message is not None and isinstance(message.get("content"), (bytes, str)):
                msg_or_type = {**message, "content": self._redact_if_packed(message["content"])}
        socket = self._target(stream, message["parent_header"] if message is not None else parent)
        return self._send(socket, msg_or_type, content, parent, ident, buffers, track, header, metadata)

    def _release_streams(self, identity: str) -> None:
        # An error about held-back text must not stop the message that comes after it.
        with suppress(Exception):
            self._streams.release(identity)

    def _redact_if_packed(self, content: Any) -> Any:
        # The session does not pack content that is already bytes or text.
        if isinstance(content, str):
            return self._redact(content.encode("utf-8", "surrogatepass"))
        return self._redact(content) if isinstance(content, bytes) else content

    def _send_stream(self, socket: Any, message: dict[str, Any], ident: Any, text: str | None) -> None:
        """Send redacted ``text`` in a copy of ``message``, or ``message`` itself if ``text`` is ``None``."""
        if self._stored_values.fingerprints is not None:
            shown = message["content"]["text"] if text is None else text
            masked = self._guard.mask_fingerprinted(shown)
            text = masked if masked is not shown else text
        if text is not None:
            # The copy has an identity of its own, because clients ignore a message whose identity they have seen.
            header = self._session.msg_header("stream")
            message = {**message, "header": header, "msg_id": header["msg_id"], "content": {**message["content"], "text": text}}
        # If another thread resets this before the message is packed, the message is redacted twice, which changes nothing.
        self._redacted_message = message
        try:
            self._send(self._target(socket, message.get("parent_header")), message, ident=ident)
        finally:
            self._redacted_message = None


class _Capture:
    """Stand-in for a socket that collects the texts of messages."""

    def __init__(self, unpack: Callable[[bytes], Any], thread: int, identities: Collection[str]) -> None:
        self._unpack = unpack
        self.thread = thread
        self.identities = identities
        self.texts: list[str] = []

    def send_multipart(self, parts: list[bytes], **_options: Any) -> None:
        """Collect every text of a message, as a front end would read it."""
        start = parts.index(b"<IDS|MSG>") + 2
        for part in parts[start : start + 4]:
            self.texts += _leaves(self._unpack(part))
        self.texts += [bytes(buffer).decode("utf-8", "replace") for buffer in parts[start + 4 :]]


_OUTPUT_TYPES = (
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


def _shows_output(message: Any, content: Any) -> bool:
    """Return whether a message may contain results of code; a status and the reply to a silent cell do not."""
    message_type = message.get("msg_type") if isinstance(message, dict) else message
    if message_type == "execute_reply":
        reply = message.get("content") if isinstance(message, dict) else content
        return not isinstance(reply, dict) or reply.get("status") != "ok" or bool(reply.get("payload") or reply.get("user_expressions"))
    return message_type in _OUTPUT_TYPES or str(message_type).endswith("_reply")


def _is_header(thing: Any) -> bool:
    """Return whether ``thing`` is a header. The session itself creates headers, from message types, identities and times."""
    return isinstance(thing, dict) and "msg_id" in thing and thing.keys() <= _HEADER_KEYS


def _leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, inner in tree.items():
            yield str(key)
            yield from _leaves(inner)
    elif isinstance(tree, list):
        for inner in tree:
            yield from _leaves(inner)
    else:
        yield str(tree)


def _identity(parent: Any) -> str:
    """Return the identity of the request that a message answers."""
    try:
        return str((parent.get("header") or parent).get("msg_id", "")) if parent else ""
    except AttributeError:
        return ""
