"""Pipelines as classes, created by ``@pipeline`` from a function whose parameters are steps."""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any, ClassVar, overload

from zensecrets_jupyter.classic.steps import BaseStep
from zensecrets_jupyter.classic.views import PipelineRunView, PipelineView
from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.steps import Pipeline
from zensecrets_jupyter.core.steps.definition.arguments import bind_arguments, unknown_arguments
from zensecrets_jupyter.core.steps.definition.run_options import read_run_configuration
from zensecrets_jupyter.core.steps.execution.graph import trace_pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from zensecrets_jupyter.core.steps.execution.graph import Graph


class BasePipeline(Pipeline):
    """Base class of pipelines. A subclass defines the method ``connect``, whose parameters are steps."""

    __pipeline_name__: ClassVar[str | None] = None
    """The name from ``@pipeline``; ``None`` for a subclass without the decorator."""
    __pipeline_options__: ClassVar[Mapping[str, Any]] = {}
    """The arguments of ``@pipeline``, except the name."""

    def __init__(self, *args: BaseStep, **kwargs: BaseStep) -> None:
        """Create the pipeline from a step for each parameter of ``connect``.

        Raises:
            StepInterfaceError: If a step is missing, or an argument is not an instance of :class:`BaseStep`.
        """
        if type(self).connect is BasePipeline.connect:
            # The subclass has no method connect. The inherited method raises an error that explains this.
            self.connect()
        super().__init__(self.connect, self.pipeline_name())
        self.configure(**self.__pipeline_options__)
        steps, problem, hint = bind_arguments(inspect.signature(self.connect), args, kwargs)
        if problem:
            raise StepInterfaceError(f"Wrong arguments for pipeline {self.name!r}: {problem}.", hint=hint)
        self._steps = {parameter: self._validate_step(parameter, step) for parameter, step in steps.items()}
        for parameter, step in self._steps.items():
            step.pipeline_parameter_name = parameter

    def connect(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - a subclass declares the parameters
        """Call the steps, and pass outputs of steps to other steps.

        A subclass defines this method.

        Raises:
            StepInterfaceError: If the subclass does not define it.
        """
        methods = [name for name, member in vars(type(self)).items() if inspect.isfunction(member)]
        similar_names = [name for name in methods if did_you_mean(name, ["connect"])]
        message = f"The pipeline class {type(self).__name__} has no method connect."
        hint = (
            f"Its method {similar_names[0]} has a similar name: rename it." if similar_names else "Define it: its parameters are the steps."
        )
        raise StepInterfaceError(message, hint=hint)

    @classmethod
    def pipeline_name(cls) -> str:
        """Return the name of the pipelines that this class creates; by default the name of the class."""
        return cls.__pipeline_name__ or cls.__name__

    @property
    def steps(self) -> dict[str, BaseStep]:
        """The steps, by the names of the parameters of ``connect``."""
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
        """Run the pipeline on the active stack, and return the run.

        The arguments are those of :meth:`Pipeline.with_options`, and apply to this run only. The errors are those of
        :meth:`Pipeline.with_options` and of :meth:`Pipeline.__call__`.
        """
        if unknown:
            # The signature also contains the parameter ``unknown`` itself.
            known_names = [name for name in inspect.signature(self.run).parameters if name != "unknown"]
            problem, hint = unknown_arguments(unknown, known_names)
            raise StepInterfaceError(f"Wrong arguments for pipeline {self.name!r}: {problem}.", hint=hint)
        configured_copy = self.with_options(
            run_name,
            schedule=schedule,
            step_configurations=step_configurations,
            config_path=config_path,
            unlisted=unlisted,
            enable_cache=enable_cache,
            settings=settings,
            extra=extra,
        )
        return PipelineRunView(configured_copy())

    def with_config(self, config_file: str, overwrite_step_parameters: bool = False) -> Self:  # noqa: FBT001, FBT002 - ZenML's signature
        """Configure the pipeline and its steps from a YAML file, and return the pipeline.

        Args:
            config_file: The path of the file.
            overwrite_step_parameters: Whether parameters in the file override parameters in code.

        Raises:
            StepInterfaceError: If the file configures an unknown step, or has an argument that a step does not take.
            UnreadableFileError: If the file can't be read, or is no YAML mapping.
        """
        file_options = read_run_configuration(config_file)
        by_step = file_options.pop("steps", None) or {}
        self._check_step_names(by_step)
        self.configure(**file_options)
        for name, configuration in by_step.items():
            options = dict(configuration or {})
            parameters = dict(options.pop("parameters", None) or {})
            if "enable_cache" in parameters and "enable_cache" not in options:
                # Files for ZenML 0.20 have enable_cache among the parameters.
                options["enable_cache"] = parameters.pop("enable_cache")
            # Without overwrite_step_parameters, values in code replace those in the file.
            code_parameters = {} if overwrite_step_parameters else self._steps[name].code_parameters
            self._steps[name].configure(parameters={**parameters, **code_parameters}, **options)
        return self

    @classmethod
    def get_runs(cls) -> list[PipelineRunView]:
        """Return the listed runs of pipelines with this class's name in this process, newest first."""
        return PipelineView(cls.pipeline_name()).runs

    def _trace(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
        """Call ``connect``, and return the graph of its step calls.

        Keyword arguments replace the steps for the same parameters. Each step is copied, so that the options of a run do not change it.
        """
        configurations = self.run_options.steps
        self._check_step_names(configurations)
        steps = {name: copy.copy(step).configure(**configurations.get(name, {})) for name, step in self._steps.items()}
        for name, step in steps.items():
            step.call_name = name
        with trace_pipeline(self.name) as graph:
            self.entrypoint(*args, **{**steps, **kwargs})
        graph.check()
        return graph

    def _check_step_names(self, configurations: Mapping[str, Any]) -> None:
        """Raise an error if a configured step does not exist."""
        unknown_name = next((name for name in configurations if name not in self._steps), None)
        if unknown_name is not None:
            message = f"Pipeline {self.name!r} has no step {unknown_name!r} to configure."
            raise StepInterfaceError(message, hint=did_you_mean(unknown_name, self._steps) or f"Its steps are {', '.join(self._steps)}.")

    def _validate_step(self, parameter: str, step: object) -> BaseStep:
        """Return ``step``, or raise an error if it is not an instance of :class:`BaseStep`."""
        if isinstance(step, BaseStep):
            return step
        message = f"Step {parameter!r} of pipeline {self.name!r} is "
        if isinstance(step, type) and issubclass(step, BaseStep):
            message += f"the class {step.__name__} and no step."
            raise StepInterfaceError(message, hint=f"Call it: {parameter}={step.__name__}().")
        message += f"of type {type(step).__qualname__}, which is no step."
        raise StepInterfaceError(message, hint="Decorate its function with step of zensecrets_jupyter.steps, and call the result.")


@overload
def pipeline(function: Callable[..., Any], /) -> type[BasePipeline]: ...


@overload
def pipeline(*, name: str | None = None, **options: Any) -> Callable[[Callable[..., Any]], type[BasePipeline]]: ...


def pipeline(function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any) -> Any:
    """Decorator that creates a class of pipelines from a function.

    Write ``@pipeline``, or ``@pipeline(…)`` with arguments. The parameters of the function are steps. A call of the class with steps
    creates a pipeline, and its method ``run`` runs it. The arguments are those of :func:`zensecrets_jupyter.core.steps.pipeline.pipeline`.

    Raises:
        StepInterfaceError: If the function or an argument is not acceptable.
    """

    def create(decorated: Callable[..., Any]) -> type[BasePipeline]:
        # A pipeline is created immediately, so that the decorator raises the errors of the function and of the options.
        validated = Pipeline(decorated, name).configure(**options)
        copied_attributes = {key: getattr(decorated, key) for key in ("__module__", "__qualname__", "__doc__")}
        members = {"connect": staticmethod(decorated), "__pipeline_name__": validated.name, "__pipeline_options__": options}
        return type(validated.name, (BasePipeline,), members | copied_attributes)

    return create if function is None else create(function)
