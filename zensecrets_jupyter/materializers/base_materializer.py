"""The base of materializers."""

from zensecrets_jupyter.core.steps import BaseMaterializer

__all__ = ["BaseMaterializer"]
