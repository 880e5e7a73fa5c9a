"""The class ``Environment`` with ZenML's import path."""

from zensecrets_jupyter.classic.environment import Environment

__all__ = ["Environment"]
