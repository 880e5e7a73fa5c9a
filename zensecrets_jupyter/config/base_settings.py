"""The base of settings."""

from zensecrets_jupyter.core.steps import BaseSettings

__all__ = ["BaseSettings"]
