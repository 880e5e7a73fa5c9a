"""Fields that are sensitive and fields that are always clear text."""

from __future__ import annotations

from time import process_time

import pytest
from pydantic import BaseModel, Field, ValidationError

from zensecrets_jupyter import ClearTextField, SecretField
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field, looks_sensitive


class _Model(BaseModel):
    sensitive: str = SecretField(default="", description="a token", json_schema_extra={"mine": 1})
    required: str = SecretField(min_length=2)
    clear: str = ClearTextField(default="eu-west-1")
    plain: str = Field(default="", json_schema_extra={"mine": 1})
    bare: str = ""


def test_a_field_knows_what_it_is() -> None:
    """Only a SecretField is sensitive and only a ClearTextField clear; an ordinary field is neither."""
    fields = _Model.model_fields
    assert [name for name in fields if is_secret_field(fields[name])] == ["sensitive", "required"]
    assert [name for name in fields if is_clear_text_field(fields[name])] == ["clear"]


def test_what_pydantic_takes_is_handed_on() -> None:
    """Defaults, descriptions, limits and extra JSON schema work as in an ordinary field."""
    field = _Model.model_fields["sensitive"]
    assert (field.default, field.description) == ("", "a token")
    assert isinstance(field.json_schema_extra, dict)
    assert field.json_schema_extra["mine"] == 1
    assert _Model.model_fields["required"].is_required()
    with pytest.raises(ValidationError):
        _Model(required="x")


def test_the_default_may_stand_first() -> None:
    """SecretField("") and ClearTextField(None) take the default by position, as pydantic's Field does."""

    class Positional(BaseModel):
        token: str = SecretField("")
        region: str | None = ClearTextField(None)

    assert Positional().model_dump() == {"token": "", "region": None}


@pytest.mark.parametrize("piece", ["a", "A1", "Ab1 ", "AB ", "http://", "a:b@", "a=b;", "--a ", '{"a":', "[", "eyJ", "/b", "1 ", "a."])
def test_a_long_text_is_looked_at_in_a_moment(piece: str) -> None:
    """Of a value of 64 KiB, each part is looked at a few times, whatever it is made of: none took 10 ms, and a square takes 10 s."""
    text = piece * (65536 // len(piece))
    began = process_time()
    looks_sensitive("attribute", text)
    assert process_time() - began < 2
