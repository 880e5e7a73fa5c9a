"""An API key of OpenAI."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class OpenAISecretSchema(BaseSecretSchema):
    """An API key for OpenAI's services, or for one that speaks the same protocol."""

    TYPE: ClassVar[str] = "openai"

    api_key: str = Field(description="API key")
