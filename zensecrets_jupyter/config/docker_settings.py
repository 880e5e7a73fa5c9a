"""The class ``DockerSettings`` with ZenML's import path."""

from zensecrets_jupyter.classic.machine_settings import DockerSettings

__all__ = ["DockerSettings"]
