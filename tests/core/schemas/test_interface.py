"""Secrets and their schemas: content, masks, errors without values, and classes that are defined in a cell."""

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
from tests.support.managers.counting import secret
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

QUICK = settings(deadline=None, max_examples=60)


WEATHER = """
from typing import ClassVar
from zensecrets_jupyter import BaseSecretSchema, ClearTextField

class WeatherSecretSchema(BaseSecretSchema):
    TYPE: ClassVar[str] = "weather_in_a_cell"
    station: str = ClearTextField(default="north")
    api_key: str
"""


# What a secret is.


def test_content_is_a_fresh_dict_of_exact_texts() -> None:
    """The content is plain data, which the guard masks when it is shown, and changing it does not change the secret."""
    text = canary("content")
    mine = secret("mine", token=text)
    content = mine.content
    assert type(content) is dict
    assert content == {"token": text}
    assert type(content["token"]) is str
    assert the_redactor().redact(repr(content)) == "{'token': '‹secret:mine.token›'}"
    content["token"] = "other"
    assert mine.content == {"token": text}
    assert mine.content is not mine.content


def test_typed_attributes_are_the_same_values() -> None:
    """A key of a schema is an attribute too, and an exact str like the content's."""
    text = canary("key")
    aws = AWSSecretSchema(name="aws", aws_access_key_id=canary("id"), aws_secret_access_key=text)
    assert aws.aws_secret_access_key == text
    assert type(aws.aws_secret_access_key) is str
    assert the_redactor().redact(aws.aws_secret_access_key) == "‹secret:aws.aws_secret_access_key›"
    assert aws.value("aws_secret_access_key") is aws.content["aws_secret_access_key"]
    assert aws.aws_session_token is None


def test_optional_keys_without_a_value_are_left_out() -> None:
    """A key that was not given and has no default is no part of the content; a default is."""
    assert set(AWSSecretSchema(name="a", aws_access_key_id="i", aws_secret_access_key="k").content) == {
        "aws_access_key_id",
        "aws_secret_access_key",
    }
    postgresql = get_schema("postgresql").from_content("db", {"user": "u", "password": canary("password")})
    assert postgresql.content["port"] == "5432"
    assert "database" not in postgresql.content


def test_clear_text_is_shown_as_it_is() -> None:
    """A clear-text key is an ordinary str, is shown in repr, and keeps its value in a dump."""
    login = BasicAuthSecretSchema(name="login", username="somebody", password=canary("password"))
    assert type(login.username) is str
    assert "somebody" in repr(login)
    assert login.model_dump()["username"] == "somebody"
    assert [BasicAuthSecretSchema.is_sensitive(key) for key in ("username", "password", "unknown")] == [False, True, True]


def test_no_way_of_looking_shows_a_value() -> None:
    """Neither repr, str, a dump, JSON nor a nesting model shows a value, and the guard masks what iteration and vars() give."""
    mine = secret("mine", token=canary("arbitrary"))
    login = BasicAuthSecretSchema(name="login", username="somebody", password=canary("typed"))

    class Holder(BaseModel):
        held: BasicAuthSecretSchema

    for shown in (
        *(look(one) for one in (mine, login) for look in (repr, str, pprint.pformat, "{}".format, "{!r}".format)),
        *(str(one.model_dump()) + one.model_dump_json() + json.dumps(one.model_dump(mode="json")) for one in (mine, login)),
        *(the_redactor().redact(repr(list(one)) + repr(dict(one)) + repr(vars(one))) for one in (mine, login)),
        to_json(login).decode() + Holder(held=login).model_dump_json() + repr(Holder(held=login)),
        TypeAdapter(list[BasicAuthSecretSchema]).dump_json([login]).decode(),
    ):
        assert find_canary(shown) == []
    assert login.model_dump() == {"name": "login", "username": "somebody", "password": "{{login.password}}"}
    assert json.loads(mine.model_dump_json()) == {"name": "mine", "token": "{{mine.token}}"}
    assert dict(login).keys() == {"name", "username", "password"}


def test_a_wrong_key_names_those_there_are() -> None:
    """Asking for a key that is not there names the keys, a near miss, and no value."""
    mine = secret("mine", api_key=canary("value"), url=canary("value"))
    with pytest.raises(SecretKeyNotFoundError) as caught:
        mine.value("apikey")
    assert isinstance(caught.value, KeyError)
    assert (caught.value.name, caught.value.key) == ("mine", "apikey")
    assert "Did you mean 'api_key'? Its keys are api_key, url." in str(caught.value)
    assert find_canary(error_details(caught.value)) == []
    with pytest.raises(SecretKeyNotFoundError, match="It has no keys"):
        secret("empty").value("a")


