"""Orchestrator that runs steps in this process, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zensecrets_jupyter.core.steps.orchestrators.interface import Orchestrator
from zensecrets_jupyter.core.steps.run import ExecutionStatus, StepRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.steps.execution import Execution
    from zensecrets_jupyter.core.steps.graph import Graph


class LocalOrchestrator(Orchestrator):
    """Runs the steps in this process, one after the other."""

    FLAVOR: ClassVar[str] = "local"

    def run(self, graph: Graph, execution: Execution, report: Callable[[StepRun], None]) -> None:
        """Run the calls in topological order; see :meth:`Orchestrator.run`."""
        finished: dict[str, StepRun] = {}
        for call in graph.topological_order():
            result = finished[call.name] = execution.run_step(call, finished)
            report(result)
            if result.status is ExecutionStatus.FAILED:
                return
