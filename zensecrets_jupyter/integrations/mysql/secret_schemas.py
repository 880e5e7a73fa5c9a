"""The schemas of mysql."""

from zensecrets_jupyter.core.schemas.mysql import MySQLSecretSchema

__all__ = ["MySQLSecretSchema"]
