"""Hugging Face access token."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class HuggingFaceSecretSchema(BaseSecretSchema):
    """An access token for the Hugging Face Hub."""

    TYPE: ClassVar[str] = "huggingface"

    token: str = Field(description="User access token")
