"""What a running step knows of itself: its name, its stack, its settings, and where its outputs go."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.errors import StepContextError
from zensecrets_jupyter.core.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zensecrets_jupyter.core.stack import Stack
    from zensecrets_jupyter.core.steps.files import ArtifactFolder
    from zensecrets_jupyter.core.steps.materializers import BaseMaterializer
    from zensecrets_jupyter.core.steps.settings import Settings

_running: ContextVar[StepContext] = ContextVar("zensecrets_step_context")


class RunNames(NamedTuple):
    """What a step that runs, and what it runs in, are called: the step, the pipeline, the run, and the run's identity."""

    step: str
    pipeline: str
    run: str
    run_id: str


class Named(NamedTuple):
    """Something that has a name and an identity, as later ZenML has it."""

    name: str
    id: str


class StepContext:
    """What a step gets for a parameter annotated with this class, and what :func:`get_step_context` returns inside any step.

    A step that takes it is not cached unless ``enable_cache=True`` says so: through it, it reaches what may change.
    """

    def __init__(
        self,
        names: RunNames,
        stack: Stack,
        settings: Settings,
        materializers: Mapping[str, type[BaseMaterializer]],
        output_folder: Callable[[str], ArtifactFolder],
    ) -> None:
        """Hold what the run knows, ``materializers`` and ``output_folder`` by output; a step never makes one itself."""
        self._names = names
        self._step_name = names.step
        self._stack = stack
        self._settings = settings
        self._materializers = dict(materializers)
        self._output_folder = output_folder
        self._stack_used = False

    def __repr__(self) -> str:
        """Return the step's name and the stack's."""
        return f"<StepContext of step {self._step_name!r} on stack {self._stack.name!r}>"

    @property
    def step_name(self) -> str:
        """The name of the step in its pipeline."""
        return self._step_name

    @property
    def pipeline_name(self) -> str:
        """The name of the pipeline; of a step that runs on its own, its own name."""
        return self._names.pipeline

    @property
    def pipeline(self) -> Named:
        """The pipeline, as something with a name."""
        return Named(self._names.pipeline, self._names.pipeline)

    @property
    def pipeline_run(self) -> Named:
        """The run, as something with a name and an ``id``."""
        return Named(self._names.run, self._names.run_id)

    @property
    def step_run(self) -> Named:
        """The step in its run, as something with a name and an ``id``."""
        return Named(self._names.step, f"{self._names.run_id}/{self._names.step}")

    @property
    def stack(self) -> Stack:
        """The stack that the step runs on; ``stack.secrets_manager`` raises NoSecretsManagerError where it has none."""
        self._stack_used = True
        return self._stack

    @property
    def stack_used(self) -> bool:
        """Whether the step has looked at its stack, so that what it returns may depend on that."""
        return self._stack_used

    @property
    def settings(self) -> Any:
        """The settings of the step and its pipeline; a reference in them is resolved when it is read.

        ``settings["key"]`` and ``settings.key`` where they were given as a dict, else the model that was given.
        """
        return self._settings

    def get_output_artifact_uri(self, output_name: str | None = None, *, name: str | None = None) -> str:
        """Return the folder in the artifact store where an output is kept; it exists and is the step's to fill.

        Args:
            output_name: The output, which need not be named where the step has only one.
            name: The same, under the name that it had here first.

        Raises:
            StepContextError: If the step has no outputs, several and no name is given, or none of that name.
        """
        folder = self._output_folder(self._output(output_name or name))
        folder.create()
        return folder.uri

    def get_output_materializer(
        self,
        output_name: str | None = None,
        custom_materializer_class: type[BaseMaterializer] | None = None,
        *,
        name: str | None = None,
        custom: type[BaseMaterializer] | None = None,
    ) -> BaseMaterializer:
        """Return the materializer of an output, or one of another class at the same folder.

        Args:
            output_name: The output, which need not be named where the step has only one.
            custom_materializer_class: The class to make one of.
            name: Like ``output_name``, under the name that it had here first.
            custom: Like ``custom_materializer_class``, under the name that it had here first.

        Raises:
            StepContextError: As for :meth:`get_output_artifact_uri`.
        """
        output = self._output(output_name or name)
        folder = self._output_folder(output)
        folder.create()
        return (custom_materializer_class or custom or self._materializers[output])(folder)

    def _output(self, name: str | None) -> str:
        known = ", ".join(self._materializers)
        if not self._materializers:
            message = f"Step {self._step_name!r} has no outputs."
            raise StepContextError(message, hint="Annotate what it returns, such as -> int.")
        if name is None:
            if len(self._materializers) > 1:
                message = f"Step {self._step_name!r} has several outputs."
                raise StepContextError(message, hint=f"Name one of {known}.")
            return next(iter(self._materializers))
        if name not in self._materializers:
            message = f"Step {self._step_name!r} has no output {name!r}."
            raise StepContextError(message, hint=f"{did_you_mean(name, self._materializers)} Its outputs are {known}.".strip())
        return name


def running() -> StepContext | None:
    """Return the context of the step that runs here, or ``None``."""
    return _running.get(None)


def get_step_context() -> StepContext:
    """Return the context of the step that runs here.

    Raises:
        StepContextError: Outside of a step, or in a thread that a step has started.
    """
    found = running()
    if found is None:
        message = "No step is running here."
        raise StepContextError(message, hint="Call it inside of a step; to a thread that the step starts, hand its context.")
    return found


@contextmanager
def entered(context: StepContext) -> Iterator[None]:
    """Make ``context`` the one that :func:`get_step_context` returns in the block."""
    token = _running.set(context)
    try:
        yield
    finally:
        _running.reset(token)