def test_a_secret_never_changes() -> None:
    """Setting or deleting a key is refused without showing the value, and copying with a change leaves the original alone."""
    text, other = canary("one"), canary("other")
    login = BasicAuthSecretSchema(name="login", username="somebody", password=text)
    changes: list[Callable[[], object]] = [
        lambda: setattr(login, "password", other),
        lambda: delattr(login, "password"),
        lambda: setattr(login, "new", other),
    ]
    for change in changes:
        with pytest.raises(AttributeError) as caught:
            change()
        assert find_canary(error_details(caught.value)) == []
    changed = login.model_copy(update={"password": other})
    assert (login.password, login.content["password"]) == (text, text)
    assert (changed.password, changed.content["password"]) == (other, other)
    assert find_canary(repr(changed)) == []
    assert login.model_copy() is login


def test_secrets_compare_by_what_they_are() -> None:
    """Two secrets of one schema, name and content are equal and hash alike, wherever they came from."""
    for one in (secret("mine", a="1"), BasicAuthSecretSchema(name="mine", username="u", password="p")):
        other = type(one).from_content("mine", one.content, origin=None)
        assert one == other
        assert hash(one) == hash(other)
    assert secret("mine", a="1") != secret("mine", a="2")
    assert secret("mine", a="1") != secret("other", a="1")


@QUICK
@given(st.dictionaries(st.text("abcé.-_秘", min_size=1).filter(lambda key: not key.startswith("-")), st.text(), max_size=5))
def test_any_text_is_a_value(content: dict[str, str]) -> None:
    """Whatever the values are, empty ones, NUL and emoji included, the content gives them back as they were."""
    assert ArbitrarySecretSchema(name="mine", arbitrary_kv_pairs=content).content == content
    assert ArbitrarySecretSchema.from_content("mine", content).content == content


def test_arbitrary_keys_may_be_given_by_name() -> None:
    """Keys of an arbitrary secret come as keyword arguments, as ZenML has it, or as arbitrary_kv_pairs, or both."""
    mine = ArbitrarySecretSchema(name="mine", a="1", arbitrary_kv_pairs={"b.c": "2"})  # type: ignore[call-arg] # a key is no field
    assert mine.content == {"a": "1", "b.c": "2"}
    assert dict(mine.arbitrary_kv_pairs) == mine.content
    assert copy.deepcopy(mine) is mine


# What is refused.


