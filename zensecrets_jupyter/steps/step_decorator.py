"""The decorator ``step`` with ZenML's import path."""

from zensecrets_jupyter.classic.steps import step

__all__ = ["step"]
