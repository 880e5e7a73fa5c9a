"""MySQL log-in."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.fields import PEM_TEXT, ClearTextField
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class MySQLSecretSchema(BaseSecretSchema):
    """A log-in to a MySQL server, with optional TLS certificates."""

    TYPE: ClassVar[str] = "mysql"

    user: str | None = ClearTextField(default=None, description="User name")
    password: str | None = Field(default=None, description="Password")
    ssl_ca: str | None = Field(default=None, description="Certificate authority of the server, as PEM", json_schema_extra=PEM_TEXT)
    ssl_cert: str | None = Field(default=None, description="Certificate of the client, as PEM", json_schema_extra=PEM_TEXT)
    ssl_key: str | None = Field(default=None, description="Key of the client's certificate, as PEM", json_schema_extra=PEM_TEXT)
