"""Orchestrators: their interface, and the orchestrator that runs steps in this process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from zensecrets_jupyter.core.errors import FlavorUnavailableError
from zensecrets_jupyter.core.steps.execution.run import ExecutionStatus, StepRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.stack import StackComponent
    from zensecrets_jupyter.core.steps.execution.graph import Graph
    from zensecrets_jupyter.core.steps.execution.step_runner import StepRunner


class Orchestrator(ABC):
    """Runs the steps of a pipeline."""

    FLAVOR: ClassVar[str] = ""
    """The flavor of the stack component that the class implements."""

    @abstractmethod
    def run(self, graph: Graph, runner: StepRunner, report: Callable[[StepRun], None]) -> None:
        """Run the calls of ``graph`` by :meth:`StepRunner.run_step`, and return when no step is running any more.

        The method passes the result of each step to ``report`` as soon as the step ends, and never calls ``report`` in two threads at once.
        After a step has failed, the method starts no further step. It does not raise the error of a step, which is in the step's result.

        Raises:
            StepInterfaceError: If steps wait for each other. In this case, no step has run.
        """


class LocalOrchestrator(Orchestrator):
    """Runs the steps in this process, one after the other."""

    FLAVOR: ClassVar[str] = "local"

    def run(self, graph: Graph, runner: StepRunner, report: Callable[[StepRun], None]) -> None:
        """Run the calls in topological order; see :meth:`Orchestrator.run`."""
        results: dict[str, StepRun] = {}
        for call in graph.topological_order():
            result = results[call.name] = runner.run_step(call, results)
            report(result)
            if result.status is ExecutionStatus.FAILED:
                return


_IMPLEMENTATIONS: dict[str, type[Orchestrator]] = {LocalOrchestrator.FLAVOR: LocalOrchestrator}
"""The orchestrator class of each flavor that this package implements."""


def get_orchestrator(component: StackComponent) -> Orchestrator:
    """Return the orchestrator for a stack component of the type orchestrator.

    Raises:
        FlavorUnavailableError: If this package does not implement the component's flavor.
    """
    implementation = _IMPLEMENTATIONS.get(component.flavor)
    if implementation is not None:
        return implementation()
    message = f"No pipeline can be run on the {component}: this package does not implement the flavor {component.flavor!r}."
    hint = f"Use a stack with an orchestrator that it implements: {', '.join(_IMPLEMENTATIONS)}."
    raise FlavorUnavailableError(message, flavor=component.flavor, hint=hint)
