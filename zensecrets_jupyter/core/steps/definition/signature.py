"""Signatures of steps: inputs, context parameter and outputs, read from the annotations of a function.

The context parameter is the parameter with the annotation StepContext. In it, a step receives its context.
"""

from __future__ import annotations

import inspect
import re
import sys
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ForwardRef, NamedTuple, Union, get_args, get_origin

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import type_with_article
from zensecrets_jupyter.core.steps.definition.arguments import bind_arguments
from zensecrets_jupyter.core.steps.definition.bytecode import returned_tuple_length, returns_value
from zensecrets_jupyter.core.steps.definition.context import StepContext
from zensecrets_jupyter.core.steps.definition.type_checks import has_type
from zensecrets_jupyter.core.text import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FunctionType

SINGLE_OUTPUT = "output"
"""ZenML's name for the only output of a step, if the annotation does not name the output.

Several outputs without names are ``output_0``, ``output_1`` and so on.
"""

_UNSUPPORTED_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "{}, /",
    inspect.Parameter.VAR_POSITIONAL: "*{}",
    inspect.Parameter.VAR_KEYWORD: "**{}",
}
"""The kinds of parameters that a step can't have, with their notation."""

_VALID_OUTPUT_NAME = re.compile(r"\w[\w-]*")
_CONTEXT_ANNOTATION = re.compile(r"(?:\w+\.)*(?:Optional\[)?(?:\w+\.)*StepContext\]?(?:\s*\|\s*None)?")
"""The text of an annotation ``StepContext``, ``Optional[StepContext]`` or ``StepContext | None``, with any module before each name.

The text is matched because an annotation can't be evaluated if its class is imported only under ``if TYPE_CHECKING``.
"""


class Output:
    """Return annotation of a step with several outputs, whose function returns a tuple.

    An example is ``-> Output(model=Model, accuracy=float)``.
    """

    def __init__(self, **outputs: Any) -> None:
        """Declare the names and types of the outputs, in the order of the returned tuple."""
        self._outputs = outputs

    def items(self) -> list[tuple[str, Any]]:
        """Return the names and types."""
        return list(self._outputs.items())

    def __repr__(self) -> str:
        """Return the annotation as source code."""
        items = [f"{name}={getattr(declared_type, '__name__', declared_type)}" for name, declared_type in self._outputs.items()]
        return f"Output({', '.join(items)})"


