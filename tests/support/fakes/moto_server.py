"""A moto server on loopback, which implements the AWS API in its own process.

It executes one request at a time, because Moto's state is not safe for threads. Moto's own command ``moto_server`` uses several threads.
If this module runs as a program, it prints the port of the server and serves until standard input ends.
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
    """Run a new server while the block runs, and yield its port."""
    server = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        _warm_up(port)
        yield port
    finally:
        server.terminate()
        server.communicate(timeout=30)


def _warm_up(port: int) -> None:
    """Send one request, so that the server imports its modules before a test uses it.

    If a test sent the first request, the import would exceed the short time-outs of the test. Moto does not check the signature.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    authorization = (
        "AWS4-HMAC-SHA256 Credential=testing/20260101/eu-central-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=none"
    )
    headers = {"X-Amz-Target": "secretsmanager.ListSecrets", "Content-Type": "application/x-amz-json-1.1", "Authorization": authorization}
    connection.request("POST", "/", "{}", headers)
    assert connection.getresponse().status == HTTPStatus.OK
    connection.close()


def _serve() -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    # If the parent process is killed, standard input ends, and this process ends too.
    threading.Thread(target=_shut_down_at_end_of_input, args=(server,), daemon=True).start()
    server.serve_forever()


def _shut_down_at_end_of_input(server: BaseServer) -> None:
    sys.stdin.read()
    server.shutdown()


def aws_environment(port: int) -> dict[str, str]:
    """Return environment variables with which a client uses the moto server on ``port``.

    ``/dev/null`` replaces the AWS configuration of the developer.
    """
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
