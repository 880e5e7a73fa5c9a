"""Tests of models whose fields may contain references: which fields accept them, and when they are resolved.

A near miss is a text that resembles a reference, such as ``{{name}}`` without a key.
"""

from __future__ import annotations

import copy
import json
import pickle
import pprint
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from tests.support.error_texts import error_details, is_one_line
from zensecrets_jupyter import (
    ClearTextField,
    InvalidComponentError,
    InvalidReferenceError,
    NotInStackError,
    SecretField,
    UnregisteredValueError,
)
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.reference import RawText, SecretReference, split_references
from zensecrets_jupyter.core.stack import ReferenceModel, Requirement
from zensecrets_jupyter.core.value import ValueSource, register_value
from zensecrets_jupyter.testing.canary import canary, find_canary

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self


class DictResolver:
    """A resolver with the values in a dict. It lists the texts that it resolved.

    A resolver replaces references by values.
    """

    def __init__(self, **values: str) -> None:
        """Resolve each reference to the argument of its name and key: ``{{a.b}}`` to ``a_b``."""
        self.values = values
        self.resolved_texts: list[str] = []

    def __str__(self) -> str:
        """Return the name that errors use for the owner of an attribute."""
        return "resolver"

    def reader(self, text: str) -> Callable[[], str]:
        """Return a function that resolves the text."""
        return partial(self.resolve, text)

    def resolve(self, text: str) -> str:
        """Return the text with its references resolved."""
        self.resolved_texts.append(text)
        resolved_text = ""
        for part in split_references(text):
            if isinstance(part, SecretReference):
                value = self.values[f"{part.name}_{part.key}"]
                register_value(value, ValueSource(part, None))
                resolved_text += value
            else:
                resolved_text += part
        return resolved_text


class Settings(ReferenceModel):
    """A model with a field of each type that the reference model treats differently."""

    text: str = ""
    optional: str | None = None
    anything: Any = None
    number: int = 0
    choice: Literal["a", "b"] = "a"
    flag: bool = False
    clear: str = ClearTextField(default="")
    sensitive: str = SecretField(default="")
    sensitive_list: list[str] = SecretField(default_factory=list)
    texts: list[str] = Field(default_factory=list)
    pair: tuple[str, int] = ("", 0)
    numbers: list[int] = Field(default_factory=list)
    numbers_by_name: dict[str, int] = Field(default_factory=dict)
    mapping: dict[str, str] = Field(default_factory=dict)
    nested: dict[str, Any] = Field(default_factory=dict)
    maybe: list[str] | None = None
    url: str = "http://none"
    short: Annotated[str, Field(max_length=5)] = ""
    loud: Annotated[str, AfterValidator(str.upper)] = ""

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        if not url.startswith("http"):
            raise ValueError(f"{url} is no URL")
        return url.rstrip("/")


class AnyAttributes(ReferenceModel):
    """A model that accepts any attributes."""

    model_config = ConfigDict(extra="allow")


def _make(model: type[ReferenceModel], **attributes: Any) -> Any:
    """Return a model with attributes that a type checker would refuse."""
    return model(**attributes)


