"""Tests of sensitive fields and clear-text fields."""

from __future__ import annotations

from time import process_time

import pytest
from pydantic import BaseModel, Field, ValidationError

from zensecrets_jupyter import ClearTextField, SecretField
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field, looks_sensitive


class _Model(BaseModel):
    """A model with sensitive, clear-text and ordinary fields.

    The key ``mine`` in ``json_schema_extra`` is a user's own entry, which must be kept.
    """

    sensitive: str = SecretField(default="", description="a token", json_schema_extra={"mine": 1})
    required: str = SecretField(min_length=2)
    clear: str = ClearTextField(default="eu-west-1")
    plain: str = Field(default="", json_schema_extra={"mine": 1})
    bare: str = ""


def test_a_field_is_sensitive_clear_or_neither() -> None:
    """SecretField is sensitive, ClearTextField is clear text, and an ordinary field is neither."""
    fields = _Model.model_fields
    assert [name for name in fields if is_secret_field(fields[name])] == ["sensitive", "required"]
    assert [name for name in fields if is_clear_text_field(fields[name])] == ["clear"]


def test_arguments_are_passed_to_pydantic() -> None:
    """Defaults, descriptions, limits and extra JSON schema work as in an ordinary field."""
    field = _Model.model_fields["sensitive"]
    assert (field.default, field.description) == ("", "a token")
    assert isinstance(field.json_schema_extra, dict)
    assert field.json_schema_extra["mine"] == 1
    assert _Model.model_fields["required"].is_required()
    with pytest.raises(ValidationError):
        _Model(required="x")


def test_the_default_may_be_positional() -> None:
    """The default may be the first positional argument, as in pydantic's Field."""

    class Positional(BaseModel):
        token: str = SecretField("")
        region: str | None = ClearTextField(None)

    assert Positional().model_dump() == {"token": "", "region": None}


@pytest.mark.parametrize("unit", ["a", "A1", "Ab1 ", "AB ", "http://", "a:b@", "a=b;", "--a ", '{"a":', "[", "eyJ", "/b", "1 ", "a."])
def test_a_long_text_is_classified_in_linear_time(unit: str) -> None:
    """Classifying a value of 64 KiB as sensitive or not takes linear time.

    The units are parts of patterns, such as a URL, an option or a token. With quadratic time, a test would exceed 2 s.
    """
    text = unit * (65536 // len(unit))
    start = process_time()
    looks_sensitive("attribute", text)
    assert process_time() - start < 2
