"""Let the kernels mask the values in a file before a Jupyter Server saves it.

A kernel listens on a loopback port. The port and an encryption key are in a file in the Jupyter runtime folder that only the user can read
(0600), like the kernel's own connection file. All messages are sealed with this key. After a kernel has died, another program may get its
port, but that program can't read the messages. Values stay in the kernel: it receives the document, and returns the masked document.

In contrast to fingerprints, this method writes nothing about a value to disk, and it also finds values that are too easy to guess for a
fingerprint. But this method works only while the kernel runs, and only for kernels on the server's machine.
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
_FILE_PREFIX = "zensecrets-"
_KEY_SIZE = 32
"""The number of bytes of the encryption key."""
_LENGTH_SIZE = 8
"""The number of bytes before each message that contain its length."""
_MAX_MESSAGE_SIZE = 1 << 30
"""The maximum size of a message in bytes."""

TIMEOUT = 3.0
"""The timeout for a kernel's answer in seconds. The server is blocked while it waits."""


class Endpoint(NamedTuple):
    """The address of a kernel's listener.

    Attributes:
        port: The port on the loopback interface.
        key: The key with which the messages are sealed.
        file: The file with the port and the key.
    """

    port: int
    key: bytes
    file: Path

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Send a question, such as a document to mask, to the kernel, and return the answer.

        Raises:
            OSError: If no answer arrives in time.
            ValueError: If the answer is not a valid message, or is not sealed with the key of the kernel.
        """
        with socket.create_connection((_HOST, self.port), timeout=TIMEOUT) as connection:
            _send(connection, self.key, question)
            return _receive(connection, self.key)


class CheckListener:
    """Listener in a kernel that answers questions of the user's servers, each question in its own thread."""

    def __init__(self, folder: Path, kernel: str, answer: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Listen on a free port, and write the port and the key to a file.

        Args:
            folder: The folder of the file.
            kernel: The name of the kernel's connection file without its suffix, such as ``kernel-1234``.
            answer: Returns the answer to a question.

        Raises:
            OSError: If no port is free, or the file can't be written.
        """
        self._answer = answer
        self._key = secrets.token_bytes(_KEY_SIZE)
        self._process_id = os.getpid()
        self._socket = socket.create_server((_HOST, 0))
        self._file = _file_of(folder, kernel)
        try:
            self._write_file()
        except OSError:
            self._socket.close()
            raise
        threading.Thread(target=self._serve, name="zensecrets save check", daemon=True).start()

    def close(self) -> None:
        """Stop listening and remove the file. In a forked child process, which did not start the listener, do nothing."""
        if os.getpid() == self._process_id:
            self._file.unlink(missing_ok=True)
            with suppress(OSError):
                # The thread that waits in accept() ends after shutdown(). Without shutdown(), close() would not wake it.
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def _write_file(self) -> None:
        key = base64.b64encode(self._key).decode("ascii")
        content = {"host": socket.gethostname(), "port": self._socket.getsockname()[1], "key": key}
        # The write is atomic, because a restarted kernel replaces the file while a server may read it.
        write_atomically(self._file, json.dumps(content).encode())

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_connection, args=(connection,), name="zensecrets save check", daemon=True).start()

    def _serve_connection(self, connection: socket.socket) -> None:
        # A client that disconnects or has another key gets no answer.
        with connection, suppress(OSError, ValueError):
            connection.settimeout(TIMEOUT)
            _send(connection, self._key, self._answer(_receive(connection, self._key)))


def endpoint_of(folder: Path, kernel: str) -> Endpoint | None:
    """Return the endpoint of a kernel; ``None`` without a valid endpoint file. The arguments are as in :class:`CheckListener`."""
    return _read_endpoint(_file_of(folder, kernel))


def endpoints(folder: Path) -> list[Endpoint]:
    """Return the endpoints of the user's kernels on this machine, including killed kernels that left their file."""
    candidates = [_read_endpoint(file) for file in sorted(folder.glob(f"{_FILE_PREFIX}*.json"))]
    return [endpoint for endpoint in candidates if endpoint is not None]


def _file_of(folder: Path, kernel: str) -> Path:
    return folder / f"{_FILE_PREFIX}{kernel}.json"


def _read_endpoint(file: Path) -> Endpoint | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        # Several machines may share the folder, but a loopback port can be reached only on its own machine.
        if content["host"] != socket.gethostname():
            return None
        return Endpoint(int(content["port"]), base64.b64decode(content["key"], validate=True), file)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _send(connection: socket.socket, key: bytes, message: Mapping[str, Any]) -> None:
    from nacl.secret import SecretBox

    sealed_message = SecretBox(key).encrypt(json.dumps(message, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    connection.sendall(len(sealed_message).to_bytes(_LENGTH_SIZE, "big") + sealed_message)


def _receive(connection: socket.socket, key: bytes) -> dict[str, Any]:
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    length = int.from_bytes(_read(connection, _LENGTH_SIZE), "big")
    if length > _MAX_MESSAGE_SIZE:
        raise ValueError("The message is too long.")
    try:
        message = json.loads(SecretBox(key).decrypt(_read(connection, length)))
    except CryptoError:
        raise ValueError("The message is not sealed with the key.") from None
    if not isinstance(message, dict):
        raise ValueError("The message is not a JSON object.")  # noqa: TRY004 - the content of the message is wrong, not the type of an argument
    return message


def _read(connection: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        chunk = connection.recv(min(length - len(data), 1 << 20))
        if not chunk:
            raise ConnectionError("The other end closed the connection.")
        data += chunk
    return bytes(data)
