"""Pipelines: functions that call steps and so say which outputs go where."""

from __future__ import annotations

import sys
import time
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any, overload

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.steps.graph import Graph, current_graph, traced
from zensecrets_jupyter.core.steps.orchestrators import get_orchestrator
from zensecrets_jupyter.core.steps.run import ExecutionStatus, PipelineRun, StepRun, recent_runs, remember
from zensecrets_jupyter.core.steps.settings import NeededSecrets, checked_secrets, checked_settings, merged
from zensecrets_jupyter.core.steps.step import checked_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from typing_extensions import Self

    from zensecrets_jupyter.core.stack import Stack, TemplatedModel
    from zensecrets_jupyter.core.stack._templated import Needing
    from zensecrets_jupyter.core.steps.execution import Execution
    from zensecrets_jupyter.core.steps.orchestrators import Orchestrator


class Pipeline:
    """A pipeline, as :func:`pipeline` makes it of a function. Calling it runs it.

    Attributes:
        entrypoint: The bare function.
        name: What the pipeline is called.
        enable_cache: Whether its steps may be found in the cache; ``None`` leaves it to them.
        secrets: The secrets whose keys are environment variables while its steps run.
        settings: Settings for all of its steps, with references unresolved.
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        """Make a pipeline of ``function``; :meth:`configure` takes everything else.

        Raises:
            StepInterfaceError: If it is no plain function, or can't be called so.
        """
        if not isinstance(function, types.FunctionType):
            message = f"A pipeline is made of a function, and this is a {type(function).__name__}."
            raise StepInterfaceError(message, hint="Write @pipeline above a def that calls steps.")
        self.name = checked_name("pipeline", name if name is not None else function.__name__)
        self.entrypoint = function
        self.enable_cache: bool | None = None
        self.secrets: tuple[str, ...] = ()
        self.settings = checked_settings(None, str(self))
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

    def configure(
        self,
        *,
        enable_cache: bool | None = None,
        secrets: Iterable[str] | None = None,
        settings: Mapping[str, Any] | TemplatedModel | None = None,
        merge: bool = True,
    ) -> Self:
        """Change what is given and return the pipeline itself; with ``merge`` settings are added to those that there are, key by key.

        Raises:
            StepInterfaceError: If something is not acceptable; nothing was changed then.
            InvalidSecretError: If no secret can be called like one of ``secrets``.
            InvalidReferenceError: If a setting is nearly a reference.
        """
        new_secrets = self.secrets if secrets is None else checked_secrets(secrets, str(self))
        new_settings = self.settings if settings is None else checked_settings(settings, str(self))
        if merge:
            new_settings = merged(self.settings, new_settings)
        if enable_cache is not None:
            self.enable_cache = enable_cache
        self.secrets, self.settings = new_secrets, new_settings
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> PipelineRun:
        """Run the pipeline on the active stack and return the run, in which every step is completed or was found in the cache.

        The arguments are those of the function; values among them go to steps, and steps may be handed in too. A line for each step is
        printed as soon as it is finished. What a step raises is raised here, and the run is then the exception's ``pipeline_run`` and
        this pipeline's ``last_run``.

        Raises:
            StepInterfaceError: If the function does not put a pipeline together; nothing was run then.
            StackValidationError: If the stack, settings or secrets would keep it from running; its report holds every problem.
            FlavorUnavailableError: If nothing here implements the stack's orchestrator; nothing was run then.
        """
        # Here: with SQLAlchemy behind them they take longer to import than everything else that a cell of steps needs.
        from zensecrets_jupyter.core.steps.execution import Execution, validate  # noqa: PLC0415 - see above
        from zensecrets_jupyter.core.workspace import get_workspace  # noqa: PLC0415 - see above

        graph = self._trace(args, kwargs)
        workspace = get_workspace()
        stack = workspace.stack()
        validate(stack, *self._needs(graph))
        orchestrator = _orchestrator_of(stack)
        run = PipelineRun(self.name, stack.name, self.settings)
        execution = Execution(run.id, workspace, stack, self)
        remember(run)
        failed = _Progress(run, graph).follow(orchestrator, execution)
        if failed is not None and failed.error is not None:
            error = failed.error
            with suppress(AttributeError):
                # Classes with __slots__ take no attribute.
                error.pipeline_run = run  # type: ignore[attr-defined] # we add it
            raise error
        return run

    def _trace(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
        outer = current_graph()
        if outer is not None:
            message = f"Pipeline {self.name!r} is called in the function of pipeline {outer.pipeline!r}."
            raise StepInterfaceError(message, hint="Call its steps there, or run it on its own.")
        with traced(self.name) as graph:
            self.entrypoint(*args, **kwargs)
        if not graph.calls:
            message = f"Pipeline {self.name!r} calls no step."
            raise StepInterfaceError(message, hint="Call functions made with @step in it.")
        graph.in_order()
        return graph

    def _needs(self, graph: Graph) -> tuple[list[tuple[str, Needing]], list[Sequence[str]]]:
        """Return what the pipeline and its steps need, with what errors call them, and the secrets that are set together."""
        needs: list[tuple[str, Needing]] = [(str(self), self.settings), (str(self), NeededSecrets(self.secrets))]
        steps = dict.fromkeys(call.step for call in graph.calls.values())
        for step in steps:
            needs += [(str(step), step.settings), (str(step), NeededSecrets(step.secrets))]
        return needs, [self.secrets, *(step.secrets for step in steps)]


class _Progress:
    """Takes down what becomes of the steps, and prints a line for each."""

    def __init__(self, run: PipelineRun, graph: Graph) -> None:
        """Follow the steps of ``graph`` in ``run``."""
        self._run = run
        self._graph = graph
        self._width = max(map(len, graph.calls))
        self._failed: StepRun | None = None

    def follow(self, orchestrator: Orchestrator, execution: Execution) -> StepRun | None:
        """Have the steps run and return the first that failed, or ``None``."""
        start = time.perf_counter()
        count = len(self._graph.calls)
        _show(f"Pipeline {self._run.pipeline!r}: {count} step{'s' if count > 1 else ''} on stack {self._run.stack!r}.")
        try:
            orchestrator.run(self._graph, execution, self._report)
        finally:
            for name in self._graph.calls:
                if name not in self._run.steps:
                    self._run.record(StepRun(name, ExecutionStatus.NOT_RUN))
            self._run.finish(time.perf_counter() - start)
            _show(f"Run {self._run.id} {self._run.status.value} in {self._run.duration:.2f} s.")
        return self._failed

    def _report(self, step: StepRun) -> None:
        self._run.record(step)
        what = step.status.value
        if step.status is ExecutionStatus.FAILED:
            self._failed = self._failed or step
            # The class only: an exception's text may hold a value.
            what += f" ({type(step.error).__name__})"
        _show(f"  {step.name:<{self._width}}  {step.duration:7.2f} s  {what}")


@overload
def pipeline(function: Callable[..., Any], /) -> Pipeline: ...


@overload
def pipeline(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    secrets: Iterable[str] | None = None,
    settings: Mapping[str, Any] | TemplatedModel | None = None,
) -> Callable[[Callable[..., Any]], Pipeline]: ...


def pipeline(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    secrets: Iterable[str] | None = None,
    settings: Mapping[str, Any] | TemplatedModel | None = None,
) -> Any:
    """Return the pipeline that a function makes: ``@pipeline`` alone, or with arguments.

    The function calls steps, and hands the outputs of some to others. It runs each time the pipeline is called, before any step does.

    Args:
        function: The function, where the decorator stands alone.
        name: What the pipeline is called; the function's name if left out.
        enable_cache: ``False`` has every step run; otherwise it is for each step to say.
        secrets: Names of secrets whose keys are environment variables while the steps run; a step's own come over them.
        settings: Settings for every step, under its own; see :func:`~zensecrets_jupyter.core.steps.step.step`.

    Raises:
        StepInterfaceError: If the function or an argument is not acceptable; it says why.
        InvalidSecretError: If no secret can be called like one of ``secrets``.
        InvalidReferenceError: If a setting is nearly a reference.
    """

    def make(bare: Callable[..., Any]) -> Pipeline:
        return Pipeline(bare, name).configure(enable_cache=enable_cache, secrets=secrets, settings=settings)

    return make if function is None else make(function)


def _orchestrator_of(stack: Stack) -> Orchestrator:
    component = stack.orchestrator
    if component is None:
        # The validation has refused such a stack.
        raise AssertionError
    return get_orchestrator(component)


def _show(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
