"""Protocols of steps and pipelines: the attributes that a run reads.

The modules of Step and Pipeline import the modules that execute steps. An import of Step or Pipeline in the modules that execute steps
would be circular, so they use these protocols.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from zensecrets_jupyter.core.steps.artifacts.artifact import OutputInfo
    from zensecrets_jupyter.core.steps.artifacts.materializers import BaseMaterializer
    from zensecrets_jupyter.core.steps.definition.hooks import Hooks
    from zensecrets_jupyter.core.steps.definition.settings import Settings
    from zensecrets_jupyter.core.steps.definition.signature import StepSignature


class StepDefaults(Protocol):
    """The attributes of a pipeline that apply to all of its steps.

    Attributes:
        name: The name of the pipeline.
        settings: The settings; the settings of a step override them.
        secrets: The names of secrets whose keys are environment variables in every step.
        hooks: Hooks for the steps that have none.
        enable_cache: ``False`` turns caching off for every step; otherwise each step decides.
    """

    name: str
    settings: Settings
    secrets: tuple[str, ...]
    hooks: Hooks
    enable_cache: bool | None


class StepDefinition(Protocol):
    """The attributes and methods of a step that a run uses; see :class:`~zensecrets_jupyter.core.steps.step.Step`.

    ``entrypoint`` is the function that is called to run the step.
    """

    name: str
    signature: StepSignature
    entrypoint: Callable[..., Any]
    settings: Settings
    secrets: tuple[str, ...]
    hooks: Hooks

    @property
    def is_cached(self) -> bool:
        """Whether cached outputs of an earlier run may be reused."""

    @property
    def code(self) -> object:
        """The function or class whose code is part of the cache key; a step with ``None`` is not cached."""

    def materializer_of(self, output: str) -> type[BaseMaterializer]:
        """Return the materializer of an output."""

    def output_info(self, output: str, call: str) -> OutputInfo:
        """Return the description of an output; ``call`` is the name of the step's call."""

    def with_options(self, **options: Any) -> Self:
        """Return a copy with these options."""
