"""The schema of Google Cloud."""

from zensecrets_jupyter.core.schemas.gcp import GCPSecretSchema

__all__ = ["GCPSecretSchema"]
