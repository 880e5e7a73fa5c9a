"""Steps as classes.

The decorator ``@step`` creates a class from a function. A subclass of :class:`BaseStep` with the method ``entrypoint`` is also possible.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, get_origin, overload

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.steps import BaseParameters, Step
from zensecrets_jupyter.core.steps.definition.options import STEP_OPTIONS, validate_parameters
from zensecrets_jupyter.core.steps.definition.parameters import create_parameters
from zensecrets_jupyter.core.steps.step import EFFECTIVE_STEP_OPTIONS, validate_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from zensecrets_jupyter.core.steps.step import Materializers


class StepConfiguration(NamedTuple):
    """The configuration of a step, with the attributes of ZenML 0.20.

    ``parameters`` contains the values of :attr:`BaseStep.code_parameters`, without defaults.
    """

    name: str
    enable_cache: bool
    parameters: Mapping[str, Any]
    settings: Any
    extra: Mapping[str, Any]
    step_operator: Any = None
    experiment_tracker: Any = None


class BaseStep(Step[Any]):
    """Base class of steps; a subclass defines the method ``entrypoint``.

    An instance of the subclass is passed to a pipeline as an argument. One parameter of ``entrypoint`` may have a subclass of
    :class:`BaseParameters` as annotation. In this case, pass an instance of this class to the constructor of the step, or the values of its
    fields to ``configure(parameters=…)``.

    Attributes:
        call_name: The name of the step in the pipeline that is being recorded, or ``None``.
        pipeline_parameter_name: The parameter of ``connect`` for the step, in the last pipeline to which it was passed, or ``None``.
    """

    __step_name__: ClassVar[str | None] = None
    """The name of the step from ``@step``; ``None`` for a subclass without the decorator."""
    __step_options__: ClassVar[Mapping[str, Any]] = {}
    """The arguments of ``@step``, except the name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Create the step, optionally with an instance of its parameters class.

        Raises:
            StepInterfaceError: If ``entrypoint`` is not acceptable, or if an argument is not an instance of the parameters class.
        """
        super().__init__(self.entrypoint, self.__step_name__ or type(self).__name__, classic=True)
        self.call_name: str | None = None
        self.pipeline_parameter_name: str | None = None
        self._parameter_values: dict[str, Any] = {}
        parameters_classes = {
            name: declared_type for name, declared_type in self.signature.input_types.items() if _is_parameters_class(declared_type)
        }
        if len(parameters_classes) > 1:
            message = f"Step {self.name!r} has several inputs for parameters: {', '.join(map(repr, parameters_classes))}."
            raise StepInterfaceError(message, hint="Put their fields in one subclass of BaseParameters.")
        # The parameter of entrypoint that receives the parameters object.
        self._parameters_name: str | None = next(iter(parameters_classes), None)
        self._parameters_class: type[BaseParameters] | None = next(iter(parameters_classes.values()), None)
        self.configure(**self.__step_options__)
        # In ZenML 0.20 enable_cache is always a bool, and never None for the default.
        self.enable_cache = self.is_cached
        if args or kwargs:
            self.configure(parameters=self._constructor_parameters(args, kwargs))

    def entrypoint(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - a subclass declares the parameters
        """Run the step; a subclass defines this method."""
        message = f"The step class {type(self).__name__} has no method entrypoint."
        raise StepInterfaceError(message, hint="Define it, with annotations for its parameters and its result.")

    @property
    def code(self) -> object:
        """The function or class whose code is part of the cache key, or ``None``.

        A subclass with its own constructor is not cached, because its instances may have different attributes, which change the outputs.
        """
        # The decorator @step makes entrypoint a static method, which is a plain function. In other subclasses it is a bound method.
        if not isinstance(self.entrypoint, MethodType):
            return self.entrypoint
        return type(self) if type(self).__init__ is BaseStep.__init__ else None

    def configure(self, *, name: str | None = None, parameters: Any = None, merge: bool = True, **options: Any) -> Self:
        """Change the given options of the step and return it.

        Args:
            name: The name of the step.
            parameters: An instance of the parameters class, or a mapping of its fields to values.
            merge: Whether each mapping updates the current one instead of replacing it.
            options: Arguments of :meth:`Step.configure`.

        Raises:
            StepInterfaceError: If an argument is not acceptable; the step is unchanged.
        """
        values = self._parameter_values if parameters is None else self._validate_values(parameters)
        super().configure(merge=merge, **options)
        self._parameter_values = {**self._parameter_values, **values} if merge else values
        self.name = validate_name("step", name) if name else self.name
        return self

    @property
    def configuration(self) -> StepConfiguration:
        """The configuration of the step."""
        stored_options = {name: self.options.get(name) for name in ("step_operator", "experiment_tracker")}
        extra = self.options.get("extra") or {}
        return StepConfiguration(self.name, self.is_cached, self.code_parameters, self.settings, dict(extra), **stored_options)

    @property
    def code_parameters(self) -> dict[str, Any]:
        """The values of parameters that were set, by name; parameters that were not set are left out.

        Values from ``configure`` and from a file of ``with_config`` are included.
        """
        return dict(self._parameter_values)

    def with_return_materializers(self, materializers: Materializers) -> Self:
        """Set the materializers of the outputs, and return the step.

        Args:
            materializers: One materializer class for all outputs, or a mapping of outputs to classes.
        """
        return self.configure(output_materializers=materializers)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the step like :meth:`Step.__call__`, with the parameters of this instance."""
        if self._parameters_name is not None and self._parameters_name not in kwargs:
            inputs = [name for name in self.signature.inputs.parameters if name != self._parameters_name]
            # If there are more arguments, the inherited method raises the error.
            if len(args) <= len(inputs):
                # In ZenML, the parameters object is no input. Arguments by position are therefore values of the other inputs.
                kwargs = {**dict(zip(inputs, args, strict=False)), **kwargs}
                args = ()
            kwargs[self._parameters_name] = self._create_parameters()
        return super().__call__(*args, **kwargs, **({} if self.call_name is None else {"id": self.call_name}))

    def _constructor_parameters(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> BaseParameters:
        """Return the parameters object in the arguments of the constructor."""
        accepted_argument = f"{self._parameters_name}={self._parameters_class.__name__}(…)" if self._parameters_class else "nothing"
        unknown_name = next((name for name in kwargs if name != self._parameters_name), None)
        if unknown_name is not None:
            message = f"Wrong arguments for step {self.name!r}: got an unexpected keyword argument {unknown_name!r}."
            raise StepInterfaceError(message, hint=self._suggest(unknown_name) or f"Its class takes {accepted_argument}.")
        if self._parameters_class is None or len(args) + len(kwargs) > 1:
            message = f"Wrong arguments for step {self.name!r}: its class takes {accepted_argument}."
            raise StepInterfaceError(message, hint="Give its inputs in the function of the pipeline.")
        parameters = args[0] if args else kwargs[str(self._parameters_name)]
        if isinstance(parameters, self._parameters_class):
            return parameters
        raise self._wrong_type_error(parameters)

    def _wrong_type_error(self, parameters: object) -> StepInterfaceError:
        """Return the error for parameters that are no instance of the step's parameters class."""
        class_name = self._parameters_class.__name__ if self._parameters_class is not None else "none"
        message = f"The parameters of step {self.name!r} are of type {type(parameters).__qualname__}, and it takes {class_name}."
        return StepInterfaceError(message, hint=f"Give an instance: {class_name}(…)." if self._parameters_class is not None else "")

    def _suggest(self, name: str) -> str:
        """Return a hint for an unknown argument of the constructor: the right way to pass the argument, or similar names."""
        fields = self._parameters_class.model_fields if self._parameters_class is not None else {}
        if self._parameters_class is not None and name in fields:
            return f"Give the parameter like this: {self.name}({self._parameters_name}={self._parameters_class.__name__}({name}=…))."
        if name in self.signature.inputs.parameters:
            return f"{name!r} is an input: give it in the function of the pipeline, which calls the step."
        if name in STEP_OPTIONS or name in EFFECTIVE_STEP_OPTIONS:
            return f"Give it to the decorator, as @step({name}=…), or to configure({name}=…)."
        inputs = (parameter for parameter in self.signature.inputs.parameters if parameter != self._parameters_name)
        return did_you_mean(name, filter(None, (self._parameters_name, *fields, *inputs)))

    def _validate_values(self, parameters: Any) -> dict[str, Any]:
        """Return the values of parameters from an instance of the parameters class or a mapping.

        Fields of the instance that were not set are left out, so that a file may set them.
        """
        if self._parameters_class is not None and isinstance(parameters, self._parameters_class):
            return {name: getattr(parameters, name) for name in parameters.model_fields_set}
        if isinstance(parameters, BaseParameters):
            raise self._wrong_type_error(parameters)
        known_names = self._parameters_class.model_fields if self._parameters_class is not None else {}
        unknown_name = next((name for name in validate_parameters(parameters, f"step {self.name!r}") if name not in known_names), None)
        if unknown_name is None:
            return dict(parameters)
        message = f"Step {self.name!r} has no parameter {unknown_name!r}."
        raise StepInterfaceError(
            message, hint=did_you_mean(unknown_name, known_names) or f"Its parameters are {', '.join(known_names) or 'none'}."
        )

    def _create_parameters(self) -> BaseParameters:
        """Return the parameters object with the values of :attr:`code_parameters`."""
        assert self._parameters_class is not None  # noqa: S101 - for mypy: a step with a name for its parameters has a class for them
        return create_parameters(self._parameters_class, self._parameter_values, self.name)


@overload
def step(function: Callable[..., Any], /) -> type[BaseStep]: ...


@overload
def step(*, name: str | None = None, **options: Any) -> Callable[[Callable[..., Any]], type[BaseStep]]: ...


def step(function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any) -> Any:
    """Decorator that creates a subclass of :class:`BaseStep` from a function.

    Write ``@step``, or ``@step(…)`` with arguments. All parameters and the result need annotations. ``-> Tuple[int, str]`` is one output.
    The arguments are those of :func:`zensecrets_jupyter.core.steps.step.step`.

    Raises:
        StepInterfaceError: If the function or an argument is not acceptable.
    """

    def create(decorated: Callable[..., Any]) -> type[BaseStep]:
        step_name = name or getattr(decorated, "__name__", type(decorated).__name__)
        copied_attributes = {key: getattr(decorated, key) for key in ("__module__", "__qualname__", "__doc__") if hasattr(decorated, key)}
        members = {"entrypoint": staticmethod(decorated), "__step_name__": step_name, "__step_options__": options}
        step_class = type(str(step_name), (BaseStep,), members | copied_attributes)
        # An instance is created immediately, so that the decorator raises the errors of the function and of the options.
        step_class()
        return step_class

    return create if function is None else create(function)


def _is_parameters_class(declared_type: object) -> bool:
    # In Python 3.10, isinstance(list[int], type) is true, but issubclass does not accept list[int].
    return get_origin(declared_type) is None and isinstance(declared_type, type) and issubclass(declared_type, BaseParameters)
