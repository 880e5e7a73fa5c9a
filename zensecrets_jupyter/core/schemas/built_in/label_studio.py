"""Label Studio access token."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class LabelStudioSecretSchema(BaseSecretSchema):
    """The API key of a Label Studio account, which Label Studio calls access token."""

    TYPE: ClassVar[str] = "label_studio"

    api_key: str = Field(description="Access token of the account")
