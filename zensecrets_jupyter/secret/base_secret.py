"""The base class of schemas with ZenML's import path."""

from zensecrets_jupyter.core.schemas import BaseSecretSchema

__all__ = ["BaseSecretSchema"]
