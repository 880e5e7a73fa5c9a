"""Label Studio access token."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class LabelStudioSecretSchema(BaseSecretSchema):
    """The access token of a Label Studio account."""

    TYPE: ClassVar[str] = "label_studio"

    api_key: str = Field(description="Access token of the account")
