"""The graph of a pipeline: its step calls and their order.

To record the graph, the function of the pipeline is called, and each step call returns placeholders of its outputs.
"""

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

_current_graph: ContextVar[Graph | None] = ContextVar("zensecrets_graph", default=None)


@dataclass(frozen=True, eq=False)
class StepCall:
    """One call of a step in the function of a pipeline.

    Attributes:
        name: The name of the call.
        step: The step.
        inputs: The placeholders for outputs of other calls, and all other arguments, by parameter.
        original: The step that the function of the pipeline calls. If the options of the run configure the call, ``step`` is a copy of
            ``original`` with these options; otherwise both are the same object.
        pipelines: The nested pipelines that made the call, outermost first.
        after: The names of calls that this call waits for because of the argument ``after``.
    """

    name: str
    step: StepDefinition
    inputs: Mapping[str, StepOutput | PickledArgument]
    original: StepDefinition
    pipelines: tuple[StepDefaults, ...] = ()
    after: frozenset[str] = frozenset()

    @property
    def upstream(self) -> set[str]:
        """The names of the calls that this call waits for.

        They are the calls whose outputs are inputs of this call, and the calls in ``after``. :meth:`Graph.upstream` adds those of
        :meth:`Graph.add_order`.
        """
        return {item.call for item in self.inputs.values() if isinstance(item, StepOutput)} | self.after


