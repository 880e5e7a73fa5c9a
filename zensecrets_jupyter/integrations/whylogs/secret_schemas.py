"""The schemas of whylogs."""

from zensecrets_jupyter.core.schemas.built_in.whylabs import WhylabsSecretSchema

__all__ = ["WhylabsSecretSchema"]