# Fields that accept references.


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("text", "{{a.b}}", "<ab>"),
        ("text", "{{ a.b }}", "<ab>"),
        ("text", "https://{{a.b}}:{{c.d}}@host", "https://<ab>:<cd>@host"),
        ("optional", "{{a.b}}", "<ab>"),
        ("anything", "{{a.b}}", "<ab>"),
        ("anything", [{"x": ("{{a.b}}", 1)}], [{"x": ("<ab>", 1)}]),
        ("sensitive", "{{a.b}}", "<ab>"),
        ("sensitive_list", ["{{a.b}}"], ["<ab>"]),
        ("texts", ["{{a.b}}", "plain", "{{c.d}}"], ["<ab>", "plain", "<cd>"]),
        ("pair", ("{{a.b}}", 7), ("<ab>", 7)),
        ("mapping", {"x": "{{a.b}}", "y": "plain"}, {"x": "<ab>", "y": "plain"}),
        ("nested", {"x": [{"y": "{{a.b}}"}], "z": 1}, {"x": [{"y": "<ab>"}], "z": 1}),
        ("maybe", ["{{a.b}}"], ["<ab>"]),
    ],
)
def test_text_fields_accept_references(field: str, value: Any, expected: Any) -> None:
    """A reference in a text, list, tuple or dict is resolved when it is read.

    The test replaces ``<ab>`` and ``<cd>`` in the expected content with the values of ``{{a.b}}`` and ``{{c.d}}``.
    """
    ab, cd = canary("ab"), canary("cd")
    model = Settings(**{field: value}).bind_references(DictResolver(a_b=ab, c_d=cd))
    # JSON makes lists of the tuples in both contents. So the outer type is compared separately.
    resolved = json.loads(json.dumps(expected).replace("<ab>", ab).replace("<cd>", cd))
    assert json.loads(json.dumps(getattr(model, field))) == resolved
    assert type(getattr(model, field)) is type(expected)
    assert find_canary(the_redactor().redact(repr(getattr(model, field)))) == []
    assert SecretReference("a", "b") in model.required_secrets


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("clear", "{{a.b}}", "it is always clear text"),
        ("number", "{{a.b}}", "it is not a text"),
        ("choice", "{{a.b}}", "it is not a text"),
        ("flag", "{{a.b}}", "it is not a text"),
        ("numbers", ["{{a.b}}"], "it is not a text"),
        ("numbers_by_name", {"x": "{{a.b}}"}, "it is not a text"),
        ("texts", "{{a.b}}", "it is not a text"),
        ("text", ["{{a.b}}"], "it is not a text"),
        ("nested", {"{{a.b}}": 1}, "in a key: only values"),
        ("nested", {"x": [{"{{a.b}}": "y"}]}, "in a key: only values"),
    ],
)
def test_other_fields_refuse_references(field: str, value: Any, expected: str) -> None:
    """Some fields and the keys of dicts refuse a reference, and the error has the reason.

    The fields are clear-text fields, numbers, choices and booleans. A value of the wrong type, such as a list for a text, is refused too.
    """
    with pytest.raises(InvalidReferenceError, match=expected) as caught:
        Settings(**{field: value})
    assert f"Attribute {field!r} accepts no reference" in str(caught.value)
    assert caught.value.text == "{{a.b}}"
    assert is_one_line(caught.value)


# No secret can be called "name", so {{name.key}} is an example from the documentation with unreplaced words.
@pytest.mark.parametrize("text", ["{{a}}", "{a.b}", "{{a.b}", "${{a.b}}", "{{a .b}}", "{{name.key}}"])
@pytest.mark.parametrize("model", [Settings, AnyAttributes])
def test_a_near_miss_names_the_attribute(text: str, model: type[ReferenceModel]) -> None:
    """A near miss in a text, list or dict is refused. The error names the attribute."""
    for attributes in ({"text": text}, {"texts": ["fine", text]}, {"nested": {"x": [text]}}):
        with pytest.raises(InvalidReferenceError, match=f"Attribute '{next(iter(attributes))}'") as caught:
            _make(model, **attributes)
        assert is_one_line(caught.value)


def test_a_raw_text_may_be_a_near_miss() -> None:
    """A RawText is not resolved, even if it looks like a reference. It is still a raw text after it was stored."""
    for model in (Settings, AnyAttributes):
        original = _make(model, text=RawText("{{a.b}} ${c.d}"))
        restored = model.from_storage(json.loads(json.dumps(original.to_storage())))
        for instance in (original, restored, original.bind_references(DictResolver()), model.from_changes(original.to_storage(), {})):
            assert instance.text == "{{a.b}} ${c.d}"
            assert instance.required_secrets == []
        assert repr(restored) == repr(original)


