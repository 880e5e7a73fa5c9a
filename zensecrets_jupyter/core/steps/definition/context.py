"""The context of a running step: its names, stack, settings and output folders."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.errors import StepContextError
from zensecrets_jupyter.core.names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zensecrets_jupyter.core.stack import Stack
    from zensecrets_jupyter.core.steps.artifacts.artifact_files import ArtifactFolder
    from zensecrets_jupyter.core.steps.artifacts.materializers import BaseMaterializer
    from zensecrets_jupyter.core.steps.definition.settings import Settings

_running: ContextVar[StepContext] = ContextVar("zensecrets_step_context")


class RunNames(NamedTuple):
    """The names of a running step, its pipeline and its run, and the id of the run."""

    step: str
    pipeline: str
    run: str
    run_id: str


class Named(NamedTuple):
    """An object with a name and an id, as in later versions of ZenML."""

    name: str
    id: str


class StepContext:
    """The argument for a parameter of this class, and the result of :func:`get_step_context` inside any step.

    A step that takes it is not cached, except with ``enable_cache=True``, because its result may depend on the stack.
    """

    def __init__(
        self,
        names: RunNames,
        stack: Stack,
        settings: Settings,
        materializers: Mapping[str, type[BaseMaterializer]],
        output_folder: Callable[[str], ArtifactFolder],
    ) -> None:
        """Create the context of one step of a run; ``materializers`` and ``output_folder`` are by output."""
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
        """The name of the pipeline; outside of a pipeline, the name of the step."""
        return self._names.pipeline

    @property
    def pipeline(self) -> Named:
        """The pipeline, as an object with a name."""
        return Named(self._names.pipeline, self._names.pipeline)

    @property
    def pipeline_run(self) -> Named:
        """The run, as an object with a name and an ``id``."""
        return Named(self._names.run, self._names.run_id)

    @property
    def step_run(self) -> Named:
        """The step in its run, as an object with a name and an ``id``."""
        return Named(self._names.step, f"{self._names.run_id}/{self._names.step}")

    @property
    def stack(self) -> Stack:
        """The stack that the step runs on; ``stack.secrets_manager`` raises NoSecretsManagerError if it has none."""
        self._stack_used = True
        return self._stack

    @property
    def stack_used(self) -> bool:
        """Whether the step has read its stack, so that its outputs may depend on it."""
        return self._stack_used

    @property
    def settings(self) -> Any:
        """The settings of the step and its pipeline; a reference is resolved when it is read.

        Settings from a dict are read by ``settings["key"]`` or ``settings.key``; otherwise they are the given model.
        """
        return self._settings

    def get_output_artifact_uri(self, output_name: str | None = None, *, name: str | None = None) -> str:
        """Return the folder of an output in the artifact store; it exists, and the step writes its files there.

        Args:
            output_name: The name of the output; optional if the step has only one.
            name: The same, under its first name in this package.

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
        """Return the materializer of an output, or one of another class for the same folder.

        Args:
            output_name: The name of the output; optional if the step has only one.
            custom_materializer_class: The other class.
            name: Like ``output_name``, under its first name in this package.
            custom: Like ``custom_materializer_class``, under its first name in this package.

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


def current_context() -> StepContext | None:
    """Return the context of the running step, or ``None``."""
    return _running.get(None)


def get_step_context() -> StepContext:
    """Return the context of the running step.

    Raises:
        StepContextError: Outside of a step, or in a thread that a step started.
    """
    found = current_context()
    if found is None:
        message = "No step is running here."
        raise StepContextError(message, hint="Call it inside of a step; to a thread that the step starts, hand its context.")
    return found


@contextmanager
def use_context(context: StepContext) -> Iterator[None]:
    """Make ``context`` the context of the running step in the block."""
    token = _running.set(context)
    try:
        yield
    finally:
        _running.reset(token)
