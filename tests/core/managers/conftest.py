"""Servers that several test modules of the managers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support.fakes.key_vault import KeyVaultServer
from tests.support.fakes.moto_server import running_moto
from tests.support.fakes.secret_manager import SecretManagerServer
from tests.support.fakes.vault_server import FakeVault, running_vault
from tests.support.faults.http_proxy import FaultProxy
from tests.support.faults.zenml_service import ZenmlFixture
from tests.support.zenml_server import ZenmlServer, running_zenml
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AWS_USER = {
    # The access key is the example of the AWS documentation.
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_DEFAULT_REGION": "eu-central-1",
    # Without this variable, boto3 asks the network for the role of the machine.
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
"""The environment variables of an AWS user. With them, boto3 reads no configuration file of this machine."""


@pytest.fixture(scope="session")
def aws_server() -> Iterator[FaultProxy]:
    """Yield the fault proxy of a moto server."""
    with running_moto() as port, FaultProxy("127.0.0.1", port).running() as proxy:
        yield proxy


@pytest.fixture
def aws(aws_server: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> FaultProxy:
    """Return the proxy of the moto server, with credentials in the environment.

    The server still has the secrets of earlier tests. So each test uses a secrets manager with a new ID, or new names of secrets.
    """
    for variable, value in AWS_USER.items():
        monkeypatch.setenv(variable, value)
    aws_server.requests.clear()
    return aws_server


class VaultFixture(NamedTuple):
    """A fake Vault, its fault proxy, and a token with all permissions."""

    fake: FakeVault
    proxy: FaultProxy
    token: str

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of a manager that uses this Vault."""
        return {"url": self.proxy.address, "token": self.token}


@pytest.fixture(scope="session")
def vault_server() -> Iterator[tuple[FakeVault, FaultProxy]]:
    """Yield a fake Vault and its fault proxy."""
    with running_vault() as (vault, port), FaultProxy("127.0.0.1", port).running() as proxy:
        yield vault, proxy


@pytest.fixture
def vault(vault_server: tuple[FakeVault, FaultProxy], monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultFixture]:
    """Yield an empty Vault. No environment variable names another Vault."""
    for variable in ("VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT"):
        monkeypatch.delenv(variable, raising=False)
    fake, proxy = vault_server
    proxy.requests.clear()
    yield VaultFixture(fake, proxy, fake.new_token())
    # A test may have sealed the Vault, which then refuses requests.
    fake.is_sealed = False
    fake.secrets.clear()


@pytest.fixture(scope="session")
def secret_manager_server() -> Iterator[SecretManagerServer]:
    """Yield a running fake of Google Cloud Secret Manager."""
    with SecretManagerServer().running() as server:
        yield server


@pytest.fixture
def secret_manager(secret_manager_server: SecretManagerServer) -> SecretManagerServer:
    """Return the fake of Google Cloud Secret Manager, without secrets and faults."""
    secret_manager_server.secrets.clear()
    secret_manager_server.faults.clear()
    secret_manager_server.faults.requests.clear()
    return secret_manager_server


@pytest.fixture(scope="session")
def key_vault_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyVaultServer]:
    """Yield a running fake of Azure Key Vault."""
    server = KeyVaultServer(tmp_path_factory.mktemp("authority"), canary("client-secret"))
    with server.running():
        yield server


@pytest.fixture
def key_vault(key_vault_server: KeyVaultServer, monkeypatch: pytest.MonkeyPatch) -> KeyVaultServer:
    """Return the fake of Azure Key Vault, without secrets and faults, and trust its certificate."""
    key_vault_server.empty()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(key_vault_server.authority))
    return key_vault_server


@pytest.fixture(scope="session")
def zenml_server() -> Iterator[tuple[ZenmlServer, FaultProxy]]:
    """Yield a real ZenML server and its fault proxy."""
    with running_zenml() as server, FaultProxy("127.0.0.1", server.port).running() as proxy:
        yield server, proxy


@pytest.fixture
def zenml(zenml_server: tuple[ZenmlServer, FaultProxy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZenmlFixture]:
    """Yield the ZenML server with a login file of ``zenml login``. Afterwards, empty the server."""
    server, proxy = zenml_server
    config_folder = tmp_path / "zenml"
    server.write_login(config_folder, proxy.address)
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(config_folder))
    proxy.requests.clear()
    yield ZenmlFixture(server, proxy, config_folder)
    server.empty()
