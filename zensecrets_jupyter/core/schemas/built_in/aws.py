"""AWS credentials."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class AWSSecretSchema(BaseSecretSchema):
    """An AWS access key; a temporary access key also has a session token."""

    TYPE: ClassVar[str] = "aws"

    aws_access_key_id: str = Field(description="Access key ID")
    aws_secret_access_key: str = Field(description="Secret access key")
    aws_session_token: str | None = Field(default=None, description="Session token, for temporary credentials")
