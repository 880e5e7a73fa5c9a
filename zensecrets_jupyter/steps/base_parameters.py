"""The base of a step's parameters."""

from zensecrets_jupyter.core.steps import BaseParameters

__all__ = ["BaseParameters"]
