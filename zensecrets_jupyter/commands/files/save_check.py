"""Masking of files that a Jupyter Server is about to save, by the kernels that hold the values.

A kernel listens on a loopback port. The port and a key are in a file in the Jupyter runtime folder that only the user can read (0600), like
the kernel's own connection file. All messages are sealed with the key, so a program that takes over the port of a dead kernel can't read
them. Values stay in the kernel: it receives the document, and returns it masked.

Unlike fingerprints, this writes nothing about a value to disk, and also finds values that are too weak for a fingerprint. It works only
while the kernel runs, and only for kernels on the server's machine.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.system.atomic_write import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_HOST = "127.0.0.1"
_PREFIX = "zensecrets-"
_KEY = 32
_LENGTH = 8
_LARGEST = 1 << 30
"""The largest message in bytes."""

SECONDS = 3.0
"""The timeout for a kernel's answer in seconds; the server is blocked while it waits."""


class Endpoint(NamedTuple):
    """The port of a kernel's listener, the key for its messages, and the file that holds both."""

    port: int
    key: bytes
    file: Path

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Send a question and return the answer.

        Raises:
            OSError: If no answer arrives in time.
            ValueError: If the answer is not from the kernel that has the key.
        """
        with socket.create_connection((_HOST, self.port), timeout=SECONDS) as connection:
            _send(connection, self.key, question)
            return _receive(connection, self.key)


class CheckListener:
    """Answers the questions of the user's servers in its own threads, until it is closed."""

    def __init__(self, folder: Path, kernel: str, answer: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Listen on a free port, and write the port and the key to a file in ``folder`` named after ``kernel``.

        Raises:
            OSError: If no port is free, or the file can't be written.
        """
        self._answer = answer
        self._key = secrets.token_bytes(_KEY)
        self._process = os.getpid()
        self._socket = socket.create_server((_HOST, 0))
        self._file = _file_of(folder, kernel)
        try:
            self._announce()
        except OSError:
            self._socket.close()
            raise
        threading.Thread(target=self._serve, name="zensecrets save check", daemon=True).start()

    def close(self) -> None:
        """Stop listening and remove the file; a forked child does neither."""
        if os.getpid() == self._process:
            self._file.unlink(missing_ok=True)
            with suppress(OSError):
                # Closing a socket does not wake a thread in accept().
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def _announce(self) -> None:
        key = base64.b64encode(self._key).decode("ascii")
        told = {"host": socket.gethostname(), "port": self._socket.getsockname()[1], "key": key}
        # A restarted kernel replaces the file of its predecessor. The write is atomic, since a server can't use half a file.
        write_atomically(self._file, json.dumps(told).encode())

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_one, args=(connection,), name="zensecrets save check", daemon=True).start()

    def _serve_one(self, connection: socket.socket) -> None:
        # A client that disconnects or has another key gets no answer.
        with connection, suppress(OSError, ValueError):
            connection.settimeout(SECONDS)
            _send(connection, self._key, self._answer(_receive(connection, self._key)))


def endpoint_of(folder: Path, kernel: str) -> Endpoint | None:
    """Return the endpoint of a kernel; ``None`` if it has none."""
    return _endpoint(_file_of(folder, kernel))


def endpoints(folder: Path) -> list[Endpoint]:
    """Return the endpoints of the user's kernels on this machine, including those of killed kernels."""
    found = [_endpoint(file) for file in sorted(folder.glob(f"{_PREFIX}*.json"))]
    return [endpoint for endpoint in found if endpoint is not None]


def _file_of(folder: Path, kernel: str) -> Path:
    return folder / f"{_PREFIX}{kernel}.json"


def _endpoint(file: Path) -> Endpoint | None:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        # Machines may share the folder, but not a loopback port.
        if told["host"] != socket.gethostname():
            return None
        return Endpoint(int(told["port"]), base64.b64decode(told["key"], validate=True), file)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _send(connection: socket.socket, key: bytes, message: Mapping[str, Any]) -> None:
    from nacl.secret import SecretBox

    sealed = SecretBox(key).encrypt(json.dumps(message, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    connection.sendall(len(sealed).to_bytes(_LENGTH, "big") + sealed)


def _receive(connection: socket.socket, key: bytes) -> dict[str, Any]:
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    length = int.from_bytes(_read(connection, _LENGTH), "big")
    if length > _LARGEST:
        raise ValueError("The message is too long.")
    try:
        message = json.loads(SecretBox(key).decrypt(_read(connection, length)))
    except CryptoError:
        raise ValueError("The message is not sealed with the key.") from None
    if not isinstance(message, dict):
        raise ValueError("The message is no object.")  # noqa: TRY004 - it is what came that is wrong
    return message


def _read(connection: socket.socket, length: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < length:
        piece = connection.recv(min(length - len(pieces), 1 << 20))
        if not piece:
            raise ConnectionError("The other end closed the connection.")
        pieces += piece
    return bytes(pieces)
