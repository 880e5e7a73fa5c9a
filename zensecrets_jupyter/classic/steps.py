"""Steps as classes: ``@step`` makes one of a function, and a subclass of :class:`BaseStep` has an ``entrypoint``."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, get_origin, overload

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.steps import BaseParameters, Step
from zensecrets_jupyter.core.steps.definition.options import STEP_OPTIONS
from zensecrets_jupyter.core.steps.definition.parameters import made_parameters
from zensecrets_jupyter.core.steps.step import HONOURED, validate_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from zensecrets_jupyter.core.steps.step import Materializers


class StepConfiguration(NamedTuple):
    """What a step is configured with, as ZenML 0.20 shows it."""

    name: str
    enable_cache: bool
    parameters: Mapping[str, Any]
    settings: Any
    extra: Mapping[str, Any]
    step_operator: Any = None
    experiment_tracker: Any = None


class BaseStep(Step[Any]):
    """A step; a subclass says in its method ``entrypoint`` what it does. An instance of it is handed to a pipeline.

    Where ``entrypoint`` has a parameter that is annotated with a subclass of :class:`BaseParameters`, an instance of that is given when the
    step is made, or its fields by ``configure(parameters=…)``.

    Attributes:
        pipeline_parameter_name: What the pipeline calls it that was made with it last; ``None`` before.
    """

    __step_name__: ClassVar[str | None] = None
    __step_options__: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the step, with the parameters that it takes.

        Raises:
            StepInterfaceError: If ``entrypoint`` can't be a step, or something is given that it does not take.
        """
        super().__init__(self.entrypoint, self.__step_name__ or type(self).__name__, annotated=True)
        self.call_name: str | None = None
        self.pipeline_parameter_name: str | None = None
        self._values: dict[str, Any] = {}
        found = {name: kind for name, kind in self.signature.input_types.items() if _is_parameters(kind)}
        if len(found) > 1:
            message = f"Step {self.name!r} takes parameters twice, as {' and as '.join(map(repr, found))}."
            raise StepInterfaceError(message, hint="Put their fields in one subclass of BaseParameters.")
        self._taken_as: str | None = next(iter(found), None)
        self._kind: type[BaseParameters] | None = next(iter(found.values()), None)
        self.configure(**self.__step_options__)
        # A truth value, as ZenML has it there.
        self.enable_cache = self.is_cached
        if args or kwargs:
            self.configure(parameters=self._given(args, kwargs))

    def entrypoint(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - a subclass says what it takes
        """Do what the step does; a subclass implements it."""
        message = f"The step class {type(self).__name__} has no method entrypoint."
        raise StepInterfaceError(message, hint="Define it: what it takes and returns is annotated.")

    @property
    def code(self) -> object:
        """See :attr:`Step.code`: the function, or the class unless instances of it may differ in what no code shows."""
        if not isinstance(self.entrypoint, MethodType):
            return self.entrypoint
        return type(self) if type(self).__init__ is BaseStep.__init__ else None

    def configure(self, *, name: str | None = None, parameters: Any = None, merge: bool = True, **options: Any) -> Self:
        """Change what is given and return the step itself.

        Args:
            name: What the step is called.
            parameters: An instance of the class of its parameters, or their values by name.
            merge: Whether mappings are added to those that there are.
            options: Arguments of :meth:`Step.configure`.

        Raises:
            StepInterfaceError: If something is not acceptable; nothing was changed then.
        """
        values = self._values if parameters is None else self._checked_values(parameters)
        super().configure(merge=merge, **options)
        self._values = {**self._values, **values} if merge else values
        self.name = validate_name("step", name) if name else self.name
        return self

    @property
    def configuration(self) -> StepConfiguration:
        """What it is configured with."""
        kept = {name: self.options.get(name) for name in ("step_operator", "experiment_tracker")}
        extra = self.options.get("extra") or {}
        return StepConfiguration(self.name, self.is_cached, self.given_parameters, self.settings, dict(extra), **kept)

    @property
    def given_parameters(self) -> dict[str, Any]:
        """The values of parameters that were given, by name."""
        return dict(self._values)

    def with_return_materializers(self, materializers: Materializers) -> Self:
        """Have the outputs kept by a materializer, or each by its own where they are given by output, and return the step."""
        return self.configure(output_materializers=materializers)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add the step to the pipeline whose ``connect`` runs here, or run it; see :meth:`Step.__call__`."""
        if self._taken_as is not None and self._taken_as not in kwargs:
            inputs = [name for name in self.signature.inputs.parameters if name != self._taken_as]
            if len(args) <= len(inputs):
                # Parameters are no input: those that are given without a name are the others, in their order.
                kwargs = {**dict(zip(inputs, args, strict=False)), **kwargs}
                args = ()
            kwargs[self._taken_as] = self._made_parameters()
        return super().__call__(*args, **kwargs, **({} if self.call_name is None else {"id": self.call_name}))

    def _given(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> BaseParameters:
        """Return the parameters that a step is made with."""
        takes = f"{self._taken_as}={self._kind.__name__}(…)" if self._kind else "nothing"
        unknown = next((name for name in kwargs if name != self._taken_as), None)
        if unknown is not None:
            message = f"Step {self.name!r} can't be made so: got an unexpected keyword argument {unknown!r}."
            raise StepInterfaceError(message, hint=self._meant(unknown) or f"It takes {takes} when it is made.")
        if self._kind is None or len(args) + len(kwargs) > 1:
            message = f"Step {self.name!r} is made with something that it does not take."
            raise StepInterfaceError(message, hint=f"It takes {takes}; its inputs are given in the function of the pipeline.")
        found = args[0] if args else kwargs[str(self._taken_as)]
        if isinstance(found, self._kind):
            return found
        message = f"The parameters of step {self.name!r} are of type {type(found).__qualname__}, and it takes {self._kind.__name__}."
        raise StepInterfaceError(message, hint=f"Give an instance: {self._kind.__name__}(…).")

    def _meant(self, name: str) -> str:
        """Return the hint for an unknown argument that a step is made with: where it has to be given, or near misses."""
        fields = self._kind.model_fields if self._kind is not None else {}
        if self._kind is not None and name in fields:
            return f"Give the parameter so: {self.name}({self._taken_as}={self._kind.__name__}({name}=…))."
        if name in self.signature.inputs.parameters:
            return f"{name!r} is an input: give it where the function of the pipeline calls the step."
        if name in STEP_OPTIONS or name in HONOURED:
            return f"Give it to the decorator, as @step({name}=…), or to configure({name}=…)."
        inputs = (parameter for parameter in self.signature.inputs.parameters if parameter != self._taken_as)
        return did_you_mean(name, filter(None, (self._taken_as, *fields, *inputs)))

    def _checked_values(self, given: Any) -> dict[str, Any]:
        """Return the values of fields that are given as a model or by name, without those that are left to their default."""
        if isinstance(given, BaseParameters):
            return {name: getattr(given, name) for name in given.model_fields_set}
        known = self._kind.model_fields if self._kind is not None else {}
        unknown = next((name for name in given if name not in known), None)
        if unknown is None:
            return dict(given)
        message = f"Step {self.name!r} has no parameter {unknown!r}."
        raise StepInterfaceError(message, hint=did_you_mean(unknown, known) or f"Its parameters are {', '.join(known) or 'none'}.")

    def _made_parameters(self) -> BaseParameters:
        assert self._kind is not None  # noqa: S101 - for mypy; it is asked for a step that takes parameters only
        return made_parameters(self._kind, self._values, self.name)


@overload
def step(function: Callable[..., Any], /) -> type[BaseStep]: ...


@overload
def step(*, name: str | None = None, **options: Any) -> Callable[[Callable[..., Any]], type[BaseStep]]: ...


def step(function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any) -> Any:
    """Return the class of steps that a function makes: ``@step`` alone, or with arguments. Calling it makes a step.

    Every parameter and the return value are annotated; ``-> Tuple[int, str]`` is one output. The arguments are those of
    :func:`zensecrets_jupyter.core.steps.step.step`.

    Raises:
        StepInterfaceError: If the function or an argument is not acceptable; it says why.
    """

    def make(bare: Callable[..., Any]) -> type[BaseStep]:
        called = name or getattr(bare, "__name__", type(bare).__name__)
        described = {key: getattr(bare, key) for key in ("__module__", "__qualname__", "__doc__") if hasattr(bare, key)}
        members = {"entrypoint": staticmethod(bare), "__step_name__": called, "__step_options__": options, **described}
        made = type(str(called), (BaseStep,), members)
        # What is not acceptable is said where it stands.
        made()
        return made

    return make if function is None else make(function)


def _is_parameters(kind: object) -> bool:
    # On Python 3.10 an alias such as list[int] is a type, and no class.
    return get_origin(kind) is None and isinstance(kind, type) and issubclass(kind, BaseParameters)
