"""The base of steps."""

from zensecrets_jupyter.classic.steps import BaseStep

__all__ = ["BaseStep"]
