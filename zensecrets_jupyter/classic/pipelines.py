"""Pipelines as classes: ``@pipeline`` makes one of a function whose parameters are steps, and instances are run."""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any, ClassVar, overload

from zensecrets_jupyter.classic.steps import BaseStep
from zensecrets_jupyter.classic.views import PipelineRunView, PipelineView
from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.steps import Pipeline
from zensecrets_jupyter.core.steps.definition.arguments import bound, unknown_arguments
from zensecrets_jupyter.core.steps.definition.run_options import read_run_configuration
from zensecrets_jupyter.core.steps.execution.graph import trace_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from zensecrets_jupyter.core.steps.execution.graph import Graph


class BasePipeline(Pipeline):
    """A pipeline; a subclass says in its method ``connect`` which steps take what of which. It is made with an instance of each step."""

    __pipeline_name__: ClassVar[str | None] = None
    __pipeline_options__: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *args: BaseStep, **kwargs: BaseStep) -> None:
        """Take a step for each parameter of ``connect``.

        Raises:
            StepInterfaceError: If one is missing, is no step, or is the class of a step and no instance.
        """
        if type(self).connect is BasePipeline.connect:
            # Its own signature takes anything, and would be complained of for it.
            self.connect()
        super().__init__(self.connect, self.pipeline_name())
        self.configure(**self.__pipeline_options__)
        given, problem, hint = bound(inspect.signature(self.connect), args, kwargs)
        if problem:
            raise StepInterfaceError(f"Pipeline {self.name!r} can't be made so: {problem}.", hint=hint)
        self._steps = {parameter: self._checked_step(parameter, step) for parameter, step in given.items()}
        for parameter, step in self._steps.items():
            step.pipeline_parameter_name = parameter

    def connect(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - a subclass says what it takes
        """Call the steps, and hand the outputs of some to others; a subclass implements it.

        Raises:
            StepInterfaceError: If it does not.
        """
        nearly = [name for name, own in vars(type(self)).items() if inspect.isfunction(own) and did_you_mean(name, ["connect"])]
        message = f"The pipeline class {type(self).__name__} has no method connect."
        hint = f"Its method {nearly[0]} is called nearly so: rename it." if nearly else "Define it: its parameters are the steps."
        raise StepInterfaceError(message, hint=hint)

    @classmethod
    def pipeline_name(cls) -> str:
        """Return what pipelines of this class are called."""
        return cls.__pipeline_name__ or cls.__name__

    @property
    def steps(self) -> dict[str, BaseStep]:
        """The steps, by the parameters of ``connect``."""
        return dict(self._steps)

    def run(  # noqa: PLR0913 - ZenML's arguments
        self,
        *,
        run_name: str | None = None,
        enable_cache: bool | None = None,
        schedule: object = None,
        settings: Mapping[str, Any] | None = None,
        step_configurations: Mapping[str, Mapping[str, Any]] | None = None,
        extra: Mapping[str, Any] | None = None,
        config_path: str | None = None,
        unlisted: bool = False,
        **unknown: Any,
    ) -> PipelineRunView:
        """Run the pipeline on the active stack and return the run; the arguments hold for this run alone.

        They are those of :meth:`Pipeline.with_options`, and errors are those of calling what that returns.
        """
        if unknown:
            problem, hint = unknown_arguments(unknown, [name for name in inspect.signature(self.run).parameters if name != "unknown"])
            raise StepInterfaceError(f"Pipeline {self.name!r} can't be run so: {problem}.", hint=hint)
        configured = self.with_options(
            run_name,
            schedule=schedule,
            step_configurations=step_configurations,
            config_path=config_path,
            unlisted=unlisted,
            enable_cache=enable_cache,
            settings=settings,
            extra=extra,
        )
        return PipelineRunView(configured())

    def with_config(self, config_file: str, overwrite_step_parameters: bool = False) -> Self:  # noqa: FBT001, FBT002 - ZenML's signature
        """Configure the pipeline's steps as a YAML file says, and return the pipeline.

        Parameters that were given in code stay, unless they are to be overwritten.

        Raises:
            StepInterfaceError: If the file configures a step that is not there, or what a step does not take.
            UnreadableFileError: If the file can't be read, or is no such configuration.
        """
        found = read_run_configuration(config_file)
        by_step = found.pop("steps", None) or {}
        self._check_known(by_step)
        self.configure(**found)
        for name, configuration in by_step.items():
            given = dict(configuration or {})
            parameters = dict(given.pop("parameters", None) or {})
            if "enable_cache" in parameters and "enable_cache" not in given:
                # Where files for ZenML 0.20 have it.
                given["enable_cache"] = parameters.pop("enable_cache")
            kept = {} if overwrite_step_parameters else self._steps[name].given_parameters
            self._steps[name].configure(parameters={**parameters, **kept}, **given)
        return self

    @classmethod
    def get_runs(cls) -> list[PipelineRunView]:
        """Return the runs of the pipeline in this process, the newest first."""
        return PipelineView(cls.pipeline_name()).runs

    def _trace(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
        configurations = self.run_options.steps
        self._check_known(configurations)
        steps = {name: copy.copy(step).configure(**configurations.get(name, {})) for name, step in self._steps.items()}
        for name, step in steps.items():
            step.call_name = name
        with trace_pipeline(self.name) as graph:
            self.entrypoint(*args, **{**steps, **kwargs})
        graph.check()
        return graph

    def _check_known(self, configured: Mapping[str, Any]) -> None:
        unknown = next((name for name in configured if name not in self._steps), None)
        if unknown is not None:
            message = f"Pipeline {self.name!r} has no step {unknown!r} to configure."
            raise StepInterfaceError(message, hint=did_you_mean(unknown, self._steps) or f"Its steps are {', '.join(self._steps)}.")

    def _checked_step(self, parameter: str, step: object) -> BaseStep:
        if isinstance(step, BaseStep):
            return step
        message = f"Step {parameter!r} of pipeline {self.name!r} is "
        if isinstance(step, type) and issubclass(step, BaseStep):
            message += f"the class {step.__name__} and no step."
            raise StepInterfaceError(message, hint=f"Call it: {parameter}={step.__name__}().")
        message += f"of type {type(step).__qualname__}, which is no step."
        raise StepInterfaceError(message, hint="Decorate its function with step of zensecrets_jupyter.steps, and call that.")


@overload
def pipeline(function: Callable[..., Any], /) -> type[BasePipeline]: ...


@overload
def pipeline(*, name: str | None = None, **options: Any) -> Callable[[Callable[..., Any]], type[BasePipeline]]: ...


def pipeline(function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any) -> Any:
    """Return the class of pipelines that a function makes: ``@pipeline`` alone, or with arguments.

    The parameters of the function are steps. Calling the class with them makes a pipeline, and ``run()`` runs it. The arguments are
    those of :func:`zensecrets_jupyter.core.steps.pipeline.pipeline`.

    Raises:
        StepInterfaceError: If the function or an argument is not acceptable; it says why.
    """

    def make(bare: Callable[..., Any]) -> type[BasePipeline]:
        # What is not acceptable is said where it stands.
        made = Pipeline(bare, name).configure(**options)
        described = {key: getattr(bare, key) for key in ("__module__", "__qualname__", "__doc__")}
        members = {"connect": staticmethod(bare), "__pipeline_name__": made.name, "__pipeline_options__": options, **described}
        return type(made.name, (BasePipeline,), members)

    return make if function is None else make(function)
