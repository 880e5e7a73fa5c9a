"""The schemas that ZenML has."""

from zensecrets_jupyter.core.schemas.aws import AWSSecretSchema
from zensecrets_jupyter.core.schemas.azure import AzureSecretSchema
from zensecrets_jupyter.core.schemas.basic_auth import BasicAuthSecretSchema
from zensecrets_jupyter.core.schemas.gcp import GCPSecretSchema

__all__ = ["AWSSecretSchema", "AzureSecretSchema", "BasicAuthSecretSchema", "GCPSecretSchema"]
