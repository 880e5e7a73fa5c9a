"""Settings of containers."""

from zensecrets_jupyter.core.steps.machines import DockerSettings

__all__ = ["DockerSettings"]
