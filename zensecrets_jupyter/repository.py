"""The class ``Repository`` with ZenML's import path."""

from zensecrets_jupyter.classic.repository import Repository

__all__ = ["Repository"]
