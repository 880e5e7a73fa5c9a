"""The base class of fake HTTP servers on loopback, with fault injection and optional TLS."""

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

from tests.support.faults.injector import Fault, FaultInjector

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping


class Request(NamedTuple):
    """A request. ``path`` has the segments of the path, and ``query`` the first value of each parameter.

    The names in ``headers`` are in lower case.
    """

    method: str
    path: list[str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The parsed JSON body."""
        return json.loads(self.body or b"{}")


class Response(NamedTuple):
    """A response. It has no body if ``json`` is ``None``."""

    status: int
    json: Any = None
    headers: Mapping[str, str] = {}


FOREIGN_PAGE = b"<html>zsCanary: this network asks you to log in</html>"
"""The body of another service's response, such as the page on which a network asks to log in.

The body contains the canary ``zsCanary``, because the client may not show the page.
"""


class WebServer(ABC):
    """A fake HTTP server. A subclass fakes one service and defines the responses.

    Attributes:
        faults: The faults that the server injects.
        url: The address of the server. It is empty before the first run.
        lock: A lock for the state of the server. Each request is executed under it.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Prepare a server without faults, which is not running yet."""
        self.faults = FaultInjector()
        self.url = ""
        self.lock = threading.RLock()
        self._tls = tls

    @abstractmethod
    def answer(self, request: Request) -> Response:
        """Execute a request and return its response."""

    @abstractmethod
    def fault_response(self, fault: Fault) -> Response:
        """Return the error response of this service for a fault."""

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve on a free port while the block runs, and yield the address."""
        server = _Server(self)
        if self._tls is not None:
            # The thread of each connection does the TLS handshake. In the main thread, one stalled client would block all other clients.
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

    def __init__(self, fake_server: WebServer) -> None:
        self.fake_server = fake_server
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore errors of a request, because a test may let the client close the connection early."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # With Nagle's algorithm the body waits 40 ms for the acknowledgement of the headers.
    disable_nagle_algorithm = True
    server: _Server

    def _handle_request(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(
            self.command,
            [unquote(segment) for segment in url.path.split("/") if segment],
            {name: values[0] for name, values in parse_qs(url.query).items()},
            headers,
            self.rfile.read(int(headers.get("content-length", 0))),
        )
        faults = self.server.fake_server.faults
        time.sleep(faults.latency)
        fault = faults.fault_for(f"{request.method} {url.path}")
        if fault is None:
            self._send(self._execute(request))
        else:
            self._inject(request, fault)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _handle_request  # noqa: N815 - http.server looks up these method names

    def _execute(self, request: Request) -> Response:
        with self.server.fake_server.lock:
            return self.server.fake_server.answer(request)

    def _inject(self, request: Request, fault: Fault) -> None:
        if fault.request_is_executed:
            self._execute(request)
        time.sleep(fault.delay)
        if fault.closes_connection:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault.is_foreign_response:
            self._send_bytes(200, {"Content-Type": "text/html"}, FOREIGN_PAGE)
        else:
            self._send(self.server.fake_server.fault_response(fault))

    def _send(self, response: Response) -> None:
        body = b"" if response.json is None else json.dumps(response.json).encode()
        self._send_bytes(response.status, {"Content-Type": "application/json", **response.headers}, body)

    def _send_bytes(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Write no log."""
