"""Steps: functions that a pipeline runs with their context, their settings and their secrets, and whose outputs it stores."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from zensecrets_jupyter.core.errors import StepInterfaceError
from zensecrets_jupyter.core.names import did_you_mean, type_with_article
from zensecrets_jupyter.core.steps.artifacts.artifact import OutputInfo
from zensecrets_jupyter.core.steps.artifacts.materializers import BaseMaterializer, class_of, materializer_for
from zensecrets_jupyter.core.steps.definition.hooks import Hooks
from zensecrets_jupyter.core.steps.definition.options import STEP_OPTIONS, validate_cache_option, validate_options
from zensecrets_jupyter.core.steps.definition.settings import merge_settings, validate_secret_names, validate_settings
from zensecrets_jupyter.core.steps.definition.signature import read_signature
from zensecrets_jupyter.core.steps.execution.call_inputs import StepOutput
from zensecrets_jupyter.core.steps.execution.graph import current_graph

if TYPE_CHECKING:
    from typing_extensions import Self

    from zensecrets_jupyter.core.stack import ReferenceModel

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
        materializers: For the outputs that were given one, what keeps them.
        parameters: Values of inputs that a call need not give.
        hooks: What is called when it has run.
        options: The arguments of ZenML's that are kept and change nothing here.
    """

    def __init__(self, function: Callable[..., ReturnT], name: str | None = None, *, annotated: bool = False) -> None:
        """Make a step of ``function``; :meth:`configure` takes everything else.

        Raises:
            StepInterfaceError: If the function can't be a step, or is not annotated where it has to be; it says why.
        """
        self.name = validate_name("step", name if name is not None else getattr(function, "__name__", type(function).__name__))
        self.signature = read_signature(function, self.name, annotated=annotated)
        self.entrypoint: Callable[..., Any] = function
        self.enable_cache: bool | None = None
        self.secrets: tuple[str, ...] = ()
        self.settings = validate_settings(None, str(self))
        self.materializers: dict[str, type[BaseMaterializer]] = {}
        self.parameters: dict[str, Any] = {}
        self.hooks = Hooks()
        self.options: dict[str, Any] = {}
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

    @property
    def code(self) -> object:
        """The function or the class by whose code the cache knows the step; ``None`` if it can't be told by that."""
        return self.entrypoint

    def configure(  # noqa: PLR0913 - ZenML's arguments
        self,
        *,
        enable_cache: bool | None = None,
        secrets: Iterable[str] | None = None,
        settings: Mapping[str, Any] | ReferenceModel | None = None,
        output_materializers: Materializers | None = None,
        parameters: Mapping[str, Any] | None = None,
        on_failure: Callable[..., object] | None = None,
        on_success: Callable[..., object] | None = None,
        merge: bool = True,
        **options: Any,
    ) -> Self:
        """Change what is given and return the step itself; with ``merge`` mappings are added to those that there are, key by key.

        The arguments are those of :func:`step`, and ``parameters`` are values of inputs that a call need not give then.

        Raises:
            StepInterfaceError: If something is not acceptable; nothing was changed then.
            InvalidSecretError: If no secret can be called like one of ``secrets``.
            InvalidReferenceError: If a setting is nearly a reference.
        """
        kept = validate_options(str(self), options, STEP_OPTIONS, HONOURED)
        cached = validate_cache_option(enable_cache, str(self))
        hooks = self.hooks.changed(str(self), on_failure=on_failure, on_success=on_success)
        new_parameters = self.parameters if parameters is None else self._checked_parameters(parameters)
        new_secrets = self.secrets if secrets is None else validate_secret_names(secrets, str(self))
        new_settings = self.settings if settings is None else validate_settings(settings, str(self))
        if merge:
            new_settings = merge_settings(self.settings, new_settings)
            new_parameters = {**self.parameters, **new_parameters}
            kept = {**self.options, **kept}
        materializers = self.materializers if output_materializers is None else self._checked_materializers(output_materializers)
        if merge:
            materializers = {**self.materializers, **materializers}
        if cached is not None:
            self.enable_cache = cached
        self.secrets, self.settings, self.materializers = new_secrets, new_settings, materializers
        self.parameters, self.hooks, self.options = new_parameters, hooks, kept
        return self

    def with_options(self, **options: Any) -> Self:
        """Return a copy that is configured so, and leave the step as it is; arguments and errors are those of :meth:`configure`."""
        return copy.copy(self).configure(**options)

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
                message = f"Step {self.name!r} can't be put after {type_with_article(other)}."
                raise StepInterfaceError(message, hint="Give the step itself: trainer.after(loader).")
            graph.add_order(self, other)

    def materializer_of(self, output: str) -> type[BaseMaterializer]:
        """Return what keeps an output: what was given for it, else what is registered for its declared type, else cloudpickle."""
        return self.materializers.get(output) or materializer_for(self.signature.output_types.get(output, Any))

    def output_info(self, output: str, call: str) -> OutputInfo:
        """Return what is known of an output of the step, where a pipeline calls it ``call``."""
        declared = self.signature.output_types.get(output, Any)
        return OutputInfo(output, call, self.materializer_of(output), class_of(declared))

    def __call__(self, *args: Any, id: Any = None, after: Any = None, **kwargs: Any) -> ReturnT:  # noqa: A002 - ZenML's name
        """Add the step to the pipeline whose function runs here, or run it.

        In a pipeline ``id`` is what the call is called there, and ``after`` names calls, or gives outputs or steps, that it waits for.
        Where the step itself has an input called ``id`` or ``after``, that is meant.

        Raises:
            StepInterfaceError: If the arguments do not suit the function.
            StackValidationError: If it is run, and the stack or its settings or secrets would keep it from running.
        """
        taken = self.signature.inputs.parameters
        kwargs |= {name: value for name, value in (("id", id), ("after", after)) if name in taken and value is not None}
        arguments = self.signature.bind(self.name, args, kwargs, self.parameters)
        graph = current_graph()
        if graph is not None:
            # It becomes a part of paths.
            name = None if id is None or "id" in taken else validate_name("step", id)
            outputs: ReturnT = graph.add(self, arguments, name, None if "after" in taken else after)
            return outputs
        for parameter, value in arguments.items():
            if isinstance(value, StepOutput):
                message = f"Argument {parameter!r} of step {self.name!r} is {value!r}, and no pipeline is being put together here."
                raise StepInterfaceError(message, hint="Load it first: run.steps[NAME].output.load().")
        from zensecrets_jupyter.core.steps.execution.step_runner import run_outside_pipeline

        returned: ReturnT = run_outside_pipeline(self, arguments)
        return returned

    def _checked_parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        known = self.signature.inputs.parameters
        unknown = next((name for name in given if name not in known), None)
        if unknown is None:
            return dict(given)
        message = f"Step {self.name!r} has no parameter {unknown!r}."
        raise StepInterfaceError(message, hint=did_you_mean(unknown, known) or f"It takes {', '.join(known) or 'no arguments'}.")

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
        partly = next((found for found in checked.values() if not found.is_whole()), None)
        if partly is not None:
            message = f"{partly.__name__}, which should materialize an output of step {self.name!r}, does not say how to write one."
            raise StepInterfaceError(message, hint="Give it the methods save and load, or handle_return and handle_input.")
        return checked


