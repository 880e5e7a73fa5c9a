"""The class ``BaseParameters`` with ZenML's import path."""

from zensecrets_jupyter.core.steps import BaseParameters

__all__ = ["BaseParameters"]
