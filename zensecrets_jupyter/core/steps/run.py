"""What running a pipeline gives: its status, and for each step its status, duration and outputs."""

from __future__ import annotations

import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import RunNotFoundError, StepContextError
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.process import process_wide

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.steps.artifacts import Artifact
    from zensecrets_jupyter.core.steps.graph import PickledArgument
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

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will come of it."""
        return self is not ExecutionStatus.RUNNING

    @property
    def is_successful(self) -> bool:
        """Whether it has been run, or found in the cache."""
        return self in {ExecutionStatus.COMPLETED, ExecutionStatus.CACHED}


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
        step_name: The name of the step itself, which may run under another name in the pipeline.
        inputs: The stored outputs that it took, by its parameters.
        parameters: The values that it took, by its parameters, each read when it is asked for.
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
            StepContextError: If the step has none or several, or did not finish.
        """
        if len(self.outputs) == 1:
            return next(iter(self.outputs.values()))
        if self.status in {ExecutionStatus.FAILED, ExecutionStatus.NOT_RUN}:
            message = f"Step {self.name!r} has no output: it is {self.status.value}."
            raise StepContextError(message, hint="Run the pipeline again once its failure is mended.")
        message = f"Step {self.name!r} has {len(self.outputs) or 'no'} outputs."
        raise StepContextError(message, hint=f"Take one from outputs: {', '.join(self.outputs)}." if self.outputs else "")


@dataclass(frozen=True)
class RunOptions:
    """What is said of one run of a pipeline.

    Attributes:
        name: What it is called, with ``{date}`` and ``{time}`` for when it began; its ``id`` if left out.
        unlisted: Whether it is left out of the pipeline's runs.
        steps: What is configured for its steps, by their names in the pipeline.
    """

    name: str | None = None
    unlisted: bool = False
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def run_name(self, identity: str) -> str:
        """Return what a run of that identity, which begins now, is called."""
        if self.name is None:
            return identity
        now = datetime.now(timezone.utc)
        # ZenML 0.20 wrote the braces twice.
        named = self.name.replace("{{", "{").replace("}}", "}")
        return named.replace("{date}", f"{now:%Y_%m_%d}").replace("{time}", f"{now:%H_%M_%S_%f}")


class PipelineRun:
    """One run of a pipeline; ``run.steps["trainer"].output.load()`` is what a step returned."""

    def __init__(self, pipeline: str, stack: str, settings: Settings, options: RunOptions | None = None) -> None:
        """Begin a run; the pipeline fills it."""
        self.options = options or RunOptions()
        self.id = new_run_id(pipeline)
        self.name = self.options.run_name(self.id)
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


_lock = threading.Lock()


def record_run(run: PipelineRun) -> None:
    """Have :func:`recent_runs` return ``run``."""
    with _lock:
        _runs().appendleft(run)


class PipelineRuns:
    """The runs of one pipeline, as far as this process remembers them."""

    def __init__(self, name: str) -> None:
        """Look for the runs of the pipeline called ``name``."""
        self.name = name

    def __repr__(self) -> str:
        """Return the name."""
        return f"<PipelineRuns of {self.name!r}>"

    @property
    def runs(self) -> list[PipelineRun]:
        """The runs, the newest first, without those that are unlisted."""
        return [run for run in recent_runs(self.name) if not run.options.unlisted]

    @property
    def last_run(self) -> PipelineRun:
        """The newest run.

        Raises:
            RunNotFoundError: If there is none.
        """
        return self._first(self.runs, "run")

    @property
    def last_successful_run(self) -> PipelineRun:
        """The newest run that did not fail.

        Raises:
            RunNotFoundError: If there is none.
        """
        return self._first([run for run in self.runs if run.status.is_successful], "successful run")

    def _first(self, runs: list[PipelineRun], what: str) -> PipelineRun:
        if runs:
            return runs[0]
        message = f"Pipeline {self.name!r} has no {what} in this process."
        raise RunNotFoundError(message, hint="Run it: runs are remembered by the process that made them.")


def find_run(name: str) -> PipelineRun:
    """Return the newest run of that name or identity.

    Raises:
        RunNotFoundError: If this process has made none.
    """
    runs = recent_runs()
    found = next((run for run in runs if name in {run.name, run.id}), None)
    if found is not None:
        return found
    message = f"There is no run {name!r} in this process."
    raise RunNotFoundError(
        message, hint=did_you_mean(name, [run.name for run in runs]) or "Runs are remembered by the process that made them."
    )


def find_pipeline(name: str) -> PipelineRuns:
    """Return the runs of the pipeline of that name.

    Raises:
        RunNotFoundError: If this process has run none of that name.
    """
    if recent_runs(name):
        return PipelineRuns(name)
    message = f"No pipeline {name!r} has run in this process."
    known = {run.pipeline for run in recent_runs()}
    raise RunNotFoundError(message, hint=did_you_mean(name, known) or "Runs are remembered by the process that made them.")


def recent_runs(pipeline: str | None = None) -> list[PipelineRun]:
    """Return the runs of this process, of one pipeline or of all, the newest first: the last hundred at most."""
    with _lock:
        return [run for run in _runs() if pipeline in {None, run.pipeline}]


def _runs() -> deque[PipelineRun]:
    return process_wide("steps.runs", lambda: deque[PipelineRun](maxlen=_REMEMBERED))
