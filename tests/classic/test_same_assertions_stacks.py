"""Assertions of ZenML 0.20's tests about components, stacks and secrets.

More of these assertions are in ``tests/core``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, Field

from tests.support.error_texts import is_one_line
from zensecrets_jupyter import StackComponentConfig, ZenSecretsError
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.enums import StackComponentType
from zensecrets_jupyter.exceptions import StackComponentExistsError, StackExistsError, StackValidationError
from zensecrets_jupyter.pipelines import pipeline
from zensecrets_jupyter.secret import ArbitrarySecretSchema
from zensecrets_jupyter.steps import step
from zensecrets_jupyter.testing.canary import canary
from zensecrets_jupyter.utils import secret_utils

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.client import Client
    from zensecrets_jupyter.core.workspace import Workspace


class Stub(StackComponentConfig):
    """Attributes of a component that only this file defines. No stack contains the component."""

    text: str = "default"
    reference: str = ""


@pytest.fixture
def workspace(client: Client) -> Workspace:
    """Return a workspace with a second stack, a container registry and a local secrets manager."""
    workspace = client.workspace
    workspace.register_component(ComponentType.CONTAINER_REGISTRY, "images", "default", {"uri": "localhost:5000"})
    workspace.register_component(ComponentType.SECRETS_MANAGER, "vault", "local", {})
    workspace.register_stack("second", _components(images=True))
    return workspace


def _components(*, images: bool = False, **names: str) -> dict[ComponentType, str]:
    """Return the names of a stack's components, by type.

    They are the default orchestrator and artifact store, the container registry "images" on request, and the components in ``names``.
    """
    components = {ComponentType.ORCHESTRATOR: "default", ComponentType.ARTIFACT_STORE: "default"}
    components |= {ComponentType.CONTAINER_REGISTRY: "images"} if images else {}
    return components | {ComponentType(component_type): name for component_type, name in names.items()}


def test_a_stack_has_its_components_by_type(workspace: Workspace) -> None:
    """A stack has a property for each type of components, which is ``None`` without a component of this type."""
    stack = workspace.stack("second")
    assert set(stack.components) == {
        StackComponentType.ORCHESTRATOR,
        StackComponentType.ARTIFACT_STORE,
        StackComponentType.CONTAINER_REGISTRY,
    }
    for component_type, component in stack.components.items():
        assert (component.type, getattr(stack, component_type.value)) == (component_type, component)
    assert stack.alerter is stack.step_operator is None


@pytest.mark.parametrize(
    "change",
    # "w" is the workspace.
    [
        lambda w: w.register_stack("second", _components()),
        lambda w: w.register_stack("third", _components(alerter="missing")),
        # The component "images" is a container registry.
        lambda w: w.register_stack("third", _components(step_operator="images")),
        lambda w: w.set_active_stack("third"),
        lambda w: w.stack("third"),
        lambda w: w.rename_stack("third", "fourth"),
        lambda w: w.rename_stack("second", "default"),
        lambda w: w.delete_stack("default"),
        lambda w: w.delete_stack("third"),
        lambda w: w.register_component(ComponentType.CONTAINER_REGISTRY, "images", "default", {"uri": "localhost:5000"}),
        lambda w: w.register_component(ComponentType.CONTAINER_REGISTRY, "other", "default", {}),
        lambda w: w.register_component(ComponentType.CONTAINER_REGISTRY, "other", "default", {"uri": "x", "url": "x"}),
        lambda w: w.register_component(ComponentType.CONTAINER_REGISTRY, "other", "nosuch", {"uri": "x"}),
        lambda w: w.register_component(ComponentType.CONTAINER_REGISTRY, "{{a.b}}", "default", {"uri": "x"}),
        # Attributes of a secrets manager can't refer to secrets.
        lambda w: w.register_component(ComponentType.SECRETS_MANAGER, "other", "aws", {"region_name": "{{a.b}}"}),
        lambda w: w.open_component(ComponentType.CONTAINER_REGISTRY, "missing"),
        lambda w: w.rename_component(ComponentType.CONTAINER_REGISTRY, "missing", "other"),
        lambda w: w.delete_component(ComponentType.CONTAINER_REGISTRY, "missing"),
        # The stack "second" uses this component.
        lambda w: w.delete_component(ComponentType.CONTAINER_REGISTRY, "images"),
    ],
)
def test_invalid_changes_of_stacks_and_components_are_refused(workspace: Workspace, change: Callable[[Workspace], Any]) -> None:
    """Each error is one line, and nothing has changed."""
    state_before = _state(workspace)
    with pytest.raises(ZenSecretsError) as caught:
        change(workspace)
    assert is_one_line(caught.value)
    assert _state(workspace) == state_before


def _state(workspace: Workspace) -> Any:
    return sorted(map(repr, workspace.stacks())), sorted(map(repr, workspace.components()))


def test_taken_names_raise_specific_errors(workspace: Workspace) -> None:
    """Registering an existing name raises an error of the same class as in ZenML."""
    with pytest.raises(StackExistsError):
        workspace.register_stack("second", _components())
    with pytest.raises(StackComponentExistsError):
        workspace.register_component(ComponentType.CONTAINER_REGISTRY, "images", "default", {"uri": "x"})


def test_the_secrets_of_a_component_are_validated(workspace: Workspace) -> None:
    """A missing secret is reported, and prevents the run of a pipeline."""

    @pipeline
    def my_pipeline(only: Any) -> None:
        only()

    @step
    def nothing() -> None: ...

    assert workspace.stack("second").validate().problems == ()
    workspace.update_component(ComponentType.CONTAINER_REGISTRY, "images", {"uri": "{{missing.uri}}"})
    assert "missing" in repr(workspace.stack("second").validate())
    workspace.set_active_stack("second")
    with pytest.raises(StackValidationError, match="missing"):
        my_pipeline(nothing()).run()


@pytest.mark.parametrize(
    ("use", "is_valid"),
    [
        (lambda: Stub(text="x"), True),
        (lambda: Stub(txet="x"), False),  # type: ignore[call-arg] # the test passes an unknown attribute
        (lambda: Stub(text=1), False),  # type: ignore[arg-type] # the test passes a wrong type
        (lambda: setattr(Stub(), "text", "x"), False),
    ],
)
def test_attributes_of_a_component_are_declared_and_read_only(use: Callable[[], Any], *, is_valid: bool) -> None:
    """An unknown attribute raises an error, and no attribute can be set."""
    if is_valid:
        use()
        return
    # The class of the error does not matter here.
    with pytest.raises((ZenSecretsError, AttributeError, TypeError, ValueError)):
        use()


@pytest.mark.parametrize(
    "write",
    [
        lambda config: config.model_dump()["reference"],
        lambda config: config.dict()["reference"],
        lambda config: dict(config)["reference"],
        lambda config: json.loads(config.model_dump_json())["reference"],
        lambda config: json.loads(config.json())["reference"],
    ],
)
# The methods dict() and json() of pydantic 1 are deprecated in pydantic 2.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_serialization_of_a_component_resolves_references(write: Callable[[Any], str]) -> None:
    """The methods of pydantic 1 and 2 write the reference, and not its value."""
    assert write(Stub(reference="{{secret.key}}")) == "{{secret.key}}"


@pytest.mark.parametrize(
    ("text", "name", "key"),
    [
        ("{{name_1.key}}", "name_1", "key"),
        ("{{a-b.c}}", "a-b", "c"),
        ("{{a.b.c}}", "a", "b.c"),
        ("{{ä.ß}}", "ä", "ß"),
        ("{{ a.b }}", "a", "b"),
    ],
)
def test_references_are_parsed_by_zenml_s_helpers(text: str, name: str, key: str) -> None:
    """ZenML's helper functions parse a reference, also with white space inside the braces."""
    assert secret_utils.is_secret_reference(text)
    assert tuple(secret_utils.parse_secret_reference(text)) == (name, key)


