"""Settings of containers and machines."""

from zensecrets_jupyter.core.steps.machines import DockerSettings, ResourceSettings, Schedule, StepRetryConfig

__all__ = ["DockerSettings", "ResourceSettings", "Schedule", "StepRetryConfig"]
