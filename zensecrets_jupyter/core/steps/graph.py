"""A pipeline as a graph: which steps it calls with what, found by running its function with outputs that are still to come."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from zensecrets_jupyter.core import pickling
from zensecrets_jupyter.core.errors import StepInterfaceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zensecrets_jupyter.core.steps.step import Step

_tracing: ContextVar[Graph | None] = ContextVar("zensecrets_graph", default=None)


@dataclass(frozen=True)
class Given:
    """An argument that the pipeline's function gave itself, pickled: with references instead of secrets' values."""

    pickled: pickling.Pickled = field(repr=False)
    what: str = "An argument"

    @property
    def data(self) -> bytes:
        """The argument as bytes, without a value in it."""
        return self.pickled.data

    @property
    def digest(self) -> str:
        """A digest of the value, or of the references in it."""
        return self.pickled.digest

    def load(self) -> Any:
        """Return the value; errors as :meth:`Artifact.load` has them."""
        return pickling.load(self.data, self.what)


@dataclass(frozen=True, eq=False)
class StepCall:
    """One step of a pipeline.

    Attributes:
        name: What the step is called in the pipeline: its own name, with a number from the second call on.
        step: The step.
        inputs: For each parameter what it gets: an output of another call, or a value.
    """

    name: str
    step: Step[Any]
    inputs: Mapping[str, StepOutput | Given]

    @property
    def upstream(self) -> set[str]:
        """The names of the calls whose outputs it takes."""
        return {given.call for given in self.inputs.values() if isinstance(given, StepOutput)}


class Graph:
    """The steps that a pipeline calls."""

    def __init__(self, pipeline: str) -> None:
        """Begin with no steps; ``pipeline`` is the pipeline's name."""
        self.pipeline = pipeline
        self.calls: dict[str, StepCall] = {}
        self._after: list[tuple[Step[Any], Step[Any]]] = []

    def add(self, step: Step[Any], arguments: Mapping[str, Any]) -> Any:
        """Add a call and return its output: a tuple of them if the step has several, ``None`` if it has none.

        Raises:
            StepInterfaceError: If an argument is the output of another pipeline's step, or holds outputs inside of something.
            ArtifactError: If an argument can't be pickled.
        """
        name, number = step.name, 1
        while name in self.calls:
            number += 1
            name = f"{step.name}_{number}"
        inputs = {parameter: self._input(name, parameter, value) for parameter, value in arguments.items()}
        self.calls[name] = StepCall(name, step, inputs)
        outputs = tuple(StepOutput(self, name, output) for output in step.signature.outputs)
        return outputs if len(outputs) > 1 else outputs[0] if outputs else None

    def add_order(self, step: Step[Any], before: Step[Any]) -> None:
        """Have every call of ``step`` wait for every call of ``before``."""
        self._after.append((step, before))

    def upstream(self, name: str) -> set[str]:
        """Return the names of the calls that have to be finished before the call ``name`` can run."""
        call = self.calls[name]
        waited_for = [before for step, before in self._after if step is call.step]
        return call.upstream | {other.name for other in self.calls.values() if other.step in waited_for}

    def in_order(self) -> list[StepCall]:
        """Return the calls so that each comes after those it needs, and otherwise in the order in which they were made.

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

    def _input(self, name: str, parameter: str, value: Any) -> StepOutput | Given:
        if not isinstance(value, StepOutput):
            what = f"Argument {parameter!r} of step {name!r}"
            return Given(pickling.dump(value, what), what)
        if value.graph is not self:
            message = f"Argument {parameter!r} of step {name!r} is an output of another run of a pipeline."
            raise StepInterfaceError(message, hint="Load it first: run.steps[NAME].output.load().")
        return value


class StepOutput:
    """An output of a step while its pipeline is put together: it has no value yet, and can only be handed to another step."""

    __slots__ = ("call", "graph", "name")

    def __init__(self, graph: Graph, call: str, name: str) -> None:
        """Stand for the output ``name`` of the call ``call``."""
        self.graph = graph
        self.call = call
        self.name = name

    def __repr__(self) -> str:
        """Return which output it is."""
        return f"<output {self.name!r} of step {self.call!r}, still to come>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuse: it is handed to a step as an argument of its own."""
        message = f"Output {self.name!r} of step {self.call!r} stands inside of another argument."
        raise StepInterfaceError(message, hint="Hand it to the step as an argument of its own.")

    def __getattr__(self, name: str) -> Any:
        """Refuse: it has no value yet."""
        if name.startswith("_"):
            # IPython and others look for special methods.
            raise AttributeError(name)
        return self._refuse(f"has no attribute {name!r} yet")

    def __iter__(self) -> Iterator[Any]:
        """Refuse: it is one output."""
        self._refuse("can't be unpacked or looped over", "Name several outputs in the step's annotation: -> Output(a=int, b=str).")

    def _refuse(self, what: str, hint: str = "") -> NoReturn:
        message = f"Output {self.name!r} of step {self.call!r} {what}: it is made when the pipeline runs."
        raise StepInterfaceError(message, hint=hint or "Do that inside of a step, to which the output is handed.")


def _refusing(special: str) -> Any:
    def refuse(self: StepOutput, *_: object) -> NoReturn:
        self._refuse(f"can't be used as a value ({special})")

    refuse.__name__ = special
    refuse.__doc__ = "Refuse: it has no value yet."
    return refuse


_VALUE_METHODS = (
    "bool call contains delitem eq float ge getitem gt index int le len lt ne setitem "
    "abs add and floordiv invert lshift matmul mod mul neg or pos pow rshift sub truediv xor "
    "radd rand rfloordiv rlshift rmatmul rmod rmul ror rpow rrshift rsub rtruediv rxor"
)
for _special in _VALUE_METHODS.split():
    setattr(StepOutput, f"__{_special}__", _refusing(f"__{_special}__"))


def current_graph() -> Graph | None:
    """Return the graph of the pipeline whose function runs here, or ``None``."""
    return _tracing.get()


@contextmanager
def traced(pipeline: str) -> Iterator[Graph]:
    """Have the steps that are called in the block added to the graph that it yields, instead of run."""
    graph = Graph(pipeline)
    token = _tracing.set(graph)
    try:
        yield graph
    finally:
        _tracing.reset(token)
