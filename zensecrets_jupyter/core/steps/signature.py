"""How a step is written: its inputs, its context and its outputs, as the annotations of its function say."""

from __future__ import annotations

import inspect
import re
import sys
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ForwardRef, Union, get_args, get_origin

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.steps.context import StepContext

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FunctionType

SINGLE_OUTPUT = "output"
"""What the only output of a step is called where nobody names it; ZenML's word."""

_UNFIT_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "{}, /",
    inspect.Parameter.VAR_POSITIONAL: "*{}",
    inspect.Parameter.VAR_KEYWORD: "**{}",
}
_FIT_FOR_OUTPUT = re.compile(r"\w[\w-]*")
_CONTEXT_TEXT = re.compile(r"(?:\w+\.)*(?:Optional\[)?(?:\w+\.)*StepContext\]?(?:\s*\|\s*None)?")


class Output:
    """Several outputs of a step, each with a name: ``-> Output(model=Model, accuracy=float)``; the step returns a tuple of them."""

    def __init__(self, **outputs: Any) -> None:
        """Take the outputs' names and types, in the order in which the step returns them."""
        self._outputs = outputs

    def items(self) -> list[tuple[str, Any]]:
        """Return the names and types."""
        return list(self._outputs.items())

    def __repr__(self) -> str:
        """Return it as it is written."""
        written = [f"{name}={getattr(kind, '__name__', kind)}" for name, kind in self._outputs.items()]
        return f"Output({', '.join(written)})"


