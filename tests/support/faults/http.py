"""Bad weather at the wire: an HTTP proxy in front of a place that forwards, refuses, delays, or breaks connections, as it is told."""

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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Answer(NamedTuple):
    """What a place answers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class Exchange:
    """One request that is under way, and what can be done with it."""

    def __init__(self, handler: _Handler, body: bytes) -> None:
        """Take over from ``handler``."""
        self._handler = handler
        self.body = body
        self.what = handler.headers.get("X-Amz-Target", "").rpartition(".")[2] or f"{handler.command} {handler.path}"
        """AWS's name of the action, or the method and the path."""

    def forward(self) -> Answer:
        """Return what the place behind answers to it."""
        handler = self._handler
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in _OF_ONE_CONNECTION}
        connection = http.client.HTTPConnection(*handler.server.weather.behind, timeout=30)
        try:
            connection.request(handler.command, handler.path, self.body or None, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), dict(answer.getheaders()))
        finally:
            connection.close()

    def answer(self, answer: Answer) -> None:
        """Send it to whoever asked."""
        handler = self._handler
        handler.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _OF_ONE_CONNECTION:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        # Whoever asked may have given up by now.
        with suppress(OSError):
            handler.wfile.write(answer.body)

    def reset(self) -> None:
        """Break the connection off, as a machine does that has crashed."""
        handler = self._handler
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.rfile.close()
        handler.connection.close()

    def wait(self) -> None:
        """Do nothing until the weather changes."""
        self._handler.server.weather.changed.wait(30)


class Weather:
    """The proxy; without a spell it forwards everything."""

    def __init__(self, host: str, port: int) -> None:
        """Stand before the place that listens there."""
        self.behind = (host, port)
        self.seen: list[str] = []
        self.latency = 0.0
        self.changed = threading.Event()
        self._spell: Callable[[Exchange], None] | None = None
        self._server = _Server(self)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[Weather]:
        """Listen as long as the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.changed.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join(30)

    @contextmanager
    def spell(self, act: Callable[[Exchange], None], *, times: int = 10**9, only: str = "") -> Iterator[None]:
        """Do ``act`` with as many requests, of those whose :attr:`Exchange.what` matches ``only``, as long as the block runs."""
        left = [times]
        counting = threading.Lock()

        def spell(exchange: Exchange) -> None:
            with counting:
                hit = left[0] > 0 and re.match(only, exchange.what) is not None
                left[0] -= hit
            if hit:
                act(exchange)
            else:
                exchange.answer(exchange.forward())

        self.changed.clear()
        self._spell = spell
        try:
            yield
        finally:
            self._spell = None
            self.changed.set()

    def pass_on(self, exchange: Exchange) -> None:
        """Do with a request what the weather is for, after the seconds that each takes."""
        time.sleep(self.latency)
        self.seen.append(exchange.what)
        if self._spell is not None:
            self._spell(exchange)
        else:
            exchange.answer(exchange.forward())


def answering(status: int, body: Any, **headers: str) -> Callable[[Exchange], None]:
    """Return what answers so instead of the place, which gets nothing of it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.answer(Answer(status, json.dumps(body).encode(), {"Content-Type": "application/json", **named}))


def resetting(exchange: Exchange) -> None:
    """Break off before the place has got it."""
    exchange.reset()


def resetting_after(exchange: Exchange) -> None:
    """Break off when the place has done it: the answer is lost."""
    exchange.forward()
    exchange.reset()


def silent(exchange: Exchange) -> None:
    """Let the place do it, and let nobody know in time."""
    exchange.forward()
    exchange.wait()
    exchange.reset()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, weather: Weather) -> None:
        self.weather = weather
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.weather.pass_on(Exchange(self, body))

    do_POST = do_PUT = do_DELETE = do_LIST = do_PATCH = do_GET  # noqa: N815 - the base class looks for these

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class gives it
        """Say nothing."""
