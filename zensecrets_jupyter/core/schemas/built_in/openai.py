"""OpenAI API key."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class OpenAISecretSchema(BaseSecretSchema):
    """An API key for OpenAI, or for a service with a compatible API."""

    TYPE: ClassVar[str] = "openai"

    api_key: str = Field(description="API key")
