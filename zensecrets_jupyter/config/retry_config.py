"""How often a step is run again."""

from zensecrets_jupyter.core.steps.machines import StepRetryConfig

__all__ = ["StepRetryConfig"]
