"""The class ``StepRetryConfig`` with ZenML's import path."""

from zensecrets_jupyter.classic.machine_settings import StepRetryConfig

__all__ = ["StepRetryConfig"]
