"""Tests of secrets and schemas: content, masks, errors without values, and classes from a cell."""

from __future__ import annotations

import copy
import json
import pprint
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_json

from tests.support.cells import run_cell
from tests.support.error_texts import error_details, is_one_line
from tests.support.managers.stores import secret
from zensecrets_jupyter import (
    ArbitrarySecretSchema,
    AWSSecretSchema,
    BaseSecretSchema,
    BasicAuthSecretSchema,
    InvalidSecretError,
    SchemaError,
    SecretKeyNotFoundError,
)
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.schemas import UndefinedSecretSchema, get_schema, schema_or_fallback, schema_types
from zensecrets_jupyter.core.value import known_values
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

FEW_EXAMPLES = settings(deadline=None, max_examples=60)
"""Settings of Hypothesis for a slow test: no time limit, and 60 examples."""

WEATHER_CELL = """
from typing import ClassVar
from zensecrets_jupyter import BaseSecretSchema, ClearTextField

class WeatherSecretSchema(BaseSecretSchema):
    TYPE: ClassVar[str] = "weather_in_a_cell"
    station: str = ClearTextField(default="north")
    api_key: str
"""
"""A cell that defines a schema for the secrets of a weather service."""


# Content and representations.


def test_content_is_a_new_dict_of_exact_texts() -> None:
    """The content is a new ``dict`` of ``str``, not of subclasses, and changing it does not change the secret."""
    text = canary("content")
    my_secret = secret("mine", token=text)
    content = my_secret.content
    assert type(content) is dict
    assert content == {"token": text}
    assert type(content["token"]) is str
    assert the_redactor().redact(repr(content)) == "{'token': '‹secret:mine.token›'}"
    content["token"] = "other"
    assert my_secret.content == {"token": text}
    assert my_secret.content is not my_secret.content


def test_keys_are_attributes() -> None:
    """Each key of a schema is also an attribute with the same value.

    The type of the value is ``str`` and no subclass.
    """
    text = canary("key")
    aws = AWSSecretSchema(name="aws", aws_access_key_id=canary("id"), aws_secret_access_key=text)
    assert aws.aws_secret_access_key == text
    assert type(aws.aws_secret_access_key) is str
    assert the_redactor().redact(aws.aws_secret_access_key) == "‹secret:aws.aws_secret_access_key›"
    assert aws.value("aws_secret_access_key") is aws.content["aws_secret_access_key"]
    assert aws.aws_session_token is None


def test_optional_keys_without_a_value_are_omitted() -> None:
    """The content omits keys without a value and includes the defaults of the schema."""
    assert set(AWSSecretSchema(name="a", aws_access_key_id="i", aws_secret_access_key="k").content) == {
        "aws_access_key_id",
        "aws_secret_access_key",
    }
    postgresql = get_schema("postgresql").from_content("db", {"user": "u", "password": canary("password")})
    assert postgresql.content["port"] == "5432"
    assert "database" not in postgresql.content


def test_clear_text_is_not_masked() -> None:
    """The value of a clear-text key appears in repr and in a dump.

    An unknown key counts as sensitive.
    """
    login = BasicAuthSecretSchema(name="login", username="ada", password=canary("password"))
    assert type(login.username) is str
    assert "ada" in repr(login)
    assert login.model_dump()["username"] == "ada"
    assert [BasicAuthSecretSchema.is_sensitive(key) for key in ("username", "password", "unknown")] == [False, True, True]


def test_no_representation_shows_a_value() -> None:
    """repr, str, dumps, JSON and models that contain a secret show no value.

    The results of list(), dict() and vars() contain values, which the redactor masks.
    """
    my_secret = secret("mine", token=canary("arbitrary"))
    login = BasicAuthSecretSchema(name="login", username="ada", password=canary("typed"))

    class Outer(BaseModel):
        inner: BasicAuthSecretSchema

    for model in (my_secret, login):
        for represent in (repr, str, pprint.pformat, "{}".format, "{!r}".format):
            assert find_canary(represent(model)) == []
        dumps = [str(model.model_dump()), model.model_dump_json(), json.dumps(model.model_dump(mode="json"))]
        assert find_canary("\n".join(dumps)) == []
        containers = [list(model), dict(model), vars(model)]
        assert find_canary(the_redactor().redact(repr(containers))) == []
    nested = Outer(inner=login)
    list_adapter = TypeAdapter(list[BasicAuthSecretSchema])
    texts = [to_json(login).decode(), nested.model_dump_json(), repr(nested), list_adapter.dump_json([login]).decode()]
    assert find_canary("\n".join(texts)) == []
    assert login.model_dump() == {"name": "login", "username": "ada", "password": "{{login.password}}"}
    assert json.loads(my_secret.model_dump_json()) == {"name": "mine", "token": "{{mine.token}}"}
    assert dict(login).keys() == {"name", "username", "password"}


