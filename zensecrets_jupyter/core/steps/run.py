"""What running a pipeline gives: its status, and for each step its status, duration and outputs."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import StepContextError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.steps.artifacts import Artifact
    from zensecrets_jupyter.core.steps.settings import Settings

_REMEMBERED = 100
# Runs: enough to look back in a session; what they made stays in the artifact store.


class ExecutionStatus(str, Enum):
    """What became of a run or of a step; ZenML's values, and one for steps that a failure kept from running."""

    RUNNING = "running"
    COMPLETED = "completed"
    CACHED = "cached"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class StepRun:
    """One step of a run.

    Attributes:
        name: The step's name in the pipeline.
        status: What became of it.
        duration: How long it took, in seconds.
        outputs: What it returned, stored, by the outputs' names.
        settings: Its settings and the pipeline's, with references unresolved.
        error: What it raised, if it failed.
    """

    name: str
    status: ExecutionStatus
    duration: float = 0.0
    outputs: Mapping[str, Artifact] = field(default_factory=dict)
    settings: Settings | None = field(default=None, repr=False)
    error: BaseException | None = field(default=None, repr=False)

    @property
    def output(self) -> Artifact:
        """The only output.

        Raises:
            StepContextError: If the step has none or several, or did not finish.
        """
        if len(self.outputs) == 1:
            return next(iter(self.outputs.values()))
        if self.status in {ExecutionStatus.FAILED, ExecutionStatus.NOT_RUN}:
            message = f"Step {self.name!r} has no output: it is {self.status.value}."
            raise StepContextError(message, hint="Run the pipeline again once its failure is mended.")
        message = f"Step {self.name!r} has {len(self.outputs) or 'no'} outputs."
        raise StepContextError(message, hint=f"Take one from outputs: {', '.join(self.outputs)}." if self.outputs else "")


class PipelineRun:
    """One run of a pipeline; ``run.steps["trainer"].output.load()`` is what a step returned."""

    def __init__(self, pipeline: str, stack: str, settings: Settings) -> None:
        """Begin a run; the pipeline fills it."""
        self.id = new_run_id(pipeline)
        self.pipeline = pipeline
        self.stack = stack
        self.settings = settings
        self.started = datetime.now(timezone.utc)
        self.duration = 0.0
        self.status = ExecutionStatus.RUNNING
        self._steps: dict[str, StepRun] = {}

    def __repr__(self) -> str:
        """Return what became of the run and of its steps."""
        steps = ", ".join(f"{step.name} {step.status.value}" for step in self._steps.values())
        return f"<PipelineRun {self.id!r} {self.status.value}: {steps}>"

    @property
    def steps(self) -> Mapping[str, StepRun]:
        """The steps by name, in the order in which they run."""
        return MappingProxyType(self._steps)

    @property
    def name(self) -> str:
        """The run's name, which is its ``id``."""
        return self.id

    def record(self, step: StepRun) -> None:
        """Take down what became of a step; orchestrators report it."""
        self._steps[step.name] = step

    def finish(self, duration: float) -> None:
        """Take down that nothing runs any more; the run failed if a step did or was kept from running."""
        self.duration = duration
        bad = {ExecutionStatus.FAILED, ExecutionStatus.NOT_RUN}
        failed = any(step.status in bad for step in self._steps.values())
        self.status = ExecutionStatus.FAILED if failed else ExecutionStatus.COMPLETED


def new_run_id(name: str) -> str:
    """Return an identity for a run that begins now: the name with the time, in UTC, and something that no other run has."""
    return f"{name}-{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"


_runs: deque[PipelineRun] = deque(maxlen=_REMEMBERED)
_lock = threading.Lock()


def remember(run: PipelineRun) -> None:
    """Have :func:`recent_runs` return ``run``."""
    with _lock:
        _runs.appendleft(run)


def recent_runs(pipeline: str | None = None) -> list[PipelineRun]:
    """Return the runs of this process, of one pipeline or of all, the newest first: the last hundred at most."""
    with _lock:
        return [run for run in _runs if pipeline in {None, run.pipeline}]
