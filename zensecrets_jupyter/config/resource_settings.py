"""The class ``ResourceSettings`` with ZenML's import path."""

from zensecrets_jupyter.classic.machine_settings import ByteUnit, ResourceSettings

__all__ = ["ByteUnit", "ResourceSettings"]
