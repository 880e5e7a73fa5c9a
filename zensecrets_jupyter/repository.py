"""The client under its old name."""

from zensecrets_jupyter.classic.repository import Repository

__all__ = ["Repository"]
