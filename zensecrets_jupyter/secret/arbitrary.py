"""The schema that takes any keys."""

from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema

__all__ = ["ArbitrarySecretSchema"]
