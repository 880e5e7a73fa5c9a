"""Schemas of MySQL secrets with ZenML's import path."""

from zensecrets_jupyter.core.schemas.built_in.mysql import MySQLSecretSchema

__all__ = ["MySQLSecretSchema"]
