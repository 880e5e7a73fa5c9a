"""The schema for arbitrary keys with ZenML's import path."""

from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema

__all__ = ["ArbitrarySecretSchema"]
