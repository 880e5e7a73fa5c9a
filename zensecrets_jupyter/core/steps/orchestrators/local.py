"""Steps in this process, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zensecrets_jupyter.core.steps.orchestrators.interface import Orchestrator
from zensecrets_jupyter.core.steps.run import ExecutionStatus, StepRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.steps.execution import Execution
    from zensecrets_jupyter.core.steps.graph import Graph


class LocalOrchestrator(Orchestrator):
    """See :class:`~zensecrets_jupyter.core.steps.orchestrators.interface.Orchestrator`."""

    FLAVOR: ClassVar[str] = "local"

    def run(self, graph: Graph, execution: Execution, report: Callable[[StepRun], None]) -> None:
        """See :meth:`~zensecrets_jupyter.core.steps.orchestrators.interface.Orchestrator.run`."""
        finished: dict[str, StepRun] = {}
        for call in graph.topological_order():
            outcome = finished[call.name] = execution.run_step(call, finished)
            report(outcome)
            if outcome.status is ExecutionStatus.FAILED:
                return
