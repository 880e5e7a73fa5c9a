"""Progress of a pipeline run: record and print the result of each step."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.steps.execution.run import ExecutionStatus, StepRun
from zensecrets_jupyter.core.text import counted

if TYPE_CHECKING:
    from zensecrets_jupyter.core.steps.execution.graph import Graph
    from zensecrets_jupyter.core.steps.execution.orchestrators import Orchestrator
    from zensecrets_jupyter.core.steps.execution.run import PipelineRun
    from zensecrets_jupyter.core.steps.execution.step_runner import StepRunner


class RunProgress:
    """Records and prints the results of the steps of one pipeline run."""

    def __init__(self, run: PipelineRun, graph: Graph) -> None:
        """Record the results of the calls of ``graph`` in ``run``."""
        self._run = run
        self._graph = graph
        # The longest name of a call; a graph that is run has at least one call.
        self._name_width = max(map(len, graph.calls))
        self._failed_step: StepRun | None = None

    def run_steps(self, orchestrator: Orchestrator, runner: StepRunner) -> StepRun | None:
        """Run all steps, and return the result of the first failed step, or ``None``."""
        start = time.perf_counter()
        _print_line(f"Pipeline {self._run.pipeline!r}: {counted(len(self._graph.calls), 'step')} on stack {self._run.stack!r}.")
        try:
            orchestrator.run(self._graph, runner, self._record)
        finally:
            # After a failed step or an error of the orchestrator, some calls have no result.
            for name in self._graph.calls:
                if name not in self._run.steps:
                    self._run.record(StepRun(name, ExecutionStatus.NOT_RUN))
            self._run.finish(time.perf_counter() - start)
            _print_line(f"Run {self._run.name} {self._run.status.value} in {self._run.duration:.2f} s.")
        return self._failed_step

    def _record(self, step: StepRun) -> None:
        """Record the result of a step and print it."""
        self._run.record(step)
        status = step.status.value
        if step.status is ExecutionStatus.FAILED:
            self._failed_step = self._failed_step or step
            # Only the class of the error is printed, because its text may contain the value of a secret.
            status += f" ({type(step.error).__name__})"
        _print_line(f"  {step.name:<{self._name_width}}  {step.duration:7.2f} s  {status}")


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
