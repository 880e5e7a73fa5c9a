"""Steps: functions that a pipeline runs with settings and secrets, and whose outputs it stores."""

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
from zensecrets_jupyter.core.steps.definition.options import STEP_OPTIONS, validate_cache_option, validate_options, validate_parameters
from zensecrets_jupyter.core.steps.definition.settings import merge_settings, validate_secret_names, validate_settings
from zensecrets_jupyter.core.steps.definition.signature import read_signature
from zensecrets_jupyter.core.steps.execution.call_inputs import StepOutput
from zensecrets_jupyter.core.steps.execution.graph import current_graph

if TYPE_CHECKING:
    from typing_extensions import Self

    from zensecrets_jupyter.core.stack import ReferenceModel

ReturnT = TypeVar("ReturnT")
Materializers = type[BaseMaterializer] | Mapping[str, type[BaseMaterializer]]
"""One materializer class for all outputs, or a class for each output by name."""

_VALID_NAME = re.compile(r"\w[\w .-]{0,127}")
"""A valid name. Its first character is no dot, so that ``..`` is not a valid name."""


class Step(Generic[ReturnT]):
    """A step of a pipeline; :func:`step` creates it from a function.

    A call in the function of a pipeline adds the step to that pipeline, and returns placeholders of its outputs. Any other call runs the
    step on the active stack, and returns the result of its function. This result is neither cached nor stored.

    Attributes:
        entrypoint: The decorated function.
        name: The name of the step.
        signature: Its inputs and outputs.
        enable_cache: Whether it is cached; ``None`` for the default, see :attr:`is_cached`.
        secrets: The names of the secrets whose keys are environment variables while it runs.
        settings: Its settings, with unresolved references.
        materializers: The materializers of its outputs, by output. An output without an entry has the default of its type.
        parameters: Default values of inputs, by input.
        hooks: The functions that are called after a run of the step.
        options: ZenML's arguments that are stored and change nothing here.
    """

    def __init__(self, function: Callable[..., ReturnT], name: str | None = None, *, classic: bool = False) -> None:
        """Create a step from ``function``; :meth:`configure` sets its other attributes.

        Args:
            function: The function.
            name: The name of the step. The default is the name of the function.
            classic: Whether the rules of ZenML before 0.40 apply; see :func:`read_signature`.

        Raises:
            StepInterfaceError: If the function can't be a step.
        """
        self.name = validate_name("step", name if name is not None else getattr(function, "__name__", type(function).__name__))
        self.signature = read_signature(function, self.name, classic=classic)
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
        """Return the text for errors, such as ``step 'trainer'``."""
        return f"step {self.name!r}"

    def __repr__(self) -> str:
        """Return the name of the step."""
        return f"<Step {self.name!r}>"

    @property
    def is_cached(self) -> bool:
        """Whether cached outputs of an earlier run may be reused.

        The default is true, except for a step with a context parameter.
        """
        return self.enable_cache if self.enable_cache is not None else self.signature.context_parameter is None

    @property
    def code(self) -> object:
        """The function or class whose code is part of the cache key.

        It is never ``None`` in this class. A subclass may return ``None``; the step is then not cached.
        """
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
        """Change the given options of the step and return it.

        Args:
            enable_cache: Whether cached outputs of an earlier run may be reused.
            secrets: The names of the secrets, which replace the current ones.
            settings: The settings.
            output_materializers: The materializers of the outputs.
            parameters: Default values of inputs, by input.
            on_failure: The function to call after a failed run.
            on_success: The function to call after a successful run.
            merge: Whether settings, materializers, parameters and ``options`` update the current ones instead of replacing them.
            options: Other arguments of ZenML, which are stored and have no effect.

        Raises:
            StepInterfaceError: If an argument is not acceptable; the step is unchanged.
            InvalidSecretError: If one of ``secrets`` is not a valid name.
            InvalidReferenceError: If a setting is almost a reference, such as ``{{name}}`` without a key.
        """
        new_options = validate_options(str(self), options, STEP_OPTIONS, EFFECTIVE_STEP_OPTIONS)
        new_enable_cache = validate_cache_option(enable_cache, str(self))
        new_hooks = self.hooks.updated(str(self), on_failure=on_failure, on_success=on_success)
        new_parameters = self.parameters if parameters is None else self._validate_parameters(parameters)
        new_secrets = self.secrets if secrets is None else validate_secret_names(secrets, str(self))
        new_settings = self.settings if settings is None else validate_settings(settings, str(self))
        if merge:
            new_settings = merge_settings(self.settings, new_settings)
            new_parameters = {**self.parameters, **new_parameters}
            new_options = {**self.options, **new_options}
        new_materializers = self.materializers if output_materializers is None else self._validate_materializers(output_materializers)
        if merge:
            new_materializers = {**self.materializers, **new_materializers}
        if new_enable_cache is not None:
            self.enable_cache = new_enable_cache
        self.secrets, self.settings, self.materializers = new_secrets, new_settings, new_materializers
        self.parameters, self.hooks, self.options = new_parameters, new_hooks, new_options
        return self

    def with_options(self, **options: Any) -> Self:
        """Return a copy with these options; arguments and errors are those of :meth:`configure`."""
        return copy.copy(self).configure(**options)

    def after(self, *others: object) -> None:
        """Make this step wait for ``others``, in the function of a pipeline.

        This is necessary only for steps whose outputs are not inputs of this step.

        Raises:
            StepInterfaceError: Outside the function of a pipeline, or if one of ``others`` is no step.
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
        """Return the configured materializer of an output, or the default for its declared type."""
        return self.materializers.get(output) or materializer_for(self.signature.output_types.get(output, Any))

    def output_info(self, output: str, call: str) -> OutputInfo:
        """Return the description of an output; ``call`` is the name of the step's call."""
        declared_type = self.signature.output_types.get(output, Any)
        return OutputInfo(output, call, self.materializer_of(output), class_of(declared_type))

    def __call__(self, *args: Any, id: Any = None, after: Any = None, **kwargs: Any) -> ReturnT:  # noqa: A002 - ZenML's name
        """Add a call to the pipeline whose function is running; outside of one, run the step.

        Args:
            args: Inputs by position.
            id: The name of the call in the pipeline. If the step has an input ``id``, it is that input.
            after: The calls to wait for, as names, outputs or steps. If the step has an input ``after``, it is that input.
            kwargs: Inputs by name.

        Raises:
            StepInterfaceError: If the arguments do not match the signature.
            StackValidationError: If the stack, the settings or the secrets prevent a run outside a pipeline.
        """
        inputs = self.signature.inputs.parameters
        # Python binds ``id=`` and ``after=`` to the parameters of this method. An input of the step with this name gets the value here.
        kwargs |= {name: value for name, value in (("id", id), ("after", after)) if name in inputs and value is not None}
        arguments = self.signature.bind(self.name, args, kwargs, self.parameters)
        graph = current_graph()
        if graph is not None:
            # The name of the call becomes a part of paths in the artifact store, so it is validated.
            call_name = None if id is None or "id" in inputs else validate_name("step", id)
            outputs: ReturnT = graph.add(self, arguments, call_name, None if "after" in inputs else after)
            return outputs
        for parameter, value in arguments.items():
            if isinstance(value, StepOutput):
                message = f"Argument {parameter!r} of step {self.name!r} is {value!r}, and this call is outside the function of a pipeline."
                raise StepInterfaceError(message, hint="Load it first: run.steps[NAME].output.load().")
        # Imported late, because this module imports SQLAlchemy, which takes longer than all other imports for steps.
        from zensecrets_jupyter.core.steps.execution.step_runner import run_outside_pipeline

        result: ReturnT = run_outside_pipeline(self, arguments)
        return result

    def _validate_parameters(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        inputs = self.signature.inputs.parameters
        unknown_name = next((name for name in validate_parameters(parameters, f"step {self.name!r}") if name not in inputs), None)
        if unknown_name is None:
            return dict(parameters)
        message = f"Step {self.name!r} has no parameter {unknown_name!r}."
        raise StepInterfaceError(message, hint=did_you_mean(unknown_name, inputs) or f"It takes {', '.join(inputs) or 'no arguments'}.")

    def _validate_materializers(self, materializers: object) -> dict[str, type[BaseMaterializer]]:
        """Return the materializers by output from the argument ``output_materializers``."""
        outputs = self.signature.outputs
        by_output = dict(materializers) if isinstance(materializers, Mapping) else dict.fromkeys(outputs, materializers)
        unknown_outputs = [output for output in by_output if output not in outputs]
        if unknown_outputs:
            message = f"Step {self.name!r} has no output {unknown_outputs[0]!r} to materialize."
            raise StepInterfaceError(message, hint=f"Its outputs are {', '.join(outputs) or 'none'}.")
        valid_classes = {
            output: item for output, item in by_output.items() if isinstance(item, type) and issubclass(item, BaseMaterializer)
        }
        if len(valid_classes) < len(by_output):
            message = f"The materializer of an output of step {self.name!r} is no materializer class."
            raise StepInterfaceError(message, hint="Give a subclass of BaseMaterializer.")
        incomplete_class = next((item for item in valid_classes.values() if not item.can_write()), None)
        if incomplete_class is not None:
            message = f"The materializer {incomplete_class.__name__} of step {self.name!r} has no method that writes a value."
            raise StepInterfaceError(message, hint="Give it the methods save and load, or handle_return and handle_input.")
        return valid_classes


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
    """Decorator that creates a step from a function.

    Write ``@step``, or ``@step(…)`` with arguments. A parameter with the annotation :class:`~zensecrets_jupyter.core.steps.StepContext`
    receives the context of the run. Inputs and outputs are checked against their annotations. The return annotation defines the outputs:

    * ``-> None``: no output.
    * ``-> int``: one output, named ``output``.
    * ``-> Annotated[int, "count"]``: one output, named ``count``.
    * ``-> Output(count=int, text=str)`` or ``-> tuple[Annotated[int, "count"], Annotated[str, "text"]]``: two named outputs.
    * ``-> tuple[int, str]``: two outputs, ``output_0`` and ``output_1``, if every ``return`` has two values; otherwise one output.
    * no annotation: one output of any type, or none if the function returns nothing.

    Args:
        function: The function, if the decorator has no arguments.
        name: The name of the step; by default the name of the function.
        options: ZenML's other arguments. These have an effect:

            * ``enable_cache``: Whether outputs of an earlier run with the same code, inputs, settings and secrets are reused. The default
              is true, except for a step with a StepContext parameter.
            * ``secrets``: Names of secrets whose keys are environment variables while the step runs. The name of the variable is the key in
              upper case. If the unchanged key is a valid name too, there is a second variable with this name.
            * ``settings``: A dict, or an instance of a subclass of BaseSettings. Its texts may contain references. The step reads the
              resolved settings from ``context.settings``.
            * ``output_materializers``: A materializer class, or a mapping of outputs to classes. The default is cloudpickle.
            * ``on_success``, ``on_failure``: A function that is called after the step. The function for ``on_failure`` receives the
              exception if the function has a parameter.
            * ``parameters``: Default values of inputs, by input.

            All others are stored in ``step.options`` and have no effect. A line on standard error warns about each of them once.

    Raises:
        StepInterfaceError: If the function or an argument is not acceptable.
        InvalidSecretError: If one of ``secrets`` is not a valid name.
        InvalidReferenceError: If a setting is almost a reference, such as ``{{name}}`` without a key.
    """

    def create(decorated: Callable[..., Any]) -> Step[Any]:
        return Step(decorated, name).configure(**options)

    return create if function is None else create(function)


EFFECTIVE_STEP_OPTIONS = (
    "enable_cache",
    "merge",
    "name",
    "on_failure",
    "on_success",
    "output_materializers",
    "parameters",
    "secrets",
    "settings",
)
"""The arguments of a step that have an effect here."""


def validate_name(label: str, name: object) -> str:
    """Return the name of a step or pipeline, if it is valid.

    A valid name is also a valid part of a path.

    Args:
        label: ``step`` or ``pipeline``, for the error.
        name: The name.

    Raises:
        StepInterfaceError: If it is not valid.
    """
    if isinstance(name, str) and _VALID_NAME.fullmatch(name):
        return name
    message = f"A {label} can't be named {name!r}."
    raise StepInterfaceError(message, hint=f'Name it with letters, digits, spaces, ".", "_" or "-": @{label}(name="my_{label}").')
