"""The schemas of whylogs."""

from zensecrets_jupyter.core.schemas.whylabs import WhylabsSecretSchema

__all__ = ["WhylabsSecretSchema"]
