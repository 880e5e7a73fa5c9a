"""The class ``Client`` with ZenML's import path."""

from zensecrets_jupyter.core.client import Client

__all__ = ["Client"]
