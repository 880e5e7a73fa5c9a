"""Pipelines: functions that call steps and so say which outputs go where."""

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
    """A pipeline, as :func:`pipeline` makes it of a function. Calling it runs it.

    Attributes:
        entrypoint: The bare function.
        name: What the pipeline is called.
        enable_cache: Whether its steps may be found in the cache; ``None`` leaves it to them.
        secrets: The secrets whose keys are environment variables while its steps run.
        settings: Settings for all of its steps, with references unresolved.
        parameters: Arguments that a call need not give.
        hooks: What is called when one of its steps has run, where that names nothing itself.
        options: The arguments of ZenML's that are kept and change nothing here.
        run_options: What is said of its next runs.
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        """Make a pipeline of ``function``; :meth:`configure` takes everything else.

        Raises:
            StepInterfaceError: If it is no plain function, or can't be called so.
        """
        if not isinstance(function, (types.FunctionType, types.MethodType)):
            message = f"A pipeline is made of a function, and this is {type_with_article(function)}."
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
        """Return what errors call it, such as ``pipeline 'training'``."""
        return f"pipeline {self.name!r}"

    def __repr__(self) -> str:
        """Return the name."""
        return f"<Pipeline {self.name!r}>"

    @property
    def last_run(self) -> PipelineRun | None:
        """The last run in this process of a pipeline of that name, also if it failed; ``None`` before the first."""
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
        """Change what is given and return the pipeline itself; with ``merge`` mappings are added to those that there are, key by key.

        The arguments are those of :func:`pipeline`, and ``parameters`` are arguments that a call need not give then.

        Raises:
            StepInterfaceError: If something is not acceptable; nothing was changed then.
            InvalidSecretError: If no secret can be called like one of ``secrets``.
            InvalidReferenceError: If a setting is nearly a reference.
        """
        kept = validate_options(str(self), options, PIPELINE_OPTIONS, _HONOURED)
        cached = validate_cache_option(enable_cache, str(self))
        hooks = self.hooks.changed(str(self), on_failure=on_failure, on_success=on_success)
        new_secrets = self.secrets if secrets is None else validate_secret_names(secrets, str(self))
        new_settings = self.settings if settings is None else validate_settings(settings, str(self))
        new_parameters = self.parameters if parameters is None else dict(parameters)
        if merge:
            new_settings = merge_settings(self.settings, new_settings)
            new_parameters = {**self.parameters, **new_parameters}
            kept = {**self.options, **kept}
        if cached is not None:
            self.enable_cache = cached
        self.secrets, self.settings, self.parameters = new_secrets, new_settings, new_parameters
        self.hooks, self.options = hooks, kept
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
        """Return a copy that is configured so, and leave the pipeline as it is.

        Args:
            run_name: What its runs are called; ``{date}`` and ``{time}`` in it are when they begin.
            schedule: Kept and not honoured: the pipeline runs when it is called.
            step_configurations: Arguments of :meth:`Step.configure` by the names of the steps in the pipeline.
            steps: The same, under its other name.
            config_path: A YAML file with these arguments, as ZenML has it; what is given here comes over what is in it.
            unlisted: Whether its runs are left out of the pipeline's runs.
            options: Arguments of :meth:`configure`.

        Raises:
            StepInterfaceError: As from :meth:`configure`.
            UnreadableFileError: If the file can't be read, or is no such configuration.
        """
        found = read_run_configuration(config_path) if config_path is not None else {}
        by_step = [found.pop("step_configurations", None), found.pop("steps", None), step_configurations, steps]
        given = {name: one for some in by_step for name, one in validate_step_configurations(some, str(self)).items()}
        named = validate_run_name(run_name or found.pop("run_name", None), str(self))
        check_names(str(self), {**found, **options}, {*PIPELINE_OPTIONS, *_HONOURED} - {"name"}, _FOR_RUNS)
        copied = copy.copy(self).configure(**{**found, **({} if schedule is None else {"schedule": schedule}), **options})
        copied.run_options = replace(
            self.run_options,
            name=named or self.run_options.name,
            unlisted=unlisted or self.run_options.unlisted,
            steps={**self.run_options.steps, **{name: validate_step_configuration(name, one, str(self)) for name, one in given.items()}},
        )
        return copied

    def __call__(self, *args: Any, **kwargs: Any) -> PipelineRun:
        """Run the pipeline on the active stack and return the run, in which every step is completed or was found in the cache.

        The arguments are those of the function; values among them go to steps, and steps may be handed in too. A line for each step is
        printed as soon as it is finished. What a step raises is raised here, and the run is then the exception's ``pipeline_run`` and
        this pipeline's ``last_run``. In the function of another pipeline it adds its steps to that, and returns what its function returns.

        Raises:
            StepInterfaceError: If the function does not put a pipeline together; nothing was run then.
            StackValidationError: If the stack, settings or secrets would keep it from running; its report holds every problem.
            FlavorUnavailableError: If nothing here implements the stack's orchestrator; nothing was run then.
        """
        outer = current_graph()
        if outer is not None:
            check_call(self.entrypoint, args, kwargs, str(self))
            with outer.inside(self):
                returned: Any = self.entrypoint(*args, **kwargs)
                return returned  # type: ignore[no-any-return]  # outputs, which the other pipeline's function hands on: no run is made there
        # Here: with SQLAlchemy behind them they take longer to import than everything else that a cell of steps needs.
        from zensecrets_jupyter.core.steps.execution.step_runner import StepRunner, validate
        from zensecrets_jupyter.core.workspace import get_workspace

        graph = self._trace(args, kwargs)
        workspace = get_workspace()
        stack = workspace.stack()
        validate(stack, *self._needs(graph))
        # The validation has refused a stack without an orchestrator.
        orchestrator = get_orchestrator(stack.components[ComponentType.ORCHESTRATOR])
        run = PipelineRun(self.name, stack.name, self.settings, self.run_options)
        runner = StepRunner(run, workspace, stack, self)
        record_run(run)
        failed = RunProgress(run, graph).run_steps(orchestrator, runner)
        if failed is not None and failed.error is not None:
            error = failed.error
            with suppress(AttributeError):
                # Classes with __slots__ take no attribute.
                error.pipeline_run = run  # type: ignore[attr-defined] # we add it
            raise error
        return run

    def _trace(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
        given = {**self._defaults(args, kwargs), **kwargs}
        check_call(self.entrypoint, args, given, str(self))
        with trace_pipeline(self.name, self.run_options.steps) as graph:
            self.entrypoint(*args, **given)
        graph.check()
        return graph

    def _defaults(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters that the call leaves out."""
        if not self.parameters:
            return {}
        taken = {*list(inspect.signature(self.entrypoint).parameters)[: len(args)], *kwargs}
        return {name: value for name, value in self.parameters.items() if name not in taken}

    def _needs(self, graph: Graph) -> tuple[list[tuple[str, RequiresSecrets]], list[Sequence[str]]]:
        """Return what the pipeline and its steps need, with what errors call them, and the secrets that are set together."""
        needing: dict[StepDefaults | StepDefinition, None] = {self: None}
        for call in graph.calls.values():
            needing |= dict.fromkeys(call.pipelines)
            needing[call.step] = None
        needs: list[tuple[str, RequiresSecrets]] = []
        for part in needing:
            needs += [(str(part), part.settings), (str(part), RequiredSecrets(part.secrets))]
        return needs, [part.secrets for part in needing]


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
    """Return the pipeline that a function makes: ``@pipeline`` alone, or with arguments.

    The function calls steps, and hands the outputs of some to others. It runs each time the pipeline is called, before any step does.

    Args:
        function: The function, where the decorator stands alone.
        name: What the pipeline is called; the function's name if left out.
        options: Every other argument of ZenML's. These are honoured:

            * ``enable_cache``: ``False`` has every step run; otherwise it is for each step to say.
            * ``secrets``: Names of secrets whose keys are environment variables while the steps run; a step's own come over them.
            * ``settings``: Settings for every step, under its own; see :func:`~zensecrets_jupyter.core.steps.step.step`.
            * ``on_success``, ``on_failure``: What is called when a step has run that names nothing itself.

            The others are kept in ``pipeline.options`` and change nothing, which is said once.

    Raises:
        StepInterfaceError: If the function or an argument is not acceptable; it says why.
        InvalidSecretError: If no secret can be called like one of ``secrets``.
        InvalidReferenceError: If a setting is nearly a reference.
    """

    def make(bare: Callable[..., Any]) -> Pipeline:
        return Pipeline(bare, name).configure(**options)

    return make if function is None else make(function)


_HONOURED = ("enable_cache", "merge", "name", "on_failure", "on_success", "parameters", "secrets", "settings")
_FOR_RUNS = ("config_path", "run_name", "schedule", "step_configurations", "steps", "unlisted")
"""What :meth:`Pipeline.with_options` takes besides."""
