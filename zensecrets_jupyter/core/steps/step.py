"""Steps: functions that a pipeline runs with their context, their settings and their secrets, and whose outputs it stores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.steps.artifacts import BaseMaterializer, PickleMaterializer
from zensecrets_jupyter.core.steps.graph import StepOutput, current_graph
from zensecrets_jupyter.core.steps.settings import checked_secrets, checked_settings, merged
from zensecrets_jupyter.core.steps.signature import read_signature

if TYPE_CHECKING:
    from types import FunctionType

    from typing_extensions import Self

    from zensecrets_jupyter.core.stack import TemplatedModel

ReturnT = TypeVar("ReturnT")
Materializers = type[BaseMaterializer] | Mapping[str, type[BaseMaterializer]]

_FIT_FOR_NAME = re.compile(r"\w[\w .-]{0,127}")


class Step(Generic[ReturnT]):
    """A step, as :func:`step` makes it of a function.

    Called in the function of a pipeline it is added to that, and gives outputs to hand on. Called anywhere else it runs there, on the
    active stack, and returns what its function returns; nothing is cached or stored then.

    Attributes:
        entrypoint: The bare function.
        name: What the step is called.
        signature: What it takes and returns.
        enable_cache: What was said about caching; ``None`` if nothing was.
        secrets: The secrets whose keys are environment variables while it runs.
        settings: Its settings, with references unresolved.
        materializers: For the outputs that are not pickled, what keeps them.
    """

    def __init__(self, function: Callable[..., ReturnT], name: str | None = None) -> None:
        """Make a step of ``function``; :meth:`configure` takes everything else.

        Raises:
            StepInterfaceError: If the function can't be a step; it says why.
        """
        self.name = checked_name("step", name if name is not None else getattr(function, "__name__", type(function).__name__))
        self.signature = read_signature(function, self.name)
        self.entrypoint: FunctionType = function  # type: ignore[assignment] # read_signature refuses what is none
        self.enable_cache: bool | None = None
        self.secrets: tuple[str, ...] = ()
        self.settings = checked_settings(None, str(self))
        self.materializers: dict[str, type[BaseMaterializer]] = {}
        for attribute in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(self, attribute, getattr(function, attribute))
        self.__wrapped__ = function

    def __str__(self) -> str:
        """Return what errors call it, such as ``step 'trainer'``."""
        return f"step {self.name!r}"

    def __repr__(self) -> str:
        """Return the name."""
        return f"<Step {self.name!r}>"

    @property
    def is_cached(self) -> bool:
        """Whether an earlier run may stand for a new one: as ``enable_cache`` says, else unless it takes its context."""
        return self.enable_cache if self.enable_cache is not None else self.signature.context is None

    def configure(
        self,
        *,
        enable_cache: bool | None = None,
        secrets: Iterable[str] | None = None,
        settings: Mapping[str, Any] | TemplatedModel | None = None,
        output_materializers: Materializers | None = None,
        merge: bool = True,
    ) -> Self:
        """Change what is given and return the step itself; with ``merge`` settings are added to those that there are, key by key.

        Raises:
            StepInterfaceError: If something is not acceptable; nothing was changed then.
            InvalidSecretError: If no secret can be called like one of ``secrets``.
            InvalidReferenceError: If a setting is nearly a reference.
        """
        new_secrets = self.secrets if secrets is None else checked_secrets(secrets, str(self))
        new_settings = self.settings if settings is None else checked_settings(settings, str(self))
        if merge:
            new_settings = merged(self.settings, new_settings)
        materializers = self.materializers if output_materializers is None else self._checked_materializers(output_materializers)
        if enable_cache is not None:
            self.enable_cache = enable_cache
        self.secrets, self.settings, self.materializers = new_secrets, new_settings, materializers
        return self

    def after(self, *others: object) -> None:
        """In the function of a pipeline: have this step wait for ``others``, although it takes none of their outputs.

        Raises:
            StepInterfaceError: Outside of the function of a pipeline, or for what is no step.
        """
        graph = current_graph()
        if graph is None:
            message = f"Step {self.name!r} can't be put after others here."
            raise StepInterfaceError(message, hint="Call after() in the function of a pipeline.")
        for other in others:
            if not isinstance(other, Step):
                message = f"Step {self.name!r} can't be put after a {type(other).__name__}."
                raise StepInterfaceError(message, hint="Give the step itself: trainer.after(loader).")
            graph.add_order(self, other)

    def materializer_of(self, output: str) -> type[BaseMaterializer]:
        """Return what keeps an output."""
        return self.materializers.get(output, PickleMaterializer)

    def __call__(self, *args: Any, **kwargs: Any) -> ReturnT:
        """Add the step to the pipeline whose function runs here, or run it.

        Raises:
            StepInterfaceError: If the arguments do not suit the function.
            StackValidationError: If it is run, and the stack or its settings or secrets would keep it from running.
        """
        arguments = self.signature.bind(self.name, args, kwargs)
        graph = current_graph()
        if graph is not None:
            outputs: ReturnT = graph.add(self, arguments)
            return outputs
        for parameter, value in arguments.items():
            if isinstance(value, StepOutput):
                message = f"Argument {parameter!r} of step {self.name!r} is {value!r}, and no pipeline is being put together here."
                raise StepInterfaceError(message, hint="Load it first: run.steps[NAME].output.load().")
        from zensecrets_jupyter.core.steps.execution import run_alone  # noqa: PLC0415 - it imports this module

        returned: ReturnT = run_alone(self, arguments)
        return returned

    def _checked_materializers(self, given: object) -> dict[str, type[BaseMaterializer]]:
        by_output = dict(given) if isinstance(given, Mapping) else dict.fromkeys(self.signature.outputs, given)
        unknown = [output for output in by_output if output not in self.signature.outputs]
        if unknown:
            message = f"Step {self.name!r} has no output {unknown[0]!r} to materialize."
            raise StepInterfaceError(message, hint=f"Its outputs are {', '.join(self.signature.outputs) or 'none'}.")
        checked = {output: found for output, found in by_output.items() if isinstance(found, type) and issubclass(found, BaseMaterializer)}
        if len(checked) < len(by_output):
            message = f"What should materialize an output of step {self.name!r} is no materializer."
            raise StepInterfaceError(message, hint="Give a subclass of BaseMaterializer.")
        return checked


@overload
def step(function: Callable[..., ReturnT], /) -> Step[ReturnT]: ...


@overload
def step(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    secrets: Iterable[str] | None = None,
    settings: Mapping[str, Any] | TemplatedModel | None = None,
    output_materializers: Materializers | None = None,
) -> Callable[[Callable[..., ReturnT]], Step[ReturnT]]: ...


def step(  # noqa: PLR0913 - ZenML's arguments
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    secrets: Iterable[str] | None = None,
    settings: Mapping[str, Any] | TemplatedModel | None = None,
    output_materializers: Materializers | None = None,
) -> Any:
    """Return the step that a function makes: ``@step`` alone, or with arguments.

    Every parameter and the return value are annotated. A parameter annotated :class:`~zensecrets_jupyter.core.steps.context.StepContext`
    gets the context of the run. ``-> None`` is no output, ``-> int`` one called ``output``, ``-> Annotated[int, "count"]`` one called
    ``count``, and ``-> Output(count=int, text=str)`` or ``-> tuple[Annotated[int, "count"], Annotated[str, "text"]]`` are several. A
    ``tuple[int, str]`` without names is one output, as in ZenML 0.20. What the types are is not checked.

    Args:
        function: The function, where the decorator stands alone.
        name: What the step is called; the function's name if left out.
        enable_cache: Whether an earlier run with the same code, inputs, settings and secrets may stand for a new one. Left out, it may
            unless the step takes a StepContext.
        secrets: Names of secrets whose keys are environment variables while the step runs.
        settings: A dict, or a model made of a subclass of BaseSettings; texts in it may hold references, which the step reads resolved
            from ``context.settings``.
        output_materializers: What keeps the outputs instead of cloudpickle: a class, or one by output.

    Raises:
        StepInterfaceError: If the function or an argument is not acceptable; it says why.
        InvalidSecretError: If no secret can be called like one of ``secrets``.
        InvalidReferenceError: If a setting is nearly a reference.
    """

    def make(bare: Callable[..., Any]) -> Step[Any]:
        return Step(bare, name).configure(
            enable_cache=enable_cache, secrets=secrets, settings=settings, output_materializers=output_materializers
        )

    return make if function is None else make(function)


def checked_name(what: str, name: object) -> str:
    """Return ``name`` if a step or a pipeline can be called so: it is a part of paths.

    Raises:
        StepInterfaceError: If it can't.
    """
    if isinstance(name, str) and _FIT_FOR_NAME.fullmatch(name):
        return name
    message = f"A {what} can't be called {name!r}."
    raise StepInterfaceError(message, hint=f'Name it with letters, digits, spaces, ".", "_" or "-": @{what}(name="my_{what}").')
