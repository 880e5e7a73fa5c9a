"""Several outputs of a step."""

from zensecrets_jupyter.core.steps import Output

__all__ = ["Output"]
