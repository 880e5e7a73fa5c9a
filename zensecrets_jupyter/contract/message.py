"""The base class of messages that pydantic validates."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """Base of every message: immutable, strict about types, without unknown fields, and without input values in errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, strict=True)
