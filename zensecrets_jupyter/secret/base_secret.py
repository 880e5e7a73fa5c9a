"""The base of schemas."""

from zensecrets_jupyter.core.schemas import BaseSecretSchema

__all__ = ["BaseSecretSchema"]
