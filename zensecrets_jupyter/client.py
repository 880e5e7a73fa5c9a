"""The client."""

from zensecrets_jupyter.core.client import Client

__all__ = ["Client"]
