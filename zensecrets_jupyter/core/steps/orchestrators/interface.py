"""The contract of every orchestrator: it runs the steps of a graph, each after those it needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from zensecrets_jupyter.core.steps.execution import Execution
    from zensecrets_jupyter.core.steps.graph import Graph
    from zensecrets_jupyter.core.steps.run import StepRun


class Orchestrator(ABC):
    """Runs the steps of a pipeline somewhere."""

    FLAVOR: ClassVar[str] = ""
    """The flavor of the stack component that this implements."""

    @abstractmethod
    def run(self, graph: Graph, execution: Execution, report: Callable[[StepRun], None]) -> None:
        """Run the calls of ``graph`` by :meth:`Execution.run_step` and return when nothing runs any more.

        Each outcome is reported as soon as it is known, by one thread at a time. After a step that failed no other is begun. Nothing
        that a step raises is raised here: it is in the outcome.

        Raises:
            StepInterfaceError: If steps wait for each other; nothing was run then.
        """
