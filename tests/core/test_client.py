"""Tests of the Python client."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.counting import CountingBackend
from tests.support.managers.stores import secret
from zensecrets_jupyter import (
    BasicAuthSecretSchema,
    Client,
    ComponentNotFoundError,
    InvalidSecretError,
    NoSecretsManagerError,
    SecretNotFoundError,
    StackNotFoundError,
    redact,
)
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zensecrets_jupyter.core.managers import SecretsManager


@pytest.fixture
def counting_manager() -> SecretsManager[CountingBackend]:
    """Return a secrets manager that counts reads, and is part of the active stack."""
    workspace = Client().workspace
    workspace.register_component(ComponentType.SECRETS_MANAGER, "counting", "counting", {})
    workspace.update_stack("default", {ComponentType.SECRETS_MANAGER: "counting"})
    manager = workspace.open_manager("counting")
    assert isinstance(manager.backend, CountingBackend)
    return cast("SecretsManager[CountingBackend]", manager)


def test_a_new_client_opens_no_file(tmp_path: Path) -> None:
    """A new client creates no file. Its ``repr`` contains the workspace's folder ``home``."""
    client = Client()
    assert str(tmp_path / "home") in repr(client)
    assert not (tmp_path / "home").exists()


def test_get_secret_returns_the_content() -> None:
    """``Client().get_secret(NAME).content`` is a plain dict whose values are masked in outputs."""
    text = canary("key")
    Client().secrets_manager.register_secret(secret("openai", api_key=text))
    openai = Client().get_secret("openai")
    assert openai.content == {"api_key": text}
    assert Client().get_secret("openai").content["api_key"] == text
    assert redact(str(openai.content)) == "{'api_key': '‹secret:openai.api_key›'}"


def test_a_new_workspace_has_a_working_stack() -> None:
    """A new workspace has a local orchestrator, artifact store and secrets manager."""
    stack = Client().active_stack
    assert stack.name == "default"
    # The mapping ``components`` does not contain the secrets manager.
    assert {component_type.value for component_type in stack.components} == {"orchestrator", "artifact_store"}
    assert stack.secrets_manager.backend.FLAVOR == "local"
    assert stack.validate().ok


def test_missing_objects_raise_errors_with_near_misses() -> None:
    """A missing secret, stack or component raises an error with the most similar name, if there is one."""
    Client().secrets_manager.register_secret(secret("openai", api_key=canary("key")))
    with pytest.raises(SecretNotFoundError, match="Did you mean 'openai'") as caught:
        Client().get_secret("opneai")
    assert find_canary(error_details(caught.value)) == []
    with pytest.raises(StackNotFoundError, match="Did you mean 'default'"):
        Client().get_stack("defualt")
    with pytest.raises(ComponentNotFoundError, match="no annotator 'x'"):
        Client().get_stack_component("annotator", "x")


def test_a_stack_without_a_secrets_manager_raises_an_error() -> None:
    """Without a secrets manager, ``get_secret`` and ``secrets_manager`` raise an error with the command that adds one."""
    Client().workspace.remove_from_stack("default", [ComponentType.SECRETS_MANAGER])
    for call in (lambda: Client().secrets_manager, lambda: Client().get_secret("any"), lambda: Client().active_stack.secrets_manager):
        with pytest.raises(NoSecretsManagerError, match="%stack update default -x") as caught:
            call()
        assert is_one_line(caught.value)


def test_many_clients_read_once(counting_manager: SecretsManager[CountingBackend]) -> None:
    """All clients of a process share one cache.

    After an update through a client, the next access reads again. ``refresh=True`` always reads again.
    """
    # ``put`` changes the backend without the manager, as another machine would.
    counting_manager.backend.put("mine", key="one")
    assert {Client().get_secret("mine").content["key"] for _ in range(1000)} == {"one"}
    assert counting_manager.backend.reads == ["mine"]
    Client().secrets_manager.merge_secret("mine", {"key": "two"})
    assert Client().get_secret("mine").content["key"] == "two"
    counting_manager.backend.put("mine", key="three")
    assert Client().get_secret("mine", refresh=True).content["key"] == "three"
    assert counting_manager.backend.reads == ["mine"] * 3


