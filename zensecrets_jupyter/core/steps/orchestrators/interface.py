"""The interface of orchestrators, which run the steps of a graph in topological order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.steps.execution import Execution
    from zensecrets_jupyter.core.steps.graph import Graph
    from zensecrets_jupyter.core.steps.run import StepRun


class Orchestrator(ABC):
    """Runs the steps of a pipeline."""

    FLAVOR: ClassVar[str] = ""
    """The flavor of the stack component that the class implements."""

    @abstractmethod
    def run(self, graph: Graph, execution: Execution, report: Callable[[StepRun], None]) -> None:
        """Run the calls of ``graph`` by :meth:`Execution.run_step` and return when all have ended.

        Each result is reported as soon as its step ends, by one thread at a time. After a failed step, no other step starts. An error
        of a step is not raised here: it is in the result.

        Raises:
            StepInterfaceError: If steps wait for each other; no step ran.
        """
