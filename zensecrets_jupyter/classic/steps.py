"""Steps as classes: ``@step`` makes one of a function, and a subclass of :class:`BaseStep` has an ``entrypoint``."""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any, ClassVar, get_origin, overload

from pydantic import ValidationError

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import did_you_mean
from zensecrets_jupyter.core.steps import BaseParameters, Step
from zensecrets_jupyter.core.steps.step import checked_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

    from zensecrets_jupyter.core.steps.step import Materializers


class BaseStep(Step[Any]):
    """A step; a subclass says in its method ``entrypoint`` what it does. An instance of it is handed to a pipeline.

    Where ``entrypoint`` has a parameter that is annotated with a subclass of :class:`BaseParameters`, an instance of that is given when the
    step is made, or its fields by ``configure(parameters=…)``.
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
        self._values: dict[str, Any] = {}
        found = {name: kind for name, kind in self.signature.input_types.items() if _is_parameters(kind)}
        if len(found) > 1:
            message = f"Step {self.name!r} takes parameters twice, as {' and as '.join(map(repr, found))}."
            raise StepInterfaceError(message, hint="Put their fields in one subclass of BaseParameters.")
        self._taken_as: str | None = next(iter(found), None)
        self._kind: type[BaseParameters] | None = next(iter(found.values()), None)
        self.configure(**self.__step_options__)
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
        self.name = checked_name("step", name) if name else self.name
        return self

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
        if self._kind is None or len(args) + len(kwargs) > 1 or any(name != self._taken_as for name in kwargs):
            message = f"Step {self.name!r} is made with something that it does not take."
            takes = f"{self._taken_as}={getattr(self._kind, '__name__', '')}(…)" if self._kind else "nothing"
            raise StepInterfaceError(message, hint=f"It takes {takes}; its inputs are given in the function of the pipeline.")
        found = args[0] if args else kwargs[str(self._taken_as)]
        if isinstance(found, self._kind):
            return found
        message = f"The parameters of step {self.name!r} are of type {type(found).__qualname__}, and it takes {self._kind.__name__}."
        raise StepInterfaceError(message, hint=f"Give an instance: {self._kind.__name__}(…).")

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
        try:
            return self._kind(**self._values)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
        problems = [f"{'.'.join(map(str, one['loc']))} ({one['type'].replace('_', ' ')})" for one in found]
        message = f"The parameters of step {self.name!r} are not acceptable: {', '.join(problems)}."
        raise StepInterfaceError(message, hint=f"Give them when the step is made: {self.name}({self._taken_as}={self._kind.__name__}(…)).")


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