def test_a_sensitive_raw_text_is_masked() -> None:
    """A raw text in a sensitive field is masked like a plain value."""
    # The text is "{{CANARY.b}}", with a canary in it.
    model = Settings(sensitive=RawText(f"{{{{{canary('a')}.b}}}}"))
    assert find_canary(repr(model)) == []
    assert model.plain_sensitive_fields() == ["sensitive"]
    assert Settings.from_storage(model.to_storage()).sensitive == model.sensitive


def test_stored_attributes_are_not_checked_again() -> None:
    """A near miss in stored attributes is no error, because only the attributes that a user passes are checked."""
    assert Settings.from_storage({"text": "{{a}}"}).text == "{{a}}"


def test_a_default_may_hold_a_reference() -> None:
    """A reference in the default of a field is resolved and required like one that a user passes."""

    class WithDefaults(ReferenceModel):
        token: str = "{{service.token}}"
        keys: list[str] = Field(default_factory=lambda: ["{{service.key}}"])
        other: str = ""

    token, key = canary("token"), canary("key")
    model = WithDefaults(other="x").bind_references(DictResolver(service_token=token, service_key=key))
    assert model.token == token
    assert model.keys == [key]
    assert model.required_secrets == [SecretReference("service", "token"), SecretReference("service", "key")]
    assert model.to_storage() == {"other": "x"}
    assert WithDefaults(token="plain").token == "plain"


# Resolution of references.


OPERATIONS: dict[str, Callable[[ReferenceModel], object]] = {
    "repr": repr,
    "str": str,
    "pprint": pprint.pformat,
    "model_dump": lambda model: model.model_dump(),
    "model_dump_json": lambda model: model.model_dump_json(),
    "json": lambda model: json.dumps(model.model_dump(mode="json")),
    "dict": dict,
    "vars": lambda model: repr(vars(model)),
    "stored": lambda model: model.to_storage(),
    "equality": lambda model: model == model.bind_references(DictResolver()),
    "hash": hash,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "requirements": lambda model: model.requirements("x"),
    "dir": dir,
    "merging": lambda model: type(model).from_changes(model.to_storage(), {"number": 1}),
}
"""Operations that resolve no reference."""


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_only_reading_resolves(operation: Callable[[ReferenceModel], object]) -> None:
    """Showing, dumping, storing, comparing and copying resolve no reference."""
    resolver = DictResolver(a_b=canary("never"))
    model = Settings(text="{{a.b}}", texts=["{{a.b}}"], url="{{a.b}}", sensitive="{{a.b}}").bind_references(resolver)
    operation(model)
    assert resolver.resolved_texts == []


def test_representations_show_references() -> None:
    """A reference is shown as text, such as ``{{a.b}}``, and a sensitive plain value masked."""
    model = Settings(text="{{a.b}}", sensitive=canary("plain"), sensitive_list=[canary("listed")], optional="clear")
    for representation in (
        repr(model),
        str(model.model_dump()),
        model.model_dump_json(),
        repr(dict(model)),
        repr(vars(Settings(sensitive=canary("v")))),
    ):
        assert find_canary(representation) == []
    assert model.model_dump()["text"] == "{{a.b}}"
    assert model.model_dump()["sensitive"] == "‹secret:sensitive›"
    assert model.model_dump()["sensitive_list"] == "‹secret:sensitive_list›"
    assert model.model_dump()["optional"] == "clear"
    assert model.plain_sensitive_fields() == ["sensitive", "sensitive_list"]


def test_each_access_resolves_again() -> None:
    """Each access to an attribute calls the resolver."""
    resolver = DictResolver(a_b="one")
    model = Settings(text="{{a.b}}").bind_references(resolver)
    assert model.text == "one"
    resolver.values["a_b"] = "two"
    assert model.text == "two"
    assert resolver.resolved_texts == ["{{a.b}}"] * 2


def test_a_model_without_a_resolver_raises_not_in_stack() -> None:
    """Reading a reference of a model without a resolver raises NotInStackError with the reference and the attribute."""
    with pytest.raises(
        NotInStackError, match=r"\{\{a\.b\}\} of attribute 'text' can't be resolved: its owner is not part of a stack"
    ) as caught:
        _ = Settings(text="{{a.b}}").text
    assert isinstance(caught.value, RuntimeError)
    assert is_one_line(caught.value)
    assert Settings(text="plain").text == "plain"