def test_an_unknown_key_names_the_existing_keys() -> None:
    """Reading an unknown key raises an error with the existing keys, the most similar key and no value."""
    my_secret = secret("mine", api_key=canary("value"), url=canary("value"))
    with pytest.raises(SecretKeyNotFoundError) as caught:
        my_secret.value("apikey")
    assert isinstance(caught.value, KeyError)
    assert (caught.value.name, caught.value.key) == ("mine", "apikey")
    assert "Did you mean 'api_key'? Its keys are api_key, url." in str(caught.value)
    assert find_canary(error_details(caught.value)) == []
    with pytest.raises(SecretKeyNotFoundError, match="It has no keys"):
        secret("empty").value("a")


def test_a_secret_is_immutable() -> None:
    """Setting or deleting a key raises an error, which does not contain the value.

    model_copy() with an update returns a new secret. Without an update, it returns the same secret.
    """
    value, other_value = canary("one"), canary("other")
    login = BasicAuthSecretSchema(name="login", username="ada", password=value)
    changes: list[Callable[[], object]] = [
        lambda: setattr(login, "password", other_value),
        lambda: delattr(login, "password"),
        lambda: setattr(login, "new", other_value),
    ]
    for change in changes:
        with pytest.raises(AttributeError) as caught:
            change()
        assert find_canary(error_details(caught.value)) == []
    changed = login.model_copy(update={"password": other_value})
    assert (login.password, login.content["password"]) == (value, value)
    assert (changed.password, changed.content["password"]) == (other_value, other_value)
    assert find_canary(repr(changed)) == []
    assert login.model_copy() is login


def test_equal_secrets_have_equal_schema_name_and_content() -> None:
    """Secrets are equal if their schemas, names and contents are equal, even if they come from different secrets managers."""
    for first in (secret("mine", a="1"), BasicAuthSecretSchema(name="mine", username="u", password="p")):
        other = type(first).from_content("mine", first.content, origin=None)
        assert first == other
        assert hash(first) == hash(other)
    assert secret("mine", a="1") != secret("mine", a="2")
    assert secret("mine", a="1") != secret("other", a="1")


@FEW_EXAMPLES
@given(st.dictionaries(st.text("abcé.-_秘", min_size=1).filter(lambda key: not key.startswith("-")), st.text(), max_size=5))
def test_any_text_is_a_valid_value(content: dict[str, str]) -> None:
    """The content returns any value unchanged, including empty texts, NUL and emoji."""
    # The keys are valid: they consist of a few letters and signs, and do not start with a hyphen.
    assert ArbitrarySecretSchema(name="mine", arbitrary_kv_pairs=content).content == content
    assert ArbitrarySecretSchema.from_content("mine", content).content == content


def test_arbitrary_keys_may_be_keyword_arguments() -> None:
    """Keys of an arbitrary secret are keyword arguments, keys of ``arbitrary_kv_pairs``, or both.

    A copy of an immutable secret is the secret itself.
    """
    my_secret = ArbitrarySecretSchema(name="mine", a="1", arbitrary_kv_pairs={"b.c": "2"})  # type: ignore[call-arg] # a key of an arbitrary secret is not a field
    assert my_secret.content == {"a": "1", "b.c": "2"}
    assert dict(my_secret.arbitrary_kv_pairs) == my_secret.content
    assert copy.deepcopy(my_secret) is my_secret


# Refused content.


