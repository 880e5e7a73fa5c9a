"""A moto server on loopback, in a process of its own: AWS as far as its API goes.

It does one thing at a time, as its own command does not: its backends are no more than dicts, in which two threads would overtake
each other where AWS does not let them. Run as a program it prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socketserver import BaseServer


@contextmanager
def running_moto() -> Iterator[int]:
    """Yield the port of a new server, that ends with the block."""
    server = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        _wake(port)
        yield port
    finally:
        server.terminate()
        server.communicate(timeout=30)


def _wake(port: int) -> None:
    """Ask for something, so that the server has loaded what it answers with: no test's short time-out is to wait for that."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    scope = "AWS4-HMAC-SHA256 Credential=nobody/20260101/eu-central-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=none"
    headers = {"X-Amz-Target": "secretsmanager.ListSecrets", "Content-Type": "application/x-amz-json-1.1", "Authorization": scope}
    connection.request("POST", "/", "{}", headers)
    assert connection.getresponse().status == HTTPStatus.OK
    connection.close()


def _serve() -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    # Whoever started it may be killed.
    threading.Thread(target=_end_with_standard_input, args=(server,), daemon=True).start()
    server.serve_forever()


def _end_with_standard_input(server: BaseServer) -> None:
    sys.stdin.read()
    server.shutdown()


def aws_environment(port: int) -> dict[str, str]:
    """Return the environment variables of a person who may use the moto server on ``port``."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


if __name__ == "__main__":
    _serve()
