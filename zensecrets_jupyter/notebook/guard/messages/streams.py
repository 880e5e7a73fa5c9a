"""Redaction of stream messages.

Text that may be the beginning of a value is held back for at most 50 ms.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import FAILED
from zensecrets_jupyter.core.redaction.stream import IDLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.redaction import Redactor, StreamRedactor

_MAX_STREAMS = 64
"""Maximum number of stored streams.

A stream remains stored when its cell has ended, because a thread may still write to it.
"""

_TAIL_LENGTH = 512
"""Maximum number of stored unredacted characters from the end of a stream.

The redactor needs these characters to find a value that begins in one message and ends in the next.
"""


class _Stream:
    """A stream of one cell, with its last message and the destination of that message.

    Attributes:
        redactor: The redactor of this stream.
        socket: The socket of the last message.
        message: The last message.
        ident: The address of the last message on the socket.
        tail: The unredacted end of the text; see :data:`_TAIL_LENGTH`.
    """

    __slots__ = ("ident", "message", "redactor", "socket", "tail")

    def __init__(self, redactor: StreamRedactor) -> None:
        self.redactor = redactor
        self.socket: Any = None
        self.message: dict[str, Any] = {}
        self.ident: Any = None
        self.tail = ""

    def append(self, socket: Any, message: dict[str, Any], ident: Any, text: str) -> None:
        """Store a message and the end of its text."""
        self.socket, self.message, self.ident = socket, message, ident
        # The same as `(self.tail + text)[-_TAIL_LENGTH:]`, but a long text is not copied.
        self.tail = (self.tail + text)[-_TAIL_LENGTH:] if len(text) < _TAIL_LENGTH else text[-_TAIL_LENGTH:]

    def forget_message(self) -> None:
        """Drop the last message to save memory; only held-back text needs it."""
        self.socket, self.message, self.ident = None, {}, None


class StreamMessages:
    """The streams of all cells.

    In this class, a key is a pair that identifies a stream: the ``msg_id`` of the request that runs the cell, called its identity here, and
    the name of the stream, ``stdout`` or ``stderr``.
    """

    def __init__(self, redactor: Redactor, send: Callable[[Any, dict[str, Any], Any, str | None], None]) -> None:
        """Create an empty collection.

        Args:
            redactor: The redactor.
            send: Sends a message. Its arguments are the socket, the message, the address, and the redacted text. The text is ``None``
                if redaction has not changed the message.
        """
        self._redactor = redactor
        self._send = send
        self._lock = threading.RLock()
        self._streams: OrderedDict[tuple[str, str], _Stream] = OrderedDict()
        # The keys of the streams with held-back text.
        self._held_keys: set[tuple[str, str]] = set()
        self._process = os.getpid()
        _instances.add(self)

    def send(self, socket: Any, message: dict[str, Any], ident: Any) -> bool:
        """Send a stream message redacted; a possible beginning of a value is held back.

        Args:
            socket: The socket to which the kernel sends its output.
            message: The message.
            ident: The address of the message on the socket.

        Returns:
            Whether the message was handled; ``False`` if it has no text.
        """
        content = message.get("content")
        if not isinstance(content, dict) or not isinstance(content.get("text"), str):
            return False
        identity = str((message.get("parent_header") or {}).get("msg_id", ""))
        key = (identity, str(content.get("name", "")))
        with self._lock:
            try:
                stream = self._stream(key)
                text = content["text"]
                stream.append(socket, message, ident, text)
                redacted = stream.redactor.feed(text)
            except Exception:  # noqa: BLE001 - after any error the text must not be sent
                self._send(socket, message, ident, FAILED)
            else:
                if redacted == text:
                    self._send(socket, message, ident, None)
                else:
                    self._send_text(stream, redacted)
                if self._held_keys or stream.redactor.held_back_length:
                    self._update_held_keys(key, stream)
                if key not in self._held_keys:
                    stream.forget_message()
        return True

    def release(self, identity: str) -> None:
        """Send the held-back text of one cell, before the next output of this cell."""
        if self._held_keys:
            with self._lock:
                self._release_streams([key for key in self._held_keys if key[0] == identity])

    def release_all(self) -> None:
        """Send all held-back text."""
        with self._lock:
            self._release_streams(list(self._held_keys))

    def reset(self) -> None:
        """Reset the lock and the streams in a forked process.

        In the parent process, another thread may have held the lock, and that thread does not exist in the forked process.
        """
        self._lock = threading.RLock()
        self._streams = OrderedDict()
        self._held_keys = set()

    def _stream(self, key: tuple[str, str]) -> _Stream:
        """Return the stream with a key, and create it if necessary.

        The other streams of its cell are released first, so that the output stays in order.
        """
        if self._held_keys:
            self._release_streams([other for other in self._held_keys if other[0] == key[0] and other != key])
        stream = self._streams.get(key)
        if stream is not None:
            self._streams.move_to_end(key)
            return stream
        stream = self._streams[key] = _Stream(self._new_redactor(key[1]))
        while len(self._streams) > _MAX_STREAMS:
            oldest = next(iter(self._streams))
            self._release_streams([oldest] if oldest in self._held_keys else [])
            del self._streams[oldest]
        return stream

    def _new_redactor(self, name: str) -> StreamRedactor:
        """Return the redactor of a new stream.

        It continues the last stream of the same name, because a thread may write a part of a value in one cell and the rest in the next.
        """
        redactor = self._redactor.stream()
        previous = next((stream for key, stream in reversed(self._streams.items()) if key[1] == name), None)
        if previous is not None:
            # The results are dropped, because this text has already been sent.
            redactor.feed(previous.tail)
            redactor.release()
        return redactor

    def _update_held_keys(self, key: tuple[str, str], stream: _Stream) -> None:
        """Record whether a stream has held-back text, and schedule its release."""
        if stream.redactor.held_back_length:
            self._held_keys.add(key)
            if not self._release_later(key, stream):
                self._release_streams([key])
        else:
            self._held_keys.discard(key)

    def _release_streams(self, keys: list[tuple[str, str]]) -> None:
        for key in keys:
            self._held_keys.discard(key)
            stream = self._streams[key]
            self._send_text(stream, stream.redactor.release())
            stream.forget_message()

    def _send_text(self, stream: _Stream, text: str) -> None:
        if text:
            self._send(stream.socket, stream.message, stream.ident, text)

    def _release_later(self, key: tuple[str, str], stream: _Stream) -> bool:
        """Schedule the release of held-back text in the event loop of the sending thread.

        Returns:
            Whether the release is scheduled; ``False`` if there is no event loop, or in a forked process, which lacks that thread.
        """
        # The socket is either a socket of ipykernel's I/O thread, or the object of that thread.
        thread = getattr(stream.socket, "io_thread", stream.socket)
        schedule, loop = getattr(thread, "schedule", None), getattr(thread, "io_loop", None)
        if schedule is None or loop is None or os.getpid() != self._process:
            return False
        message = stream.message

        def release() -> None:
            with self._lock:
                # If a later message has arrived, that message has scheduled its own release.
                if key in self._held_keys and self._streams[key] is stream and stream.message is message:
                    self._release_streams([key])

        # Only the thread of the event loop may call `call_later`.
        schedule(lambda: loop.call_later(IDLE_SECONDS, release))
        return True


_instances: weakref.WeakSet[StreamMessages] = weakref.WeakSet()


def _reset() -> None:
    for streams in list(_instances):
        streams.reset()


if hasattr(os, "register_at_fork"):
    # Python cannot unregister this function. If no guard is installed, it does nothing.
    os.register_at_fork(after_in_child=_reset)
