"""The class ``BaseSettings`` with ZenML's import path."""

from zensecrets_jupyter.core.steps import BaseSettings

__all__ = ["BaseSettings"]
