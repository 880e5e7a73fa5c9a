"""How a step is written: its inputs, its context and its outputs, as the annotations of its function say."""

from __future__ import annotations

import inspect
import re
import sys
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ForwardRef, NamedTuple, Union, get_args, get_origin

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import type_with_article
from zensecrets_jupyter.core.steps.definition.arguments import bound
from zensecrets_jupyter.core.steps.definition.bytecode import returned_tuple_length, returns_value
from zensecrets_jupyter.core.steps.definition.context import StepContext
from zensecrets_jupyter.core.steps.definition.type_checks import has_type
from zensecrets_jupyter.core.text import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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
        input_types: The declared types of the inputs, by parameter.
        output_types: The declared types of the outputs, by name.
    """

    inputs: inspect.Signature
    context: str | None
    outputs: tuple[str, ...]
    input_types: Mapping[str, Any] = field(default_factory=dict)
    output_types: Mapping[str, Any] = field(default_factory=dict)

    def bind(
        self, step_name: str, args: Sequence[Any], kwargs: Mapping[str, Any], defaults: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the arguments by parameter, without those that are left to the function's default; ``defaults`` come before that.

        Raises:
            StepInterfaceError: If they do not suit the parameters.
        """
        by_position = list(self.inputs.parameters)[: len(args)]
        added = {name: value for name, value in (defaults or {}).items() if name not in kwargs and name not in by_position}
        arguments, problem, hint = bound(self.inputs, args, {**kwargs, **added})
        if not problem:
            return arguments
        if self.context is not None and self.context in kwargs:
            hint = "Leave it out: the context is given to the step when it runs."
        raise StepInterfaceError(f"Step {step_name!r} can't be called so: {problem}.", hint=hint)

    def check_inputs(self, step_name: str, arguments: Mapping[str, Any]) -> None:
        """Return if each argument has the type that its parameter declares; the default of a parameter always has it.

        Raises:
            StepInterfaceError: If one has not; it names the step, the input and both types.
        """
        for name, value in arguments.items():
            declared = self.input_types.get(name, Any)
            if value is not self.inputs.parameters[name].default and not has_type(value, declared):
                message = f"Input {name!r} of step {step_name!r} is of type {type(value).__qualname__}, and the step declares "
                raise StepInterfaceError(f"{message}{type_name(declared)}.", hint="Hand in what it declares, or change the annotation.")

    def split(self, step_name: str, returned: Any) -> dict[str, Any]:
        """Return what the step returned by output; what a step without outputs returns is dropped.

        Raises:
            StepInterfaceError: If it has several outputs and returned no tuple or list of as many, or one is not of its declared type.
        """
        by_output = self._by_output(step_name, returned)
        for name, value in by_output.items():
            declared = self.output_types.get(name, Any)
            if not has_type(value, declared):
                message = f"Output {name!r} of step {step_name!r} is of type {type(value).__qualname__}, and the step declares "
                raise StepInterfaceError(f"{message}{type_name(declared)}.", hint="Return what it declares, or change the annotation.")
        return by_output

    def _by_output(self, step_name: str, returned: Any) -> dict[str, Any]:
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


def read_signature(function: object, name: str, *, annotated: bool = False) -> StepSignature:
    """Return what the function of the step ``name`` takes and returns.

    Args:
        function: The function, or the bound method of an object.
        name: What errors call the step.
        annotated: Whether it has to annotate its parameters and what it returns, and a tuple is one output whatever it returns, as up to
            ZenML 0.3x. Else what is not annotated may be anything, and a function that returns a tuple of several has several outputs.

    Raises:
        StepInterfaceError: If it can't be a step; it says why.
    """
    function = _checked_function(function, name)
    annotations = _annotations(function)
    kept, declared, context = [], {}, None
    for parameter in _signature(function).parameters.values():
        if parameter.kind in _UNFIT_KINDS:
            message = f"Step {name!r} has the parameter {_UNFIT_KINDS[parameter.kind].format(parameter.name)}, which names no one input."
            raise StepInterfaceError(message, hint="Give it a plain parameter for each input.")
        if parameter.name not in annotations and annotated:
            message = f"Parameter {parameter.name!r} of step {name!r} has no annotation."
            raise StepInterfaceError(message, hint=f"Say what it is, such as {parameter.name}: int.")
        annotation = annotations.get(parameter.name, Any)
        if not _is_context(annotation, function):
            kept.append(parameter.replace(annotation=inspect.Parameter.empty))
            declared[parameter.name] = _evaluated(annotation, function)
        elif context is not None:
            message = f"Step {name!r} takes its context twice, as {context!r} and as {parameter.name!r}."
            raise StepInterfaceError(message, hint="Leave one of them out.")
        else:
            context = parameter.name
    if "return" not in annotations and annotated:
        message = f"Step {name!r} doesn't say what it returns."
        raise StepInterfaceError(message, hint="Annotate it, such as -> int; with -> None if it returns nothing.")
    returned = annotations.get("return", Any if returns_value(function.__code__) else None)
    outputs = _outputs(returned, function, name, split_tuples=not annotated)
    return StepSignature(inspect.Signature(kept), context, tuple(outputs), declared, outputs)


