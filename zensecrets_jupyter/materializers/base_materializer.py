"""The class ``BaseMaterializer`` with ZenML's import path."""

from zensecrets_jupyter.core.steps import BaseMaterializer

__all__ = ["BaseMaterializer"]
