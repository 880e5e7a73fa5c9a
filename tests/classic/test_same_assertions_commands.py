"""Assertions of ZenML 0.20's tests about the commands for stacks and components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command_lines import run
from tests.support.error_texts import is_one_line
from zensecrets_jupyter import ZenSecretsError
from zensecrets_jupyter.core.stack import ComponentType

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zensecrets_jupyter.client import Client
    from zensecrets_jupyter.core.workspace import Workspace

SET_UP_COMMANDS = (
    "artifact-store register other_store --flavor=local",
    "orchestrator register other_runner --flavor=local",
    "container-registry register images --flavor=default --uri=some_random_uri.com",
    "container-registry register more_images --flavor=default --uri=some_random_uri.com",
    "step-operator register machines --flavor=sagemaker --role=role --instance_type=small --bucket=s3://bucket",
    "secrets-manager register vault --flavor=local",
    "stack register second -o default -a default -x vault",
)


@pytest.fixture
def workspace(client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workspace:
    """Return a workspace with two stacks and some components."""
    monkeypatch.chdir(tmp_path)
    for line in SET_UP_COMMANDS:
        run(line)
    return client.workspace


# Each of the next functions reads one part of the state of a workspace, or returns a function that reads it.


def _components_of(stack: str) -> Callable[[Workspace], dict[str, str]]:
    """Read the names of a stack's components, by type."""
    return lambda workspace: {
        component_type.value: component.name for component_type, component in workspace.stack(stack).components.items()
    }


def _stacks(workspace: Workspace) -> list[str]:
    """Read the names of all stacks."""
    return sorted(stack.name for stack in workspace.stacks())


def _components(component_type: str) -> Callable[[Workspace], list[str]]:
    """Read the names of all components of a type."""
    return lambda workspace: sorted(component.name for component in workspace.components(ComponentType(component_type)))


def _attributes(component_type: str, name: str) -> Callable[[Workspace], dict[str, Any]]:
    """Read the attributes of a component."""
    return lambda workspace: workspace.attributes(workspace.component(ComponentType(component_type), name))


DEFAULT_COMPONENTS = {"orchestrator": "default", "artifact_store": "default"}


@pytest.mark.parametrize(
    ("lines", "read_state", "expected"),
    [
        # The command lines, and a part of the state after them. The commands "describe" and "share" change nothing.
        (["stack describe"], _stacks, ["default", "second"]),
        (["stack update default -a other_store"], _components_of("default"), DEFAULT_COMPONENTS | {"artifact_store": "other_store"}),
        (["stack update second -o other_runner"], _components_of("second"), DEFAULT_COMPONENTS | {"orchestrator": "other_runner"}),
        (["stack update -c images"], lambda w: _components_of("default")(w)["container_registry"], "images"),
        (["stack update -x vault"], lambda w: w.stack("default").has_secrets_manager, True),
        (["stack rename default first"], _stacks, ["first", "second"]),
        (["stack rename second third"], _stacks, ["default", "third"]),
        (["stack remove-component second -x"], lambda w: w.stack("second").has_secrets_manager, False),
        (["stack delete second -y"], _stacks, ["default"]),
        (["stack delete second --force"], _stacks, ["default"]),
        (["stack copy second third"], _stacks, ["default", "second", "third"]),
        (["stack set second"], lambda w: w.active_stack_name, "second"),
        (["stack share default"], _stacks, ["default", "second"]),
        (["stack export second file.yaml", "stack delete second -y", "stack import second -f file.yaml"], _stacks, ["default", "second"]),
        (["container-registry update images --uri=other.com"], _attributes("container_registry", "images"), {"uri": "other.com"}),
        (["container-registry rename images pictures"], _components("container_registry"), ["more_images", "pictures"]),
        (["orchestrator rename other_runner runner"], _components("orchestrator"), ["default", "runner"]),
        (["container-registry delete images"], _components("container_registry"), ["more_images"]),
        (["container-registry copy images third"], _components("container_registry"), ["images", "more_images", "third"]),
        (
            [
                "container-registry update images --authentication_secret=db",
                "container-registry remove-attribute images --authentication_secret",
            ],
            _attributes("container_registry", "images"),
            {"uri": "some_random_uri.com"},
        ),
    ],
    # The id of a test is its first command. The other parameters add nothing to the id.
    ids=lambda item: item[0].replace(" ", "_") if isinstance(item, list) and item and " " in item[0] else "",
)
def test_commands_change_stacks_and_components(
    workspace: Workspace, lines: list[str], read_state: Callable[[Workspace], Any], expected: Any
) -> None:
    """After a command, the stacks and components have the expected state."""
    for line in lines:
        run(line)
    assert read_state(workspace) == expected


REFUSED_COMMANDS = (
    "stack describe abc",
    "stack describe stack123",
    "stack update not_a_stack -x vault",
    "stack update default -x not_a_manager",
    "stack update default -a other_runner",
    "stack rename not_a_stack a_new_stack",
    "stack rename second default",
    "stack copy not_a_stack other",
    "stack copy second default",
    "stack set not_a_stack",
    "stack delete not_a_stack -y",
    "stack delete default -y",
    "stack remove-component not_a_stack -x",
    "stack remove-component default -o",
    "stack remove-component default -a",
    "stack import third -f missing.yaml",
    "stack export not_a_stack file.yaml",
    "stack register second -o default -a default",
    "orchestrator update not_an_orchestrator --x=1",
    "container-registry update images --name=other",
    "container-registry update images --uuid=other",
    "container-registry update images --favorite_cat=aria",
    "container-registry register images --flavor=default --uri=x",
    "container-registry register other --flavor=default",
    "container-registry register other --flavor=not_a_flavor --uri=x",
    "step-operator remove-attribute machines --not_an_attribute",
    "step-operator remove-attribute not_an_operator --role",
    "container-registry remove-attribute images --uri",
    "container-registry rename images more_images",
    "container-registry rename not_a_registry other",
    "container-registry delete not_a_registry",
    "secrets-manager delete vault",
)


def test_commands_that_are_refused_change_nothing(workspace: Workspace) -> None:
    """A refused command prints one line and changes nothing."""

    def state() -> Any:
        records = workspace.components()
        components = [(record.type, record.name, record.flavor, workspace.attributes(record)) for record in records]
        return _stacks(workspace), _components_of("default")(workspace), _components_of("second")(workspace), sorted(map(str, components))

    state_before = state()
    for line in REFUSED_COMMANDS:
        with pytest.raises(ZenSecretsError) as caught:
            run(line)
        assert is_one_line(caught.value), line
        assert state() == state_before, line
