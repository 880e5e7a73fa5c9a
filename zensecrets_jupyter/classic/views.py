"""Pipelines, runs and steps with the attributes of ZenML's module ``post_execution``."""

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
    """A step of a run, with ZenML's attributes."""

    def __init__(self, step: StepRun) -> None:
        """Create the view of ``step``."""
        self._step = step

    def __repr__(self) -> str:
        """Return the name and the status of the step."""
        return f"<StepView {self.name!r} {self.status.value}>"

    @property
    def name(self) -> str:
        """The name of the step in the pipeline."""
        return self._step.name

    @property
    def entrypoint_name(self) -> str:
        """The name of the step itself, such as ``trainer`` for the step ``trainer_2`` of the pipeline."""
        return self._step.step_name

    @property
    def status(self) -> ExecutionStatus:
        """The status of the step."""
        return self._step.status

    @property
    def is_cached(self) -> bool:
        """Whether cached outputs of an earlier run were reused."""
        return self.status is ExecutionStatus.CACHED

    @property
    def is_completed(self) -> bool:
        """Whether the step ran without an error; false for a cached step."""
        return self.status is ExecutionStatus.COMPLETED

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments of the step that are no outputs of other steps, by name.

        Each field of a parameters object is a separate item.
        """
        values: dict[str, Any] = {}
        for name, argument in self._step.parameters.items():
            value = argument.load()
            values.update(dict(value) if isinstance(value, BaseParameters) else {name: value})
        return values

    @property
    def inputs(self) -> Mapping[str, Artifact]:
        """The outputs of other steps that are arguments of this step, by parameter."""
        return self._step.inputs

    @property
    def input(self) -> Artifact:
        """The only input.

        Raises:
            RunNotFoundError: If the step has no input or several inputs.
        """
        if len(self.inputs) == 1:
            return next(iter(self.inputs.values()))
        message = f"Step {self.name!r} has {len(self.inputs) or 'no'} inputs."
        raise RunNotFoundError(message, hint=f"Read one of its inputs: {', '.join(self.inputs)}." if self.inputs else "")

    @property
    def outputs(self) -> Mapping[str, Artifact]:
        """The stored outputs, by name."""
        return self._step.outputs

    @property
    def output(self) -> Artifact:
        """The only output; errors are those of :attr:`StepRun.output`."""
        return self._step.output


class PipelineRunView:
    """A run of a pipeline, with ZenML's attributes."""

    def __init__(self, run: PipelineRun) -> None:
        """Create the view of ``run``."""
        self._run = run

    def __repr__(self) -> str:
        """Return the ``repr`` of the :class:`PipelineRun`."""
        return repr(self._run)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the run, such as ``name``, ``id``, ``status``, ``settings`` or ``duration``."""
        if name.startswith("_"):
            # copy and pickle look for special methods before "_run" is set. Reading "_run" would then call this method without end.
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
        """Return a step of the run.

        Args:
            step: The name of the step in the pipeline, or the class or an instance of the step.
            name: The name of the step in the pipeline; it has priority over ``step``.

        Raises:
            RunNotFoundError: If the run has no such step; the error suggests similar names.
        """
        searched_name = _name_of(name or step, "__step_name__")
        steps = self._run.steps
        # The names in the pipeline, such as trainer_2, are compared first, and then the own names of the steps, such as trainer.
        match = steps.get(searched_name) or next((step_run for step_run in steps.values() if step_run.step_name == searched_name), None)
        if match is not None:
            return StepView(match)
        message = f"Run {self._run.name!r} has no step {searched_name!r}."
        raise RunNotFoundError(message, hint=did_you_mean(searched_name, steps) or f"Its steps are {', '.join(steps)}.")


class PipelineView:
    """A pipeline that this process has run, with ZenML's attributes."""

    def __init__(self, name: str) -> None:
        """Create the view of the pipeline ``name``."""
        self._runs = PipelineRuns(name)

    def __repr__(self) -> str:
        """Return the name of the pipeline."""
        return f"<PipelineView {self.name!r}>"

    @property
    def name(self) -> str:
        """The name of the pipeline."""
        return self._runs.name

    @property
    def runs(self) -> list[PipelineRunView]:
        """The runs of the pipeline, newest first; unlisted runs are left out."""
        return [PipelineRunView(run) for run in self._runs.runs]

    def get_run_for_completed_step(self, step_name: str) -> PipelineRunView:
        """Return the newest run in which the step ran without an error.

        A run that reused cached outputs of the step is not returned.

        Raises:
            RunNotFoundError: If there is no run in which the step ran without an error.
        """
        for run in self.runs:
            if step_name in run.get_step_names() and run.get_step(step_name).is_completed:
                return run
        message = f"No run of pipeline {self.name!r} in this process has completed a step {step_name!r}."
        raise RunNotFoundError(message)


def get_pipelines() -> list[PipelineView]:
    """Return the pipelines that this process has run, those with the newest run first; unlisted runs are ignored."""
    return [PipelineView(name) for name in dict.fromkeys(run.pipeline for run in recent_runs() if not run.options.unlisted)]


def get_pipeline(pipeline: object = None, pipeline_name: str | None = None) -> PipelineView | None:
    """Return a pipeline by its name, its class or an instance.

    ``pipeline_name`` has priority over ``pipeline``. The result is ``None`` if this process has not run the pipeline.

    Raises:
        RunNotFoundError: If the argument is neither the name, the class nor an instance of a pipeline.
    """
    name_or_pipeline = pipeline_name or pipeline
    is_pipeline_class = isinstance(name_or_pipeline, type) and issubclass(name_or_pipeline, Pipeline)
    if not is_pipeline_class and not isinstance(name_or_pipeline, (str, Pipeline)):
        message = f"An object of type {type(name_or_pipeline).__qualname__} does not identify a pipeline."
        raise RunNotFoundError(message, hint="Give its name, its class or an instance of it.")
    name = _name_of(name_or_pipeline, "__pipeline_name__")
    return next((view for view in get_pipelines() if view.name == name), None)


def get_run(name: str) -> PipelineRunView:
    """Return the newest run whose name or id is ``name``.

    Raises:
        RunNotFoundError: If this process has no such run.
    """
    return PipelineRunView(find_run(name))


def get_unlisted_runs() -> list[PipelineRunView]:
    """Return the unlisted runs, newest first."""
    return [PipelineRunView(run) for run in recent_runs() if run.options.unlisted]


def _name_of(item: object, attribute: str) -> str:
    """Return the name of a step or pipeline, from the name itself, its class or an instance.

    Args:
        item: The name, the class or the instance.
        attribute: The class attribute in which ``@step`` or ``@pipeline`` stores the name, such as ``__step_name__``.
    """
    if isinstance(item, str):
        return item
    return str(getattr(item, attribute, None) or getattr(item, "name", None) or getattr(item, "__name__", ""))
