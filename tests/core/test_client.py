"""The client: the one entrance for Python code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.core.managers.counting import CountingManager, secret
from tests.core.told import in_one_line, told
from zensecrets_jupyter import (
    BasicAuthSecretSchema,
    Client,
    ComponentNotFoundError,
    NoSecretsManagerError,
    SecretNotFoundError,
    StackNotFoundError,
    redact,
)
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def counting() -> CountingManager:
    """Make a manager that counts that of the active stack, and return it."""
    workspace = Client().workspace
    workspace.register_component(ComponentType.SECRETS_MANAGER, "counting", "counting", {})
    workspace.update_stack("default", {ComponentType.SECRETS_MANAGER: "counting"})
    manager = workspace.open_manager("counting")
    assert isinstance(manager, CountingManager)
    return manager


def test_making_one_costs_nothing(tmp_path: Path) -> None:
    """A client creates no file and opens nothing, and shows where it works."""
    client = Client()
    assert str(tmp_path / "home") in repr(client)
    assert not (tmp_path / "home").exists()


def test_the_documented_way_works() -> None:
    """Client().get_secret(NAME).content is the keys and values, as plain data, and the guard masks them when shown."""
    text = canary("key")
    Client().secrets_manager.register_secret(secret("openai", api_key=text))
    found = Client().get_secret("openai")
    assert found.content == {"api_key": text}
    assert Client().get_secret("openai").content["api_key"] == text
    assert redact(str(found.content)) == "{'api_key': '‹secret:openai.api_key›'}"


def test_a_new_workspace_has_a_stack_that_works() -> None:
    """On first use there is an active stack with a local orchestrator, artifact store and secrets manager."""
    mine = Client().active_stack
    assert mine.name == "default"
    assert {kind.value for kind in mine.components} == {"orchestrator", "artifact_store"}
    assert mine.secrets_manager.FLAVOR == "local"
    assert mine.validate().ok


def test_what_is_not_there_is_told() -> None:
    """A missing secret, stack or component is an error of ours with the nearest name."""
    Client().secrets_manager.register_secret(secret("openai", api_key=canary("key")))
    with pytest.raises(SecretNotFoundError, match="Did you mean 'openai'") as caught:
        Client().get_secret("opneai")
    assert find_canary(told(caught.value)) == []
    with pytest.raises(StackNotFoundError, match="Did you mean 'default'"):
        Client().get_stack("defualt")
    with pytest.raises(ComponentNotFoundError, match="no annotator 'x'"):
        Client().get_stack_component("annotator", "x")


def test_a_stack_without_a_secrets_manager_says_how_to_add_one() -> None:
    """get_secret and secrets_manager in such a stack raise the error with the remedy."""
    Client().workspace.remove_from_stack("default", [ComponentType.SECRETS_MANAGER])
    for call in (lambda: Client().secrets_manager, lambda: Client().get_secret("any"), lambda: Client().active_stack.secrets_manager):
        with pytest.raises(NoSecretsManagerError, match="%stack update default -x") as caught:
            call()
        assert in_one_line(caught.value)


def test_many_clients_read_once(counting: CountingManager) -> None:
    """Every client of a process shares what was read: a thousand calls are one read, and an update is seen at the next."""
    counting.put("mine", key="one")
    assert {Client().get_secret("mine").content["key"] for _ in range(1000)} == {"one"}
    assert counting.reads == ["mine"]
    Client().secrets_manager.merge_secret("mine", {"key": "two"})
    assert Client().get_secret("mine").content["key"] == "two"
    counting.put("mine", key="three")
    assert Client().get_secret("mine", refresh=True).content["key"] == "three"
    assert counting.reads == ["mine"] * 3


def test_a_thousand_accesses_through_the_client_are_one_read(counting: CountingManager) -> None:
    """An attribute reached anew from the client each time is read once, and an update through us is seen at the next access."""
    counting.put("service", token="one")
    workspace = Client().workspace
    workspace.register_component(ComponentType.ANNOTATOR, "labels", "label_studio", {"authentication_secret": "{{service.token}}"})
    workspace.update_stack("default", {ComponentType.ANNOTATOR: "labels"})

    def access() -> str:
        labels = Client().active_stack.annotator
        assert labels is not None
        token: str = labels.authentication_secret
        return token

    assert {access() for _ in range(1000)} == {"one"}
    assert counting.reads == ["service"]
    Client().secrets_manager.merge_secret("service", {"token": "two"})
    assert access() == "two"
    assert counting.reads == ["service", "service"]


def test_a_component_on_its_own_resolves_in_the_active_stack(counting: CountingManager) -> None:
    """A component that is in the active stack resolves there, wherever it was had from; one that is not says so."""
    counting.put("service", token="one")
    workspace = Client().workspace
    workspace.register_component(ComponentType.ANNOTATOR, "labels", "label_studio", {"authentication_secret": "{{service.token}}"})
    alone = Client().get_stack_component("annotator", "labels")
    with pytest.raises(RuntimeError, match="not part of the active stack 'default'") as caught:
        _ = alone.authentication_secret
    assert "%stack update default --annotator labels" in str(caught.value)
    workspace.update_stack("default", {ComponentType.ANNOTATOR: "labels"})
    assert alone.authentication_secret == "one"
    workspace.register_stack("other", {ComponentType.SECRETS_MANAGER: "default"})
    workspace.set_active_stack("other")
    with pytest.raises(RuntimeError, match="not part of the active stack 'other'"):
        _ = alone.authentication_secret


def test_another_home_is_another_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is looked up at each call, so that one process may work in several."""
    Client().secrets_manager.register_secret(secret("mine", key=canary("here")))
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "other"))
    assert Client().secrets_manager.list_secrets() == []
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    assert Client().secrets_manager.list_secrets() == ["mine"]


def test_secrets_are_environment_variables_for_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Client().env sets the keys in upper case, yields them masked, and restores what was there, also after an error."""
    text = canary("password")
    Client().secrets_manager.register_secret(BasicAuthSecretSchema(name="login", username="somebody", password=text))
    monkeypatch.setenv("USERNAME", "before")

    def use() -> None:
        with Client().env("login") as variables:
            assert (os.environ["USERNAME"], os.environ["PASSWORD"]) == ("somebody", text)
            assert find_canary(redact(repr(variables))) == []
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert os.environ["USERNAME"] == "before"
    assert "PASSWORD" not in os.environ
    with pytest.raises(SecretNotFoundError), Client().env("login", "missing"):
        pass
    assert "PASSWORD" not in os.environ
