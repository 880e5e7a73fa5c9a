"""Streams of cells: a possible beginning of a value waits for the next message, for 50 ms at most."""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.redaction import FAILED
from zensecrets_jupyter.core.redaction.stream import IDLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.redaction import StreamRedactor
    from zensecrets_jupyter.notebook.guard.guard import Guard

_REMEMBERED = 64
"""Streams of which the end is remembered: a thread goes on writing to the output of its cell."""


_END = 512
"""Characters at the end of a stream that are remembered as they came."""


class _Stream:
    """A stream of one cell, and its last message with the way it went."""

    __slots__ = ("end", "ident", "message", "redactor", "socket")

    def __init__(self, redactor: StreamRedactor) -> None:
        self.redactor = redactor
        self.socket: Any = None
        self.message: dict[str, Any] = {}
        self.ident: Any = None
        self.end = ""

    def follow(self, socket: Any, message: dict[str, Any], ident: Any, text: str) -> None:
        """Go on with a message of this text."""
        self.socket, self.message, self.ident = socket, message, ident
        self.end = (self.end + text)[-_END:] if len(text) < _END else text[-_END:]

    def forget_message(self) -> None:
        """Drop the last message, which takes kilobytes; it is needed only while text is held back."""
        self.socket, self.message, self.ident = None, {}, None


class HeldStreams:
    """The streams of all cells, each by the identity of its request and by its name."""

    def __init__(self, guard: Guard, send: Callable[[Any, dict[str, Any], Any, str | None], None]) -> None:
        """Send with ``send``, which takes a socket, a message, its address, and the replacement of its text or ``None``."""
        self._guard = guard
        self._send = send
        self._lock = threading.RLock()
        self._streams: OrderedDict[tuple[str, str], _Stream] = OrderedDict()
        self._waiting: set[tuple[str, str]] = set()
        self._process = os.getpid()
        _instances.add(self)

    def take(self, socket: Any, message: dict[str, Any], ident: Any) -> bool:
        """Send the part of a stream message that may be shown now; return whether it was one."""
        content = message.get("content")
        if not isinstance(content, dict) or not isinstance(content.get("text"), str):
            return False
        identity = str((message.get("parent_header") or {}).get("msg_id", ""))
        key = (identity, str(content.get("name", "")))
        with self._lock:
            try:
                stream = self._stream(key)
                text = content["text"]
                stream.follow(socket, message, ident, text)
                shown = stream.redactor.feed(text)
            except Exception:  # noqa: BLE001 - whatever it is, the text must not go out as it is
                self._send(socket, message, ident, FAILED)
            else:
                if shown == text:
                    self._send(socket, message, ident, None)
                else:
                    self._show(stream, shown)
                if self._waiting or stream.redactor.held:
                    self._hold(key, stream)
                if key not in self._waiting:
                    stream.forget_message()
        return True

    def release(self, identity: str) -> None:
        """Send the held-back text of a cell before its next output."""
        if self._waiting:
            with self._lock:
                self._release([key for key in self._waiting if key[0] == identity])

    def release_all(self) -> None:
        """Send all held-back text."""
        with self._lock:
            self._release(list(self._waiting))

    def renew(self) -> None:
        """Make this usable in a process that was forked while another thread was here."""
        self._lock = threading.RLock()
        self._streams = OrderedDict()
        self._waiting = set()

    def _stream(self, key: tuple[str, str]) -> _Stream:
        """Return the stream of a key, after releasing the other streams of its cell."""
        if self._waiting:
            self._release([other for other in self._waiting if other[0] == key[0] and other != key])
        stream = self._streams.get(key)
        if stream is not None:
            self._streams.move_to_end(key)
            return stream
        stream = self._streams[key] = _Stream(self._begun(key[1]))
        while len(self._streams) > _REMEMBERED:
            oldest = next(iter(self._streams))
            self._release([oldest] if oldest in self._waiting else [])
            del self._streams[oldest]
        return stream

    def _begun(self, name: str) -> StreamRedactor:
        """Return the redactor of a new stream. It continues the last stream of that name, since a thread may write across cells."""
        redactor = self._guard.redactor.stream()
        before = next((stream for key, stream in reversed(self._streams.items()) if key[1] == name), None)
        if before is not None:
            redactor.feed(before.end)
            redactor.release()
        return redactor

    def _hold(self, key: tuple[str, str], stream: _Stream) -> None:
        if stream.redactor.held:
            self._waiting.add(key)
            if not self._release_later(key, stream):
                self._release([key])
        else:
            self._waiting.discard(key)

    def _release(self, keys: list[tuple[str, str]]) -> None:
        for key in keys:
            self._waiting.discard(key)
            stream = self._streams[key]
            self._show(stream, stream.redactor.release())
            stream.forget_message()

    def _show(self, stream: _Stream, text: str) -> None:
        if text:
            self._send(stream.socket, stream.message, stream.ident, text)

    def _release_later(self, key: tuple[str, str], stream: _Stream) -> bool:
        """Have the thread that sends do it, and return whether there is one."""
        thread = getattr(stream.socket, "io_thread", stream.socket)
        schedule, loop = getattr(thread, "schedule", None), getattr(thread, "io_loop", None)
        if schedule is None or loop is None or os.getpid() != self._process:
            return False
        message = stream.message

        def release() -> None:
            with self._lock:
                # Text that came meanwhile waits for its own time.
                if key in self._waiting and self._streams[key] is stream and stream.message is message:
                    self._release([key])

        schedule(lambda: loop.call_later(IDLE, release))
        return True


_instances: weakref.WeakSet[HeldStreams] = weakref.WeakSet()


def _renew() -> None:
    for streams in list(_instances):
        streams.renew()


if hasattr(os, "register_at_fork"):
    # There is no taking it back; it does nothing where there are no streams.
    os.register_at_fork(after_in_child=_renew)