@dataclass(frozen=True)
class StepSignature:
    """What a step takes and returns.

    Attributes:
        inputs: The parameters of the function without that for the context.
        context: The parameter that gets the context; ``None`` if there is none.
        outputs: The names of the outputs, in order.
    """

    inputs: inspect.Signature
    context: str | None
    outputs: tuple[str, ...]

    def bind(self, step_name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments by parameter, without those that are left to their default.

        Raises:
            StepInterfaceError: If they do not suit the parameters.
        """
        try:
            return self.inputs.bind(*args, **kwargs).arguments
        except TypeError as error:
            # Names only: inspect never quotes an argument's value.
            problem = str(error)
        if self.context is not None and self.context in kwargs:
            hint = "Leave it out: the context is given to the step when it runs."
        else:
            hint = f"It takes {', '.join(map(str, self.inputs.parameters)) or 'no arguments'}."
        raise StepInterfaceError(f"Step {step_name!r} can't be called so: {problem}.", hint=hint)

    def split(self, step_name: str, returned: Any) -> dict[str, Any]:
        """Return what the step returned by output; what a step without outputs returns is dropped.

        Raises:
            StepInterfaceError: If it has several outputs and returned no tuple or list of as many.
        """
        if not self.outputs:
            return {}
        if len(self.outputs) == 1:
            return {self.outputs[0]: returned}
        wanted = f"{len(self.outputs)} outputs ({', '.join(self.outputs)})"
        if not isinstance(returned, (tuple, list)):
            message = f"Step {step_name!r} declares {wanted} and returned one {type(returned).__name__}."
        elif len(returned) != len(self.outputs):
            message = f"Step {step_name!r} declares {wanted} and returned {len(returned)}."
        else:
            return dict(zip(self.outputs, returned, strict=True))
        raise StepInterfaceError(message, hint="Return them as a tuple in that order.")


def read_signature(function: object, name: str) -> StepSignature:
    """Return what the function of the step ``name`` takes and returns.

    Raises:
        StepInterfaceError: If it can't be a step; it says why.
    """
    function = _checked_function(function, name)
    annotations = _annotations(function)
    kept, context = [], None
    for parameter in _signature(function).parameters.values():
        if parameter.kind in _UNFIT_KINDS:
            message = f"Step {name!r} has the parameter {_UNFIT_KINDS[parameter.kind].format(parameter.name)}, which names no one input."
            raise StepInterfaceError(message, hint="Give it a plain parameter for each input.")
        if parameter.name not in annotations:
            message = f"Parameter {parameter.name!r} of step {name!r} has no annotation."
            raise StepInterfaceError(message, hint=f"Say what it is, such as {parameter.name}: int.")
        if not _is_context(annotations[parameter.name], function):
            kept.append(parameter.replace(annotation=inspect.Parameter.empty))
        elif context is not None:
            message = f"Step {name!r} takes its context twice, as {context!r} and as {parameter.name!r}."
            raise StepInterfaceError(message, hint="Leave one of them out.")
        else:
            context = parameter.name
    if "return" not in annotations:
        message = f"Step {name!r} doesn't say what it returns."
        raise StepInterfaceError(message, hint="Annotate it, such as -> int; with -> None if it returns nothing.")
    return StepSignature(inspect.Signature(kept), context, _outputs(annotations["return"], function, name))


def _checked_function(function: object, name: str) -> FunctionType:
    if not isinstance(function, types.FunctionType):
        message = f"A step is made of a function, and {name!r} is a {type(function).__name__}."
        hint = "Write @step above a def."
    elif inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        message = f"Step {name!r} is an async function."
        hint = "Write it as a plain function; inside of it, asyncio.run(…) runs a coroutine."
    elif inspect.isgeneratorfunction(function):
        message = f"Step {name!r} is a generator, whose yields can't be stored."
        hint = "Return a list of what it yields."
    else:
        return function
    raise StepInterfaceError(message, hint=hint)


def _signature(function: FunctionType) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415 - Python 3.14 has it

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def _annotations(function: FunctionType) -> dict[str, Any]:
    if sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415 - Python 3.14 has it

        return annotationlib.get_annotations(function, format=annotationlib.Format.FORWARDREF)
    return dict(function.__annotations__)


def _evaluated(annotation: Any, function: FunctionType) -> Any:
    """Return what an annotation that is a text stands for, or the text where that can't be known here."""
    text = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
    if not isinstance(text, str):
        return annotation
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    try:
        enclosed = {name: cell.cell_contents for name, cell in cells}
        return eval(text, function.__globals__, enclosed)  # noqa: S307 - the author's own annotation, as typing evaluates it too
    except Exception:  # noqa: BLE001 - a name that only a type checker knows, or a construct of a later Python
        return text


def _is_context(annotation: Any, function: FunctionType) -> bool:
    annotation = _evaluated(annotation, function)
    if isinstance(annotation, str):
        return _CONTEXT_TEXT.fullmatch(annotation.strip()) is not None
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_context(inner[0], function)
    if origin in {Union, types.UnionType}:
        return any(_is_context(option, function) for option in inner)
    return isinstance(annotation, type) and issubclass(annotation, StepContext)


def _outputs(annotation: Any, function: FunctionType, name: str) -> tuple[str, ...]:
    annotation = _evaluated(annotation, function)
    if annotation is None or annotation is type(None):
        return ()
    if isinstance(annotation, Output):
        return _checked([output for output, _ in annotation.items()], name)
    parts = [_evaluated(part, function) for part in get_args(annotation)] if get_origin(annotation) is tuple else []
    named = [_name_in(part) for part in parts]
    if any(named):
        if None in named:
            message = f"Step {name!r} names some of its outputs and not the others."
            raise StepInterfaceError(message, hint='Name each, such as Annotated[int, "count"].')
        return _checked([output for output in named if output is not None], name)
    return _checked([_name_in(annotation) or SINGLE_OUTPUT], name)


def _name_in(annotation: Any) -> str | None:
    if get_origin(annotation) is not Annotated:
        return None
    return next((extra for extra in annotation.__metadata__ if isinstance(extra, str)), None)


def _checked(outputs: list[str], name: str) -> tuple[str, ...]:
    for output in outputs:
        if not _FIT_FOR_OUTPUT.fullmatch(output):
            message = f"Step {name!r} can't have an output called {output!r}."
            raise StepInterfaceError(message, hint="Use letters, digits, '_' and '-'.")
    if len(set(outputs)) < len(outputs):
        message = f"Step {name!r} has two outputs of one name."
        raise StepInterfaceError(message, hint="Give each its own name.")
    return tuple(outputs)
