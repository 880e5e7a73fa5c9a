"""How the `zenml` backend finds its server and its login: in options, environment variables and the files of ``zenml login``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.error_texts import error_details
from tests.support.faults.zenml_service import FastRetryZenml, foreign_responses, zenml_error
from tests.support.managers.stores import secret
from zensecrets_jupyter.core.errors import (
    InvalidOptionsError,
    ManagerAccessError,
    ManagerUnreachableError,
)
from zensecrets_jupyter.core.managers.backends.remote.zenml.login import ServerLogin, configured_server
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.workspace import get_workspace
from zensecrets_jupyter.testing.canary import canary, find_canary
from zensecrets_jupyter.testing.manager_hooks import content_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.faults.zenml_service import ZenmlFixture

pytestmark = pytest.mark.one_python  # CI runs these slow tests with one version of Python only.


@pytest.mark.parametrize("description", foreign_responses())
def test_foreign_service_is_reported(zenml: ZenmlFixture, description: str) -> None:
    """A response that does not come from a ZenML server is reported as an unreachable server.

    It is not treated as a missing secret, an empty list or an executed write.
    """
    foreign_response = foreign_responses()[description]
    manager = zenml.open()
    manager.register_secret(secret("a", k="v"))
    operations: list[Callable[[], Any]] = [
        manager.list_secrets,
        lambda: manager.get_secret("a", refresh=True),
        lambda: manager.register_secret(secret("b", k=canary())),
        lambda: manager.merge_secret("a", {"k": canary()}),
        lambda: manager.rename_secret("a", "b"),
        lambda: manager.delete_secret("a"),
    ]
    with zenml.proxy.inject(foreign_response):
        for operation in operations:
            with pytest.raises(ManagerUnreachableError, match="can't be reached") as caught:
                operation()
            assert not find_canary(error_details(caught.value))
    # The operations after the first two write. They raise the same error if the other service answers only the request that writes.
    with zenml.proxy.inject(foreign_response, only="POST|PUT|DELETE"):
        for operation in operations[2:]:
            with pytest.raises(ManagerUnreachableError, match="can't be reached"):
                operation()
    assert {name: content_of(manager, name) for name in manager.list_secrets()} == {"a": {"k": "v"}}


def test_expired_login_is_renewed(zenml: ZenmlFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a login has expired, a manager with an API key logs in again.

    Without an API key, the error says that the credentials are not accepted.
    """
    with_key = zenml.open(url=zenml.proxy.address, api_key=zenml.server.new_api_key())
    with_key.register_secret(secret("a", k="v"))
    zenml.proxy.requests.clear()
    with zenml.proxy.inject(zenml_error(401, "CredentialsNotValid"), times=1):
        assert content_of(with_key, "a") == {"k": "v"}
    assert zenml.proxy.requests.count("POST /api/v1/login") == 1
    # The server does not know this token, as after a login has ended.
    zenml.server.write_login(zenml.config_folder, zenml.proxy.address, token=canary("ended"))
    with pytest.raises(ManagerAccessError, match="does not accept the credentials") as caught:
        zenml.open().list_secrets()
    assert not find_canary(error_details(caught.value))
    # With an API key in the environment, the invalid token in the files is not used.
    monkeypatch.setenv("ZENML_STORE_URL", zenml.proxy.address)
    monkeypatch.setenv("ZENML_STORE_API_KEY", zenml.server.api_key)
    assert zenml.open().list_secrets() == ["a"]


def test_logins_of_two_managers_are_separate(zenml: ZenmlFixture) -> None:
    """In one process, a manager with a wrong API key is refused, and a manager with a valid one reads and writes.

    Neither manager changes the files of ZenML.
    """
    before = {path: path.read_bytes() for path in zenml.config_folder.rglob("*")}
    with_valid_key = zenml.open(url=zenml.proxy.address, api_key=zenml.server.new_api_key(), private=True)
    with_wrong_key = zenml.open(url=zenml.proxy.address, api_key=canary("key"))
    for name in ("a", "b"):
        with_valid_key.register_secret(secret(name, k=name))
        with pytest.raises(ManagerAccessError) as caught:
            with_wrong_key.list_secrets()
        assert not find_canary(error_details(caught.value))
    assert with_valid_key.list_secrets() == ["a", "b"]
    # The login in the files belongs to another user, who does not see these private secrets.
    assert zenml.open(private=True).list_secrets() == []
    for name in ("a", "b"):
        with_valid_key.delete_secret(name)
    assert {path: path.read_bytes() for path in zenml.config_folder.rglob("*")} == before


def test_api_key_is_stored_encrypted(zenml: ZenmlFixture, home: Path) -> None:
    """The API key in the attributes of a manager is stored encrypted, and the manager can log in with it."""
    key = zenml.server.new_api_key()
    attributes = {"url": zenml.proxy.address, "api_key": key}
    get_workspace().register_component(ComponentType.SECRETS_MANAGER, "pipelines", "zenml", attributes)
    zenml.server.put("a", {"k": "v"})
    assert get_workspace().open_manager("pipelines").list_secrets() == ["a"]
    assert not find_canary(home, key)


