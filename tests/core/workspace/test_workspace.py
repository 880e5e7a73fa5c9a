"""Tests of the workspace: its methods and errors, several processes, damage, and the content of its files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.cells import run_cell
from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.counting import CountingBackend
from tests.support.managers.stores import secret
from tests.support.processes import TIMEOUT, run_python
from zensecrets_jupyter import (
    Client,
    ComponentExistsError,
    ComponentNotFoundError,
    InvalidComponentError,
    InvalidOptionsError,
    InvalidReferenceError,
    InvalidStackError,
    ManagerAccessError,
    ManagerCorruptedError,
    NoSecretsManagerError,
    StackExistsError,
    StackNotFoundError,
    StoreTooNewError,
    UnknownFlavorError,
)
from zensecrets_jupyter.core.reference import RawText
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.workspace import Workspace, get_workspace
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

ANNOTATOR, ALERTER, MANAGER = ComponentType.ANNOTATOR, ComponentType.ALERTER, ComponentType.SECRETS_MANAGER
LABELS_ATTRIBUTES = {"authentication_secret": "{{service.token}}"}


@pytest.fixture
def workspace() -> Workspace:
    """Return the workspace of the test's home."""
    return get_workspace()


@pytest.fixture
def labels_workspace(workspace: Workspace) -> Workspace:
    """Return the workspace with an annotator ``labels`` in its active stack."""
    workspace.register_component(ANNOTATOR, "labels", "label_studio", LABELS_ATTRIBUTES)
    workspace.update_stack("default", {ANNOTATOR: "labels"})
    return workspace


# First use.


def test_first_use_creates_the_default_stack(workspace: Workspace) -> None:
    """The first use creates an active stack ``default`` of three local components."""
    assert not workspace.home.exists()
    assert repr(workspace) == f"<Workspace {str(workspace.home)!r}>"
    assert [(record.type.value, record.name, record.flavor) for record in workspace.components()] == [
        ("artifact_store", "default", "local"),
        ("orchestrator", "default", "local"),
        ("secrets_manager", "default", "local"),
    ]
    assert [(record.name, record.is_active) for record in workspace.stacks()] == [("default", True)]
    assert workspace.active_stack_name == "default"
    assert workspace.stack().name == "default"


