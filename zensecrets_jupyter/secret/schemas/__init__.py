"""ZenML's built-in schemas of secrets, with its import path."""

from zensecrets_jupyter.core.schemas.built_in.aws import AWSSecretSchema
from zensecrets_jupyter.core.schemas.built_in.azure import AzureSecretSchema
from zensecrets_jupyter.core.schemas.built_in.basic_auth import BasicAuthSecretSchema
from zensecrets_jupyter.core.schemas.built_in.gcp import GCPSecretSchema

__all__ = ["AWSSecretSchema", "AzureSecretSchema", "BasicAuthSecretSchema", "GCPSecretSchema"]