def test_plain_attributes_behave_as_in_pydantic() -> None:
    """A field without a reference is read directly, and an unknown name raises AttributeError."""
    model = Settings(number=5, texts=["x"]).bind_references(DictResolver())
    assert (model.number, model.texts) == (5, ["x"])
    with pytest.raises(AttributeError, match="nothing"):
        _ = model.nothing


def test_extra_attributes_may_hold_references() -> None:
    """A model with extra attributes resolves references in all of them."""
    text = canary("free")
    model = _make(AnyAttributes, one="{{a.b}}", two=["{{a.b}}"], three=3).bind_references(DictResolver(a_b=text))
    assert (model.one, model.two, model.three) == (text, [text], 3)
    assert model.model_dump() == {"one": "{{a.b}}", "two": ["{{a.b}}"], "three": 3}
    assert [requirement.attribute for requirement in model.requirements("it")] == ["one", "two"]


# Validators.


def test_validators_get_the_resolved_value() -> None:
    """Validators and limits get the resolved value, and the guard masks their results."""
    text = f"http://{canary('host')}/"
    model = Settings(url="{{a.b}}", short="{{c.d}}", loud="{{a.b}}").bind_references(DictResolver(a_b=text, c_d="12345"))
    assert model.url == text[:-1]
    assert model.short == "12345"
    assert model.loud == text.upper()
    # The canary in capitals has another prefix, so both texts are searched for instead of the prefix.
    assert find_canary(the_redactor().redact(repr([model.url, model.loud])), text, text.upper()) == []


@pytest.mark.parametrize(("field", "value"), [("url", "VALUE"), ("short", "VALUE"), ("pair", "x")])
def test_a_refused_value_is_not_quoted(field: str, value: str) -> None:
    """If a validator refuses a resolved value, the error names reference, attribute and owner, and does not contain the value."""
    # The canary is no URL and too long for the field ``short``. The second item of ``pair`` has to be a number, and "x" is none.
    text = value.replace("VALUE", canary("refused"))
    template = ("{{a.b}}", "{{a.b}}") if field == "pair" else "{{a.b}}"
    model = _make(Settings, **{field: template}).bind_references(DictResolver(a_b=text))
    with pytest.raises(InvalidComponentError, match=rf"Attribute '{field}' of resolver.* refuses the value of \{{\{{a\.b\}}\}}") as caught:
        getattr(model, field)
    assert find_canary(error_details(caught.value)) == []
    assert caught.value.__cause__ is None
    assert is_one_line(caught.value)


def test_any_exception_of_a_validator_is_translated() -> None:
    """Any exception of a validator becomes an error of this package without the value."""

    class Breaking(ReferenceModel):
        token: str

        @field_validator("token")
        @classmethod
        def _break(cls, token: str) -> str:
            raise RuntimeError(f"{token} broke it")

    with pytest.raises(InvalidComponentError) as caught:
        _ = Breaking(token="{{a.b}}").bind_references(DictResolver(a_b=canary("broke"))).token
    assert find_canary(error_details(caught.value)) == []


def test_validators_see_references_of_other_fields() -> None:
    """If a validator reads another field with a reference, it gets the text of the reference, and nothing is resolved."""
    observed_values: list[object] = []

    class Observing(ReferenceModel):
        first: str
        second: str = ""

        @field_validator("second")
        @classmethod
        def _observe(cls, second: str, info: ValidationInfo) -> str:
            observed_values.append(info.data["first"])
            return second

        @model_validator(mode="after")
        def _observe_all(self) -> Self:
            observed_values.append(self.first)
            return self

    resolver = DictResolver(a_b=canary("unseen"))
    assert Observing(first="{{a.b}}", second="x").bind_references(resolver).second == "x"
    assert observed_values == ["{{a.b}}", "{{a.b}}"]
    assert resolver.resolved_texts == []