def test_the_folder_is_private(workspace: Workspace) -> None:
    """Folders have the mode 0700 and files the mode 0600, even with the umask 0."""
    umask_before = os.umask(0)
    try:
        workspace.register_component(ALERTER, "talk", "slack", {"slack_token": canary("token")})
        workspace.open_manager("default").register_secret(secret("mine", key=canary("key")))
    finally:
        os.umask(umask_before)
    for path in [workspace.home, *workspace.home.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_process_has_one_object_for_each_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process has one object for each workspace, and one object for each secrets manager."""
    assert get_workspace() is get_workspace()
    assert get_workspace().open_manager("default") is get_workspace().open_manager("default")
    first_workspace = get_workspace()
    monkeypatch.setenv("ZENSECRETS_HOME", str(tmp_path / "other"))
    assert get_workspace() is not first_workspace


# Components.


def test_a_component_is_registered_and_listed(workspace: Workspace) -> None:
    """The record of a component has its type, name, flavor, attributes and time. The methods of the workspace return it."""
    record = workspace.register_component(ANNOTATOR, "labels", "label_studio", LABELS_ATTRIBUTES)
    assert (record.type, record.name, record.flavor, record.attributes) == (ANNOTATOR, "labels", "label_studio", LABELS_ATTRIBUTES)
    assert record.created.tzinfo is not None
    assert workspace.component(ANNOTATOR, "labels") == record
    assert workspace.components(ANNOTATOR) == [record]
    assert [component.name for component in workspace.components(ALERTER)] == []
    # A component of another type may have the same name.
    workspace.register_component(ALERTER, "labels", "custom", {})
    # These are three default components and two new ones.
    assert len(workspace.components()) == 5


def test_an_opened_component_resolves_in_the_active_stack(labels_workspace: Workspace) -> None:
    """If a component is part of the active stack, its attributes with references return the values."""
    text = canary("token")
    labels_workspace.open_manager("default").register_secret(secret("service", token=text))
    assert labels_workspace.open_component(ANNOTATOR, "labels").authentication_secret == text
    # 8093 is the default of the flavor.
    assert labels_workspace.open_component(ANNOTATOR, "labels").port == 8093
    annotator = labels_workspace.stack().annotator
    assert annotator is not None
    assert annotator.authentication_secret == text


INVALID_NAMES = ["", " ", "-a", " a", "a ", "a\nb", "x" * 256, "\x00"]


@pytest.mark.parametrize("name", INVALID_NAMES)
def test_an_invalid_component_name_is_refused(name: str, labels_workspace: Workspace) -> None:
    """Empty, long, unprintable and padded names, and names like an option, such as ``-a``, are refused by each method."""
    components_before = labels_workspace.components()
    calls: list[Callable[[], object]] = [
        lambda: labels_workspace.register_component(ANNOTATOR, name, "custom", {}),
        lambda: labels_workspace.rename_component(ANNOTATOR, "labels", name),
        lambda: labels_workspace.copy_component(ANNOTATOR, "labels", name),
    ]
    for call in calls:
        with pytest.raises(InvalidComponentError, match="can't be the name of an annotator") as caught:
            call()
        assert is_one_line(caught.value)
    assert labels_workspace.components() == components_before


@pytest.mark.parametrize("name", ["{{a.b}}", "x{{a.b}}", "{a.b}", "{{a}}"])
def test_a_name_can_not_be_a_reference(name: str, labels_workspace: Workspace) -> None:
    """A reference, or a text that resembles one, is refused as the name of a component or stack."""
    calls: list[Callable[[], object]] = [
        lambda: labels_workspace.register_component(ANNOTATOR, name, "custom", {}),
        lambda: labels_workspace.rename_component(ANNOTATOR, "labels", name),
        lambda: labels_workspace.register_stack(name, {}),
        lambda: labels_workspace.rename_stack("default", name),
        lambda: labels_workspace.copy_stack("default", name),
    ]
    for call in calls:
        with pytest.raises(InvalidReferenceError, match="can't be a reference to a secret"):
            call()


def test_an_existing_component_name_is_refused(labels_workspace: Workspace) -> None:
    """Registering, renaming or copying to an existing name raises a ValueError and changes nothing."""
    labels_workspace.register_component(ANNOTATOR, "other", "custom", {})
    components_before = labels_workspace.components()
    calls: list[Callable[[], object]] = [
        lambda: labels_workspace.register_component(ANNOTATOR, "labels", "custom", {}),
        lambda: labels_workspace.rename_component(ANNOTATOR, "other", "labels"),
        lambda: labels_workspace.copy_component(ANNOTATOR, "other", "labels"),
    ]
    for call in calls:
        with pytest.raises(ComponentExistsError, match="There is an annotator 'labels' already; it was not changed") as caught:
            call()
        assert isinstance(caught.value, ValueError)
        assert "%zen annotator update labels" in caught.value.hint
    assert labels_workspace.components() == components_before


# Calls of each method with the name of an annotator as an argument.
COMPONENT_METHODS: dict[str, Callable[[Workspace, str], Any]] = {
    "component": lambda workspace, name: workspace.component(ANNOTATOR, name),
    "open": lambda workspace, name: workspace.open_component(ANNOTATOR, name),
    "update": lambda workspace, name: workspace.update_component(ANNOTATOR, name, {}),
    "rename": lambda workspace, name: workspace.rename_component(ANNOTATOR, name, "new"),
    "copy": lambda workspace, name: workspace.copy_component(ANNOTATOR, name, "new"),
    "delete": lambda workspace, name: workspace.delete_component(ANNOTATOR, name),
    "register a stack": lambda workspace, name: workspace.register_stack("new", {ANNOTATOR: name}),
    "update a stack": lambda workspace, name: workspace.update_stack("default", {ANNOTATOR: name}),
}


@pytest.mark.parametrize("call", COMPONENT_METHODS.values(), ids=COMPONENT_METHODS)
def test_a_missing_component_lists_similar_names(call: Callable[[Workspace, str], Any], labels_workspace: Workspace) -> None:
    """For a missing component, each method raises an error with similar names.

    If there are none, the error has the list command. ``lables`` is similar to the existing ``labels``.
    """
    state_before = (labels_workspace.components(), labels_workspace.stacks())
    with pytest.raises(ComponentNotFoundError, match=r"There is no annotator 'lables'\. Did you mean 'labels'\?") as caught:
        call(labels_workspace, "lables")
    assert isinstance(caught.value, KeyError)
    with pytest.raises(ComponentNotFoundError, match="%zen annotator list"):
        call(labels_workspace, "zzz")
    assert (labels_workspace.components(), labels_workspace.stacks()) == state_before


def test_attributes_are_checked_before_the_write(workspace: Workspace) -> None:
    """The errors for unknown flavors and invalid attributes have one line and no values."""
    components_before = workspace.components()
    text = canary("refused")
    invalid_components: list[tuple[ComponentType, str, dict[str, Any], type[Exception]]] = [
        (ANNOTATOR, "label-studio", {}, UnknownFlavorError),
        (MANAGER, "locall", {}, UnknownFlavorError),
        (ANNOTATOR, "label_studio", {"port": text}, InvalidComponentError),
        (ANNOTATOR, "label_studio", {"prot": text}, InvalidComponentError),
        (ANNOTATOR, "label_studio", {"authentication_secret": "{{a}}"}, InvalidReferenceError),
        (ANNOTATOR, "label_studio", {"port": "{{a.b}}"}, InvalidReferenceError),
        (ALERTER, "slack", {}, InvalidComponentError),
        (MANAGER, "local", {"versions_kept": text}, InvalidOptionsError),
        (MANAGER, "local", {"path": "{{a.b}}"}, InvalidReferenceError),
        (MANAGER, "memory", {"any": text}, InvalidOptionsError),
    ]
    for component_type, flavor, attributes, error in invalid_components:
        with pytest.raises(error) as caught:
            workspace.register_component(component_type, "new", flavor, attributes)
        assert find_canary(error_details(caught.value)) == []
        assert len(str(caught.value).splitlines()) == 1
    assert workspace.components() == components_before


def test_an_update_keeps_other_attributes(labels_workspace: Workspace) -> None:
    """An update changes and removes attributes, and keeps the other attributes, the id and the flavor."""
    old_record = labels_workspace.component(ANNOTATOR, "labels")
    # The text is converted to a number, the type of this attribute.
    new_record = labels_workspace.update_component(ANNOTATOR, "labels", {"port": "9000", "instance_url": "https://{{service.host}}"})
    assert new_record.attributes == {**LABELS_ATTRIBUTES, "port": 9000, "instance_url": "https://{{service.host}}"}
    assert (new_record.id, new_record.flavor, new_record.created) == (old_record.id, old_record.flavor, old_record.created)
    assert new_record.updated > old_record.updated
    assert labels_workspace.update_component(ANNOTATOR, "labels", {}, remove=["port"]).attributes.keys() == {
        "authentication_secret",
        "instance_url",
    }
    with pytest.raises(InvalidComponentError, match=r"has no attribute 'port' to remove\. Its attributes are"):
        labels_workspace.update_component(ANNOTATOR, "labels", {"instance_url": "x"}, remove=["port"])
    assert labels_workspace.component(ANNOTATOR, "labels").attributes["instance_url"] == "https://{{service.host}}"


def test_a_rename_keeps_stacks_and_id(labels_workspace: Workspace) -> None:
    """A renamed component keeps its id and stays in its stacks."""
    old_record = labels_workspace.component(ANNOTATOR, "labels")
    new_record = labels_workspace.rename_component(ANNOTATOR, "labels", "tags")
    assert new_record.id == old_record.id
    assert labels_workspace.stack_record().components[ANNOTATOR] == "tags"
    with pytest.raises(ComponentNotFoundError):
        labels_workspace.component(ANNOTATOR, "labels")


def test_a_renamed_manager_keeps_its_secrets(workspace: Workspace) -> None:
    """A renamed secrets manager keeps its secrets and uses its new name in errors."""
    text = canary("kept")
    workspace.open_manager("default").register_secret(secret("mine", key=text))
    # Here ``vault`` is only a name. The flavor is still ``local``.
    workspace.rename_component(MANAGER, "default", "vault")
    renamed_manager = workspace.open_manager("vault")
    assert renamed_manager.get_secret("mine").content == {"key": text}
    with pytest.raises(KeyError, match="secrets manager 'vault'"):
        renamed_manager.get_secret("other")


def test_a_copy_has_its_own_id(labels_workspace: Workspace) -> None:
    """A copied component has equal attributes and another id, and a copied manager is empty."""
    copied_record = labels_workspace.copy_component(ANNOTATOR, "labels", "copy")
    assert copied_record.attributes == LABELS_ATTRIBUTES
    assert copied_record.id != labels_workspace.component(ANNOTATOR, "labels").id
    labels_workspace.open_manager("default").register_secret(secret("mine", key=canary("mine")))
    labels_workspace.copy_component(MANAGER, "default", "second")
    assert labels_workspace.open_manager("second").list_secrets() == []


def test_a_component_in_a_stack_is_not_deleted(labels_workspace: Workspace) -> None:
    """A component in a stack is not deleted, and the error names the command that removes it."""
    with pytest.raises(InvalidComponentError, match=r"is part of stack 'default'\. Remove it first: .* --annotator"):
        labels_workspace.delete_component(ANNOTATOR, "labels")
    labels_workspace.remove_from_stack("default", [ANNOTATOR])
    labels_workspace.delete_component(ANNOTATOR, "labels")
    assert labels_workspace.components(ANNOTATOR) == []


def test_a_manager_with_secrets_is_not_deleted(workspace: Workspace) -> None:
    """A local manager with secrets is not deleted, and an empty one is deleted with its files."""
    workspace.register_component(MANAGER, "second", "local", {})
    manager = workspace.open_manager("second")
    manager.register_secret(secret("mine", key=canary("mine")))
    folder = manager.context.folder
    with pytest.raises(InvalidComponentError, match="still holds 1 secret") as caught:
        workspace.delete_component(MANAGER, "second")
    assert find_canary(error_details(caught.value)) == []
    assert folder.exists()
    manager.delete_all_secrets()
    workspace.delete_component(MANAGER, "second")
    assert not folder.exists()


GONE_CELL = """
from typing import ClassVar
from zensecrets_jupyter import StackComponentConfig

class GoneConfig(StackComponentConfig):
    TYPE: ClassVar[str] = "annotator"
    FLAVOR: ClassVar[str] = "gone"
    token: str
"""
"""A cell that defines a flavor, which other processes do not know."""


def test_a_component_of_an_undefined_flavor_can_be_deleted(workspace: Workspace) -> None:
    """If no class defines the flavor of a component, the component can be listed and deleted. Opening it raises an error."""
    namespace = run_cell(GONE_CELL)
    assert namespace["GoneConfig"].FLAVOR == "gone"
    workspace.register_component(ANNOTATOR, "mine", "gone", {"token": "{{a.b}}"})
    # The import of ``CountingBackend`` above defines the flavor ``counting``, in this process only.
    workspace.register_component(MANAGER, "counting", "counting", {})
    workspace.register_stack("old", {ANNOTATOR: "mine", MANAGER: "counting"})
    code = """
import json
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.stack import ComponentType
workspace = Client().workspace
def attempt(call):
    try:
        return call()
    except ZenSecretsError as error:
        return [error.code, str(error)]
annotator, manager = ComponentType.ANNOTATOR, ComponentType.SECRETS_MANAGER
print(json.dumps([
    workspace.component(annotator, "mine").attributes,
    attempt(lambda: workspace.open_component(annotator, "mine")),
    attempt(lambda: workspace.open_manager("counting")),
    attempt(lambda: workspace.stack("old")),
    [workspace.delete_stack("old"), workspace.delete_component(annotator, "mine"), workspace.delete_component(manager, "counting")],
]))
"""
    attributes, component, manager, stack, _ = run_python(code)
    assert attributes == {"token": "{{a.b}}"}
    assert component[0] == "flavor-unavailable"
    assert "Run the cell that defines its class, or install its package." in component[1]
    assert manager[0] == stack[0] == "flavor-unavailable"
    assert "secrets manager 'counting' has the flavor 'counting', which is not defined here. Run the cell" in manager[1]
    assert workspace.components(ANNOTATOR) == []


def test_a_redefined_class_is_used_for_opening(workspace: Workspace) -> None:
    """If the cell that defines a flavor is run again, components that are opened afterwards have the new class."""
    source = """
from typing import ClassVar
from zensecrets_jupyter import StackComponentConfig
from zensecrets_jupyter.core.managers.backends.memory import MemoryBackend

class AgainConfig(StackComponentConfig):
    TYPE: ClassVar[str] = "annotator"
    FLAVOR: ClassVar[str] = "again_in_a_cell"

class AgainBackend(MemoryBackend):
    FLAVOR: ClassVar[str] = "again_in_a_cell"
"""
    run_cell(source)
    workspace.register_component(ANNOTATOR, "mine", "again_in_a_cell", {})
    workspace.register_component(MANAGER, "mine", "again_in_a_cell", {})
    workspace.register_stack("mine", {ANNOTATOR: "mine", MANAGER: "mine"})
    assert workspace.stack("mine").annotator is not None
    namespace = run_cell(source)
    reopened_stack = workspace.stack("mine")
    assert reopened_stack.annotator is not None
    assert type(reopened_stack.annotator.config) is namespace["AgainConfig"]
    assert type(reopened_stack.secrets_manager.backend) is namespace["AgainBackend"]


# Sensitive attributes.


def test_a_sensitive_plain_value_is_encrypted(workspace: Workspace) -> None:
    """A sensitive plain value is in no file and no record, also after updates.

    The attribute of the opened component returns the value.
    """
    first_token, second_token = canary("one"), canary("two")
    record = workspace.register_component(ALERTER, "talk", "slack", {"slack_token": first_token, "default_slack_channel_id": "C1"})
    assert record.attributes == {"default_slack_channel_id": "C1", "slack_token": "‹secret:slack_token›"}
    assert record.sealed is not None
    assert record.sealed.names == ("slack_token",)
    assert workspace.open_component(ALERTER, "talk").slack_token == first_token
    workspace.update_component(ALERTER, "talk", {"default_slack_channel_id": "C2"})
    assert workspace.open_component(ALERTER, "talk").slack_token == first_token
    workspace.update_component(ALERTER, "talk", {"slack_token": second_token})
    assert workspace.open_component(ALERTER, "talk").slack_token == second_token
    workspace.copy_component(ALERTER, "talk", "copy")
    assert workspace.open_component(ALERTER, "copy").slack_token == second_token
    assert find_canary(repr(workspace.open_component(ALERTER, "copy")) + repr(workspace.components()) + repr(record)) == []
    assert find_canary(workspace.home) == []
    record_with_reference = workspace.update_component(ALERTER, "talk", {"slack_token": "{{slack.token}}"})
    assert record_with_reference.sealed is None
    assert record_with_reference.attributes["slack_token"] == "{{slack.token}}"


LIST_CELL = """
from typing import ClassVar
from zensecrets_jupyter import SecretField, StackComponentConfig

class ListConfig(StackComponentConfig):
    TYPE: ClassVar[str] = "annotator"
    FLAVOR: ClassVar[str] = "list_in_a_cell"
    tokens: list[str] = SecretField(default_factory=list)
"""
"""A cell that defines a flavor with a sensitive list."""


def test_a_sensitive_list_is_encrypted(workspace: Workspace) -> None:
    """A sensitive list is encrypted in the file, and returned unchanged by the opened component."""
    run_cell(LIST_CELL)
    tokens = [canary("one"), canary("two")]
    workspace.register_component(ANNOTATOR, "mine", "list_in_a_cell", {"tokens": tokens})
    assert find_canary(workspace.home) == []
    opened_component = workspace.open_component(ANNOTATOR, "mine")
    assert opened_component.tokens == tokens
    assert find_canary(repr(opened_component) + repr(workspace.component(ANNOTATOR, "mine"))) == []


def test_a_raw_text_stays_raw(workspace: Workspace) -> None:
    """A RawText is not resolved, even after an update and in another process, although it looks like a reference."""
    # The first attribute is sensitive and encrypted, the second one is not.
    attributes = {"slack_token": RawText("{{not.a}}"), "default_slack_channel_id": RawText("{{a}}")}
    workspace.register_component(ALERTER, "talk", "slack", attributes)
    workspace.update_component(ALERTER, "talk", {})
    opened_component = workspace.open_component(ALERTER, "talk")
    assert (opened_component.slack_token, opened_component.default_slack_channel_id) == ("{{not.a}}", "{{a}}")
    code = """
import json
from zensecrets_jupyter import Client
opened = Client().get_stack_component("alerter", "talk")
print(json.dumps([opened.slack_token, opened.default_slack_channel_id, opened.config.required_secrets]))
"""
    assert run_python(code) == ["{{not.a}}", "{{a}}", []]


def test_encrypted_values_are_bound_to_their_component(workspace: Workspace) -> None:
    """If the encrypted value of a component is copied to another component or altered, opening the component raises an error."""
    for name in ("one", "two"):
        workspace.register_component(ALERTER, name, "slack", {"slack_token": canary(name)})
    database = workspace.home / "workspace.db"
    ids = {name: workspace.component(ALERTER, name).id for name in ("one", "two")}
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        (sealed,) = connection.execute("SELECT sealed_values FROM components WHERE id = ?", (ids["one"],)).fetchone()
        connection.execute("UPDATE components SET sealed_values = ? WHERE id = ?", (sealed, ids["two"]))
        # This changes one bit of the last byte.
        altered = bytes([*sealed[:-1], sealed[-1] ^ 1])
        connection.execute("UPDATE components SET sealed_values = ? WHERE id = ?", (altered, ids["one"]))
        # Each write of the package increases the revision, so that other processes read the rows again.
        connection.execute("UPDATE workspace SET revision = revision + 1")
    reopened_workspace = Workspace(workspace.home)
    for name in ("one", "two"):
        with pytest.raises(ManagerCorruptedError) as caught:
            reopened_workspace.open_component(ALERTER, name)
        assert find_canary(error_details(caught.value)) == []


def test_a_fingerprint_depends_on_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    """The fingerprint of a text depends on the home, not on the ``Workspace`` object.

    The fingerprint does not contain the text.
    """
    text = canary("fingerprinted")
    first = workspace.fingerprint(text)
    assert first == workspace.fingerprint(text) == Workspace(workspace.home).fingerprint(text)
    assert first != workspace.fingerprint(text + "x")
    assert first != Workspace(tmp_path / "other").fingerprint(text)
    assert find_canary(first) == []


# Stacks.


def test_a_stack_is_registered_changed_and_deleted(labels_workspace: Workspace) -> None:
    """A stack has its components in the order of their addition.

    Its components can be replaced and removed.
    """
    record = labels_workspace.register_stack("mine", {ANNOTATOR: "labels", MANAGER: "default"})
    assert list(record.components.items()) == [(ANNOTATOR, "labels"), (MANAGER, "default")]
    assert not record.is_active
    labels_workspace.register_component(ANNOTATOR, "other", "custom", {})
    assert labels_workspace.update_stack("mine", {ANNOTATOR: "other"}).components[ANNOTATOR] == "other"
    assert list(labels_workspace.remove_from_stack("mine", [ANNOTATOR]).components) == [MANAGER]
    assert labels_workspace.stack("mine").annotator is None
    labels_workspace.delete_stack("mine")
    assert [stack.name for stack in labels_workspace.stacks()] == ["default"]
    assert labels_workspace.component(ANNOTATOR, "other").name == "other"


def test_the_active_stack_can_be_set_and_renamed(labels_workspace: Workspace) -> None:
    """The active stack can be set and renamed but not deleted."""
    labels_workspace.copy_stack("default", "mine")
    assert labels_workspace.set_active_stack("mine").is_active
    assert labels_workspace.active_stack_name == "mine"
    assert labels_workspace.rename_stack("mine", "yours").is_active
    assert labels_workspace.active_stack_name == "yours"
    assert labels_workspace.stack_record().name == labels_workspace.stack().name == "yours"
    with pytest.raises(InvalidStackError, match=r"is active and can't be deleted\. Activate another stack first"):
        labels_workspace.delete_stack("yours")
    labels_workspace.delete_stack("default")


# Calls of each method with the name of a stack as an argument.
STACK_METHODS: dict[str, Callable[[Workspace, str], Any]] = {
    "record": lambda workspace, name: workspace.stack_record(name),
    "stack": lambda workspace, name: workspace.stack(name),
    "set": lambda workspace, name: workspace.set_active_stack(name),
    "update": lambda workspace, name: workspace.update_stack(name, {}),
    "remove": lambda workspace, name: workspace.remove_from_stack(name, [ANNOTATOR]),
    "rename": lambda workspace, name: workspace.rename_stack(name, "new"),
    "copy": lambda workspace, name: workspace.copy_stack(name, "new"),
    "delete": lambda workspace, name: workspace.delete_stack(name),
}


@pytest.mark.parametrize("call", STACK_METHODS.values(), ids=STACK_METHODS)
def test_a_missing_stack_lists_similar_names(call: Callable[[Workspace, str], Any], workspace: Workspace) -> None:
    """For a missing stack, each method raises an error with similar names.

    If there are none, the error has the list command. ``defualt`` is similar to the existing ``default``.
    """
    with pytest.raises(StackNotFoundError, match=r"There is no stack 'defualt'\. Did you mean 'default'\?") as caught:
        call(workspace, "defualt")
    assert caught.value.stack == "defualt"
    assert isinstance(caught.value, KeyError)
    with pytest.raises(StackNotFoundError, match="%stack list"):
        call(workspace, "zzz")


def test_an_existing_stack_name_is_refused(workspace: Workspace) -> None:
    """Registering, renaming or copying to an existing name raises an error and changes nothing."""
    workspace.register_stack("mine", {})
    calls: list[Callable[[], object]] = [
        lambda: workspace.register_stack("default", {}),
        lambda: workspace.rename_stack("mine", "default"),
        lambda: workspace.copy_stack("mine", "default"),
    ]
    for call in calls:
        with pytest.raises(StackExistsError, match="There is a stack 'default' already") as caught:
            call()
        assert caught.value.stack == "default"
    assert len(workspace.stack_record("default").components) == 3


@pytest.mark.parametrize("name", INVALID_NAMES)
def test_an_invalid_stack_name_is_refused(name: str, workspace: Workspace) -> None:
    """Each method refuses an invalid name of a stack."""
    calls: list[Callable[[], object]] = [
        lambda: workspace.register_stack(name, {}),
        lambda: workspace.rename_stack("default", name),
        lambda: workspace.copy_stack("default", name),
    ]
    for call in calls:
        with pytest.raises(InvalidStackError, match="can't be the name of a stack"):
            call()


def test_removing_a_missing_component_changes_nothing(workspace: Workspace) -> None:
    """If a stack has no component of one of the types to remove, an error is raised and nothing is removed."""
    with pytest.raises(InvalidStackError, match="has no annotator to remove"):
        workspace.remove_from_stack("default", [MANAGER, ANNOTATOR])
    assert MANAGER in workspace.stack_record("default").components


def test_a_manager_is_found_by_id_or_name(workspace: Workspace) -> None:
    """A secrets manager is found by its id, or else by its name. If both are unknown, the error has the command that registers it."""
    record = workspace.component(MANAGER, "default")
    assert workspace.manager_by_id(record.id, "another name").id == record.id
    # ``of another machine`` is an unknown id.
    assert workspace.manager_by_id("of another machine", "default").id == record.id
    with pytest.raises(NoSecretsManagerError, match="%zen secrets-manager register vault"):
        workspace.manager_by_id("of another machine", "vault")


def test_a_local_artifact_store_has_a_folder(workspace: Workspace, tmp_path: Path) -> None:
    """The folder of a local artifact store is in the workspace, or at the path in its attributes."""
    default = workspace.open_component(ComponentType.ARTIFACT_STORE, "default")
    assert workspace.artifact_folder(default).is_relative_to(workspace.home)
    workspace.register_component(ComponentType.ARTIFACT_STORE, "mine", "local", {"path": str(tmp_path / "artifacts")})
    assert workspace.artifact_folder(workspace.open_component(ComponentType.ARTIFACT_STORE, "mine")) == tmp_path / "artifacts"


# Several processes.

WRITER_PROGRAM = """
import json, sys
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.stack import ComponentType
workspace = Client().workspace
for turn in range(int(sys.argv[2])):
    workspace.register_component(ComponentType.ANNOTATOR, f"a-{sys.argv[1]}-{turn}", "custom", {"number": turn})
    workspace.register_stack(f"s-{sys.argv[1]}-{turn}", {ComponentType.ANNOTATOR: f"a-{sys.argv[1]}-{turn}"})
    workspace.update_component(ComponentType.ANNOTATOR, f"a-{sys.argv[1]}-{turn}", {"updated": turn})
    print(turn, flush=True)
"""
"""A program that registers components and stacks.

In each turn it registers one component and one stack, updates the component, and then prints the number of the turn. Its arguments are the
number of the writer and the number of turns.
"""


def _start_writer(number: int, turns: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER_PROGRAM, str(number), str(turns)], stdout=subprocess.PIPE, text=True)


def test_concurrent_registrations_are_all_kept(workspace: Workspace) -> None:
    """Four processes that register at the same time lose no component and no stack."""
    writers = [_start_writer(number, 10) for number in range(4)]
    for process in writers:
        process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0
    expected = {f"a-{number}-{turn}": {"number": turn, "updated": turn} for number in range(4) for turn in range(10)}
    assert {record.name: record.attributes for record in workspace.components(ANNOTATOR)} == expected
    # The writers register forty stacks. The other one is ``default``.
    assert len(workspace.stacks()) == 41
    assert [record.name for record in workspace.stacks() if record.is_active] == ["default"]


def test_concurrent_updates_of_one_component_are_all_kept(labels_workspace: Workspace) -> None:
    """Concurrent updates of different attributes of one component are all kept."""
    labels_workspace.register_component(ANNOTATOR, "free", "custom", {})
    code = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.stack import ComponentType
def update(number):
    Client().workspace.update_component(ComponentType.ANNOTATOR, "free", {f"a{number}": number})
with ThreadPoolExecutor(8) as pool:
    list(pool.map(update, range(24)))
print(json.dumps(None))
"""
    run_python(code)
    assert Workspace(labels_workspace.home).component(ANNOTATOR, "free").attributes == {f"a{number}": number for number in range(24)}


def test_a_change_by_another_process_is_visible(labels_workspace: Workspace) -> None:
    """Changes by another process are visible without reopening the workspace."""
    assert labels_workspace.active_stack_name == "default"
    run_python("""
import json
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.stack import ComponentType
workspace = Client().workspace
workspace.update_component(ComponentType.ANNOTATOR, "labels", {"port": 1})
workspace.copy_stack("default", "theirs")
workspace.set_active_stack("theirs")
print(json.dumps(None))
""")
    assert labels_workspace.active_stack_name == "theirs"
    annotator = labels_workspace.stack().annotator
    assert annotator is not None
    assert annotator.port == 1


def test_a_killed_writer_leaves_complete_changes(workspace: Workspace) -> None:
    """After SIGKILL, each acknowledged write is complete, and no other write is stored in part."""
    process = _start_writer(0, 100_000)
    assert process.stdout is not None
    acknowledged_turns = [int(process.stdout.readline()) for _ in range(15)]
    process.send_signal(signal.SIGKILL)
    acknowledged_turns += [int(line) for line in process.stdout.read().split()]
    process.wait(TIMEOUT)
    process.stdout.close()
    stored_attributes = {record.name: record.attributes for record in workspace.components(ANNOTATOR)}
    for turn in acknowledged_turns:
        assert stored_attributes[f"a-0-{turn}"] == {"number": turn, "updated": turn}
    # The turn in which the process was killed is not printed, and may have registered its component.
    assert len(stored_attributes) - len(acknowledged_turns) in {0, 1}
    assert all(workspace.stack(record.name) for record in workspace.stacks())
    workspace.register_component(ANNOTATOR, "after", "custom", {})


def test_a_failed_write_changes_nothing(labels_workspace: Workspace) -> None:
    """If an error is raised during a change, the whole change is rolled back."""
    state_before = (labels_workspace.components(), labels_workspace.stacks())
    with pytest.raises(ComponentNotFoundError):
        labels_workspace.update_stack("default", {ComponentType.ORCHESTRATOR: "default", ALERTER: "missing"})
    assert (Workspace(labels_workspace.home).components(), Workspace(labels_workspace.home).stacks()) == state_before


# Damage.


@pytest.mark.parametrize("content", [b"this is no database", b"", b"SQLite format 3\x00" + b"\x00" * 4096])
def test_another_file_is_not_changed(content: bytes, workspace: Workspace) -> None:
    """A file that is no database raises ManagerCorruptedError and is not changed.

    An empty file becomes a workspace. One of the files only begins like a database.
    """
    workspace.home.mkdir()
    database = workspace.home / "workspace.db"
    database.write_bytes(content)
    if not content:
        assert workspace.active_stack_name == "default"
        return
    calls: list[Callable[[], object]] = [
        workspace.components,
        lambda: workspace.set_active_stack("default"),
        lambda: Client().get_secret("any"),
    ]
    for call in calls:
        with pytest.raises(ManagerCorruptedError, match=r"workspace\.db") as caught:
            call()
        assert is_one_line(caught.value)
        assert "not changed" in caught.value.hint
    assert database.read_bytes() == content


def test_damaged_pages_raise_corrupted_error(labels_workspace: Workspace) -> None:
    """If pages of the database are overwritten, reading and writing raise ManagerCorruptedError."""
    database = labels_workspace.home / "workspace.db"
    run_python("import json; from zensecrets_jupyter import Client; Client().workspace.stacks(); print(json.dumps(None))")
    # The test damages a copy, because this process has opened the original.
    copied_folder = labels_workspace.home.parent / "copied"
    # This moves the write-ahead log into the database file, in which the test damages the pages.
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    shutil.copytree(labels_workspace.home, copied_folder)
    content = bytearray((copied_folder / "workspace.db").read_bytes())
    # Each page has 4096 bytes. The first one has the header of the file, and stays unchanged.
    for page_start in range(4096, len(content), 4096):
        content[page_start : page_start + 64] = os.urandom(64)
    (copied_folder / "workspace.db").write_bytes(content)
    damaged_workspace = Workspace(copied_folder)
    calls: list[Callable[[], object]] = [damaged_workspace.components, lambda: damaged_workspace.register_stack("new", {})]
    for call in calls:
        with pytest.raises(ManagerCorruptedError):
            call()


def test_the_database_of_another_program_is_not_changed(workspace: Workspace) -> None:
    """The database of another program raises ManagerCorruptedError and is not written."""
    workspace.home.mkdir()
    database = workspace.home / "workspace.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
        connection.commit()
    bytes_before = database.read_bytes()
    with pytest.raises(ManagerCorruptedError, match="is not a store of this package"):
        workspace.stacks()
    assert database.read_bytes() == bytes_before


def test_a_workspace_of_a_newer_version_is_not_changed(labels_workspace: Workspace) -> None:
    """A workspace with a newer format is not used, and the error suggests an update."""
    # The current version is 1.
    with closing(sqlite3.connect(labels_workspace.home / "workspace.db", isolation_level=None)) as connection:
        connection.execute("UPDATE meta SET value = 'workspace 2'")
    calls: list[Callable[[Workspace], object]] = [
        lambda workspace: workspace.stacks(),
        lambda workspace: workspace.register_stack("new", {}),
    ]
    for call in calls:
        with pytest.raises(StoreTooNewError, match="pip install --upgrade zensecrets-jupyter"):
            call(Workspace(labels_workspace.home))


UNPRIVILEGED_PROGRAM = """
import json, os, sys
from zensecrets_jupyter import Client
from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.stack import ComponentType
import zensecrets_jupyter.core.managers.backends.sealed.local, zensecrets_jupyter.core.workspace, sqlalchemy.dialects.sqlite, sqlite3
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
def attempt(call):
    try:
        return call()
    except ZenSecretsError as error:
        return [error.code, type(error).__name__, str(error)]
workspace = Client().workspace
print(json.dumps([attempt(lambda: len(workspace.stacks())), attempt(lambda: workspace.register_stack("new", {}).name)]))
"""
"""A program that gives up the rights of root, and tries to read and write the workspace.

It imports all modules first, because the user ``nobody`` (65534) may have no permission to read the virtual environment of root.
"""


@pytest.mark.parametrize("exists", [True, False])
def test_a_read_only_home_raises_access_error(exists: bool, workspace: Workspace) -> None:  # noqa: FBT001 - pytest passes the argument by name
    """Writing without permission raises ManagerAccessError, whether the home exists or not."""
    # If the tests run as root, the program runs as another user, who has to be able to enter the folders above the home.
    parent_folders = [path for path in workspace.home.parents if path.is_relative_to(Path("/tmp"))] if os.geteuid() == 0 else []  # noqa: S108 - pytest creates its folders there
    modes = {path: path.stat().st_mode for path in parent_folders}
    if exists:
        workspace.stacks()
    else:
        workspace.home.mkdir()
    for path in [*parent_folders, workspace.home]:
        path.chmod(0o555)
    try:
        # The program prints the results of reading and writing. The test checks only the second one.
        _, (code, name, text) = run_python(UNPRIVILEGED_PROGRAM)
        assert (code, name) == ("manager-access", ManagerAccessError.__name__)
        assert "workspace.db" in text
        assert "Check the owner and mode" in text
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
        workspace.home.chmod(0o700)


def test_a_flavor_of_this_process_is_opened(workspace: Workspace) -> None:
    """If a flavor is defined in this process, a secrets manager of it is opened with its name, id and folder.

    An unknown flavor is refused.
    """
    record = workspace.register_component(MANAGER, "counting", "counting", {})
    manager = workspace.open_manager("counting")
    assert isinstance(manager.backend, CountingBackend)
    assert (manager.name, manager.id) == ("counting", record.id)
    assert manager.context.folder == workspace.home / "secrets_managers" / record.id
    assert json.dumps(manager.describe()) == "{}"
    with pytest.raises(UnknownFlavorError):
        workspace.register_component(MANAGER, "other", "counted", {})


def test_a_reader_never_sees_partial_changes(labels_workspace: Workspace) -> None:
    """While another process registers stacks with one component each, a reader finds no stack without its component."""
    writer = _start_writer(0, 60)
    largest_count = 0
    while writer.poll() is None:
        reader = Workspace(labels_workspace.home)
        stacks = reader.stacks()
        assert all(stack.components for stack in stacks)
        largest_count = max(largest_count, len(stacks))
    writer.communicate(timeout=TIMEOUT)
    assert writer.returncode == 0
    # The reader has found new stacks, so it has read while the writer was running.
    assert largest_count > 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE components SET attributes = '{'",
        "UPDATE components SET type = 'nonsense' WHERE name = 'more'",
        "UPDATE components SET created = 'yesterday'",
        "UPDATE stacks SET components = '[1]'",
        "DELETE FROM components",
    ],
)
def test_a_damaged_row_raises_corrupted_error(labels_workspace: Workspace, damage: str) -> None:
    """A damaged row raises ManagerCorruptedError, also a stack whose components were deleted from the database."""
    labels_workspace.register_component(ANNOTATOR, "more", "custom", {})
    # The second context manager commits the change, and the first one closes the connection.
    with closing(sqlite3.connect(labels_workspace.home / "workspace.db")) as connection, connection:
        connection.execute(damage)
    with pytest.raises(ManagerCorruptedError, match=r"workspace\.db"):
        Workspace(labels_workspace.home).stacks()
