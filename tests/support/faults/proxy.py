"""A wire between a client and a real server that a test can cut."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Wire:
    """Hands bytes on in both directions; ``address`` is where clients connect.

    Attributes:
        cut_at: The connection is reset when a client sends this; empty for never.
        cuts: How many more times.
        sent: How many pieces clients have sent so far.
        latency: Seconds that each piece from the server takes besides.
    """

    def __init__(self, host: str, port: int) -> None:
        """Listen for clients of the server there."""
        self._server = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listening.getsockname()
        self.cut_at = b""
        self.cuts = 0
        self.sent = 0
        self.latency = 0.0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more clients."""
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self.cuts and not self.cut_at:
                self.cuts -= 1
                _reset(client)
                continue
            server = socket.create_connection(self._server)
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._hand_on, args=(source, target, source is client), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, from_client: bool) -> None:  # noqa: FBT001 - threads take no names here
        with suppress(OSError):
            while data := source.recv(65536):
                self.sent += from_client
                if from_client and self.cuts and self.cut_at and self.cut_at in data:
                    self.cuts -= 1
                    _reset(source)
                    break
                time.sleep(0.0 if from_client else self.latency)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        target.close()

    @contextmanager
    def cutting(self, times: int, at: bytes = b"") -> Iterator[None]:
        """Reset the next connections when they send ``at``, or as soon as they are made."""
        self.cut_at, self.cuts = at, times
        try:
            yield
        finally:
            self.cuts = 0


def _reset(connection: socket.socket) -> None:
    # Closed with a linger of nothing, a socket sends RST (socket(7)).
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