def test_inherited_validators_get_the_resolved_value() -> None:
    """The validators of a class and of its base classes get the resolved value, even if two classes have the same name."""

    class Base(ReferenceModel):
        token: str = ""

        @field_validator("token")
        @classmethod
        def _add_base(cls, token: str) -> str:
            return f"{token}+base"

    def derive(base: type[Base], suffix: str) -> type[Base]:
        class Derived(base):  # type: ignore[valid-type, misc] # type checkers refuse an argument as a base class
            @field_validator("token", mode="before")
            @classmethod
            def _add_suffix(cls, token: str) -> str:
                return f"{token}+{suffix}"

        return Derived

    # A class ``Derived`` whose base class is called ``Derived`` too.
    model = derive(derive(Base, "one"), "two")
    resolved = model(token="{{a.b}}").bind_references(DictResolver(a_b="value")).token
    assert resolved == model(token="value").token
    assert model(token="{{a.b}}").to_storage() == {"token": "{{a.b}}"}


def test_a_sensitive_field_with_an_alias_is_not_quoted() -> None:
    """If a sensitive field has an alias, the error for a near miss names the alias and does not quote the text."""

    class Aliased(ReferenceModel):
        password: str = SecretField(alias="passWord")

    with pytest.raises(InvalidReferenceError, match="'passWord'") as caught:
        _make(Aliased, passWord=f"{{{{{canary('aliased')}}}}}")
    assert not find_canary(error_details(caught.value) + caught.value.text)


def test_results_of_validators_are_masked() -> None:
    """A text that a validator returns, also inside a list or dict, has the type ``str``, and the guard masks it."""

    class Lists(ReferenceModel):
        same: list[str] = Field(default_factory=list)
        loud: dict[str, list[Annotated[str, AfterValidator(str.upper)]]] = Field(default_factory=dict)

    text = canary("listed")
    model = Lists(same=["{{a.b}}", "plain"], loud={"x": ["{{a.b}}"]}).bind_references(DictResolver(a_b=text))
    assert (model.same, model.loud) == ([text, "plain"], {"x": [text.upper()]})
    for representation in (repr(model.same), repr(model.loud)):
        assert find_canary(the_redactor().redact(representation), text, text.upper()) == []
    assert the_redactor().redact(repr(model.same)) == "['‹secret:a.b›', 'plain']"
    assert {type(item) for item in (*model.same, *model.loud["x"])} == {str}


def test_a_plain_sensitive_value_does_not_pickle() -> None:
    """If a sensitive field has a plain value instead of a reference, pickling the model raises UnregisteredValueError."""
    with pytest.raises(UnregisteredValueError) as caught:
        pickle.dumps(Settings(sensitive=canary("plain")))
    assert find_canary(error_details(caught.value)) == []
    assert pickle.loads(pickle.dumps(Settings(sensitive="{{a.b}}"))) == Settings(sensitive="{{a.b}}")  # noqa: S301 - the test created the pickle


def test_a_resolved_value_is_not_resolved_again() -> None:
    """If a resolved value looks like a reference or a near miss, it is not resolved again and raises no error."""
    for value in ("{{x.y}}", "{{x}}", "http://{x.y}"):
        model = Settings(text="{{a.b}}", texts=["{{a.b}}"]).bind_references(DictResolver(a_b=value))
        assert (model.text, model.texts) == (value, [value])
    near_miss = f"http://{{x.{canary('y')}}}"
    assert Settings(texts=["{{a.b}}"]).bind_references(DictResolver(a_b=near_miss)).texts == [near_miss]
    # The resolver has registered this text as a secret value. A registered value is not checked, because the error would quote it.
    assert Settings(text=near_miss).text == near_miss


# Refused and unchanged attributes.