def test_a_thousand_accesses_through_the_client_are_one_read(counting_manager: SecretsManager[CountingBackend]) -> None:
    """The secret of a reference is cached. After an update, the value is new."""
    counting_manager.backend.put("service", token="one")
    workspace = Client().workspace
    workspace.register_component(ComponentType.ANNOTATOR, "labels", "label_studio", {"authentication_secret": "{{service.token}}"})
    workspace.update_stack("default", {ComponentType.ANNOTATOR: "labels"})

    def access() -> str:
        labels = Client().active_stack.annotator
        assert labels is not None
        token: str = labels.authentication_secret
        return token

    assert {access() for _ in range(1000)} == {"one"}
    assert counting_manager.backend.reads == ["service"]
    Client().secrets_manager.merge_secret("service", {"token": "two"})
    assert access() == "two"
    assert counting_manager.backend.reads == ["service", "service"]


def test_a_component_resolves_only_in_the_active_stack(counting_manager: SecretsManager[CountingBackend]) -> None:
    """If a component is not part of the active stack, reading an attribute with a reference raises an error."""
    counting_manager.backend.put("service", token="one")
    workspace = Client().workspace
    workspace.register_component(ComponentType.ANNOTATOR, "labels", "label_studio", {"authentication_secret": "{{service.token}}"})
    annotator = Client().get_stack_component("annotator", "labels")
    with pytest.raises(RuntimeError, match="not part of the active stack 'default'") as caught:
        _ = annotator.authentication_secret
    assert "%stack update default --annotator labels" in str(caught.value)
    workspace.update_stack("default", {ComponentType.ANNOTATOR: "labels"})
    assert annotator.authentication_secret == "one"
    workspace.register_stack("other", {ComponentType.SECRETS_MANAGER: "default"})
    workspace.set_active_stack("other")
    with pytest.raises(RuntimeError, match="not part of the active stack 'other'"):
        _ = annotator.authentication_secret


def test_another_home_is_another_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If ZENSECRETS_HOME changes, the next call uses the workspace in the new folder."""
    Client().secrets_manager.register_secret(secret("mine", key=canary("here")))
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "other"))
    assert Client().secrets_manager.list_secrets() == []
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "home"))
    assert Client().secrets_manager.list_secrets() == ["mine"]


def test_secrets_are_environment_variables_for_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a block of ``Client().env``, each key is a variable in upper case.

    After the block, also after an error, the environment is restored.
    """
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


def test_the_client_has_the_methods_of_later_zenml() -> None:
    """The client has later ZenML versions' methods for secrets, such as ``create_secret``."""
    client = Client()
    first_value, second_value = canary("first"), canary("second")
    created_secret = client.create_secret(name="db", values={"user": first_value, "old": second_value}, private=True)
    assert created_secret.secret_values == {"user": first_value, "old": second_value}
    client.create_secret("api", {"token": second_value})
    page = client.list_secrets()
    assert ([secret_on_page.name for secret_on_page in page], page.total, len(page), page[0].name) == (["api", "db"], 2, 2, "api")
    assert [secret_on_page.name for secret_on_page in client.list_secrets(page=2, size=1).items] == ["db"]
    assert client.list_secrets(name="db")[0].secret_values["user"] == first_value
    updated_secret = client.update_secret("db", new_name="store", add_or_update_values={"new": second_value}, remove_values=["old"])
    assert (updated_secret.name, updated_secret.secret_values) == ("store", {"user": first_value, "new": second_value})
    assert client.get_secret(name_id_or_prefix="store", allow_partial_name_match=False) == client.get_secret(name="store")
    client.delete_secret("store")
    with pytest.raises(SecretNotFoundError):
        client.get_secret("store")
    assert find_canary(redact(f"{created_secret!r} {page!r} {updated_secret.secret_values}")) == []


