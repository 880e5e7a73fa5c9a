"""Inputs of a step call: placeholders for the outputs of other steps, and pickled plain arguments."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from zensecrets_jupyter.core import pickling
from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.steps.definition.bytecode import unpacked_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class PickledArgument:
    """A plain argument of a step call, pickled with references instead of the values of secrets."""

    pickled: pickling.Pickled = field(repr=False)
    what: str = "An argument"
    build: Callable[[Any], Any] | None = field(default=None, repr=False)
    """Builds the argument from the pickled object; ``None`` if the object is the argument."""

    @property
    def data(self) -> bytes:
        """The pickle of the argument, without values of secrets."""
        return self.pickled.data

    @property
    def digest(self) -> str:
        """A digest of the value, or of the references in it."""
        return self.pickled.digest

    def load(self) -> Any:
        """Return the value; raises the errors of :meth:`Artifact.load`."""
        loaded = pickling.load(self.data, self.what)
        return loaded if self.build is None else self.build(loaded)


class StepOutput:
    """Placeholder for an output of a step while the graph is recorded; it can only be passed to another step."""

    __slots__ = ("call", "graph", "name")

    def __init__(self, graph: object, call: str, name: str) -> None:
        """Create the placeholder for output ``name`` of call ``call``."""
        self.graph = graph
        self.call = call
        self.name = name

    def __repr__(self) -> str:
        """Return the output and its step."""
        return f"<output {self.name!r} of step {self.call!r}, still to come>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuse pickling: an output must be an argument of its own."""
        message = f"Output {self.name!r} of step {self.call!r} stands inside of another argument."
        raise StepInterfaceError(message, hint="Hand it to the step as an argument of its own.")

    def __getattr__(self, name: str) -> Any:
        """Refuse attributes: there is no value yet."""
        if name.startswith("_"):
            # IPython and others look for special methods.
            raise AttributeError(name)
        return self._refuse(f"has no attribute {name!r} yet")

    def __iter__(self) -> Iterator[Any]:
        """Refuse iteration: it is one output."""
        self._refuse("can't be unpacked or looped over", "Name several outputs in the step's annotation: -> Output(a=int, b=str).")

    def _refuse(self, what: str, hint: str = "") -> NoReturn:
        message = f"Output {self.name!r} of step {self.call!r} {what}: it is made when the pipeline runs."
        raise StepInterfaceError(message, hint=hint or "Do that inside of a step, to which the output is handed.")


class StepOutputs(tuple[StepOutput, ...]):
    """Placeholders for the outputs of a step that has several."""

    __slots__ = ()

    def __iter__(self) -> Iterator[StepOutput]:
        """Return an iterator over the placeholders.

        Raises:
            StepInterfaceError: If the caller unpacks another number of outputs.
        """
        caller = sys._getframe(1)  # noqa: SLF001 - only the code of the caller holds the number of names
        wanted = unpacked_names(caller.f_code, caller.f_lasti)
        if wanted is not None and not wanted.accepts(len(self)):
            self._refuse(f"{wanted} wanted", "Take one name for each, in that order.")
        return super().__iter__()

    def __getitem__(self, index: Any) -> Any:
        """Return one placeholder or a slice.

        Raises:
            StepInterfaceError: If the index is out of range.
        """
        try:
            return super().__getitem__(index)
        except IndexError:
            pass
        return self._refuse(f"number {index} is wanted", "They are counted from 0.")

    def _refuse(self, problem: str, hint: str) -> NoReturn:
        names = ", ".join(output.name for output in self)
        message = f"Step {super().__getitem__(0).call!r} has {len(self)} outputs ({names}), and {problem}."
        raise StepInterfaceError(message, hint=hint)


def _refusal_method(special: str) -> Any:
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
    setattr(StepOutput, f"__{_special}__", _refusal_method(f"__{_special}__"))
