"""Schemas of Azure secrets with ZenML's import path."""

from zensecrets_jupyter.core.schemas.built_in.azure import AzureSecretSchema

__all__ = ["AzureSecretSchema"]
