"""A TCP proxy between a client and a real server, which can reset connections."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class TcpProxy:
    """Forwards bytes between its clients and the server.

    Attributes:
        address: The host and the port of the proxy.
        reset_trigger: A connection is reset when its client sends this text. If the text is empty, new connections are reset at once.
        remaining_resets: The number of connections that are still to be reset.
        sent_chunk_count: The number of chunks that clients have sent so far.
        latency: Seconds that are added to each chunk from the server.
    """

    def __init__(self, host: str, port: int) -> None:
        """Listen for clients of the server on ``host`` and ``port``."""
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.reset_trigger = b""
        self.remaining_resets = 0
        self.sent_chunk_count = 0
        self.latency = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept no more clients. Open connections stay open."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.remaining_resets and not self.reset_trigger:
                self.remaining_resets -= 1
                _reset(client)
                continue
            server = socket.create_connection(self._server)
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._forward, args=(source, target, source is client), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, is_from_client: bool) -> None:  # noqa: FBT001 - the thread passes arguments by position
        with suppress(OSError):
            while data := source.recv(65536):
                if is_from_client:
                    self.sent_chunk_count += 1
                    if self.remaining_resets and self.reset_trigger and self.reset_trigger in data:
                        self.remaining_resets -= 1
                        _reset(source)
                        break
                else:
                    time.sleep(self.latency)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        target.close()

    @contextmanager
    def reset_connections(self, times: int, trigger: bytes = b"") -> Iterator[None]:
        """Reset the next ``times`` connections while the block runs.

        A connection is reset when its client sends ``trigger``. If ``trigger`` is empty, each new connection is reset at once.
        """
        self.reset_trigger, self.remaining_resets = trigger, times
        try:
            yield
        finally:
            self.remaining_resets = 0


def _reset(connection: socket.socket) -> None:
    # A socket with a linger time of zero sends RST when it is closed: see socket(7).
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
