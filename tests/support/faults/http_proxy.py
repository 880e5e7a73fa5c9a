"""An HTTP proxy that injects faults: error responses, time-outs and connection resets."""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.faults.injector import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_HEADERS_OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
"""Headers that the proxy does not forward.

They describe one connection. The proxy has two, one to the client and one to the service, and sends its own headers on each.
"""


class Response(NamedTuple):
    """An HTTP response: of the service, or made up by a fault."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class Exchange:
    """One pending request, which a fault can forward, answer or abort."""

    def __init__(self, handler: _Handler, body: bytes) -> None:
        """Wrap the request that ``handler`` has read."""
        self._handler = handler
        self.body = body
        # AWS sends all requests to one path. The action is in a header, such as "secretsmanager.ListSecrets".
        aws_action = handler.headers.get("X-Amz-Target", "").rpartition(".")[2]
        self.label = aws_action or f"{handler.command} {handler.path}"
        """The AWS action of the request, or its method and path."""

    def forward(self) -> Response:
        """Send the request to the service and return its response."""
        handler = self._handler
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in _HEADERS_OF_A_CONNECTION}
        connection = http.client.HTTPConnection(*handler.server.proxy.upstream, timeout=30)
        try:
            connection.request(handler.command, handler.path, self.body or None, headers)
            response = connection.getresponse()
            return Response(response.status, response.read(), dict(response.getheaders()))
        finally:
            connection.close()

    def answer(self, response: Response) -> None:
        """Send a response to the client."""
        handler = self._handler
        handler.send_response_only(response.status)
        for name, value in response.headers.items():
            if name.lower() not in _HEADERS_OF_A_CONNECTION:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(response.body)))
        handler.end_headers()
        # The client may have closed the connection after its time-out.
        with suppress(OSError):
            handler.wfile.write(response.body)

    def reset(self) -> None:
        """Reset the connection, as a crashed machine does."""
        handler = self._handler
        handler.close_connection = True
        # A socket with a linger time of zero sends RST when it is closed: see socket(7). Python closes it only after ``rfile`` is closed.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.rfile.close()
        handler.connection.close()

    def wait(self) -> None:
        """Block until the ``with`` block of :meth:`FaultProxy.inject` ends, but at most 30 seconds."""
        self._handler.server.proxy.fault_ended.wait(30)


class FaultProxy:
    """The proxy. It forwards every request unless a fault is injected.

    Attributes:
        upstream: The host and the port of the service.
        address: The URL of the proxy.
        requests: The label of each request so far; see :attr:`Exchange.label`.
        latency: Seconds that are added to each response.
        fault_ended: Set when no fault is injected any more. It ends the wait of requests with the fault :func:`time_out`.
    """

    def __init__(self, host: str, port: int) -> None:
        """Forward requests to the service on ``host`` and ``port``."""
        self.upstream = (host, port)
        self.requests: list[str] = []
        self.latency = 0.0
        self.fault_ended = threading.Event()
        self._fault: Callable[[Exchange], None] | None = None
        self._server = _Server(self)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[FaultProxy]:
        """Accept connections while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.fault_ended.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join(30)

    @contextmanager
    def inject(self, fault: Callable[[Exchange], None], *, times: int = UNLIMITED, only: str = "") -> Iterator[None]:
        """Inject a fault while the block runs.

        Args:
            fault: The function that handles a request in place of the service.
            times: The number of requests that fail.
            only: A regular expression. Only requests fail whose :attr:`Exchange.label` begins with a match.
        """
        remaining_requests = times
        lock = threading.Lock()

        def handle(exchange: Exchange) -> None:
            nonlocal remaining_requests
            with lock:
                is_faulty = remaining_requests > 0 and re.match(only, exchange.label) is not None
                if is_faulty:
                    remaining_requests -= 1
            if is_faulty:
                fault(exchange)
            else:
                exchange.answer(exchange.forward())

        self.fault_ended.clear()
        self._fault = handle
        try:
            yield
        finally:
            self._fault = None
            self.fault_ended.set()

    def handle_exchange(self, exchange: Exchange) -> None:
        """Wait for the latency, then apply the fault to the request or forward it."""
        time.sleep(self.latency)
        self.requests.append(exchange.label)
        if self._fault is not None:
            self._fault(exchange)
        else:
            exchange.answer(exchange.forward())


def canned_response(status: int, body: Any, **headers: str) -> Callable[[Exchange], None]:
    """Return a fault that sends this response. The service does not see the request.

    Args:
        status: The HTTP status.
        body: The body, which is sent as JSON.
        headers: The headers. An underscore in a name is replaced by a hyphen: ``Retry_After`` becomes ``Retry-After``.
    """
    http_headers = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    response = Response(status, json.dumps(body).encode(), http_headers)
    return lambda exchange: exchange.answer(response)


def reset_before_execution(exchange: Exchange) -> None:
    """Reset the connection before the service gets the request."""
    exchange.reset()


def reset_after_execution(exchange: Exchange) -> None:
    """Reset the connection after the service executed the request, so that the response is lost."""
    exchange.forward()
    exchange.reset()


def time_out(exchange: Exchange) -> None:
    """Let the service execute the request, but send no response to the client.

    The connection is reset when the fault ends.
    """
    exchange.forward()
    exchange.wait()
    exchange.reset()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # The default queue holds 5 waiting connections.
    request_queue_size = 128

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _handle_request(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.proxy.handle_exchange(Exchange(self, body))

    # LIST is an HTTP method of Vault.
    do_GET = do_POST = do_PUT = do_DELETE = do_LIST = do_PATCH = _handle_request  # noqa: N815 - http.server looks up these method names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names this parameter
        """Write no log."""