def test_all_problems_are_in_one_error() -> None:
    """One error lists all missing, unknown and wrong attributes. It suggests similar names, and quotes no value."""

    class Required(Settings):
        mustBe: str  # noqa: N815 - users may write such names, and errors quote them unchanged

    with pytest.raises(InvalidComponentError) as caught:
        _make(Required, number=canary("number"), unlike_all=canary("unknown"), optionl="x", url=canary("url"))
    for expected in (
        "'number' has to be int",
        "'unlike_all' is unknown,",
        "'url' was refused",
        "'optionl' is unknown (Did you mean 'optional'?)",
        "'mustBe' is missing",
    ):
        assert expected in str(caught.value)
    assert find_canary(error_details(caught.value)) == []
    assert is_one_line(caught.value)


def test_attributes_can_not_be_set() -> None:
    """Setting an attribute is refused without showing the value."""
    model = Settings(text="{{a.b}}")
    with pytest.raises(AttributeError, match="'text' can't be set on a Settings") as caught:
        model.text = canary("set")
    assert find_canary(error_details(caught.value)) == []
    assert model.to_storage() == {"text": "{{a.b}}"}


def test_a_changed_copy_is_validated() -> None:
    """model_copy with an update returns a validated model with the same resolver, and does not change the original."""
    text = canary("copied")
    model = Settings(text="{{a.b}}", number=1).bind_references(DictResolver(a_b=text, c_d=text))
    changed = model.model_copy(update={"text": "x{{c.d}}"})
    assert changed.text == f"x{text}"
    assert (changed.number, model.text) == (1, text)
    assert model.model_copy() is model
    with pytest.raises(InvalidComponentError):
        model.model_copy(update={"number": "x"})


def test_reading_does_not_change_the_model() -> None:
    """Reading an attribute does not change the stored attributes, the set fields or the representation of a model."""
    model = Settings(text="{{a.b}}", url="{{a.b}}").bind_references(DictResolver(a_b="http://x"))
    state_before = (model.to_storage(), set(model.model_fields_set), repr(model))
    assert [model.text, model.url, model.loud] == ["http://x", "http://x", ""]
    assert (model.to_storage(), set(model.model_fields_set), repr(model)) == state_before


def test_defaults_are_not_stored() -> None:
    """Only the attributes that a user passed are stored, so that a later version can change a default."""
    model = Settings(text="{{a.b}}", texts=["x", "{{c.d}}"], sensitive="plain")
    assert model.to_storage() == {"text": "{{a.b}}", "texts": ["x", "{{c.d}}"], "sensitive": "plain"}
    assert Settings.from_storage(model.to_storage()) == model
    assert hash(Settings.from_storage(model.to_storage())) == hash(model)
    assert Settings.from_changes(model.to_storage(), {"text": "new"}).to_storage() == {
        "text": "new",
        "texts": ["x", "{{c.d}}"],
        "sensitive": "plain",
    }
    assert model != Settings(text="{{a.b}}")


def test_requirements_have_owner_attribute_and_reference() -> None:
    """The requirements have each reference with its owner and field, in the order of the fields and with repetitions."""
    model = Settings(texts=["{{c.d}}", "{{a.b}}{{c.d}}"], text="{{a.b}}")
    assert model.requirements("annotator 'x'") == [
        Requirement("annotator 'x'", "text", SecretReference("a", "b")),
        Requirement("annotator 'x'", "texts", SecretReference("c", "d")),
        Requirement("annotator 'x'", "texts", SecretReference("a", "b")),
        Requirement("annotator 'x'", "texts", SecretReference("c", "d")),
    ]
    assert model.required_secrets == [SecretReference("a", "b"), SecretReference("c", "d")]


@pytest.mark.parametrize("template", ["{{%s}}", "{a.%s}", "{{a.%s}", "${{a.%s}}", "{{a .%s}}"])
def test_a_sensitive_near_miss_is_not_quoted(template: str) -> None:
    """The error for a near miss in a sensitive field does not quote the text, which may be a password with braces."""

    class Sensitive(ReferenceModel):
        password: str = SecretField()

    with pytest.raises(InvalidReferenceError, match="'password'") as caught:
        Sensitive(password=template % canary("near miss"))
    assert not find_canary(error_details(caught.value) + caught.value.text)