@dataclass(frozen=True)
class StepSignature:
    """The inputs and outputs of a step.

    Attributes:
        inputs: The parameters of the function without the context parameter.
        context_parameter: The name of the context parameter, or ``None``.
        outputs: The names of the outputs, in order.
        input_types: The declared types of the inputs, by parameter.
        output_types: The declared types of the outputs, by name.
    """

    inputs: inspect.Signature
    context_parameter: str | None
    outputs: tuple[str, ...]
    input_types: Mapping[str, Any] = field(default_factory=dict)
    output_types: Mapping[str, Any] = field(default_factory=dict)

    def bind(
        self, step_name: str, args: Sequence[Any], kwargs: Mapping[str, Any], defaults: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the arguments of a call by parameter.

        A parameter without a value in the call and in ``defaults`` is not in the result, and gets its default in the function.

        Args:
            step_name: The name of the step, for errors.
            args: The arguments by position.
            kwargs: The arguments by name.
            defaults: Values of parameters for which the call has no argument. They override the defaults of the function.

        Raises:
            StepInterfaceError: If the arguments do not match the parameters.
        """
        positional_names = list(self.inputs.parameters)[: len(args)]
        added_arguments = {name: value for name, value in (defaults or {}).items() if name not in kwargs and name not in positional_names}
        arguments, problem, hint = bind_arguments(self.inputs, args, {**kwargs, **added_arguments})
        if not problem:
            return arguments
        if self.context_parameter is not None and self.context_parameter in kwargs:
            hint = "Leave it out: the step gets the context when it runs."
        raise StepInterfaceError(f"Wrong arguments for step {step_name!r}: {problem}.", hint=hint)

    def check_inputs(self, step_name: str, arguments: Mapping[str, Any]) -> None:
        """Check that each argument has the declared type of its parameter.

        The default value of a parameter is not checked, so that ``number: int = None`` works.

        Raises:
            StepInterfaceError: If an argument has another type; the error names the step, the input and both types.
        """
        for name, value in arguments.items():
            declared_type = self.input_types.get(name, Any)
            if value is not self.inputs.parameters[name].default and not has_type(value, declared_type):
                raise _wrong_type_error(f"Input {name!r} of step {step_name!r}", value, declared_type, "Pass")

    def split_outputs(self, step_name: str, result: Any) -> dict[str, Any]:
        """Return the values of the outputs by name, from the result of the function.

        The result of a step without outputs is ignored.

        Raises:
            StepInterfaceError: If a step with several outputs did not return a tuple or list with one item for each output, or if an
                output does not have its declared type.
        """
        by_output = self._by_output(step_name, result)
        for name, value in by_output.items():
            declared_type = self.output_types.get(name, Any)
            if not has_type(value, declared_type):
                raise _wrong_type_error(f"Output {name!r} of step {step_name!r}", value, declared_type, "Return")
        return by_output

    def _by_output(self, step_name: str, result: Any) -> dict[str, Any]:
        """Return the values of the outputs by name, without a check of their types."""
        if not self.outputs:
            return {}
        if len(self.outputs) == 1:
            return {self.outputs[0]: result}
        outputs_text = f"{len(self.outputs)} outputs ({', '.join(self.outputs)})"
        if not isinstance(result, (tuple, list)):
            message = f"Step {step_name!r} declares {outputs_text} and returned one {type(result).__name__}."
        elif len(result) != len(self.outputs):
            message = f"Step {step_name!r} declares {outputs_text} and returned {len(result)}."
        else:
            return dict(zip(self.outputs, result, strict=True))
        raise StepInterfaceError(message, hint="Return them as a tuple in that order.")


def _wrong_type_error(subject: str, value: Any, declared_type: Any, verb: str) -> StepInterfaceError:
    message = f"{subject} is of type {type(value).__qualname__}, and the step declares {type_name(declared_type)}."
    return StepInterfaceError(message, hint=f"{verb} a value of the declared type, or change the annotation.")


def read_signature(function: object, name: str, *, classic: bool = False) -> StepSignature:
    """Return the signature of the function of a step.

    Args:
        function: The function, or the bound method of an object.
        name: The name of the step, for errors.
        classic: Whether the rules of ZenML before 0.40 apply. With them, annotations are required, and a result with the annotation
            ``tuple[A, B]`` is one output. Without them, an input without an annotation accepts any type, and such a result is two outputs
            if every ``return`` builds a tuple of two items. With both rules, an annotation can name several outputs.

    Raises:
        StepInterfaceError: If the function can't be a step.
    """
    function = _validate_function(function, name)
    annotations = _annotations(function)
    inputs, input_types, context_parameter = [], {}, None
    for parameter in _signature(function).parameters.values():
        if parameter.kind in _UNSUPPORTED_KINDS:
            notation = _UNSUPPORTED_KINDS[parameter.kind].format(parameter.name)
            message = f"Step {name!r} has the parameter {notation}, which is not a single named input."
            raise StepInterfaceError(message, hint="Write a plain parameter for each input.")
        if parameter.name not in annotations and classic:
            message = f"Parameter {parameter.name!r} of step {name!r} has no annotation."
            raise StepInterfaceError(message, hint=f"Add one, such as {parameter.name}: int.")
        annotation = annotations.get(parameter.name, Any)
        if not _is_context(annotation, function):
            inputs.append(parameter.replace(annotation=inspect.Parameter.empty))
            input_types[parameter.name] = _evaluate(annotation, function)
        elif context_parameter is not None:
            message = f"Step {name!r} has two context parameters, {context_parameter!r} and {parameter.name!r}."
            raise StepInterfaceError(message, hint="Leave one of them out.")
        else:
            context_parameter = parameter.name
    if "return" not in annotations and classic:
        message = f"Step {name!r} has no return annotation."
        raise StepInterfaceError(message, hint="Add one, such as -> int, or -> None if it returns nothing.")
    # Without an annotation, a step that returns a value has one output of any type.
    return_annotation = annotations.get("return", Any if returns_value(function.__code__) else None)
    outputs = _outputs(return_annotation, function, name, split_tuples=not classic)
    return StepSignature(inspect.Signature(inputs), context_parameter, tuple(outputs), input_types, outputs)


def _validate_function(function: object, step_name: str) -> FunctionType:
    if isinstance(function, types.MethodType):
        _validate_function(function.__func__, step_name)
        return function  # type: ignore[return-value]  # a bound method has the attributes of its function that are read here
    if not isinstance(function, types.FunctionType):
        message = f"A step is created from a function, and {step_name!r} is {type_with_article(function)}."
        hint = "Write @step above a def."
    elif inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        message = f"Step {step_name!r} is an async function."
        hint = "Write it as a plain function, which can run a coroutine with asyncio.run(…)."
    elif inspect.isgeneratorfunction(function):
        message = f"Step {step_name!r} is a generator, whose yields can't be stored."
        hint = "Return a list of the values."
    else:
        return function
    raise StepInterfaceError(message, hint=hint)


def _signature(function: FunctionType) -> inspect.Signature:
    # Python 3.14 evaluates annotations on access, which fails for names that only a type checker imports (PEP 649).
    if sys.version_info >= (3, 14):
        import annotationlib

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def _annotations(function: FunctionType) -> dict[str, Any]:
    # In Python 3.14, reading __annotations__ fails for names that only a type checker imports (PEP 649).
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(function, format=annotationlib.Format.FORWARDREF)
    return dict(function.__annotations__)


def _evaluate(annotation: Any, function: FunctionType) -> Any:
    """Return the type for an annotation that is a text, and any other annotation unchanged.

    A text that can't be evaluated is returned unchanged too.
    """
    text = annotation.__forward_arg__ if isinstance(annotation, ForwardRef) else annotation
    if not isinstance(text, str):
        return annotation
    closure_cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    try:
        enclosing_variables = {name: cell.cell_contents for name, cell in closure_cells}
        return eval(text, function.__globals__, enclosing_variables)  # noqa: S307 - the text is code of the user; typing evaluates it too
    except Exception:  # noqa: BLE001 - evaluating code of the user may raise any error
        return text


def _is_context(annotation: Any, function: FunctionType) -> bool:
    """Return whether an annotation declares the context parameter."""
    annotation = _evaluate(annotation, function)
    if isinstance(annotation, str):
        return _CONTEXT_ANNOTATION.fullmatch(annotation.strip()) is not None
    origin, type_arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_context(type_arguments[0], function)
    if origin in {Union, types.UnionType}:
        return any(_is_context(option, function) for option in type_arguments)
    # In Python 3.10, isinstance(list[int], type) is true, but issubclass does not accept list[int].
    return origin is None and isinstance(annotation, type) and issubclass(annotation, StepContext)


class _OutputAnnotation(NamedTuple):
    """The annotation of one output; ``name`` is ``None`` if the annotation does not name it."""

    name: str | None
    type: Any


def _outputs(annotation: Any, function: FunctionType, step_name: str, *, split_tuples: bool) -> dict[str, Any]:
    """Return the declared types of the outputs by name, in order.

    ``split_tuples`` makes each item of a returned tuple an output, if the annotation is ``tuple[A, B]`` without names.
    """
    annotation = _evaluate(annotation, function)
    if annotation is None or annotation is type(None):
        return {}
    if isinstance(annotation, Output):
        if not annotation.items():
            message = f"Step {step_name!r} declares Output() without an output."
            raise StepInterfaceError(message, hint="Name each output, as in Output(count=int). Write -> None for no outputs.")
        outputs = [_OutputAnnotation(output, _evaluate(declared_type, function)) for output, declared_type in annotation.items()]
        return _types_by_output(outputs, step_name)
    items = [_split_annotated(_evaluate(item, function)) for item in _tuple_items(annotation)]
    named_items = [item for item in items if item.name]
    if named_items and len(named_items) < len(items):
        message = f"Step {step_name!r} names only some of its outputs."
        raise StepInterfaceError(message, hint='Name each, such as Annotated[int, "count"].')
    if named_items:
        return _types_by_output(items, step_name)
    if split_tuples and len(items) > 1 and returned_tuple_length(function.__code__) == len(items):
        return {f"{SINGLE_OUTPUT}_{number}": item.type for number, item in enumerate(items)}
    # The annotation declares a single output, which may be a tuple.
    single = _split_annotated(annotation)
    return _types_by_output([single._replace(name=single.name or SINGLE_OUTPUT)], step_name)


def _tuple_items(annotation: Any) -> Iterator[Any]:
    """Return the items of ``tuple[A, B]``; none for ``tuple[A, ...]`` or another annotation."""
    items = get_args(annotation) if get_origin(annotation) is tuple else ()
    return iter(() if Ellipsis in items else items)


def _split_annotated(annotation: Any) -> _OutputAnnotation:
    """Return the type of an output, and its name if the annotation is an ``Annotated`` with a name."""
    if get_origin(annotation) is not Annotated:
        return _OutputAnnotation(None, annotation)
    name = next((item for item in annotation.__metadata__ if isinstance(item, str)), None)
    return _OutputAnnotation(name, get_args(annotation)[0])


def _types_by_output(outputs: list[_OutputAnnotation], step_name: str) -> dict[str, Any]:
    """Return the declared types of the outputs by name.

    Raises:
        StepInterfaceError: If the name of an output is not valid or not unique.
    """
    for output in outputs:
        if not _VALID_OUTPUT_NAME.fullmatch(output.name or ""):
            message = f"Step {step_name!r} can't have an output named {output.name!r}."
            raise StepInterfaceError(message, hint="Use letters, digits, '_' and '-'.")
    if len({output.name for output in outputs}) < len(outputs):
        message = f"Step {step_name!r} has two outputs of the same name."
        raise StepInterfaceError(message, hint="Give each its own name.")
    return {str(output.name): output.type for output in outputs}
