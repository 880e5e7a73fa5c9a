"""ZenML's ``Environment``: where code runs, and the names of what runs it."""

from __future__ import annotations

import platform
import sys
from typing import NamedTuple

from zensecrets_jupyter.core.steps.definition.context import current_context, get_step_context

STEP_ENVIRONMENT_NAME = "step_environment"
"""What the environment of a step is asked for by."""


class StepEnvironment(NamedTuple):
    """What a running step is called, and what it runs in."""

    step_name: str
    pipeline_name: str
    pipeline_run_id: str
    cache_enabled: bool = False


class Environment:
    """Where this code runs."""

    @property
    def step_is_running(self) -> bool:
        """Whether it runs in a step."""
        return current_context() is not None

    @property
    def step_environment(self) -> StepEnvironment:
        """The names of the step that runs here.

        Raises:
            StepContextError: Outside of a step.
        """
        context = get_step_context()
        return StepEnvironment(context.step_name, context.pipeline_name, context.pipeline_run.name)

    def __getitem__(self, name: str) -> StepEnvironment:
        """Return the environment called ``step_environment``.

        Raises:
            KeyError: For any other name, or outside of a step.
        """
        if name != STEP_ENVIRONMENT_NAME or not self.step_is_running:
            raise KeyError(name)
        return self.step_environment

    @staticmethod
    def python_version() -> str:
        """Return the version of Python."""
        return platform.python_version()

    @staticmethod
    def in_notebook() -> bool:
        """Tell whether a kernel of Jupyter runs the code."""
        return "ipykernel" in sys.modules
