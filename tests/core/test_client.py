"""The client: the one entrance for Python code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.counting import CountingBackend, secret
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
def counting() -> SecretsManager[CountingBackend]:
    """Make a manager that counts that of the active stack, and return it."""
    workspace = Client().workspace
    workspace.register_component(ComponentType.SECRETS_MANAGER, "counting", "counting", {})
    workspace.update_stack("default", {ComponentType.SECRETS_MANAGER: "counting"})
    manager = workspace.open_manager("counting")
    assert isinstance(manager.backend, CountingBackend)
    return cast("SecretsManager[CountingBackend]", manager)


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
    assert mine.secrets_manager.backend.FLAVOR == "local"
    assert mine.validate().ok


def test_what_is_not_there_is_told() -> None:
    """A missing secret, stack or component is an error of ours with the nearest name."""
    Client().secrets_manager.register_secret(secret("openai", api_key=canary("key")))
    with pytest.raises(SecretNotFoundError, match="Did you mean 'openai'") as caught:
        Client().get_secret("opneai")
    assert find_canary(error_details(caught.value)) == []
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
        assert is_one_line(caught.value)


def test_many_clients_read_once(counting: SecretsManager[CountingBackend]) -> None:
    """Every client of a process shares what was read: a thousand calls are one read, and an update is seen at the next."""
    counting.backend.put("mine", key="one")
    assert {Client().get_secret("mine").content["key"] for _ in range(1000)} == {"one"}
    assert counting.backend.reads == ["mine"]
    Client().secrets_manager.merge_secret("mine", {"key": "two"})
    assert Client().get_secret("mine").content["key"] == "two"
    counting.backend.put("mine", key="three")
    assert Client().get_secret("mine", refresh=True).content["key"] == "three"
    assert counting.backend.reads == ["mine"] * 3


def test_a_thousand_accesses_through_the_client_are_one_read(counting: SecretsManager[CountingBackend]) -> None:
    """An attribute reached anew from the client each time is read once, and an update through us is seen at the next access."""
    counting.backend.put("service", token="one")
    workspace = Client().workspace
    workspace.register_component(ComponentType.ANNOTATOR, "labels", "label_studio", {"authentication_secret": "{{service.token}}"})
    workspace.update_stack("default", {ComponentType.ANNOTATOR: "labels"})

    def access() -> str:
        labels = Client().active_stack.annotator
        assert labels is not None
        token: str = labels.authentication_secret
        return token

    assert {access() for _ in range(1000)} == {"one"}
    assert counting.backend.reads == ["service"]
    Client().secrets_manager.merge_secret("service", {"token": "two"})
    assert access() == "two"
    assert counting.backend.reads == ["service", "service"]


def test_a_component_on_its_own_resolves_in_the_active_stack(counting: SecretsManager[CountingBackend]) -> None:
    """A component that is in the active stack resolves there, wherever it was had from; one that is not says so."""
    counting.backend.put("service", token="one")
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


def test_secrets_are_handled_by_zenml_s_names() -> None:
    """Created, listed without a read, read, changed and deleted by the names that current ZenML has; values are masked when shown."""
    client = Client()
    first, second = canary("first"), canary("second")
    created = client.create_secret(name="db", values={"user": first, "old": second}, private=True)
    assert created.secret_values == {"user": first, "old": second}
    client.create_secret("api", {"token": second})
    page = client.list_secrets()
    assert ([one.name for one in page], page.total, len(page), page[0].name) == (["api", "db"], 2, 2, "api")
    assert [one.name for one in client.list_secrets(page=2, size=1).items] == ["db"]
    assert client.list_secrets(name="db")[0].secret_values["user"] == first
    changed = client.update_secret("db", new_name="store", add_or_update_values={"new": second}, remove_values=["old"])
    assert (changed.name, changed.secret_values) == ("store", {"user": first, "new": second})
    assert client.get_secret(name_id_or_prefix="store", allow_partial_name_match=False) == client.get_secret(name="store")
    client.delete_secret("store")
    with pytest.raises(SecretNotFoundError):
        client.get_secret("store")
    assert find_canary(redact(f"{created!r} {page!r} {changed.secret_values}")) == []


def test_arguments_that_zenml_does_not_have_are_refused() -> None:
    """The error names the near miss, and what was given is masked in the line of code that it shows; nothing is written."""
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
    others: list[Callable[[], Any]] = [
        lambda: client.create_secret("db", {}, schema="nosuch-schema", description="nosuch-schema"),
        lambda: client.list_secrets(nme="nosuch-schema"),
        lambda: client.get_secret(nam="nosuch-schema"),
        lambda: client.delete_secret("db", scheme="nosuch-schema"),
        lambda: client.update_secret("there", descripton="nosuch-schema"),
        lambda: client.secrets_manager.register_secret("db", schema="nosuch-schema", nmae="nosuch-schema"),
    ]
    for other in others:
        with pytest.raises(TypeError):
            other()
        assert redact("nosuch-schema") == "nosuch-schema"
    assert [secret.name for secret in client.list_secrets()] == ["there"]
    assert client.get_secret("there").secret_values == {"key": "not a secret"}


def test_a_secrets_manager_reads_as_a_component() -> None:
    """Flavor, type and options are where a component of a stack has them."""
    manager = Client().secrets_manager
    assert (manager.flavor, manager.type, manager.type.value) == ("local", ComponentType.SECRETS_MANAGER, "secrets_manager")
    assert manager.config is manager.options


def test_content_can_be_assigned_and_stored() -> None:
    """What is assigned is that object's alone until it is stored: whoever reads the secret gets what is stored."""
    manager = Client().secrets_manager
    old, new = canary("old"), canary("new")
    manager.register_secret(secret("openai", api_key=old))
    # To a type checker a secret is frozen, as it is but for this.
    mine: Any = manager.get_secret("openai")
    mine.arbitrary_kv_pairs = {"api_key": new, "more": new}
    assert mine.content == dict(mine.arbitrary_kv_pairs) == {"api_key": new, "more": new}
    assert redact(new) != new
    assert manager.get_secret("openai").content == {"api_key": old}
    assert manager.get_secrets(["openai"])["openai"] == secret("openai", api_key=old)
    manager.update_secret(mine)
    assert manager.get_secret("openai").content == {"api_key": new, "more": new}
    for wrong in ({"a{b": "x"}, {"key": 7}, "text"):
        with pytest.raises(InvalidSecretError):
            mine.arbitrary_kv_pairs = wrong
        assert mine.content == {"api_key": new, "more": new}
    pairs = mine.arbitrary_kv_pairs
    pairs["more"] = old
    pairs.update(third=old)
    del pairs["api_key"]
    with pytest.raises(InvalidSecretError):
        pairs["a{b"] = canary("refused")
    with pytest.raises(KeyError):
        del pairs["api_key"]
    assert mine.content == dict(pairs) == dict(mine.arbitrary_kv_pairs) == {"more": old, "third": old}
    assert find_canary(repr(pairs)) == []
    assert manager.get_secret("openai").content == {"api_key": new, "more": new}
    with pytest.raises(AttributeError):
        mine.name = "other"


@pytest.mark.parametrize(
    ("value", "remark"),
    [("", "is empty"), (" v-of-it", "begins with white space, which is kept"), ("v-of-it\n", "ends with a line end, which is kept")],
)
def test_a_value_that_holds_what_nobody_sees_is_warned_about(value: str, remark: str) -> None:
    """As the commands do, without the value, and at the line that gave it."""
    gives: list[Callable[[], object]] = [
        lambda: Client().create_secret("unseen", {"k": value}),
        lambda: Client().update_secret("unseen", add_or_update_values={"k": value}),
    ]
    for give in gives:
        with pytest.warns(UserWarning, match=f"The value of unseen.k {remark}") as caught:
            give()
        assert [one.filename for one in caught] == [__file__]
        assert "v-of-it" not in str(caught[0].message)
    assert Client().get_secret("unseen").content == {"k": value}


def test_a_secret_without_keys_is_warned_about() -> None:
    """It is registered, as in ZenML."""
    with pytest.warns(UserWarning, match="Secret 'nothing' holds no keys"):
        Client().create_secret("nothing", {})
