"""The schemas of seldon."""

from zensecrets_jupyter.core.schemas.built_in.seldon import SeldonAzureSecretSchema, SeldonGSSecretSchema, SeldonS3SecretSchema

__all__ = ["SeldonAzureSecretSchema", "SeldonGSSecretSchema", "SeldonS3SecretSchema"]
