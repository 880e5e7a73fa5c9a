"""Schemas of WhyLabs secrets with ZenML's import path."""

from zensecrets_jupyter.core.schemas.built_in.whylabs import WhylabsSecretSchema

__all__ = ["WhylabsSecretSchema"]
