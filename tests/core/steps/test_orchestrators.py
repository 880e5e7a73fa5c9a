"""Orchestrators: the implemented flavor, and errors for other flavors."""

import pytest

from tests.support.error_texts import is_one_line
from zensecrets_jupyter.core.client import Client
from zensecrets_jupyter.core.errors import FlavorUnavailableError, StackValidationError
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.steps import pipeline, step
from zensecrets_jupyter.core.steps.execution.orchestrators import LocalOrchestrator, Orchestrator, get_orchestrator

ran: list[int] = []


@step
def some() -> None:
    """Record a run."""
    ran.append(1)


@pipeline
def one() -> None:
    """Run one step."""
    some()


def test_the_orchestrator_of_the_default_stack_is_implemented(client: Client) -> None:
    """The flavor ``local`` has an orchestrator that runs steps in this process."""
    component = client.active_stack.orchestrator
    assert component is not None
    assert isinstance(get_orchestrator(component), LocalOrchestrator)
    assert issubclass(LocalOrchestrator, Orchestrator)
    assert component.flavor == LocalOrchestrator.FLAVOR


def test_an_orchestrator_without_an_implementation_is_refused(client: Client) -> None:
    """The error names the implemented flavors, and no step runs."""
    client.workspace.register_component(ComponentType.ORCHESTRATOR, "kf", "kubeflow", {})
    client.workspace.update_stack("default", {ComponentType.ORCHESTRATOR: "kf"})
    ran.clear()
    with pytest.raises(FlavorUnavailableError, match=r"orchestrator 'kf'.*'kubeflow'.*local") as caught:
        one()
    assert is_one_line(caught.value)
    assert caught.value.flavor == "kubeflow"
    assert not ran


def test_a_remote_orchestrator_with_local_components_is_refused(client: Client) -> None:
    """The report names the local secrets manager and artifact store, and no step runs."""
    client.workspace.register_component(ComponentType.ORCHESTRATOR, "k8s", "kubernetes", {})
    client.workspace.update_stack("default", {ComponentType.ORCHESTRATOR: "k8s"})
    ran.clear()
    with pytest.raises(StackValidationError) as caught:
        one()
    types_to_set = [problem.type_to_set for problem in caught.value.report.problems]
    assert types_to_set == [ComponentType.SECRETS_MANAGER, ComponentType.ARTIFACT_STORE]
    assert not ran
