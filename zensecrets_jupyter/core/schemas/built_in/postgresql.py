"""A log-in to PostgreSQL."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.fields import ClearTextField
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class PostgreSQLSecretSchema(BaseSecretSchema):
    """Where a PostgreSQL server is, and who logs in; the names are those of libpq's parameters."""

    TYPE: ClassVar[str] = "postgresql"

    host: str = ClearTextField(default="localhost", description="Host name")
    port: str = ClearTextField(default="5432", description="Port")
    user: str = ClearTextField(description="User name")
    password: str = Field(description="Password")
    database: str | None = ClearTextField(default=None, description="Database; the user's own where none is given")
