"""Settings of machines."""

from zensecrets_jupyter.core.steps.machines import ResourceSettings

__all__ = ["ResourceSettings"]
