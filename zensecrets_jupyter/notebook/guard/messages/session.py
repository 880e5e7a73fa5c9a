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
    """The channel of a kernel's session, which packs and sends all messages.

    The channel wraps two methods of the session. The wrapper of ``pack`` redacts all packed parts of messages. The wrapper of ``send``
    redacts buffers. It also redacts streams, because a value may be divided between several messages of a stream.
    """

    def __init__(self, session: Any, guard: Guard) -> None:
        """Create the channel of a ``jupyter_client.session.Session``."""
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
        """Start redacting all messages; ``undo`` restores the session.

        If another extension has wrapped our wrappers before ``undo`` runs, our wrappers stay installed. They pass messages
        unchanged while the guard is off.
        """
        self._session.pack = self._guarded_pack
        undo.callback(self._restore_pack)
        patch(self._session, "send", self._guarded_send, undo)
        undo.callback(self.flush)

    def _restore_pack(self) -> None:
        # The attribute `pack` is a trait, which has no entry in `vars(session)`, so `patch` cannot restore it.
        if self._session.pack == self._guarded_pack:
            self._session.pack = self._pack

    def flush(self) -> None:
        """Send the held-back text of all streams, masked."""
        self._streams.release_all()

    @contextmanager
    def capture(self, identities: Collection[str]) -> Iterator[list[str]]:
        """Collect the texts of a block's messages instead of sending them.

        Args:
            identities: The identities of requests. All messages that answer these requests, and all messages of the calling thread, are
                collected.

        Yields:
            The list of collected texts, which grows while the block runs.
        """
        capture = self._capture = _Capture(self._session.unpack, threading.get_ident(), identities)
        try:
            yield capture.texts
        finally:
            self._capture = None

    def _destination(self, socket: Any, parent: Any) -> Any:
        """Return the destination of a message: the capture if it collects the message, otherwise ``socket``."""
        capture = self._capture
        if capture is None:
            return socket
        return capture if threading.get_ident() == capture.thread or _identity(parent) in capture.identities else socket

    def _guarded_pack(self, part: Any) -> bytes:
        if not part and part == {}:
            # Nearly every message has empty metadata.
            return self._packed_empty
        # During `_send_stream`, this is the stream message that the session packs, and its content is already redacted.
        redacted_message = self._redacted_message
        is_safe = not part or not self._guard.is_on
        if redacted_message is not None:
            if part is redacted_message.get("parent_header"):
                return self._pack_parent(part)
            is_safe = is_safe or part is redacted_message["content"]
        packed: bytes = self._pack(part)
        return packed if is_safe or _is_header(part) else self._redact(packed)

    def _pack_parent(self, header: Any) -> bytes:
        """Return the packed header of the request that a stream message answers.

        All stream messages of a cell have the same parent header, so the last packed one is cached. Packing takes longer than the redaction
        of a line.
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
            # Output must not be sent before the stored values are loaded, because they could not be masked in it.
            if self._stored_values.is_loading and _shows_output(msg_or_type, content):
                self._stored_values.wait()
            # If `StreamMessages.send` returns true, it has sent the message or holds its text back.
            if message is not None and message.get("msg_type") == "stream" and self._streams.send(stream, message, ident):
                return message
            # Held-back text of the same request comes before this message.
            self._release_streams(_identity(message["parent_header"] if message is not None else parent))
            buffers = buffers or (message or {}).get("buffers", None)
            buffers = redact_buffers(buffers, guard.redactor) if buffers else buffers
            content = self._redact_if_packed(content)
            if message is not None and isinstance(message.get("content"), (bytes, str)):
                msg_or_type = {**message, "content": self._redact_if_packed(message["content"])}
        socket = self._destination(stream, message["parent_header"] if message is not None else parent)
        return self._send(socket, msg_or_type, content, parent, ident, buffers, track, header, metadata)

    def _release_streams(self, identity: str) -> None:
        # An error with held-back text must not prevent the next message.
        with suppress(Exception):
            self._streams.release(identity)

    def _redact_if_packed(self, content: Any) -> Any:
        # The session does not pack content of type bytes or str.
        if isinstance(content, str):
            return self._redact(content.encode("utf-8", "surrogatepass"))
        return self._redact(content) if isinstance(content, bytes) else content

    def _send_stream(self, socket: Any, message: dict[str, Any], ident: Any, text: str | None) -> None:
        """Send a stream message with the redacted ``text``; unchanged if ``text`` is ``None``."""
        if self._stored_values.fingerprints is not None:
            current_text = message["content"]["text"] if text is None else text
            masked_text = self._guard.mask_fingerprinted(current_text)
            text = masked_text if masked_text is not current_text else text
        if text is not None:
            # The text of one message may be sent in several messages. Each needs its own identity, because clients ignore a second message
            # with the same identity.
            header = self._session.msg_header("stream")
            message = {**message, "header": header, "msg_id": header["msg_id"], "content": {**message["content"], "text": text}}
        # Another thread may reset this attribute before the message is packed. Then the message is redacted twice, which changes nothing.
        self._redacted_message = message
        try:
            self._send(self._destination(socket, message.get("parent_header")), message, ident=ident)
        finally:
            self._redacted_message = None


class _Capture:
    """A replacement of a socket that collects the texts of messages."""

    def __init__(self, unpack: Callable[[bytes], Any], thread: int, identities: Collection[str]) -> None:
        self._unpack = unpack
        self.thread = thread
        self.identities = identities
        self.texts: list[str] = []

    def send_multipart(self, parts: list[bytes], **_options: Any) -> None:
        """Collect every text of a message, as a front end would read it."""
        # After the delimiter and the signature come four parts of JSON (header, parent header, metadata, content), and then the buffers.
        start = parts.index(b"<IDS|MSG>") + 2
        for part in parts[start : start + 4]:
            self.texts += _texts_in(self._unpack(part))
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
"""Types of messages that may contain output or source code. Replies have the types that end with ``_reply``."""


def _shows_output(message: Any, content: Any) -> bool:
    """Return whether a message may contain output of code.

    Status messages contain none, and a successful reply to a cell without a payload or user expressions contains none.
    """
    message_type = message.get("msg_type") if isinstance(message, dict) else message
    if message_type == "execute_reply":
        reply = message.get("content") if isinstance(message, dict) else content
        return not isinstance(reply, dict) or reply.get("status") != "ok" or bool(reply.get("payload") or reply.get("user_expressions"))
    return message_type in _OUTPUT_TYPES or str(message_type).endswith("_reply")


def _is_header(part: Any) -> bool:
    """Return whether a part is a header.

    The session creates headers itself, so they contain no values.
    """
    return isinstance(part, dict) and "msg_id" in part and part.keys() <= _HEADER_KEYS


def _texts_in(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, child in tree.items():
            yield str(key)
            yield from _texts_in(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _texts_in(child)
    else:
        yield str(tree)


def _identity(parent: Any) -> str:
    """Return the identity of the request that a message answers.

    The argument is the request's message or its header.
    """
    try:
        return str((parent.get("header") or parent).get("msg_id", "")) if parent else ""
    except AttributeError:
        return ""
