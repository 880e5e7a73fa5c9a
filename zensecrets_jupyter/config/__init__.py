"""Settings of containers and machines."""

from zensecrets_jupyter.classic.machine_settings import DockerSettings, ResourceSettings, Schedule, StepRetryConfig

__all__ = ["DockerSettings", "ResourceSettings", "Schedule", "StepRetryConfig"]
