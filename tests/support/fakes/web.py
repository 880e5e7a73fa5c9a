"""What the fakes over HTTP share: a server on loopback, with TLS or without, whose answers its weather may spoil."""

from __future__ import annotations

import json
import socket
import threading
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.faults.answers import Fault, Weather

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping


class Asked(NamedTuple):
    """One request: ``path`` in its parts, and the ``query`` with the first value of each name."""

    method: str
    path: list[str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body or b"{}")


class Answer(NamedTuple):
    """What is said to it; no body where there is no ``json``."""

    status: int
    json: Any = None
    headers: Mapping[str, str] = {}


NONSENSE = b"<html>zsCanary: this network asks you to log in</html>"
"""What answers where a network puts a page in the way."""


class WebServer(ABC):
    """A fake; ``url`` is its address while it runs."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Be in good weather, and not started."""
        self.weather = Weather()
        self.url = ""
        self.lock = threading.RLock()
        self._tls = tls

    @abstractmethod
    def answer(self, asked: Asked) -> Answer:
        """Do what is asked for."""

    @abstractmethod
    def spoiled(self, fault: Fault) -> Answer:
        """Return what this place says in such weather."""

    @contextmanager
    def running(self) -> Iterator[str]:
        """Answer on a free port for a while; return the address."""
        server = _Server(self)
        if self._tls is not None:
            # The handshake is for the thread of the connection, else who hangs in it stops all others.
            server.socket = self._tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
        thread.start()
        try:
            yield self.url
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, fake: WebServer) -> None:
        self.fake = fake
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Else the body waits for the acknowledgement of the headers, 40 ms each time.
    disable_nagle_algorithm = True
    server: _Server

    def _do(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(
            self.command,
            [unquote(part) for part in url.path.split("/") if part],
            {name: values[0] for name, values in parse_qs(url.query).items()},
            headers,
            self.rfile.read(int(headers.get("content-length", 0))),
        )
        time.sleep(self.server.fake.weather.latency)
        fault = self.server.fake.weather.fault_for(f"{asked.method} {url.path}")
        if fault is None:
            self._send(self._answer(asked))
        else:
            self._spoil(asked, fault)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815 - the names that http.server looks for

    def _answer(self, asked: Asked) -> Answer:
        with self.server.fake.lock:
            return self.server.fake.answer(asked)

    def _spoil(self, asked: Asked, fault: Fault) -> None:
        if fault.done:
            self._answer(asked)
        time.sleep(fault.delay)
        if fault.cut:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault.nonsense:
            self._send_bytes(200, {"Content-Type": "text/html"}, NONSENSE)
        else:
            self._send(self.server.fake.spoiled(fault))

    def _send(self, answer: Answer) -> None:
        body = b"" if answer.json is None else json.dumps(answer.json).encode()
        self._send_bytes(answer.status, {"Content-Type": "application/json", **answer.headers}, body)

    def _send_bytes(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_parts: object) -> None:
        """Say nothing."""
