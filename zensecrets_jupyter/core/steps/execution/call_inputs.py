"""Inputs of a step call: placeholders for outputs of other steps, and all other arguments, pickled."""

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
    """An argument of a step call, pickled without the values of secrets.

    An output of another step is no such argument: it is a StepOutput.
    """

    pickled: pickling.PickledObject = field(repr=False)
    label: str = "An argument"
    """The name of the argument in errors."""
    build: Callable[[Any], Any] | None = field(default=None, repr=False)
    """The function that builds the argument from the unpickled object.

    It is ``None`` if this object is the argument itself.
    """

    @property
    def data(self) -> bytes:
        """The pickle, without the values of secrets."""
        return self.pickled.data

    @property
    def digest(self) -> str:
        """A digest of the argument, with references instead of values of secrets."""
        return self.pickled.digest

    def load(self) -> Any:
        """Return the argument; errors are those of :meth:`Artifact.load`."""
        loaded = pickling.load(self.data, self.label)
        return loaded if self.build is None else self.build(loaded)


class StepOutput:
    """Placeholder for an output of a step, while the function of a pipeline records the step calls.

    The only possible use is to pass the placeholder to another step as an argument.
    """

    __slots__ = ("call", "graph", "name")

    def __init__(self, graph: object, call: str, name: str) -> None:
        """Create the placeholder for the output ``name`` of the step call named ``call`` in ``graph``."""
        self.graph = graph
        self.call = call
        self.name = name

    def __repr__(self) -> str:
        """Return the names of the output and of its step."""
        return f"<output {self.name!r} of step {self.call!r}, not computed yet>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Raise an error: pickle calls this method for an output inside another argument, such as a list."""
        message = f"Output {self.name!r} of step {self.call!r} is inside another argument."
        raise StepInterfaceError(message, hint="Pass it to the step as a separate argument.")

    def __getattr__(self, name: str) -> Any:
        """Raise an error, because the output has no value yet."""
        if name.startswith("_"):
            # IPython and other libraries test for optional special methods, and expect an AttributeError.
            raise AttributeError(name)
        return self._refuse(f"has no attribute {name!r} yet")

    def __iter__(self) -> Iterator[Any]:
        """Raise an error, because the output has no value yet."""
        self._refuse("can't be unpacked or iterated over", "Name several outputs in the step's annotation: -> Output(a=int, b=str).")

    def _refuse(self, predicate: str, hint: str = "") -> NoReturn:
        """Raise the error for a use of the output as a value."""
        message = f"Output {self.name!r} of step {self.call!r} {predicate}: the step has not run yet."
        raise StepInterfaceError(message, hint=hint or "Pass the output to a step that does this.")


class StepOutputs(tuple[StepOutput, ...]):
    """Placeholders for the outputs of a step with several outputs."""

    __slots__ = ()

    def __iter__(self) -> Iterator[StepOutput]:
        """Return an iterator over the placeholders.

        Raises:
            StepInterfaceError: If the caller unpacks the outputs into another number of names.
        """
        caller = sys._getframe(1)  # noqa: SLF001 - only the bytecode of the caller has the number of names on the left side of a, b = step()
        left_side = unpacked_names(caller.f_code, caller.f_lasti)
        if left_side is not None and not left_side.accepts(len(self)):
            # The text of left_side is, for example, "3 are".
            self._refuse(f"{left_side} unpacked", "Write one name for each output, in this order.")
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
        return self._refuse(f"there is no output with index {index}", "The first index is 0.")

    def _refuse(self, problem: str, hint: str) -> NoReturn:
        names = ", ".join(output.name for output in self)
        message = f"Step {super().__getitem__(0).call!r} has {len(self)} outputs ({names}), and {problem}."
        raise StepInterfaceError(message, hint=hint)


def _special_method(name: str) -> Any:
    """Return a special method ``name`` for StepOutput that raises an error."""

    def refuse(self: StepOutput, *_: object) -> NoReturn:
        self._refuse(f"can't be used as a value ({name})")

    refuse.__name__ = name
    refuse.__doc__ = "Raise an error, because the output has no value yet."
    return refuse


# The special methods of operators and conversions, without the underscores around their names. Python looks them up in the class, so that
# StepOutput.__getattr__ is not called for them.
_VALUE_METHODS = (
    "bool call contains delitem eq float ge getitem gt index int le len lt ne setitem "
    "abs add and floordiv invert lshift matmul mod mul neg or pos pow rshift sub truediv xor "
    "radd rand rfloordiv rlshift rmatmul rmod rmul ror rpow rrshift rsub rtruediv rxor"
)
for _name in _VALUE_METHODS.split():
    setattr(StepOutput, f"__{_name}__", _special_method(f"__{_name}__"))
