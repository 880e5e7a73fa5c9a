"""The schema of Azure."""

from zensecrets_jupyter.core.schemas.built_in.azure import AzureSecretSchema

__all__ = ["AzureSecretSchema"]
