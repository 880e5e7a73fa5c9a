"""Settings of machines."""

from zensecrets_jupyter.core.steps.machines import ByteUnit, ResourceSettings

__all__ = ["ByteUnit", "ResourceSettings"]
