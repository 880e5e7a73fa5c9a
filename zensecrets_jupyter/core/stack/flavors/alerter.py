"""Attributes of an alerter, by flavor. Alerters send messages about pipelines."""

from __future__ import annotations

from typing import ClassVar

from zensecrets_jupyter.core.fields import SecretField
from zensecrets_jupyter.core.stack.component import StackComponentConfig
from zensecrets_jupyter.core.stack.flavors.bases import CustomConfig


class SlackAlerterConfig(StackComponentConfig):
    """Alerter that sends messages to a Slack channel."""

    TYPE: ClassVar[str] = "alerter"
    FLAVOR: ClassVar[str] = "slack"

    slack_token: str = SecretField()
    default_slack_channel_id: str | None = None


class CustomAlerterConfig(CustomConfig):
    """An alerter with attributes of any name."""

    TYPE: ClassVar[str] = "alerter"
    FLAVOR: ClassVar[str] = "custom"
