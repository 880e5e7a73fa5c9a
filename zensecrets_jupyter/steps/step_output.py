"""The class ``Output`` with ZenML's import path."""

from zensecrets_jupyter.core.steps import Output

__all__ = ["Output"]