@pytest.mark.parametrize("text", ["{a.b}", "$a.b", "${{a.b}}", "{{ab}}", "{{.b}}", "{{a.}}", "a.b", "", 1, None, "x{{a.b}}"])
def test_other_values_are_no_references(text: Any) -> None:
    """``is_secret_reference`` returns false for values that are not exactly one reference."""
    assert not secret_utils.is_secret_reference(text)


def test_secret_fields_and_clear_text_fields_are_distinguished() -> None:
    """The helper functions recognize fields that ``SecretField`` or ``ClearTextField`` created. A plain field is neither."""

    class Model(BaseModel):
        plain: str = Field()
        secret: str = secret_utils.SecretField()
        clear: str = secret_utils.ClearTextField()

    fields = Model.model_fields
    assert [secret_utils.is_secret_field(fields[name]) for name in ("plain", "secret", "clear")] == [False, True, False]
    assert [secret_utils.is_clear_text_field(fields[name]) for name in ("plain", "secret", "clear")] == [False, False, True]


@pytest.mark.parametrize("keys", [["key"], ["key1", "key2"], ["_key"], ["secret"], ["a.b"]], ids=str)
def test_a_secret_is_registered_read_changed_and_deleted(workspace: Workspace, keys: list[str]) -> None:
    """The keys of a secret can be assigned to ``arbitrary_kv_pairs``, as in ZenML 0.20."""
    manager = workspace.open_manager("vault")
    assert (manager.type, manager.flavor) == (StackComponentType.SECRETS_MANAGER, "local")
    old, new = canary("old"), canary("new")
    schema: Any = ArbitrarySecretSchema
    secret = schema(name="secret")
    for key in keys:
        secret.arbitrary_kv_pairs[key] = old
    manager.register_secret(secret)
    assert manager.get_secret("secret").content == dict.fromkeys(keys, old)
    changed_secret = schema(name="secret")
    changed_secret.arbitrary_kv_pairs[keys[0]] = new
    manager.update_secret(changed_secret)
    assert manager.get_secret("secret").content[keys[0]] == new
    # In ZenML's API, this method returns the names of the secrets.
    assert manager.get_all_secret_keys() == ["secret"]
    manager.delete_secret("secret")
    assert manager.get_all_secret_keys() == []
    with pytest.raises(KeyError):
        manager.get_secret("secret")
