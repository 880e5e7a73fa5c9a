"""The class ``StepContext`` with ZenML's import path."""

from zensecrets_jupyter.core.steps import StepContext

__all__ = ["StepContext"]