class Graph:
    """The step calls of a pipeline and their order."""

    def __init__(self, pipeline: str, configurations: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Create an empty graph.

        Args:
            pipeline: The name of the pipeline.
            configurations: Options of steps, by the names of their calls.
        """
        self.pipeline = pipeline
        self.calls: dict[str, StepCall] = {}
        self._configurations = configurations or {}
        # Pairs of a step and its predecessor: every call of the step waits for every call of the predecessor.
        self._step_order: list[tuple[StepDefinition, StepDefinition]] = []
        self._nested_pipelines: list[StepDefaults] = []

    def add(self, step: StepDefinition, arguments: Mapping[str, Any], name: str | None = None, after: object = None) -> Any:
        """Add a call of a step.

        Args:
            step: The step.
            arguments: The arguments by parameter.
            name: The name of the call. The default is the name of the step, with a number from the second call on.
            after: The calls to wait for: the name of a call, an output, a step, or a list of such items.

        Returns:
            The placeholder of the output, a tuple of placeholders if the step has several outputs, or ``None`` if it has no output.

        Raises:
            StepInterfaceError: If the name is taken, if a call to wait for does not exist, if an argument does not have its declared type
                or is an output of another run, or if an output is inside another argument, such as a list.
            ArtifactError: If an argument can't be pickled.
        """
        if name is not None and name in self.calls:
            message = f"Pipeline {self.pipeline!r} has two steps named {name!r}."
            raise StepInterfaceError(message, hint="Give each call a different id.")
        name = name or self._free_name(step.name)
        configuration = dict(self._configurations.get(name, {}))
        # Arguments in the code override parameters in the options of the run.
        values = {**configuration.pop("parameters", {}), **arguments}
        configured_step = step.with_options(**configuration) if configuration else step
        inputs = {parameter: self._input(name, parameter, value) for parameter, value in values.items()}
        # The type of an output of another step is checked later, when its value exists.
        plain_values = {parameter: values[parameter] for parameter, item in inputs.items() if isinstance(item, PickledArgument)}
        step.signature.check_inputs(name, plain_values)
        after_calls = frozenset(call for item in _as_list(after) for call in self._calls_of(name, item))
        self.calls[name] = StepCall(name, configured_step, inputs, step, tuple(self._nested_pipelines), after_calls)
        outputs = tuple(StepOutput(self, name, output) for output in step.signature.outputs)
        if len(outputs) > 1:
            return StepOutputs(outputs)
        return outputs[0] if outputs else None

    @contextmanager
    def nested(self, pipeline: StepDefaults) -> Iterator[None]:
        """Record the step calls of the block as calls of the nested ``pipeline``."""
        self._nested_pipelines.append(pipeline)
        try:
            yield
        finally:
            self._nested_pipelines.pop()

    def check(self) -> None:
        """Check that the steps can run.

        Raises:
            StepInterfaceError: If there is no step, if steps wait for each other, or if an unknown step is configured.
        """
        if not self.calls:
            message = f"Pipeline {self.pipeline!r} calls no step."
            hint = "Call steps in its function. For step of zensecrets_jupyter.steps, import pipeline of zensecrets_jupyter.pipelines."
            raise StepInterfaceError(message, hint=hint)
        unknown_name = next((name for name in self._configurations if name not in self.calls), None)
        if unknown_name is not None:
            message = f"Pipeline {self.pipeline!r} has no step {unknown_name!r} to configure."
            raise StepInterfaceError(message, hint=did_you_mean(unknown_name, self.calls) or f"Its steps are {', '.join(self.calls)}.")
        self.topological_order()

    def add_order(self, step: StepDefinition, predecessor: StepDefinition) -> None:
        """Make every call of ``step`` wait for every call of ``predecessor``."""
        self._step_order.append((step, predecessor))

    def upstream(self, name: str) -> set[str]:
        """Return the names of the calls that must finish before the call ``name`` runs."""
        call = self.calls[name]
        earlier_steps = [predecessor for step, predecessor in self._step_order if step is call.original]
        return call.upstream | {other.name for other in self.calls.values() if other.original in earlier_steps}

    def topological_order(self) -> list[StepCall]:
        """Return the calls in topological order; independent calls have the order of the code.

        Raises:
            StepInterfaceError: If steps wait for each other.
        """
        ordered: dict[str, StepCall] = {}
        waiting = {name: self.upstream(name) for name in self.calls}
        while waiting:
            # The next call in the order of the code whose predecessors are all in ``ordered``.
            ready = next((name for name, upstream in waiting.items() if upstream <= ordered.keys()), None)
            if ready is None:
                message = f"The steps {', '.join(map(repr, waiting))} of pipeline {self.pipeline!r} wait for each other."
                raise StepInterfaceError(message, hint="Remove one of the calls of after().")
            ordered[ready] = self.calls[ready]
            del waiting[ready]
        return list(ordered.values())

    def unpacking_error(self, error: TypeError) -> StepInterfaceError | None:
        """Return the error for unpacking a result without outputs, such as ``a, b = step()``.

        The step is the last one that was called. The result is ``None`` if ``error`` has another cause.
        """
        last_call = next(reversed(self.calls.values()), None)
        # The last part of the traceback belongs to the code that raised the error.
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        left_side = unpacked_names(trace.tb_frame.f_code, trace.tb_lasti) if trace is not None else None
        # Python's message for unpacking None is "cannot unpack non-iterable NoneType object".
        if last_call is None or last_call.step.signature.outputs or left_side is None or "NoneType" not in str(error):
            return None
        # The text of left_side is, for example, "2 are".
        message = f"Step {last_call.name!r} has no outputs, and {left_side} unpacked."
        return StepInterfaceError(message, hint="Add a return annotation, such as -> Output(a=int, b=str).")

    def _free_name(self, step_name: str) -> str:
        name, number = step_name, 1
        while name in self.calls:
            number += 1
            name = f"{step_name}_{number}"
        return name

    def _calls_of(self, name: str, item: object) -> list[str]:
        """Return the names of the calls to wait for, for one item of the argument ``after``.

        The item is an output, the name of a call, or a step, which means all of its calls. ``name`` is the waiting call, for errors.
        """
        if isinstance(item, StepOutput) and item.graph is self:
            return [item.call]
        matches = [call.name for call in self.calls.values() if item in {call.name, call.original}]
        if matches:
            return matches
        label = repr(item) if isinstance(item, str) else type_with_article(item)
        message = f"Step {name!r} can't be put after {label}: the pipeline has not called such a step before."
        raise StepInterfaceError(message, hint="Give an output of the step, or the id of its call.")

    def _input(self, name: str, parameter: str, value: Any) -> StepOutput | PickledArgument:
        """Return an output of this graph unchanged, and pickle any other argument."""
        if not isinstance(value, StepOutput):
            label = f"Argument {parameter!r} of step {name!r}"
            if isinstance(value, BaseParameters):
                # The class is not pickled, because cloudpickle writes a class of a notebook differently in each kernel. The digest of the
                # argument, which is part of the cache key, would change with each kernel.
                return PickledArgument(pickling.dump(dict(value), label), label, type(value).model_validate)
            return PickledArgument(pickling.dump(value, label), label)
        if value.graph is not self:
            message = f"Argument {parameter!r} of step {name!r} is an output of another run of a pipeline."
            raise StepInterfaceError(message, hint="Load it first: run.steps[NAME].output.load().")
        return value


def current_graph() -> Graph | None:
    """Return the graph of the pipeline that is being recorded, or ``None``."""
    return _current_graph.get()


def _as_list(value: object) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


@contextmanager
def trace_pipeline(pipeline: str, configurations: Mapping[str, Mapping[str, Any]] | None = None) -> Iterator[Graph]:
    """Yield a graph in which the step calls of the block are recorded.

    The steps do not run.

    Raises:
        StepInterfaceError: If the block unpacks the result of a step without outputs.
    """
    graph = Graph(pipeline, configurations)
    token = _current_graph.set(graph)
    problem: StepInterfaceError | None = None
    try:
        yield graph
    except TypeError as error:
        problem = graph.unpacking_error(error)
        if problem is None:
            raise
    finally:
        _current_graph.reset(token)
    # The error is raised outside of the except block, so that the traceback does not show the TypeError too.
    if problem is not None:
        raise problem
