"""The decorator of steps."""

from zensecrets_jupyter.classic.steps import step

__all__ = ["step"]
