"""Schemas of Seldon secrets with ZenML's import path."""

from zensecrets_jupyter.core.schemas.built_in.seldon import SeldonAzureSecretSchema, SeldonGSSecretSchema, SeldonS3SecretSchema

__all__ = ["SeldonAzureSecretSchema", "SeldonGSSecretSchema", "SeldonS3SecretSchema"]
