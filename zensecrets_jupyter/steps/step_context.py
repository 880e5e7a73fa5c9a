"""What a running step knows of itself."""

from zensecrets_jupyter.core.steps import StepContext

__all__ = ["StepContext"]
