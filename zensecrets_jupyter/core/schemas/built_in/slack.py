"""Slack token."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


class SlackSecretSchema(BaseSecretSchema):
    """The bot token of a Slack app."""

    TYPE: ClassVar[str] = "slack"

    token: str = Field(description="Bot token, xoxb-…")
