"""How often a step is run again."""

from zensecrets_jupyter.classic.machine_settings import StepRetryConfig

__all__ = ["StepRetryConfig"]