@pytest.mark.parametrize(
    ("schema", "content", "expected"),
    [
        ("basic_auth", {"username": "VALUE"}, "'password' is missing"),
        (
            "basic_auth",
            {"username": "u", "password": "VALUE", "passwrod": "VALUE"},
            "'passwrod' is unknown (Did you mean 'password'?)",
        ),
        ("basic_auth", {"username": "u", "password": ["VALUE"]}, "'password' is not a text"),
        ("kserve_s3", {"storage_type": "VALUE"}, "'storage_type' has to be 'S3'"),
        ("arbitrary", {"a": {"b": "VALUE"}}, "'a' is not a text"),
        ("arbitrary", {"a b": "VALUE"}, "'a b' contains braces, white space or control characters"),
        ("arbitrary", {"-a": "VALUE"}, "starts with '-'"),
        ("arbitrary", {"": "VALUE"}, "can't be empty"),
        ("arbitrary", {"name": "VALUE"}, "can't be called 'name'"),
        ("basic_auth", {"username": "u", "password": "VALUE", "name": "VALUE"}, "can't be called 'name'"),
        ("arbitrary", {"arbitrary_kv_pairs": "VALUE"}, "the content is not a mapping of keys to texts"),
    ],
)
def test_invalid_content_is_refused_without_a_value(schema: str, content: dict[str, Any], expected: str) -> None:
    """The error names the key and the problem in one line, and none of its attributes contains a value."""

    def insert_canaries(value: Any) -> Any:
        """Replace each text ``VALUE`` by a canary."""
        if isinstance(value, dict):
            return {key: insert_canaries(item) for key, item in value.items()}
        if isinstance(value, list):
            return [insert_canaries(item) for item in value]
        return canary("refused") if value == "VALUE" else value

    with pytest.raises(InvalidSecretError) as caught:
        get_schema(schema).from_content("mine", insert_canaries(content))
    assert expected in str(caught.value)
    assert is_one_line(caught.value)
    assert find_canary(error_details(caught.value)) == []
    # A cause or a context could be pydantic's error, which quotes the value.
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_every_validation_raises_invalid_secret_error() -> None:
    """The constructor, model_validate and model_validate_json raise InvalidSecretError."""
    text = canary("refused")
    attempts: list[Callable[[], object]] = [
        lambda: BasicAuthSecretSchema(name="mine", username=text),  # type: ignore[call-arg] # the test omits a required argument
        lambda: BasicAuthSecretSchema.model_validate({"name": "mine", "username": text}),
        lambda: BasicAuthSecretSchema.model_validate_json(json.dumps({"name": "mine", "username": text})),
        lambda: BasicAuthSecretSchema.model_validate(text),
        lambda: BasicAuthSecretSchema.model_validate_json(text),
        lambda: ArbitrarySecretSchema(name="mine", arbitrary_kv_pairs=text),  # type: ignore[arg-type] # the test passes a text instead of a mapping
        lambda: ArbitrarySecretSchema(arbitrary_kv_pairs={"a": text}),  # type: ignore[call-arg] # the test omits the name
    ]
    for attempt in attempts:
        with pytest.raises(InvalidSecretError) as caught:
            attempt()
        assert find_canary(error_details(caught.value)) == []


def test_all_problems_are_in_one_error() -> None:
    """One error lists two missing keys, an unknown key and the keys of the schema."""
    with pytest.raises(InvalidSecretError) as caught:
        AWSSecretSchema.from_content("mine", {"region": canary("region")})
    for expected in (
        "'aws_access_key_id' is missing",
        "'aws_secret_access_key' is missing",
        "'region' is unknown",
        "aws_session_token (optional)",
    ):
        assert expected in str(caught.value)


@pytest.mark.parametrize("name", ["", "a.b", "a b", "-a", "name", "{a}", "x" * 256])
def test_every_schema_refuses_an_invalid_name(name: str) -> None:
    """Every schema refuses a name that is empty, too long, reserved or invalid in references."""
    for schema in (ArbitrarySecretSchema, BasicAuthSecretSchema):
        with pytest.raises(InvalidSecretError):
            schema.from_content(name, {"username": "u", "password": canary("password")})


