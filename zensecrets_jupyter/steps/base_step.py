"""The class ``BaseStep`` with ZenML's import path."""

from zensecrets_jupyter.classic.steps import BaseStep

__all__ = ["BaseStep"]