@pytest.mark.parametrize(
    ("schema", "content", "said"),
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
def test_bad_content_is_refused_without_a_value(schema: str, content: dict[str, Any], said: str) -> None:
    """The error says which key is wrong and how, in one line, and holds no value in text, arguments, attributes, cause or context."""

    def planted(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: planted(inner) for key, inner in value.items()}
        return [canary("list")] if isinstance(value, list) else canary("refused") if value == "VALUE" else value

    with pytest.raises(InvalidSecretError) as caught:
        get_schema(schema).from_content("mine", planted(content))
    assert said in str(caught.value)
    assert is_one_line(caught.value)
    assert find_canary(error_details(caught.value)) == []
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_every_way_of_validating_is_translated() -> None:
    """The constructor, model_validate and its JSON form raise our error, also for what is no mapping at all."""
    text = canary("refused")
    tries: list[Callable[[], object]] = [
        lambda: BasicAuthSecretSchema(name="mine", username=text),  # type: ignore[call-arg] # it is what is tested
        lambda: BasicAuthSecretSchema.model_validate({"name": "mine", "username": text}),
        lambda: BasicAuthSecretSchema.model_validate_json(json.dumps({"name": "mine", "username": text})),
        lambda: BasicAuthSecretSchema.model_validate(text),
        lambda: BasicAuthSecretSchema.model_validate_json(text),
        lambda: ArbitrarySecretSchema(name="mine", arbitrary_kv_pairs=text),  # type: ignore[arg-type] # likewise
        lambda: ArbitrarySecretSchema(arbitrary_kv_pairs={"a": text}),  # type: ignore[call-arg] # likewise
    ]
    for attempt in tries:
        with pytest.raises(InvalidSecretError) as caught:
            attempt()
        assert find_canary(error_details(caught.value)) == []


def test_all_problems_come_at_once() -> None:
    """Two missing keys and an unknown one are told in one error, which lists the schema's keys."""
    with pytest.raises(InvalidSecretError) as caught:
        AWSSecretSchema.from_content("mine", {"region": canary("region")})
    for said in (
        "'aws_access_key_id' is missing",
        "'aws_secret_access_key' is missing",
        "'region' is unknown",
        "aws_session_token (optional)",
    ):
        assert said in str(caught.value)


@pytest.mark.parametrize("name", ["", "a.b", "a b", "-a", "name", "{a}", "x" * 256])
def test_a_bad_name_is_refused_by_every_schema(name: str) -> None:
    """A secret is never made with a name that no reference could hold."""
    for schema in (ArbitrarySecretSchema, BasicAuthSecretSchema):
        with pytest.raises(InvalidSecretError):
            schema.from_content(name, {"username": "u", "password": canary("password")})


def test_a_validator_of_a_schema_that_quotes_the_value_is_not_quoted() -> None:
    """A schema's own check may put the value into its error; ours says only which key it refused."""
    text = canary("checked")
    names = run_cell("""
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
    for content, said in (({"token": text}, "'token' was refused"), ({"token": "t", "other": text}, "the content was refused")):
        with pytest.raises(InvalidSecretError, match=said) as caught:
            names["CheckedSecretSchema"].from_content("mine", content)
        assert find_canary(error_details(caught.value)) == []


# Classes defined in a cell.


def test_a_schema_is_known_by_being_defined() -> None:
    """A subclass in a cell is listed and found under its TYPE at once, with its keys and which of them are sensitive."""
    schema = run_cell(WEATHER)["WeatherSecretSchema"]
    assert get_schema("weather_in_a_cell") is schema
    assert "weather_in_a_cell" in schema_types()
    assert schema.get_schema_keys() == ["station", "api_key"]
    assert schema.required_keys() == ["api_key"]
    assert [schema.is_sensitive(key) for key in schema.get_schema_keys()] == [False, True]
    made = schema(name="mine", api_key=canary("key"))
    assert made.value("api_key") in known_values()
    assert find_canary(repr(made)) == []


def test_a_cell_may_be_run_again() -> None:
    """The class that was defined last under a name is the one that counts."""
    run_cell(WEATHER)
    changed = run_cell(WEATHER.replace("api_key: str", "api_key: str\n    region: str = ''"))["WeatherSecretSchema"]
    assert get_schema("weather_in_a_cell") is changed
    assert changed.get_schema_keys() == ["station", "api_key", "region"]


def test_another_class_of_the_same_type_is_refused() -> None:
    """A second class with the TYPE of another names that one, and the first stays."""
    first = run_cell(WEATHER)["WeatherSecretSchema"]
    with pytest.raises(SchemaError, match=r"belongs to __main__\.WeatherSecretSchema already"):
        run_cell(WEATHER.replace("class Weather", "class Other"))
    assert get_schema("weather_in_a_cell") is first


def test_a_built_in_type_is_reserved() -> None:
    """A class that claims a built-in TYPE is refused."""
    with pytest.raises(SchemaError, match="'aws', which WeatherSecretSchema claims, is built in") as caught:
        run_cell(WEATHER.replace("weather_in_a_cell", "aws"))
    assert is_one_line(caught.value)
    assert get_schema("aws") is AWSSecretSchema


def test_a_class_without_a_type_is_a_base() -> None:
    """A subclass that names no TYPE is not listed, and its subclasses are."""
    before = schema_types()
    names = run_cell("""
from typing import ClassVar
from zensecrets_jupyter import BaseSecretSchema

class Base(BaseSecretSchema):
    token: str

class Child(Base):
    TYPE: ClassVar[str] = "child_in_a_cell"
""")
    assert sorted({*before, "child_in_a_cell"}) == schema_types()
    assert names["Child"].get_schema_keys() == ["token"]


def test_an_unknown_type_is_told_with_near_misses() -> None:
    """Asking for a schema that is not known names the nearest and all there are."""
    with pytest.raises(SchemaError, match="Did you mean 'basic_auth'") as caught:
        get_schema("basic-auth")
    assert "arbitrary" in str(caught.value)
    assert is_one_line(caught.value)


def test_an_undefined_schema_is_stood_in_for() -> None:
    """A type that this process does not know takes any keys, masks all of them, keeps the type, and stays out of the list."""
    stand_in = schema_or_fallback("nobody_defined_this")
    text = canary("kept")
    kept = stand_in.from_content("mine", {"whatever": text})
    assert (kept.TYPE, kept.content) == ("nobody_defined_this", {"whatever": text})
    assert isinstance(kept, UndefinedSecretSchema)
    assert isinstance(kept, BaseSecretSchema)
    assert find_canary(repr(kept)) == []
    assert "nobody_defined_this" not in schema_types()
    assert schema_or_fallback("aws") is AWSSecretSchema
