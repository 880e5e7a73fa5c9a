"""Schemas of AWS secrets with ZenML's import path."""

from zensecrets_jupyter.core.schemas.built_in.aws import AWSSecretSchema

__all__ = ["AWSSecretSchema"]
