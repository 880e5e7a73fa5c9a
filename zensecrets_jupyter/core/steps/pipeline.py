"""Pipelines: functions that call steps and pass outputs of steps to other steps."""

from __future__ import annotations

import copy
import inspect
import types
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import type_with_article
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.steps.definition.hooks import Hooks
from zensecrets_jupyter.core.steps.definition.options import (
    PIPELINE_OPTIONS,
    check_call,
    check_names,
    validate_cache_option,
    validate_options,
    validate_parameters,
)
from zensecrets_jupyter.core.steps.definition.run_options import (
    RunOptions,
    read_run_configuration,
    validate_run_name,
    validate_step_configuration,
    validate_step_configurations,
)
from zensecrets_jupyter.core.steps.definition.settings import RequiredSecrets, merge_settings, validate_secret_names, validate_settings
from zensecrets_jupyter.core.steps.execution.graph import Graph, current_graph, trace_pipeline
from zensecrets_jupyter.core.steps.execution.orchestrators import get_orchestrator
from zensecrets_jupyter.core.steps.execution.progress import RunProgress
from zensecrets_jupyter.core.steps.execution.run import PipelineRun, recent_runs, record_run
from zensecrets_jupyter.core.steps.step import validate_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from typing_extensions import Self

    from zensecrets_jupyter.core.stack import ReferenceModel
    from zensecrets_jupyter.core.stack.references import RequiresSecrets
    from zensecrets_jupyter.core.steps.definition.protocols import StepDefaults, StepDefinition