@overload
def step(function: Callable[..., ReturnT], /) -> Step[ReturnT]: ...


@overload
def step(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    secrets: Iterable[str] | None = None,
    settings: Mapping[str, Any] | ReferenceModel | None = None,
    output_materializers: Materializers | None = None,
    on_failure: Callable[..., object] | None = None,
    on_success: Callable[..., object] | None = None,
    **options: Any,
) -> Callable[[Callable[..., ReturnT]], Step[ReturnT]]: ...


def step(function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any) -> Any:
    """Return the step that a function makes: ``@step`` alone, or with arguments.

    A parameter annotated :class:`~zensecrets_jupyter.core.steps.StepContext` gets the context of the run. ``-> None`` is no output,
    ``-> int`` one called ``output``, ``-> Annotated[int, "count"]`` one called ``count``, and ``-> Output(count=int, text=str)`` or
    ``-> tuple[Annotated[int, "count"], Annotated[str, "text"]]`` are several. ``-> tuple[int, str]`` is two, ``output_0`` and ``output_1``,
    where the function ends in ``return a, b``; else it is one. Without an annotation, what the function returns is one output of any type.
    Inputs and outputs are checked against their annotations.

    Args:
        function: The function, where the decorator stands alone.
        name: What the step is called; the function's name if left out.
        options: Every other argument of ZenML's. These are honoured:

            * ``enable_cache``: Whether an earlier run with the same code, inputs, settings and secrets may stand for a new one. Left out,
              it may unless the step takes a StepContext.
            * ``secrets``: Names of secrets whose keys are environment variables while the step runs, as written and in upper case.
            * ``settings``: A dict, or a model made of a subclass of BaseSettings; texts in it may hold references, which the step reads
              resolved from ``context.settings``.
            * ``output_materializers``: What keeps the outputs instead of cloudpickle: a class, or one by output.
            * ``on_success``, ``on_failure``: A function that is called when the step has run; the second one gets the exception if it
              takes an argument.

            The others are kept in ``step.options`` and change nothing, which is said once.

    Raises:
        StepInterfaceError: If the function or an argument is not acceptable; it says why.
        InvalidSecretError: If no secret can be called like one of ``secrets``.
        InvalidReferenceError: If a setting is nearly a reference.
    """

    def make(bare: Callable[..., Any]) -> Step[Any]:
        return Step(bare, name).configure(**options)

    return make if function is None else make(function)


HONOURED = ("enable_cache", "merge", "name", "on_failure", "on_success", "output_materializers", "parameters", "secrets", "settings")


def validate_name(what: str, name: object) -> str:
    """Return ``name`` if a step or a pipeline can be called so: it is a part of paths.

    Raises:
        StepInterfaceError: If it can't.
    """
    if isinstance(name, str) and _FIT_FOR_NAME.fullmatch(name):
        return name
    message = f"A {what} can't be called {name!r}."
    raise StepInterfaceError(message, hint=f'Name it with letters, digits, spaces, ".", "_" or "-": @{what}(name="my_{what}").')
