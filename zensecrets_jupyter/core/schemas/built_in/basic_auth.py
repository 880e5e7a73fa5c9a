"""User name and password."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.fields import ClearTextField
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class BasicAuthSecretSchema(BaseSecretSchema):
    """A user name and a password, as for HTTP basic authentication."""

    TYPE: ClassVar[str] = "basic_auth"

    username: str = ClearTextField(description="User name")
    password: str = Field(description="Password")
