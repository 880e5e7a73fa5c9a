"""The base class of messages that pydantic validates."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """Immutable base class of messages.

    A wrong type or an unknown field is an error, and no error contains the invalid input.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, strict=True)
