"""What has been run, as ZenML's ``post_execution`` shows it: pipelines, runs, steps and artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import RunNotFoundError
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.steps import Pipeline
from zensecrets_jupyter.core.steps.definition.parameters import BaseParameters
from zensecrets_jupyter.core.steps.execution.run import ExecutionStatus, PipelineRuns, find_run, recent_runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zensecrets_jupyter.core.steps import Artifact, PipelineRun, StepRun


class StepView:
    """A step of a run."""

    def __init__(self, step: StepRun) -> None:
        """Show ``step``."""
        self._step = step

    def __repr__(self) -> str:
        """Return the name and what became of it."""
        return f"<StepView {self.name!r} {self.status.value}>"

    @property
    def name(self) -> str:
        """The name of the step in the pipeline."""
        return self._step.name

    @property
    def entrypoint_name(self) -> str:
        """The name of the step itself."""
        return self._step.step_name

    @property
    def status(self) -> ExecutionStatus:
        """What became of it."""
        return self._step.status

    @property
    def is_cached(self) -> bool:
        """Whether an earlier run stood for it."""
        return self.status is ExecutionStatus.CACHED

    @property
    def is_completed(self) -> bool:
        """Whether it was run without an error."""
        return self.status is ExecutionStatus.COMPLETED

    @property
    def parameters(self) -> dict[str, Any]:
        """The values that it took: the fields of its parameters, and what the pipeline gave it that is no output of a step."""
        found: dict[str, Any] = {}
        for name, given in self._step.parameters.items():
            value = given.load()
            found.update(dict(value) if isinstance(value, BaseParameters) else {name: value})
        return found

    @property
    def inputs(self) -> Mapping[str, Artifact]:
        """The outputs of other steps that it took, by its parameters."""
        return self._step.inputs

    @property
    def input(self) -> Artifact:
        """The only input.

        Raises:
            RunNotFoundError: If it took none or several.
        """
        if len(self.inputs) == 1:
            return next(iter(self.inputs.values()))
        message = f"Step {self.name!r} has {len(self.inputs) or 'no'} inputs."
        raise RunNotFoundError(message, hint=f"Take one from inputs: {', '.join(self.inputs)}." if self.inputs else "")

    @property
    def outputs(self) -> Mapping[str, Artifact]:
        """What it returned, stored, by the outputs' names."""
        return self._step.outputs

    @property
    def output(self) -> Artifact:
        """The only output; errors as :attr:`StepRun.output` has them."""
        return self._step.output


class PipelineRunView:
    """A run of a pipeline."""

    def __init__(self, run: PipelineRun) -> None:
        """Show ``run``."""
        self._run = run

    def __repr__(self) -> str:
        """Return the run's own text."""
        return repr(self._run)

    def __getattr__(self, name: str) -> Any:
        """Return what the run has, such as ``name``, ``id``, ``status``, ``settings`` and ``duration``."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._run, name)

    @property
    def steps(self) -> list[StepView]:
        """The steps, in the order in which they ran."""
        return [StepView(step) for step in self._run.steps.values()]

    def get_step_names(self) -> list[str]:
        """Return the names of the steps in the pipeline."""
        return list(self._run.steps)

    def get_step(self, step: object = None, *, name: str | None = None) -> StepView:
        """Return a step, by its name in the pipeline, or as the class or the instance that was run.

        Raises:
            RunNotFoundError: If the run has no such step; it names near misses.
        """
        wanted = _name_of(name or step, "__step_name__")
        steps = self._run.steps
        found = steps.get(wanted) or next((one for one in steps.values() if one.step_name == wanted), None)
        if found is not None:
            return StepView(found)
        message = f"Run {self._run.name!r} has no step {wanted!r}."
        raise RunNotFoundError(message, hint=did_you_mean(wanted, steps) or f"Its steps are {', '.join(steps)}.")


class PipelineView:
    """A pipeline that this process has run."""

    def __init__(self, name: str) -> None:
        """Show the pipeline called ``name``."""
        self._runs = PipelineRuns(name)

    def __repr__(self) -> str:
        """Return the name."""
        return f"<PipelineView {self.name!r}>"

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self._runs.name

    @property
    def runs(self) -> list[PipelineRunView]:
        """The runs, the newest first, without those that are unlisted."""
        return [PipelineRunView(run) for run in self._runs.runs]

    def get_run_for_completed_step(self, step_name: str) -> PipelineRunView:
        """Return the newest run in which a step was run and not found in the cache.

        Raises:
            RunNotFoundError: If there is none.
        """
        for run in self.runs:
            if step_name in run.get_step_names() and run.get_step(step_name).is_completed:
                return run
        message = f"No run of pipeline {self.name!r} in this process has completed a step {step_name!r}."
        raise RunNotFoundError(message)


def get_pipelines() -> list[PipelineView]:
    """Return the pipelines that this process has run, the one that ran last first."""
    return [PipelineView(name) for name in dict.fromkeys(run.pipeline for run in recent_runs() if not run.options.unlisted)]


def get_pipeline(pipeline: object = None, pipeline_name: str | None = None) -> PipelineView | None:
    """Return a pipeline by its name, its class or an instance; ``None`` if this process has not run it.

    Raises:
        RunNotFoundError: If something else is given.
    """
    given = pipeline_name or pipeline
    if not isinstance(given, (str, Pipeline)) and not (isinstance(given, type) and issubclass(given, Pipeline)):
        message = f"A pipeline is looked for by what is none, of type {type(given).__qualname__}."
        raise RunNotFoundError(message, hint="Give its name, its class or an instance of it.")
    wanted = _name_of(pipeline_name or pipeline, "__pipeline_name__")
    return next((found for found in get_pipelines() if found.name == wanted), None)


def get_run(name: str) -> PipelineRunView:
    """Return the newest run of that name.

    Raises:
        RunNotFoundError: If this process has made none.
    """
    return PipelineRunView(find_run(name))


def get_unlisted_runs() -> list[PipelineRunView]:
    """Return the runs that are left out of their pipelines' runs, the newest first."""
    return [PipelineRunView(run) for run in recent_runs() if run.options.unlisted]


def _name_of(given: object, attribute: str) -> str:
    """Return what a name, a class or an instance of it stands for; ``attribute`` is where a decorated class has its name."""
    if isinstance(given, str):
        return given
    return str(getattr(given, attribute, None) or getattr(given, "name", None) or getattr(given, "__name__", ""))
