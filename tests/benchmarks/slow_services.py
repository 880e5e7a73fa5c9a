"""The fakes of remote places in a process of their own, so that they take no time of the one that is measured.

Run as a program with a flavor and a folder, it prints what a secrets manager is registered with that uses the place. Each line that it
then reads is how many seconds every answer takes from there on; it ends with its standard input.
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


class SlowPlace(NamedTuple):
    """A place that is running."""

    flavor: str
    attributes: Mapping[str, Any]
    orders: IO[str]

    def open(self, identity: str) -> SecretsManager:
        """Return a new client of it."""
        flavor = get_flavor(self.flavor)
        return SecretsManager(flavor(flavor.make_options(self.attributes), context=ManagerContext(name="slow", id=identity)))

    @contextmanager
    def taking(self, seconds: float) -> Iterator[None]:
        """Have each answer take so long as long as the block runs."""
        self._order(seconds)
        try:
            yield
        finally:
            self._order(0.0)

    def _order(self, seconds: float) -> None:
        self.orders.write(f"{seconds}\n")
        self.orders.flush()


@contextmanager
def running(flavor: str, folder: Path) -> Iterator[SlowPlace]:
    """Yield a new place of that flavor, that ends with the block; ``folder`` is for its certificate."""
    command = [sys.executable, "-m", "tests.benchmarks.slow_services", flavor, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield SlowPlace(flavor, json.loads(process.stdout.readline()), process.stdin)
        process.stdin.close()


Started = tuple["dict[str, Any]", "Callable[[float], None]"]
"""The attributes of a place, and what makes it slow."""


@contextmanager
def _aws(_folder: Path) -> Iterator[Started]:
    from tests.support.fakes.moto_server import running_moto
    from tests.support.faults.http_proxy import FaultProxy

    with running_moto() as port, FaultProxy("127.0.0.1", port).running() as proxy:
        yield {"endpoint_url": proxy.address}, lambda seconds: setattr(proxy, "latency", seconds)


@contextmanager
def _azure(folder: Path) -> Iterator[Started]:
    from tests.support.fakes.key_vault import CLIENT_ID, TENANT, KeyVaultServer

    server = KeyVaultServer(folder, "the-client-secret")
    with server.running():
        application = {"tenant_id": TENANT, "client_id": CLIENT_ID, "client_secret": server.client_secret}
        place = {"vault_url": server.url, "authority": server.url, "authority_is_known": False}
        yield {**place, **application}, lambda seconds: setattr(server.faults, "latency", seconds)


@contextmanager
def _gcp(_folder: Path) -> Iterator[Started]:
    from tests.support.fakes.secret_manager import PROJECT, SecretManagerServer

    with SecretManagerServer().running() as server:
        yield {"project": PROJECT, "endpoint": server.endpoint}, lambda seconds: setattr(server.faults, "latency", seconds)


@contextmanager
def _sql(folder: Path) -> Iterator[Started]:
    from tests.support.faults.tcp_proxy import TcpProxy
    from tests.support.postgresql import running_postgresql

    with running_postgresql("team", "the-password") as server:
        wire = TcpProxy(server.host, server.port)
        url = f"postgresql://{server.user}:{server.password}@{wire.address[0]}:{wire.address[1]}/postgres"
        attributes = {"url": url, "protection": "keyfile", "key_folder": str(folder)}
        yield attributes, lambda seconds: setattr(wire, "latency", seconds)


@contextmanager
def _vault(_folder: Path) -> Iterator[Started]:
    from tests.support.fakes.vault_server import running_vault

    with running_vault() as (vault, port):
        attributes = {"url": f"http://127.0.0.1:{port}", "token": vault.new_token()}
        yield attributes, lambda seconds: setattr(vault, "latency", seconds)


SERVICES = {"aws": _aws, "azure": _azure, "gcp": _gcp, "sql": _sql, "vault": _vault}


def environment_of(flavor: str, folder: Path) -> dict[str, str]:
    """Return what somebody has in the environment who may use the place of that flavor."""
    return {"aws": AWS_USER, "azure": {"REQUESTS_CA_BUNDLE": str(folder / "authority.pem")}}.get(flavor, {})


def _serve(flavor: str, folder: Path) -> None:
    with SERVICES[flavor](folder) as (attributes, slow_down):
        sys.stdout.write(f"{json.dumps(attributes)}\n")
        sys.stdout.flush()
        for line in sys.stdin:
            slow_down(float(line))


if __name__ == "__main__":
    _serve(sys.argv[1], Path(sys.argv[2]))
