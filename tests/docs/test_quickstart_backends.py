"""Tests that the quickstart runs without changes on other backends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.docs.quickstarts import run_quickstart_on
from tests.support.fakes.moto_server import running_moto
from tests.support.fakes.vault_server import ALL_PERMISSIONS, running_vault
from tests.support.postgresql import running_postgresql
from tests.support.sealing.sessions import run_in_session, session_folder
from tests.support.zenml_server import running_zenml
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_quickstart_runs_on_postgresql(tmp_path: Path) -> None:
    """Every cell runs without an error with flavor ``sql``, and no message contains the password of the database."""
    with running_postgresql("team", canary("password")) as server:
        url = f"postgresql://{server.user}:{server.password}@{server.host}:{server.port}/postgres"
        # The file with the URL contains a canary, the password. The quickstart runs in another folder, which is searched for canaries.
        (tmp_path / "url").write_text(url)
        (tmp_path / "run").mkdir()
        run_quickstart_on("sql", {"url": f"@{tmp_path / 'url'}", "protection": "keyfile"}, tmp_path / "run")


def test_the_quickstart_runs_on_the_keyring() -> None:
    """Every cell runs with a real keyring, in a desktop session of its own."""
    with session_folder() as folder:
        # Without the cache provider, pytest does not write `.pytest_cache`.
        output = run_in_session(folder, "pytest", "-q", "-p", "no:cacheprovider", "tests/docs/quickstart_on_keyring.py")
    assert "1 passed" in output


def test_the_quickstart_runs_on_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the environment variables of AWS are set, every cell runs without an error and without attributes of the manager."""
    with running_moto() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        # This access key is the example in the documentation of AWS.
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", canary("aws"))
        run_quickstart_on("aws", {}, tmp_path)


def test_the_quickstart_runs_on_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the environment variables of Vault are set, every cell runs without an error and without attributes of the manager.

    Afterwards, the server's secrets contain a canary, which the notebook has stored.
    """
    with running_vault() as (vault, port):
        token = canary("token")
        vault.tokens[token] = ALL_PERMISSIONS
        monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("VAULT_TOKEN", token)
        run_quickstart_on("vault", {}, tmp_path)
        stored_contents = [version.data for versions in vault.secrets.values() for version in versions.values()]
        assert find_canary(repr(stored_contents))


def test_the_quickstart_runs_on_zenml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell runs with the files of ``zenml login``.

    ZenML's client then reads a secret that the notebook has stored.
    """
    with running_zenml() as server:
        server.write_login(tmp_path / "zenml", server.url)
        monkeypatch.setenv("ZENML_CONFIG_PATH", str(tmp_path / "zenml"))
        (tmp_path / "run").mkdir()
        run_quickstart_on("zenml", {}, tmp_path / "run")
        code = 'import json\nfrom zenml.client import Client\nprint(json.dumps(Client().get_secret("my_secret").secret_values))'
        assert find_canary(repr(server.run_client(code)))
