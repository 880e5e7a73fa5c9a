"""Fake services with a configurable latency, each in a separate process.

If a service ran in the process of the benchmark, it would compete with the measured code for Python's global interpreter lock.

This module is also the program that runs in the process of a service. Its arguments are a flavor and a folder. It starts the service, and
prints the attributes of a secrets manager for it as a line of JSON. Then it reads lines from its standard input: each line is a latency in
seconds, which applies to all later responses. The process ends when its standard input is closed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.core.managers.conftest import AWS_USER
from zensecrets_jupyter.core.managers import ManagerContext, SecretsManager, get_flavor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import IO


ROOT = Path(__file__).parents[2]


class SlowService(NamedTuple):
    """A running service.

    Attributes:
        flavor: The flavor of secrets managers for the service.
        attributes: The attributes of a secrets manager for the service.
        process_input: The standard input of the service's process. A line that is written to it sets the latency.
    """

    flavor: str
    attributes: Mapping[str, Any]
    process_input: IO[str]

    def open(self, identity: str) -> SecretsManager:
        """Return a new secrets manager for the service; ``identity`` is the manager's identifier."""
        backend_class = get_flavor(self.flavor)
        context = ManagerContext(name="slow", id=identity)
        return SecretsManager(backend_class(backend_class.make_options(self.attributes), context=context))

    @contextmanager
    def latency(self, seconds: float) -> Iterator[None]:
        """Delay each response by ``seconds`` while the block runs."""
        self._set_latency(seconds)
        try:
            yield
        finally:
            self._set_latency(0.0)

    def _set_latency(self, seconds: float) -> None:
        self.process_input.write(f"{seconds}\n")
        self.process_input.flush()


@contextmanager
def running_service(flavor: str, folder: Path) -> Iterator[SlowService]:
    """Yield a new service of a flavor, and stop it after the block.

    Args:
        flavor: The flavor of secrets managers for the service.
        folder: The folder for the certificate and the keys of the service.
    """
    command = [sys.executable, "-m", "tests.benchmarks.slow_services", flavor, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield SlowService(flavor, json.loads(process.stdout.readline()), process.stdin)
        # This ends the process.
        process.stdin.close()


# Each of the following functions starts the service of one flavor in this process, and yields a pair of this type.
AttributesAndSetter = tuple["dict[str, Any]", "Callable[[float], None]"]
"""The attributes of a secrets manager for a service, and the function that sets the latency of the service."""


@contextmanager
def _aws(_folder: Path) -> Iterator[AttributesAndSetter]:
    from tests.support.fakes.moto_server import running_moto
    from tests.support.faults.http_proxy import FaultProxy

    with running_moto() as port, FaultProxy("127.0.0.1", port).running() as proxy:
        yield {"endpoint_url": proxy.address}, lambda seconds: setattr(proxy, "latency", seconds)


@contextmanager
def _azure(folder: Path) -> Iterator[AttributesAndSetter]:
    from tests.support.fakes.key_vault import CLIENT_ID, TENANT, KeyVaultServer

    server = KeyVaultServer(folder, "the-client-secret")
    with server.running():
        application = {"tenant_id": TENANT, "client_id": CLIENT_ID, "client_secret": server.client_secret}
        address = {"vault_url": server.url, "authority": server.url, "authority_is_known": False}
        yield {**address, **application}, lambda seconds: setattr(server.faults, "latency", seconds)


@contextmanager
def _gcp(_folder: Path) -> Iterator[AttributesAndSetter]:
    from tests.support.fakes.secret_manager import PROJECT, SecretManagerServer

    with SecretManagerServer().running() as server:
        yield {"project": PROJECT, "endpoint": server.endpoint}, lambda seconds: setattr(server.faults, "latency", seconds)


@contextmanager
def _sql(folder: Path) -> Iterator[AttributesAndSetter]:
    from tests.support.faults.tcp_proxy import TcpProxy
    from tests.support.postgresql import running_postgresql

    with running_postgresql("team", "the-password") as server:
        proxy = TcpProxy(server.host, server.port)
        url = f"postgresql://{server.user}:{server.password}@{proxy.address[0]}:{proxy.address[1]}/postgres"
        attributes = {"url": url, "protection": "keyfile", "key_folder": str(folder)}
        yield attributes, lambda seconds: setattr(proxy, "latency", seconds)


@contextmanager
def _vault(_folder: Path) -> Iterator[AttributesAndSetter]:
    from tests.support.fakes.vault_server import running_vault

    with running_vault() as (vault, port):
        attributes = {"url": f"http://127.0.0.1:{port}", "token": vault.new_token()}
        yield attributes, lambda seconds: setattr(vault, "latency", seconds)


SERVICES = {"aws": _aws, "azure": _azure, "gcp": _gcp, "sql": _sql, "vault": _vault}
"""Functions that start a service in the process that calls them, by flavor."""


def environment_of(flavor: str, folder: Path) -> dict[str, str]:
    """Return the environment variables that a client of the service needs.

    Args:
        flavor: The flavor of secrets managers for the service.
        folder: The folder with the certificate of the service.
    """
    return {"aws": AWS_USER, "azure": {"REQUESTS_CA_BUNDLE": str(folder / "authority.pem")}}.get(flavor, {})


def _serve(flavor: str, folder: Path) -> None:
    """Run the program of a service's process; the docstring of the module describes it."""
    with SERVICES[flavor](folder) as (attributes, set_latency):
        sys.stdout.write(f"{json.dumps(attributes)}\n")
        sys.stdout.flush()
        for line in sys.stdin:
            set_latency(float(line))


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]))
