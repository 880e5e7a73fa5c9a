"""Places that several test modules of the managers share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.support.fakes.key_vault import KeyVaultServer
from tests.support.fakes.moto_server import running_moto
from tests.support.fakes.secret_manager import SecretManagerServer
from tests.support.fakes.vault_server import FakeVault, running_vault
from tests.support.faults.http import Weather
from tests.support.faults.zenml_service import ZenmlPlace
from tests.support.zenml_server import ZenmlServer, running_zenml
from zensecrets_jupyter.testing.canary import canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AWS_USER = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",  # AWS's own example, in its documentation
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_DEFAULT_REGION": "eu-central-1",
    # No tests ask the network for the role of the machine.
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


@pytest.fixture(scope="session")
def aws_server() -> Iterator[Weather]:
    """Yield the weather in front of a moto server."""
    with running_moto() as port, Weather("127.0.0.1", port).running() as weather:
        yield weather


@pytest.fixture
def aws(aws_server: Weather, monkeypatch: pytest.MonkeyPatch) -> Weather:
    """Return the same, with the environment of somebody who may use it."""
    for variable, value in AWS_USER.items():
        monkeypatch.setenv(variable, value)
    aws_server.seen.clear()
    return aws_server


class VaultPlace(NamedTuple):
    """A Vault for the tests: what it has, the weather before it, and a token that may do everything."""

    vault: FakeVault
    weather: Weather
    token: str

    @property
    def attributes(self) -> dict[str, Any]:
        """What a secrets manager is registered with that uses it."""
        return {"url": self.weather.address, "token": self.token}


@pytest.fixture(scope="session")
def vault_server() -> Iterator[tuple[FakeVault, Weather]]:
    """Yield a Vault, and the weather in front of it."""
    with running_vault() as (vault, port), Weather("127.0.0.1", port).running() as weather:
        yield vault, weather


@pytest.fixture
def vault(vault_server: tuple[FakeVault, Weather], monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultPlace]:
    """Yield the same, with nobody's own Vault in the environment."""
    for variable in ("VAULT_ADDR", "VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT"):
        monkeypatch.delenv(variable, raising=False)
    fake, weather = vault_server
    weather.seen.clear()
    yield VaultPlace(fake, weather, fake.new_token())
    fake.sealed = False
    fake.kept.clear()


@pytest.fixture(scope="session")
def secret_manager_server() -> Iterator[SecretManagerServer]:
    """Run Google's service."""
    with SecretManagerServer().running() as server:
        yield server


@pytest.fixture
def secret_manager(secret_manager_server: SecretManagerServer) -> SecretManagerServer:
    """Return the same, empty and in good weather."""
    secret_manager_server.secrets.clear()
    secret_manager_server.weather.clear()
    secret_manager_server.weather.requests.clear()
    return secret_manager_server


@pytest.fixture(scope="session")
def key_vault_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyVaultServer]:
    """Run Azure's service."""
    server = KeyVaultServer(tmp_path_factory.mktemp("authority"), canary("client-secret"))
    with server.running():
        yield server


@pytest.fixture
def key_vault(key_vault_server: KeyVaultServer, monkeypatch: pytest.MonkeyPatch) -> KeyVaultServer:
    """Return the same, empty and in good weather, where its certificate is trusted."""
    key_vault_server.empty()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(key_vault_server.authority))
    return key_vault_server


@pytest.fixture(scope="session")
def zenml_server() -> Iterator[tuple[ZenmlServer, Weather]]:
    """Yield a real ZenML server, and the weather in front of it."""
    with running_zenml() as server, Weather("127.0.0.1", server.port).running() as weather:
        yield server, weather


@pytest.fixture
def zenml(zenml_server: tuple[ZenmlServer, Weather], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZenmlPlace]:
    """Yield the place, for a person who has logged in by ``zenml login``; afterwards nothing of the test is there."""
    server, weather = zenml_server
    settings = tmp_path / "zenml"
    server.leave_login(settings, weather.address)
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(settings))
    weather.seen.clear()
    yield ZenmlPlace(server, weather, settings)
    server.empty()
