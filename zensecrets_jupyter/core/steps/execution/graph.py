"""The graph of a pipeline, recorded by running its function with placeholders for the outputs of steps."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core import pickling
from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import did_you_mean, type_with_article
from zensecrets_jupyter.core.steps.definition.bytecode import unpacked_names
from zensecrets_jupyter.core.steps.definition.parameters import BaseParameters
from zensecrets_jupyter.core.steps.execution.call_inputs import PickledArgument, StepOutput, StepOutputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zensecrets_jupyter.core.steps.definition.protocols import StepDefaults, StepDefinition

_tracing: ContextVar[Graph | None] = ContextVar("zensecrets_graph", default=None)


@dataclass(frozen=True, eq=False)
class StepCall:
    """One call of a step in a pipeline.

    Attributes:
        name: The name of the call: that of the step, with a number from the second call on.
        step: The step.
        inputs: By parameter, an output of another call or a plain argument.
        original: The called step; ``step`` is a copy of it if the run configures it.
        pipelines: The nested pipelines that made the call, outermost first.
        after: The names of further calls that it waits for.
    """

    name: str
    step: StepDefinition
    inputs: Mapping[str, StepOutput | PickledArgument]
    original: StepDefinition
    pipelines: tuple[StepDefaults, ...] = ()
    after: frozenset[str] = frozenset()

    @property
    def upstream(self) -> set[str]:
        """The names of the calls that it waits for."""
        return {given.call for given in self.inputs.values() if isinstance(given, StepOutput)} | self.after


class Graph:
    """The step calls of a pipeline and their order."""

    def __init__(self, pipeline: str, configurations: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Create an empty graph for the pipeline of that name; ``configurations`` are options of steps by call name."""
        self.pipeline = pipeline
        self.calls: dict[str, StepCall] = {}
        self._configurations = configurations or {}
        self._after: list[tuple[StepDefinition, StepDefinition]] = []
        self._inner: list[StepDefaults] = []

    def add(self, step: StepDefinition, arguments: Mapping[str, Any], name: str | None = None, after: object = None) -> Any:
        """Add a call and return the placeholder of its output: a tuple for several outputs, ``None`` for none.

        Args:
            step: The step.
            arguments: The arguments by parameter.
            name: The name of the call, by default that of the step, with a number from the second call on.
            after: The calls to wait for: a name, an output, a step, or a list of those.

        Raises:
            StepInterfaceError: If the name is taken, there is no call to wait for, or an argument is the output of another pipeline's
                step, or holds outputs inside of something.
            ArtifactError: If an argument can't be pickled.
        """
        if name is not None and name in self.calls:
            message = f"Pipeline {self.pipeline!r} has two steps called {name!r}."
            raise StepInterfaceError(message, hint="Give each call an id of its own.")
        name = name or self._free_name(step.name)
        configuration = dict(self._configurations.get(name, {}))
        given = {**configuration.pop("parameters", {}), **arguments}
        configured = step.with_options(**configuration) if configuration else step
        inputs = {parameter: self._input(name, parameter, value) for parameter, value in given.items()}
        step.signature.check_inputs(
            name, {parameter: given[parameter] for parameter, item in inputs.items() if isinstance(item, PickledArgument)}
        )
        waits = frozenset(found for item in _as_list(after) for found in self._calls_of(name, item))
        self.calls[name] = StepCall(name, configured, inputs, step, tuple(self._inner), waits)
        outputs = tuple(StepOutput(self, name, output) for output in step.signature.outputs)
        return StepOutputs(outputs) if len(outputs) > 1 else outputs[0] if outputs else None

    @contextmanager
    def inside(self, pipeline: StepDefaults) -> Iterator[None]:
        """Record the calls in the block as calls of a nested pipeline."""
        self._inner.append(pipeline)
        try:
            yield
        finally:
            self._inner.pop()

    def check(self) -> None:
        """Check that the steps can run.

        Raises:
            StepInterfaceError: If there is no step, two wait for each other, or an unknown one is configured.
        """
        if not self.calls:
            message = f"Pipeline {self.pipeline!r} calls no step."
            hint = "Call functions made with @step in it; if that came from zensecrets_jupyter.steps, take pipeline from .pipelines too."
            raise StepInterfaceError(message, hint=hint)
        unknown = next((name for name in self._configurations if name not in self.calls), None)
        if unknown is not None:
            message = f"Pipeline {self.pipeline!r} has no step {unknown!r} to configure."
            raise StepInterfaceError(message, hint=did_you_mean(unknown, self.calls) or f"Its steps are {', '.join(self.calls)}.")
        self.topological_order()

    def add_order(self, step: StepDefinition, before: StepDefinition) -> None:
        """Make every call of ``step`` wait for every call of ``before``."""
        self._after.append((step, before))

    def upstream(self, name: str) -> set[str]:
        """Return the names of the calls that must finish before the call ``name`` runs."""
        call = self.calls[name]
        waited_for = [before for step, before in self._after if step is call.original]
        return call.upstream | {other.name for other in self.calls.values() if other.original in waited_for}

    def topological_order(self) -> list[StepCall]:
        """Return the calls in topological order, otherwise in the order in which they were made.

        Raises:
            StepInterfaceError: If two steps wait for each other.
        """
        ordered: dict[str, StepCall] = {}
        waiting = {name: self.upstream(name) for name in self.calls}
        while waiting:
            ready = next((name for name, needed in waiting.items() if needed <= ordered.keys()), None)
            if ready is None:
                message = f"The steps {', '.join(map(repr, waiting))} of pipeline {self.pipeline!r} wait for each other."
                raise StepInterfaceError(message, hint="Take out one of the calls of after().")
            ordered[ready] = self.calls[ready]
            del waiting[ready]
        return list(ordered.values())

    def unpacking_error(self, error: TypeError) -> StepInterfaceError | None:
        """Return the error for unpacking a step without outputs, if that is the cause of ``error``."""
        last = next(reversed(self.calls.values()), None)
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        wanted = unpacked_names(trace.tb_frame.f_code, trace.tb_lasti) if trace is not None else None
        if last is None or last.step.signature.outputs or wanted is None or "NoneType" not in str(error):
            return None
        message = f"Step {last.name!r} has no outputs, and {wanted} wanted."
        return StepInterfaceError(message, hint="Annotate what it returns, such as -> Output(a=int, b=str).")

    def _free_name(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.calls:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def _calls_of(self, name: str, item: object) -> list[str]:
        """Return the names of the calls that ``item`` of ``after`` refers to."""
        if isinstance(item, StepOutput) and item.graph is self:
            return [item.call]
        found = [call.name for call in self.calls.values() if item in {call.name, call.original}]
        if found:
            return found
        shown = repr(item) if isinstance(item, str) else type_with_article(item)
        message = f"Step {name!r} can't be put after {shown}: that is no step that the pipeline has called before."
        raise StepInterfaceError(message, hint="Give an output of the step, or the id with which it was called.")

    def _input(self, name: str, parameter: str, value: Any) -> StepOutput | PickledArgument:
        if not isinstance(value, StepOutput):
            what = f"Argument {parameter!r} of step {name!r}"
            if isinstance(value, BaseParameters):
                # The values only: how cloudpickle writes a notebook's class differs from one kernel to the next.
                return PickledArgument(pickling.dump(dict(value), what), what, type(value).model_validate)
            return PickledArgument(pickling.dump(value, what), what)
        if value.graph is not self:
            message = f"Argument {parameter!r} of step {name!r} is an output of another run of a pipeline."
            raise StepInterfaceError(message, hint="Load it first: run.steps[NAME].output.load().")
        return value


def current_graph() -> Graph | None:
    """Return the graph of the pipeline that is being recorded, or ``None``."""
    return _tracing.get()


def _as_list(given: object) -> list[Any]:
    return [] if given is None else list(given) if isinstance(given, (list, tuple, set, frozenset)) else [given]


@contextmanager
def trace_pipeline(pipeline: str, configurations: Mapping[str, Mapping[str, Any]] | None = None) -> Iterator[Graph]:
    """Record step calls in the block in the graph that it yields, instead of running them.

    Raises:
        StepInterfaceError: If the block unpacks outputs of a step that has none.
    """
    graph = Graph(pipeline, configurations)
    token = _tracing.set(graph)
    nothing: StepInterfaceError | None = None
    try:
        yield graph
    except TypeError as error:
        nothing = graph.unpacking_error(error)
        if nothing is None:
            raise
    finally:
        _tracing.reset(token)
    if nothing is not None:
        raise nothing
