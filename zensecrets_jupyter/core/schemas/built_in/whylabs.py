"""WhyLabs credentials."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.fields import ClearTextField
from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class WhylabsSecretSchema(BaseSecretSchema):
    """The WhyLabs API key of an organisation."""

    TYPE: ClassVar[str] = "whylabs"

    whylabs_default_org_id: str = ClearTextField(description="Organisation ID")
    whylabs_api_key: str = Field(description="API key")
    whylabs_default_dataset_id: str | None = ClearTextField(default=None, description="Dataset for logged profiles")
