"""Results of pipeline runs and steps, and the list of this process's runs."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import RunNotFoundError, StepContextError
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.steps.definition.run_options import RunOptions
from zensecrets_jupyter.core.system.process_globals import process_global

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.steps.artifacts.artifact import Artifact
    from zensecrets_jupyter.core.steps.definition.settings import Settings
    from zensecrets_jupyter.core.steps.execution.call_inputs import PickledArgument

_MAX_RUNS = 100
"""The number of runs that a process remembers. The outputs of older runs stay in the artifact store."""

_MEMORY_HINT = "A process remembers only its own runs."


class ExecutionStatus(str, Enum):
    """The status of a run or step.

    The values are those of ZenML, and ``not run`` for a step that did not start because another step failed or the run stopped.
    """

    RUNNING = "running"
    COMPLETED = "completed"
    CACHED = "cached"
    FAILED = "failed"
    NOT_RUN = "not run"

    @property
    def is_finished(self) -> bool:
        """Whether the run or step has ended; also true for a step that did not start."""
        return self is not ExecutionStatus.RUNNING

    @property
    def is_successful(self) -> bool:
        """Whether the run or step ended without an error, or had cached outputs."""
        return self in {ExecutionStatus.COMPLETED, ExecutionStatus.CACHED}


@dataclass(frozen=True)
class StepRun:
    """The result of one step of a run.

    Attributes:
        name: The name of the step call in the pipeline, such as ``trainer_2``.
        status: The status of the step.
        duration: The duration in seconds.
        outputs: The stored outputs, by name.
        settings: The merged settings of the step and its pipelines, with unresolved references.
        error: The exception of a failed step.
        step_name: The name of the step itself, such as ``trainer``; empty for a step that did not start.
        inputs: The outputs of other steps that are arguments of this step, by parameter.
        parameters: The other arguments, by parameter; their method ``load`` returns the value.
    """

    name: str
    status: ExecutionStatus
    duration: float = 0.0
    outputs: Mapping[str, Artifact] = field(default_factory=dict)
    settings: Settings | None = field(default=None, repr=False)
    error: BaseException | None = field(default=None, repr=False)
    step_name: str = ""
    inputs: Mapping[str, Artifact] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, PickledArgument] = field(default_factory=dict, repr=False)

    @property
    def output(self) -> Artifact:
        """The only output.

        Raises:
            StepContextError: If the step has no output or several outputs, failed, or did not run.
        """
        if len(self.outputs) == 1:
            return next(iter(self.outputs.values()))
        if self.status in {ExecutionStatus.FAILED, ExecutionStatus.NOT_RUN}:
            message = f"Step {self.name!r} has no output: it is {self.status.value}."
            raise StepContextError(message, hint="Fix the failure and run the pipeline again.")
        message = f"Step {self.name!r} has {len(self.outputs) or 'no'} outputs."
        raise StepContextError(message, hint=f"Read one of its outputs: {', '.join(self.outputs)}." if self.outputs else "")


class PipelineRun:
    """One run of a pipeline.

    For example, ``run.steps["trainer"].output.load()`` returns the output of a step.

    Attributes:
        options: The options of the run.
        id: Its unique id.
        name: Its name.
        pipeline: The name of the pipeline.
        stack: The name of the stack.
        settings: The settings of the pipeline, with unresolved references.
        start_time: The time of the start, in UTC.
        duration: Its duration in seconds; 0 until it has ended.
        status: Its status.
    """

    def __init__(self, pipeline: str, stack: str, settings: Settings, options: RunOptions | None = None) -> None:
        """Create a run that starts now."""
        self.options = options or RunOptions()
        self.id = new_run_id(pipeline)
        self.name = self.options.run_name(self.id)
        self.pipeline = pipeline
        self.stack = stack
        self.settings = settings
        self.start_time = datetime.now(timezone.utc)
        self.duration = 0.0
        self.status = ExecutionStatus.RUNNING
        self._steps: dict[str, StepRun] = {}

    def __repr__(self) -> str:
        """Return the status of the run and its steps."""
        steps = ", ".join(f"{step.name} {step.status.value}" for step in self._steps.values())
        return f"<PipelineRun {self.id!r} {self.status.value}: {steps}>"

    @property
    def steps(self) -> Mapping[str, StepRun]:
        """The results of the steps by the names of their calls, in the order of their ends."""
        return MappingProxyType(self._steps)

    def record(self, step: StepRun) -> None:
        """Record the result of a step."""
        self._steps[step.name] = step

    def finish(self, duration: float) -> None:
        """Record the duration and the status of a run that has ended."""
        self.duration = duration
        # An interrupted run may have steps that did not start, without a failed step. It has failed too.
        failed_statuses = {ExecutionStatus.FAILED, ExecutionStatus.NOT_RUN}
        is_failed = any(step.status in failed_statuses for step in self._steps.values())
        self.status = ExecutionStatus.FAILED if is_failed else ExecutionStatus.COMPLETED


def new_run_id(name: str) -> str:
    """Return a unique id for a run of ``name`` that starts now.

    The id has the name of the pipeline or step, the time in UTC and a random part.
    """
    return f"{name}-{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:8]}"


_lock = threading.Lock()
"""Protects the list of the remembered runs."""


def record_run(run: PipelineRun) -> None:
    """Add ``run`` to :func:`recent_runs`."""
    with _lock:
        _remembered_runs().appendleft(run)


class PipelineRuns:
    """The runs of one pipeline in this process, without those that are unlisted."""

    def __init__(self, name: str) -> None:
        """Select the runs of the pipeline ``name``."""
        self.name = name

    def __repr__(self) -> str:
        """Return the name of the pipeline."""
        return f"<PipelineRuns of {self.name!r}>"

    @property
    def runs(self) -> list[PipelineRun]:
        """The listed runs, newest first."""
        return [run for run in recent_runs(self.name) if not run.options.unlisted]

    @property
    def last_run(self) -> PipelineRun:
        """The newest run.

        Raises:
            RunNotFoundError: If there is no run.
        """
        return self._first(self.runs, "run")

    @property
    def last_successful_run(self) -> PipelineRun:
        """The newest run that ended without an error.

        Raises:
            RunNotFoundError: If no run ended without an error.
        """
        return self._first([run for run in self.runs if run.status.is_successful], "successful run")

    def _first(self, runs: list[PipelineRun], description: str) -> PipelineRun:
        """Return the first of ``runs``, or raise an error with the ``description`` of the missing run."""
        if runs:
            return runs[0]
        message = f"Pipeline {self.name!r} has no {description} in this process."
        raise RunNotFoundError(message, hint=f"Run it first. {_MEMORY_HINT}")


def find_run(name: str) -> PipelineRun:
    """Return the newest run with that name or id.

    Raises:
        RunNotFoundError: If this process has no such run.
    """
    runs = recent_runs()
    match = next((run for run in runs if name in {run.name, run.id}), None)
    if match is not None:
        return match
    message = f"This process has no run {name!r}."
    raise RunNotFoundError(message, hint=did_you_mean(name, [run.name for run in runs]) or _MEMORY_HINT)


def find_pipeline(name: str) -> PipelineRuns:
    """Return the runs of the pipeline ``name``.

    Raises:
        RunNotFoundError: If this process has not run the pipeline.
    """
    if recent_runs(name):
        return PipelineRuns(name)
    message = f"No pipeline {name!r} has run in this process."
    known = {run.pipeline for run in recent_runs()}
    raise RunNotFoundError(message, hint=did_you_mean(name, known) or _MEMORY_HINT)


def recent_runs(pipeline: str | None = None) -> list[PipelineRun]:
    """Return the remembered runs of this process, newest first; at most a hundred.

    If ``pipeline`` is the name of a pipeline, only its runs are returned.
    """
    with _lock:
        return [run for run in _remembered_runs() if pipeline in {None, run.pipeline}]


def _remembered_runs() -> deque[PipelineRun]:
    return process_global("steps.runs", lambda: deque[PipelineRun](maxlen=_MAX_RUNS))
