"""Steps in the style of ZenML before 0.40, in which a step is a class."""

from zensecrets_jupyter.classic.environment import STEP_ENVIRONMENT_NAME, StepEnvironment
from zensecrets_jupyter.classic.machine_settings import ResourceSettings
from zensecrets_jupyter.classic.steps import BaseStep, step
from zensecrets_jupyter.core.steps import BaseParameters, Output, StepContext

__all__ = ["STEP_ENVIRONMENT_NAME", "BaseParameters", "BaseStep", "Output", "ResourceSettings", "StepContext", "StepEnvironment", "step"]
