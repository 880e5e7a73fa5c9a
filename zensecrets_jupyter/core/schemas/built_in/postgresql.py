"""PostgreSQL log-in."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.fields import ClearTextField
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class PostgreSQLSecretSchema(BaseSecretSchema):
    """The address of a PostgreSQL server and a log-in.

    The fields have the names of libpq's parameters, except ``database``, which libpq calls ``dbname``.
    """

    TYPE: ClassVar[str] = "postgresql"

    host: str = ClearTextField(default="localhost", description="Host name")
    port: str = ClearTextField(default="5432", description="Port")
    user: str = ClearTextField(description="User name")
    password: str = Field(description="Password")
    database: str | None = ClearTextField(default=None, description="Database; by default the one with the user's name")