def test_arguments_that_zenml_does_not_have_are_refused() -> None:
    """A call with an unknown argument writes nothing, and its values are masked.

    Most of the unknown arguments are misspelled, such as ``privat``.
    """
    client: Any = Client()
    client.create_secret("there", {"key": "not a secret"})
    calls: list[Callable[[str], Any]] = [
        lambda value: client.create_secret("db", {"key": value}, privat=True),
        lambda value: client.create_secret("db", {}, password=value),
        lambda value: client.update_secret("there", add_or_update_values={"key": value}, remove_value=["key"]),
        lambda value: client.get_secret("db", refrsh=value),
    ]
    for call in calls:
        value = canary("given")
        with pytest.raises(TypeError, match="has no argument") as caught:
            call(value)
        assert len(str(caught.value).splitlines()) == 1
        assert find_canary(redact(value)) == []
    # Names and descriptions are no values, so they are not masked after a wrong call. The text "nosuch-schema" is used for all of them.
    calls_without_value: list[Callable[[], Any]] = [
        lambda: client.create_secret("db", {}, schema="nosuch-schema", description="nosuch-schema"),
        lambda: client.list_secrets(nme="nosuch-schema"),
        lambda: client.get_secret(nam="nosuch-schema"),
        lambda: client.delete_secret("db", scheme="nosuch-schema"),
        lambda: client.update_secret("there", descripton="nosuch-schema"),
        lambda: client.secrets_manager.register_secret("db", schema="nosuch-schema", nmae="nosuch-schema"),
    ]
    for call_without_value in calls_without_value:
        with pytest.raises(TypeError):
            call_without_value()
        assert redact("nosuch-schema") == "nosuch-schema"
    assert [secret.name for secret in client.list_secrets()] == ["there"]
    assert client.get_secret("there").secret_values == {"key": "not a secret"}


def test_a_secrets_manager_has_the_attributes_of_a_component() -> None:
    """A secrets manager has a component's attributes: flavor, type, and options, also named ``config``."""
    manager = Client().secrets_manager
    assert (manager.flavor, manager.type, manager.type.value) == ("local", ComponentType.SECRETS_MANAGER, "secrets_manager")
    assert manager.config is manager.options


def test_content_can_be_assigned_and_stored() -> None:
    """An assignment to the content of a secret changes the object, and changes the stored secret only after an update."""
    manager = Client().secrets_manager
    old, new = canary("old"), canary("new")
    manager.register_secret(secret("openai", api_key=old))
    # For a type checker, the attributes of a secret can't be assigned.
    changed_secret: Any = manager.get_secret("openai")
    changed_secret.arbitrary_kv_pairs = {"api_key": new, "more": new}
    assert changed_secret.content == dict(changed_secret.arbitrary_kv_pairs) == {"api_key": new, "more": new}
    assert redact(new) != new
    assert manager.get_secret("openai").content == {"api_key": old}
    assert manager.get_secrets(["openai"])["openai"] == secret("openai", api_key=old)
    manager.update_secret(changed_secret)
    assert manager.get_secret("openai").content == {"api_key": new, "more": new}
    # A key can't contain a brace.
    for wrong_content in ({"a{b": "x"}, {"key": 7}, "text"):
        with pytest.raises(InvalidSecretError):
            changed_secret.arbitrary_kv_pairs = wrong_content
        assert changed_secret.content == {"api_key": new, "more": new}
    pairs = changed_secret.arbitrary_kv_pairs
    pairs["more"] = old
    pairs.update(third=old)
    del pairs["api_key"]
    with pytest.raises(InvalidSecretError):
        pairs["a{b"] = canary("refused")
    with pytest.raises(KeyError):
        del pairs["api_key"]
    assert changed_secret.content == dict(pairs) == dict(changed_secret.arbitrary_kv_pairs) == {"more": old, "third": old}
    assert find_canary(repr(pairs)) == []
    assert manager.get_secret("openai").content == {"api_key": new, "more": new}
    with pytest.raises(AttributeError):
        changed_secret.name = "other"


@pytest.mark.parametrize(
    ("value", "remark"),
    [("", "is empty"), (" v-of-it", "begins with white space, which is kept"), ("v-of-it\n", "ends with a line end, which is kept")],
)
def test_a_value_with_invisible_characters_raises_a_warning(value: str, remark: str) -> None:
    """A value that is empty, or begins or ends with white space, raises a warning.

    The warning is reported for the file of the caller, and does not quote the value.
    """
    calls: list[Callable[[], object]] = [
        lambda: Client().create_secret("unseen", {"k": value}),
        lambda: Client().update_secret("unseen", add_or_update_values={"k": value}),
    ]
    for call in calls:
        with pytest.warns(UserWarning, match=f"The value of unseen.k {remark}") as caught:
            call()
        assert [warning.filename for warning in caught] == [__file__]
        assert "v-of-it" not in str(caught[0].message)
    assert Client().get_secret("unseen").content == {"k": value}


def test_a_secret_without_keys_raises_a_warning() -> None:
    """A secret without keys is registered, as in ZenML, and causes a warning."""
    with pytest.warns(UserWarning, match="Secret 'nothing' holds no keys"):
        Client().create_secret("nothing", {})
