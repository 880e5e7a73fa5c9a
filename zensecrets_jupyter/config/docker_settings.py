"""Settings of containers."""

from zensecrets_jupyter.classic.machine_settings import DockerSettings

__all__ = ["DockerSettings"]