def test_the_message_of_a_validator_is_not_quoted() -> None:
    """The error names the key that a validator refused, but not the validator's message, which may contain the value."""
    text = canary("checked")
    namespace = run_cell("""
from typing import ClassVar
from pydantic import field_validator, model_validator
from zensecrets_jupyter import BaseSecretSchema

class CheckedSecretSchema(BaseSecretSchema):
    TYPE: ClassVar[str] = "checked_in_a_cell"
    token: str
    other: str = ""

    @field_validator("token")
    @classmethod
    def check(cls, token):
        raise ValueError(f"{token} is bad")

    @model_validator(mode="before")
    @classmethod
    def check_all(cls, data):
        assert "other" not in data, f"{data} is bad"
        return data
""")
    for content, expected in (({"token": text}, "'token' was refused"), ({"token": "t", "other": text}, "the content was refused")):
        with pytest.raises(InvalidSecretError, match=expected) as caught:
            namespace["CheckedSecretSchema"].from_content("mine", content)
        assert find_canary(error_details(caught.value)) == []


# Classes defined in a cell.


def test_defining_a_class_registers_its_schema() -> None:
    """A class from a cell is listed and found under its TYPE immediately."""
    schema = run_cell(WEATHER_CELL)["WeatherSecretSchema"]
    assert get_schema("weather_in_a_cell") is schema
    assert "weather_in_a_cell" in schema_types()
    assert schema.get_schema_keys() == ["station", "api_key"]
    assert schema.required_keys() == ["api_key"]
    assert [schema.is_sensitive(key) for key in schema.get_schema_keys()] == [False, True]
    weather_secret = schema(name="mine", api_key=canary("key"))
    assert weather_secret.value("api_key") in known_values()
    assert find_canary(repr(weather_secret)) == []


def test_a_redefined_class_replaces_the_earlier_one() -> None:
    """Running a changed cell replaces the schema with the new class of the same name."""
    run_cell(WEATHER_CELL)
    changed = run_cell(WEATHER_CELL.replace("api_key: str", "api_key: str\n    region: str = ''"))["WeatherSecretSchema"]
    assert get_schema("weather_in_a_cell") is changed
    assert changed.get_schema_keys() == ["station", "api_key", "region"]


def test_another_class_with_the_same_type_is_refused() -> None:
    """A second class with another name and the same TYPE is refused.

    The error has the name of the first class.
    """
    first = run_cell(WEATHER_CELL)["WeatherSecretSchema"]
    with pytest.raises(SchemaError, match=r"belongs to __main__\.WeatherSecretSchema already"):
        run_cell(WEATHER_CELL.replace("class Weather", "class Other"))
    assert get_schema("weather_in_a_cell") is first


def test_built_in_types_are_reserved() -> None:
    """A class with a built-in TYPE is refused."""
    with pytest.raises(SchemaError, match="'aws', which WeatherSecretSchema claims, is built in") as caught:
        run_cell(WEATHER_CELL.replace("weather_in_a_cell", "aws"))
    assert is_one_line(caught.value)
    assert get_schema("aws") is AWSSecretSchema


def test_a_class_without_a_type_is_not_registered() -> None:
    """A class without TYPE is not listed. Its subclass with a TYPE is listed."""
    types_before = schema_types()
    namespace = run_cell("""
from typing import ClassVar
from zensecrets_jupyter import BaseSecretSchema

class Base(BaseSecretSchema):
    token: str

class Child(Base):
    TYPE: ClassVar[str] = "child_in_a_cell"
""")
    assert sorted({*types_before, "child_in_a_cell"}) == schema_types()
    assert namespace["Child"].get_schema_keys() == ["token"]


def test_an_unknown_type_lists_near_misses() -> None:
    """An unknown type raises an error with the most similar types and all types."""
    with pytest.raises(SchemaError, match="Did you mean 'basic_auth'") as caught:
        get_schema("basic-auth")
    assert "arbitrary" in str(caught.value)
    assert is_one_line(caught.value)


def test_an_undefined_schema_has_a_fallback() -> None:
    """The fallback for an undefined type accepts any keys, masks all values, keeps the type, and is not listed."""
    fallback = schema_or_fallback("undefined_type")
    text = canary("fallback")
    my_secret = fallback.from_content("mine", {"any": text})
    assert (my_secret.TYPE, my_secret.content) == ("undefined_type", {"any": text})
    assert isinstance(my_secret, UndefinedSecretSchema)
    assert isinstance(my_secret, BaseSecretSchema)
    assert find_canary(repr(my_secret)) == []
    assert "undefined_type" not in schema_types()
    assert schema_or_fallback("aws") is AWSSecretSchema
