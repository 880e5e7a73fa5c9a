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

_current_context: ContextVar[StepContext] = ContextVar("zensecrets_step_context")


class RunNames(NamedTuple):
    """The names of a running step, its pipeline and its run, and the run's id.

    ``step`` is the name of the step call in the pipeline, such as ``trainer_2``.
    """

    step: str
    pipeline: str
    run: str
    run_id: str


class NameAndId(NamedTuple):
    """The name and id of a pipeline, run or step, as in later versions of ZenML."""

    name: str
    id: str


class StepContext:
    """The context of a running step: names, stack, settings and output folders.

    A step receives it in a parameter with this annotation, or from :func:`get_step_context`. By default, a step with such a parameter is
    not cached, because its outputs may depend on the stack.
    """

    def __init__(
        self,
        names: RunNames,
        stack: Stack,
        settings: Settings,
        materializers: Mapping[str, type[BaseMaterializer]],
        output_folder: Callable[[str], ArtifactFolder],
    ) -> None:
        """Create the context of one step of a run.

        Args:
            names: The names of the step, the pipeline and the run.
            stack: The stack.
            settings: The settings, with references that the stack resolves.
            materializers: The class of the materializer of each output, by the name of the output.
            output_folder: A function that returns the folder of an output, for the name of the output.
        """
        self._names = names
        self._step_name = names.step
        self._stack = stack
        self._settings = settings
        self._materializers = dict(materializers)
        self._output_folder = output_folder
        self._has_read_stack = False

    def __repr__(self) -> str:
        """Return the names of the step and the stack."""
        return f"<StepContext of step {self._step_name!r} on stack {self._stack.name!r}>"

    @property
    def step_name(self) -> str:
        """The name of the step call in the pipeline, such as ``trainer_2``."""
        return self._step_name

    @property
    def pipeline_name(self) -> str:
        """The name of the pipeline; outside of a pipeline, the name of the step."""
        return self._names.pipeline

    @property
    def pipeline(self) -> NameAndId:
        """The name of the pipeline, which is also its id.

        In this package, a pipeline has no other id.
        """
        return NameAndId(self._names.pipeline, self._names.pipeline)

    @property
    def pipeline_run(self) -> NameAndId:
        """The name and the id of the run."""
        return NameAndId(self._names.run, self._names.run_id)

    @property
    def step_run(self) -> NameAndId:
        """The name of the step call, and the id ``RUN_ID/NAME``."""
        return NameAndId(self._names.step, f"{self._names.run_id}/{self._names.step}")

    @property
    def stack(self) -> Stack:
        """The stack that the step runs on; ``stack.secrets_manager`` raises NoSecretsManagerError if it has none."""
        self._has_read_stack = True
        return self._stack

    @property
    def has_read_stack(self) -> bool:
        """Whether the step has read its stack. If it has, its outputs may depend on the stack."""
        return self._has_read_stack

    @property
    def settings(self) -> Any:
        """The settings of the step and its pipeline.

        References are resolved on access. Settings from a dict are read as ``settings["key"]`` or ``settings.key``. Settings from a model
        are an object of its class.
        """
        return self._settings

    def get_output_artifact_uri(self, output_name: str | None = None, *, name: str | None = None) -> str:
        """Return the local path or URL of an output's folder.

        The step may write files in the folder. It is in the artifact store, and is created if it does not exist.

        Args:
            output_name: The name of the output; optional if the step has only one.
            name: The same as ``output_name``.

        Raises:
            StepContextError: If the step has no output of that name, or if there is no argument and the step has no or several outputs.
        """
        folder = self._output_folder(self._find_output(output_name or name))
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
        """Return a materializer for the folder of an output.

        Args:
            output_name: The name of the output; optional if the step has only one.
            custom_materializer_class: The class of the materializer; by default the class that stores the output.
            name: The same as ``output_name``.
            custom: The same as ``custom_materializer_class``.

        Raises:
            StepContextError: As for :meth:`get_output_artifact_uri`.
        """
        output = self._find_output(output_name or name)
        folder = self._output_folder(output)
        folder.create()
        return (custom_materializer_class or custom or self._materializers[output])(folder)

    def _find_output(self, name: str | None) -> str:
        """Return ``name`` if the step has this output; for ``None``, the name of the only output.

        Raises:
            StepContextError: As for :meth:`get_output_artifact_uri`.
        """
        output_names = ", ".join(self._materializers)
        if not self._materializers:
            message = f"Step {self._step_name!r} has no outputs."
            raise StepContextError(message, hint="Add a return annotation, such as -> int.")
        if name is None:
            if len(self._materializers) > 1:
                message = f"Step {self._step_name!r} has several outputs."
                raise StepContextError(message, hint=f"Give the name of one: {output_names}.")
            return next(iter(self._materializers))
        if name not in self._materializers:
            message = f"Step {self._step_name!r} has no output {name!r}."
            raise StepContextError(message, hint=f"{did_you_mean(name, self._materializers)} Its outputs are {output_names}.".strip())
        return name


def current_context() -> StepContext | None:
    """Return the context of the running step, or ``None``."""
    return _current_context.get(None)


def get_step_context() -> StepContext:
    """Return the context of the running step.

    Raises:
        StepContextError: Outside of a step, or in a thread that a step started.
    """
    context = current_context()
    if context is None:
        message = "No step is running here."
        raise StepContextError(message, hint="Call it in a step. Pass the context to a thread that the step starts.")
    return context


@contextmanager
def use_context(context: StepContext) -> Iterator[None]:
    """Set ``context`` as the context of the running step during the block."""
    token = _current_context.set(context)
    try:
        yield
    finally:
        _current_context.reset(token)