class Pipeline:
    """A pipeline; :func:`pipeline` creates it from a function, and a call runs it.

    Attributes:
        entrypoint: The decorated function.
        name: The name of the pipeline.
        enable_cache: ``False`` turns caching off for every step; otherwise each step decides.
        secrets: The names of the secrets whose keys are environment variables while its steps run.
        settings: Settings for all of its steps, with unresolved references.
        parameters: Default values of its arguments.
        hooks: Hooks for the steps that have none.
        options: ZenML's arguments that are stored and change nothing here.
        run_options: Options for its runs.
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        """Create a pipeline from ``function``; :meth:`configure` sets its other attributes.

        Raises:
            StepInterfaceError: If ``function`` is no plain function, or the name is not valid.
        """
        if not isinstance(function, (types.FunctionType, types.MethodType)):
            message = f"A pipeline is created from a function, and this is {type_with_article(function)}."
            raise StepInterfaceError(message, hint="Write @pipeline above a def that calls steps.")
        self.name = validate_name("pipeline", name if name is not None else function.__name__)
        self.entrypoint: Callable[..., Any] = function
        self.enable_cache: bool | None = None
        self.secrets: tuple[str, ...] = ()
        self.settings = validate_settings(None, str(self))
        self.parameters: dict[str, Any] = {}
        self.hooks = Hooks()
        self.options: dict[str, Any] = {}
        self.run_options = RunOptions()
        for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(self, attribute, getattr(function, attribute))
        self.__wrapped__ = function

    def __str__(self) -> str:
        """Return the text for errors, such as ``pipeline 'training'``."""
        return f"pipeline {self.name!r}"

    def __repr__(self) -> str:
        """Return the name of the pipeline."""
        return f"<Pipeline {self.name!r}>"

    @property
    def last_run(self) -> PipelineRun | None:
        """The newest run of a pipeline with this name in this process, or ``None``.

        It may be a failed run.
        """
        return next(iter(recent_runs(self.name)), None)

    def configure(  # noqa: PLR0913 - ZenML's arguments
        self,
        *,
        enable_cache: bool | None = None,
        secrets: Iterable[str] | None = None,
        settings: Mapping[str, Any] | ReferenceModel | None = None,
        parameters: Mapping[str, Any] | None = None,
        on_failure: Callable[..., object] | None = None,
        on_success: Callable[..., object] | None = None,
        merge: bool = True,
        **options: Any,
    ) -> Self:
        """Change the given options of the pipeline and return it.

        Args:
            enable_cache: ``False`` turns caching off for every step.
            secrets: The names of the secrets, which replace the current ones.
            settings: The settings.
            parameters: Default values of arguments, by argument.
            on_failure: The function to call after a failed step.
            on_success: The function to call after a successful step.
            merge: Whether ``settings``, ``parameters`` and ``options`` update the current ones instead of replacing them.
            options: Other arguments of ZenML, which are stored and have no effect.

        Raises:
            StepInterfaceError: If an argument is not acceptable; the pipeline is unchanged.
            InvalidSecretError: If one of ``secrets`` is not a valid name.
            InvalidReferenceError: If a setting is almost a reference, such as ``{{name}}`` without a key.
        """
        new_options = validate_options(str(self), options, PIPELINE_OPTIONS, _EFFECTIVE_OPTIONS)
        new_enable_cache = validate_cache_option(enable_cache, str(self))
        new_hooks = self.hooks.updated(str(self), on_failure=on_failure, on_success=on_success)
        new_secrets = self.secrets if secrets is None else validate_secret_names(secrets, str(self))
        new_settings = self.settings if settings is None else validate_settings(settings, str(self))
        new_parameters = self.parameters if parameters is None else dict(validate_parameters(parameters, str(self)))
        if merge:
            new_settings = merge_settings(self.settings, new_settings)
            new_parameters = {**self.parameters, **new_parameters}
            new_options = {**self.options, **new_options}
        if new_enable_cache is not None:
            self.enable_cache = new_enable_cache
        self.secrets, self.settings, self.parameters = new_secrets, new_settings, new_parameters
        self.hooks, self.options = new_hooks, new_options
        return self

    def with_options(  # noqa: PLR0913 - ZenML's arguments
        self,
        run_name: str | None = None,
        *,
        schedule: object = None,
        step_configurations: Mapping[str, Mapping[str, Any]] | None = None,
        steps: Mapping[str, Mapping[str, Any]] | None = None,
        config_path: str | None = None,
        unlisted: bool = False,
        **options: Any,
    ) -> Self:
        """Return a copy of the pipeline with these options.

        Args:
            run_name: The name of the copy's runs, with ``{date}`` and ``{time}`` for the start of the run.
            schedule: A schedule of ZenML; it is stored and has no effect, because a call runs the pipeline at once.
            step_configurations: Arguments of :meth:`Step.configure`, by the names of the step calls.
            steps: The same as ``step_configurations``, under ZenML's other name.
            config_path: A YAML file with these arguments, in ZenML's format. Arguments in code override those in the file.
            unlisted: Whether the list of the pipeline's runs omits the runs of the copy.
            options: Arguments of :meth:`configure`.

        Raises:
            StepInterfaceError, InvalidSecretError, InvalidReferenceError: As for :meth:`configure`.
            UnreadableFileError: If the file can't be read, or is no YAML mapping.
        """
        file_options = read_run_configuration(config_path) if config_path is not None else {}
        file_configurations = [file_options.pop("step_configurations", None), file_options.pop("steps", None)]
        # For a step with several configurations, the last one counts.
        by_step: dict[str, Any] = {}
        for configurations in (*file_configurations, step_configurations, steps):
            by_step |= validate_step_configurations(configurations, str(self))
        name = validate_run_name(run_name or file_options.pop("run_name", None), str(self))
        # ``name`` is refused, because the name of an existing pipeline can't be changed. ``check_names`` raises an error about it.
        allowed_names = {*PIPELINE_OPTIONS, *_EFFECTIVE_OPTIONS} - {"name"}
        check_names(str(self), {**file_options, **options}, allowed_names, _RUN_OPTIONS)
        schedule_option = {} if schedule is None else {"schedule": schedule}
        configured_copy = copy.copy(self).configure(**{**file_options, **schedule_option, **options})
        step_options = {step: validate_step_configuration(step, configuration, str(self)) for step, configuration in by_step.items()}
        configured_copy.run_options = replace(
            self.run_options,
            name=name or self.run_options.name,
            unlisted=unlisted or self.run_options.unlisted,
            steps={**self.run_options.steps, **step_options},
        )
        return configured_copy

    def __call__(self, *args: Any, **kwargs: Any) -> PipelineRun:
        """Run the pipeline on the active stack and return the run.

        The arguments are those of the decorated function; an argument may be a value or a step. A line is printed when a step ends. The
        error of a step is raised unchanged. The exception then has the attribute ``pipeline_run``, and ``last_run`` is the failed run.

        A call in the function of another pipeline is different: it adds this pipeline's steps to the other pipeline, and returns the
        result of this pipeline's function.

        Raises:
            StepInterfaceError: If the function does not define a valid pipeline; no step ran.
            StackValidationError: If the stack, its settings or its secrets prevent the run; the report of the error has every problem.
            FlavorUnavailableError: If this package does not implement the stack's orchestrator; no step ran.
        """
        outer_graph = current_graph()
        if outer_graph is not None:
            check_call(self.entrypoint, args, kwargs, str(self))
            with outer_graph.nested(self):
                result: Any = self.entrypoint(*args, **kwargs)
                return result  # type: ignore[no-any-return]  # a nested call returns placeholders of outputs, and no run
        # Imported late, because these modules import SQLAlchemy, which takes longer than all other imports for steps.
        from zensecrets_jupyter.core.steps.execution.step_runner import StepRunner, validate
        from zensecrets_jupyter.core.workspace import get_workspace

        graph = self._trace(args, kwargs)
        workspace = get_workspace()
        stack = workspace.stack()
        validate(stack, *self._requirements(graph))
        # The validation has refused a stack without an orchestrator.
        orchestrator = get_orchestrator(stack.components[ComponentType.ORCHESTRATOR])
        run = PipelineRun(self.name, stack.name, self.settings, self.run_options)
        runner = StepRunner(run, workspace, stack, self)
        record_run(run)
        failed_step = RunProgress(run, graph).run_steps(orchestrator, runner)
        if failed_step is not None and failed_step.error is not None:
            error = failed_step.error
            with suppress(AttributeError):
                # An exception class with __slots__ accepts no further attribute.
                error.pipeline_run = run  # type: ignore[attr-defined] # the attribute is added here
            raise error
        return run

    def _trace(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
        """Return the graph of a call with these arguments."""
        arguments = {**self._defaults(args, kwargs), **kwargs}
        check_call(self.entrypoint, args, arguments, str(self))
        with trace_pipeline(self.name, self.run_options.steps) as graph:
            self.entrypoint(*args, **arguments)
        graph.check()
        return graph

    def _defaults(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the default values of the arguments that a call omits."""
        if not self.parameters:
            return {}
        positional_names = list(inspect.signature(self.entrypoint).parameters)[: len(args)]
        return {name: value for name, value in self.parameters.items() if name not in positional_names and name not in kwargs}

    def _requirements(self, graph: Graph) -> tuple[list[tuple[str, RequiresSecrets]], list[Sequence[str]]]:
        """Return two arguments of ``step_runner.validate`` for a graph: ``requirements`` and ``environments``."""
        # The keys of the dict are the pipelines and steps, each once and in order.
        owners: dict[StepDefaults | StepDefinition, None] = {self: None}
        for call in graph.calls.values():
            owners |= dict.fromkeys(call.pipelines)
            owners[call.step] = None
        requirements: list[tuple[str, RequiresSecrets]] = []
        for owner in owners:
            requirements += [(str(owner), owner.settings), (str(owner), RequiredSecrets(owner.secrets))]
        return requirements, [owner.secrets for owner in owners]


