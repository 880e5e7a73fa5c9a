"""Schemas of KServe secrets with ZenML's import path."""

from zensecrets_jupyter.core.schemas.built_in.kserve import KServeAzureSecretSchema, KServeGSSecretSchema, KServeS3SecretSchema

__all__ = ["KServeAzureSecretSchema", "KServeGSSecretSchema", "KServeS3SecretSchema"]