def test_api_key_is_not_sent_to_another_server(zenml: ZenmlFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API key of the environment and the login of ``zenml login`` are sent to their own server only.

    A manager with the option ``url`` does not use them, even if the option has the address of the same server.
    """
    monkeypatch.setenv("ZENML_STORE_URL", zenml.server.url)
    monkeypatch.setenv("ZENML_STORE_API_KEY", zenml.server.api_key)
    assert zenml.open().list_secrets() == []
    assert zenml.proxy.requests == []
    for url in (zenml.proxy.address, f"{zenml.server.url}/"):
        with pytest.raises(ManagerAccessError, match="does not accept the credentials"):
            zenml.open(url=url).list_secrets()
    assert not [request for request in zenml.proxy.requests if "login" in request]


def test_login_of_zenml(zenml: ZenmlFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ``zenml login``, a manager needs no options and no environment variables for its server.

    Without a login, the error explains how to log in.
    """
    config_folder = tmp_path / "theirs"
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(config_folder))
    with pytest.raises(InvalidOptionsError, match="has no server") as caught:
        zenml.open().list_secrets()
    assert "zenml login" in str(caught.value)
    assert zenml.open().describe()["server"] == "not set"
    zenml.server.run("zenml", "login", zenml.proxy.address, "--api-key", stdin=zenml.server.api_key, ZENML_CONFIG_PATH=str(config_folder))
    assert zenml.open().list_secrets() == []
    assert zenml.open().describe()["server"] == zenml.proxy.address


EXPIRED_TOKEN = {"access_token": "token", "expires_at": "2026-01-01T00:00:00.000000+00:00"}
VALID_TOKEN = {"access_token": "token", "expires_at": "2999-01-01T00:00:00"}
"""A token as ZenML stores it. The time when a token expires is tested with a time zone (above) and without one (here)."""


@pytest.mark.parametrize(
    ("configuration", "credentials", "expected"),
    [
        # The arguments of ServerLogin are the URL, the API key and the token.
        ({"store": {"url": "https://a/"}}, {"https://a": {"api_key": "key"}}, ServerLogin("https://a", "key")),
        (
            {"store": {"url": "https://a"}},
            {"https://a": {"api_key": "key", "api_token": VALID_TOKEN}},
            ServerLogin("https://a", "key", "token"),
        ),
        ({"store": {"url": "https://a"}}, {"https://a": {"api_key": "key", "api_token": EXPIRED_TOKEN}}, ServerLogin("https://a", "key")),
        ({"store": {"url": "https://a"}}, {"https://b": {"api_key": "key"}}, ServerLogin("https://a")),
        ({"store": {"url": "https://a"}}, {"https://a": "key"}, ServerLogin("https://a")),
        ({"store": {"url": "https://a"}}, {"https://a": {"api_key": 1, "api_token": {"expires_at": "soon"}}}, ServerLogin("https://a")),
        ({"store": {"url": "https://a"}}, ["https://a"], ServerLogin("https://a")),
        ({"store": {"url": "sqlite:////home/a/zenml.db", "type": "sql"}}, {}, None),
        ({"store": ["https://a"]}, {}, None),
        ({}, {}, None),
        ("no settings", {}, None),
    ],
)
def test_configuration_of_zenml(
    configuration: object, credentials: object, expected: ServerLogin | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If ZenML's credentials have a valid login for the configured server, this login is used.

    An expired token, and values of a wrong type, are ignored. Environment variables replace the token and the API key. If the files are
    damaged, no server is found.
    """
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(tmp_path))
    for name, content in (("config", configuration), ("credentials", credentials)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content))
    assert configured_server() == expected
    monkeypatch.setenv("ZENML_STORE_API_TOKEN", "token of a step")
    # If the configuration has no server (expected is None), the result stays None.
    assert configured_server() == (expected and ServerLogin(expected.url, None, "token of a step"))
    monkeypatch.setenv("ZENML_STORE_API_KEY", "key of a machine")
    assert configured_server() == (expected and ServerLogin(expected.url, "key of a machine", "token of a step"))
    (tmp_path / "config.yaml").write_text("{ no: yaml")
    (tmp_path / "credentials.yaml").write_bytes(b"\xff")
    assert configured_server() is None


@pytest.mark.parametrize(
    ("url", "expected_text"),
    [
        ("http://zenml.example", "no address that begins with https"),
        ("ftp://zenml.example", "no address that begins with https"),
        ("https://", "no address that begins with https"),
        ("https://[", "no address that begins with https"),
        ("https://zsCanary:x@zenml.example", "holds a user or a password"),
    ],
)
def test_unsafe_address_is_refused(url: str, expected_text: str) -> None:
    """An unencrypted or invalid address, or an address with a user or a password, is refused.

    The function ``find_canary`` finds the text "zsCanary", so the test detects the user in the error.
    """
    with pytest.raises(InvalidOptionsError, match=expected_text) as caught:
        FastRetryZenml.make_options({"url": url})
    assert not find_canary(error_details(caught.value))


def test_unencrypted_server_of_the_environment_is_refused(zenml: ZenmlFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unencrypted server in ZENML_STORE_URL is refused, without its user name in the error."""
    monkeypatch.setenv("ZENML_STORE_URL", f"http://{canary()}:x@zenml.example")
    manager = zenml.open()
    with pytest.raises(InvalidOptionsError, match="unencrypted") as caught:
        manager.list_secrets()
    assert not find_canary(error_details(caught.value) + repr(manager.describe()))


def test_stopped_server_is_reported(zenml: ZenmlFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the server does not run, reading and writing raise ManagerUnreachableError without a value."""
    monkeypatch.setenv("ZENML_STORE_URL", "http://127.0.0.1:1")
    manager = zenml.open()
    for operation in (manager.list_secrets, lambda: manager.get_secret("a"), lambda: manager.register_secret(secret("a", k=canary()))):
        with pytest.raises(ManagerUnreachableError, match="can't be reached") as caught:
            operation()
        assert not find_canary(error_details(caught.value))
