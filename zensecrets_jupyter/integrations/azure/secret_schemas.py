"""The schema of Azure."""

from zensecrets_jupyter.core.schemas.azure import AzureSecretSchema

__all__ = ["AzureSecretSchema"]
