"""ZenML's ``Environment``: information about the process and the running step, without environment variables."""

from __future__ import annotations

import platform
import sys
from typing import NamedTuple

from zensecrets_jupyter.core.steps.definition.context import current_context, get_step_context

STEP_ENVIRONMENT_NAME = "step_environment"
"""The key in ``Environment()["step_environment"]``, which returns the :class:`StepEnvironment` of the running step."""


class StepEnvironment(NamedTuple):
    """The names of a running step, of its pipeline and of its run.

    ``pipeline_run_id`` contains the name of the run, not its id. ``cache_enabled`` is an attribute of ZenML, and always ``False`` here.
    """

    step_name: str
    pipeline_name: str
    pipeline_run_id: str
    cache_enabled: bool = False


class Environment:
    """Information about the process and the running step."""

    @property
    def step_is_running(self) -> bool:
        """Whether a step is running."""
        return current_context() is not None

    @property
    def step_environment(self) -> StepEnvironment:
        """The names of the running step, of its pipeline and of its run.

        Raises:
            StepContextError: Outside a step.
        """
        context = get_step_context()
        return StepEnvironment(context.step_name, context.pipeline_name, context.pipeline_run.name)

    def __getitem__(self, name: str) -> StepEnvironment:
        """Return the environment of the running step for the key ``step_environment``.

        Raises:
            KeyError: For any other key, or outside a step.
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
        """Return whether the process has imported ``ipykernel``, as IPython's kernel does."""
        return "ipykernel" in sys.modules