def _checked_function(function: object, name: str) -> FunctionType:
    if isinstance(function, types.MethodType):
        _checked_function(function.__func__, name)
        return function  # type: ignore[return-value]  # it has the attributes of its function, and a signature without self
    if not isinstance(function, types.FunctionType):
        message = f"A step is made of a function, and {name!r} is {type_with_article(function)}."
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
        import annotationlib

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def _annotations(function: FunctionType) -> dict[str, Any]:
    if sys.version_info >= (3, 14):
        import annotationlib

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
    # On Python 3.10 an alias such as list[int] is a type, and no class.
    return origin is None and isinstance(annotation, type) and issubclass(annotation, StepContext)


class _Declared(NamedTuple):
    """An output as the annotation has it; ``name`` is ``None`` where it gives none."""

    name: str | None
    type: Any


def _outputs(annotation: Any, function: FunctionType, name: str, *, split_tuples: bool) -> dict[str, Any]:
    """Return the declared types of the outputs by name, in order."""
    annotation = _evaluated(annotation, function)
    if annotation is None or annotation is type(None):
        return {}
    if isinstance(annotation, Output):
        if not annotation.items():
            message = f"Step {name!r} declares Output() without an output."
            raise StepInterfaceError(message, hint="Name each, as in Output(count=int); a step that returns nothing says -> None.")
        return _checked([_Declared(output, _evaluated(kind, function)) for output, kind in annotation.items()], name)
    parts = [_Declared(*_named(_evaluated(part, function))) for part in _parts_of_tuple(annotation)]
    named = [part for part in parts if part.name]
    if named and len(named) < len(parts):
        message = f"Step {name!r} names some of its outputs and not the others."
        raise StepInterfaceError(message, hint='Name each, such as Annotated[int, "count"].')
    if named:
        return _checked(parts, name)
    if split_tuples and len(parts) > 1 and returned_tuple_length(function.__code__) == len(parts):
        return {f"{SINGLE_OUTPUT}_{number}": part.type for number, part in enumerate(parts)}
    given, declared = _named(annotation)
    return _checked([_Declared(given or SINGLE_OUTPUT, declared)], name)


def _parts_of_tuple(annotation: Any) -> Iterator[Any]:
    inner = get_args(annotation) if get_origin(annotation) is tuple else ()
    return iter(() if Ellipsis in inner else inner)


def _named(annotation: Any) -> tuple[str | None, Any]:
    """Return the name that an ``Annotated`` gives, if any, and the type."""
    if get_origin(annotation) is not Annotated:
        return None, annotation
    return next((extra for extra in annotation.__metadata__ if isinstance(extra, str)), None), get_args(annotation)[0]


def _checked(outputs: list[_Declared], name: str) -> dict[str, Any]:
    for output in outputs:
        if not _FIT_FOR_OUTPUT.fullmatch(output.name or ""):
            message = f"Step {name!r} can't have an output called {output.name!r}."
            raise StepInterfaceError(message, hint="Use letters, digits, '_' and '-'.")
    if len({output.name for output in outputs}) < len(outputs):
        message = f"Step {name!r} has two outputs of one name."
        raise StepInterfaceError(message, hint="Give each its own name.")
    return {str(output.name): output.type for output in outputs}
