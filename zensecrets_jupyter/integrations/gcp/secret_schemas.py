"""The schema of Google Cloud."""

from zensecrets_jupyter.core.schemas.built_in.gcp import GCPSecretSchema

__all__ = ["GCPSecretSchema"]
