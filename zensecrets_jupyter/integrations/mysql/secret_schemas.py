"""The schemas of mysql."""

from zensecrets_jupyter.core.schemas.built_in.mysql import MySQLSecretSchema

__all__ = ["MySQLSecretSchema"]
