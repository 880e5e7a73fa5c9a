"""Where code runs."""

from zensecrets_jupyter.classic.environment import Environment

__all__ = ["Environment"]
