"""A user name and a password."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.fields import ClearTextField
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class BasicAuthSecretSchema(BaseSecretSchema):
    """What HTTP's basic authentication and most log-ins ask for."""

    TYPE: ClassVar[str] = "basic_auth"

    username: str = ClearTextField(description="User name")
    password: str = Field(description="Password")