@overload
def pipeline(function: Callable[..., Any], /) -> Pipeline: ...


@overload
def pipeline(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    secrets: Iterable[str] | None = None,
    settings: Mapping[str, Any] | ReferenceModel | None = None,
    on_failure: Callable[..., object] | None = None,
    on_success: Callable[..., object] | None = None,
    **options: Any,
) -> Callable[[Callable[..., Any]], Pipeline]: ...


def pipeline(function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any) -> Any:
    """Decorator that creates a pipeline from a function.

    Write ``@pipeline``, or ``@pipeline(…)`` with arguments. The function calls steps and passes outputs of steps to other steps. A call of
    the pipeline first calls the function to record the step calls, and then runs the steps.

    Args:
        function: The function, if the decorator has no arguments.
        name: The name of the pipeline; by default the name of the function.
        options: ZenML's other arguments. These have an effect:

            * ``enable_cache``: ``False`` turns caching off for every step; otherwise each step decides.
            * ``secrets``: Names of secrets whose keys are environment variables while the steps run. The secrets of a step override them.
            * ``settings``: Settings for every step. The settings of a step override them.
            * ``parameters``: Default values of the function's arguments.
            * ``on_success``, ``on_failure``: Hooks for the steps that have none.

            All others are stored in ``pipeline.options`` and have no effect. A line on standard error warns about each of them once.

    Raises:
        StepInterfaceError: If the function or an argument is not acceptable.
        InvalidSecretError: If one of ``secrets`` is not a valid name.
        InvalidReferenceError: If a setting is almost a reference, such as ``{{name}}`` without a key.
    """

    def create(decorated: Callable[..., Any]) -> Pipeline:
        return Pipeline(decorated, name).configure(**options)

    return create if function is None else create(function)


_EFFECTIVE_OPTIONS = ("enable_cache", "merge", "name", "on_failure", "on_success", "parameters", "secrets", "settings")
"""The arguments of a pipeline that have an effect here."""
_RUN_OPTIONS = ("config_path", "run_name", "schedule", "step_configurations", "steps", "unlisted")
"""The further arguments of :meth:`Pipeline.with_options`."""
