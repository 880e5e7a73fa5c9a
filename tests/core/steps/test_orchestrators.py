"""Orchestrators: the implemented flavor, and errors for other flavors."""

import pytest

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import FlavorUnavailableError, StackValidationError
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.steps import pipeline, step
from zensecrets_jupyter.core.steps.execution.orchestrators import LocalOrchestrator, Orchestrator, get_orchestrator

step_calls: list[int] = []


@step
def my_step() -> None:
    """Record the call."""
    step_calls.append(1)


@pipeline
def my_pipeline() -> None:
    """Run one step."""
    my_step()


def test_the_orchestrator_of_the_default_stack_is_implemented(client: Client) -> None:
    """The flavor ``local`` has an orchestrator that runs steps in this process."""
    component = client.active_stack.orchestrator
    assert component is not None
    assert isinstance(get_orchestrator(component), LocalOrchestrator)
    assert issubclass(LocalOrchestrator, Orchestrator)
    assert component.flavor == LocalOrchestrator.FLAVOR


def test_an_orchestrator_without_an_implementation_is_refused(client: Client) -> None:
    """If no orchestrator of a flavor is implemented, the error names the implemented flavors, and no step runs."""
    client.workspace.register_component(ComponentType.ORCHESTRATOR, "kf", "kubeflow", {})
    client.workspace.update_stack("default", {ComponentType.ORCHESTRATOR: "kf"})
    step_calls.clear()
    with pytest.raises(FlavorUnavailableError, match=r"orchestrator 'kf'.*'kubeflow'.*local") as caught:
        my_pipeline()
    assert is_one_line(caught.value)
    assert caught.value.flavor == "kubeflow"
    assert not step_calls


def test_a_remote_orchestrator_with_local_components_is_refused(client: Client) -> None:
    """A remote orchestrator can't reach local components.

    The report names both components, and no step runs.
    """
    client.workspace.register_component(ComponentType.ORCHESTRATOR, "k8s", "kubernetes", {})
    client.workspace.update_stack("default", {ComponentType.ORCHESTRATOR: "k8s"})
    step_calls.clear()
    with pytest.raises(StackValidationError) as caught:
        my_pipeline()
    # ``type_to_set`` is the type of the component to replace.
    types_to_set = [problem.type_to_set for problem in caught.value.report.problems]
    assert types_to_set == [ComponentType.SECRETS_MANAGER, ComponentType.ARTIFACT_STORE]
    assert not step_calls
