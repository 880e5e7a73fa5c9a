"""Schemas of Google Cloud secrets with ZenML's import path."""

from zensecrets_jupyter.core.schemas.built_in.gcp import GCPSecretSchema

__all__ = ["GCPSecretSchema"]
