"""Settings of containers and machines, and schedules, with ZenML's import path."""

from zensecrets_jupyter.classic.machine_settings import DockerSettings, ResourceSettings, Schedule, StepRetryConfig

__all__ = ["DockerSettings", "ResourceSettings", "Schedule", "StepRetryConfig"]
