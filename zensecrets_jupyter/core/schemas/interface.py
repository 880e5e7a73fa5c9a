"""What a secret is: a name, and content that a schema describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_serializer, model_validator

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import SecretKeyNotFoundError
from zensecrets_jupyter.core.fields import is_clear_text_field, media_type_of
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.reference import SecretReference, mask
from zensecrets_jupyter.core.schemas import _registry
from zensecrets_jupyter.core.schemas._pairs import KeyValuePairs
from zensecrets_jupyter.core.schemas._refusals import by_key, explain_refusal, name_of_refused, read_json_object, texts_in
from zensecrets_jupyter.core.value import (
    MaskedText,
    Origin,
    RegisteredReference,
    ValueSource,
    note_value,
    restore_secret,
    unregistered,
)

if TYPE_CHECKING:
    from typing_extensions import Self

SecretT = TypeVar("SecretT", bound="BaseSecretSchema")

ORIGIN = "zensecrets_origin"
"""Key of the validation context under which a manager says where the values of a secret come from."""

# Keys of an instance's __dict__ that no field can be called, with the underscore that keeps them out of pydantic's iteration. They are
# not its private attributes, which are part of equality: where a secret was read is not part of what it is.
_CONTENT = "_(content)"
_ORIGIN = "_(origin)"
_CHANGED = "_(changed)"


class BaseSecretSchema(BaseModel):
    """A secret, and by its subclass the schema that its content follows.

    A subclass names its ``TYPE`` and its keys as fields; it is known under that type as soon as it is defined. A field is sensitive
    unless it is a :func:`~zensecrets_jupyter.core.fields.ClearTextField`. Secrets never change, but for ``arbitrary_kv_pairs``: to change
    what is stored, update it through a secrets manager.

    Its ``repr``, ``model_dump`` and JSON hold references instead of sensitive values, and it pickles as its name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    TYPE: ClassVar[str] = ""
    name: str

    def __init__(self, /, *unnamed: Any, **data: Any) -> None:
        """Check the name and the content, which are given by name.

        Raises:
            InvalidSecretError: If a key is missing, unknown or has an unacceptable value; it says which and never the value.
            TypeError: If something is given without a name.
        """
        if unnamed:
            self._protect_refused({**data, "unnamed": unnamed})
            message = f"{type(self).__name__} takes the name and the keys by name: {type(self).__name__}(name=..., key=...)."
            raise TypeError(message)
        self._build(data, None)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the schema known under its ``TYPE``."""
        super().__pydantic_init_subclass__(**kwargs)
        if "TYPE" in cls.__dict__ and cls.TYPE:
            _registry.add(cls)

    @classmethod
    def from_content(cls, name: str, content: Mapping[str, str], origin: Origin | None = None) -> Self:
        """Return the secret of this schema with that name and content; ``origin`` is where its values can be resolved again.

        Raises:
            InvalidSecretError: As from the constructor.
        """
        if "name" in content:
            names.check_key("name", name=name)
        self = cls.__new__(cls)
        self._build({**content, "name": name}, {ORIGIN: origin})
        return self

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Return the secret that ``obj`` describes; errors as from the constructor."""
        return cls._translated(super().model_validate, obj, options)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Return the secret that the JSON object describes; errors as from the constructor."""
        return cls._translated(super().model_validate_json, json_data, options)

    @classmethod
    def _translated(cls, validate: Callable[..., Self], data: Any, options: dict[str, Any]) -> Self:
        problem = None
        try:
            return validate(data, **options)
        except ValidationError as error:
            given = data if isinstance(data, Mapping) else read_json_object(data)
            cls._protect_refused(given)
            problem = explain_refusal(cls, given.get("name"), error)
        raise problem

    def _build(self, data: Mapping[str, Any], context: dict[str, Any] | None) -> None:
        problem = None
        try:
            self.__pydantic_validator__.validate_python(data, self_instance=self, context=context)
        except ValidationError as error:
            problem = explain_refusal(type(self), data.get("name"), error)
        finally:
            if not self.__dict__.get(_CONTENT):
                self._protect_refused(data)
        if problem:
            raise problem

    @classmethod
    def _protect_refused(cls, data: Mapping[str, Any]) -> None:
        """Have the guard mask what was given for a secret that is not made: an error shows the line of code that holds it."""
        for key, value in by_key(data).items():
            if key != "name" and cls.is_sensitive(key):
                for text in texts_in(value):
                    the_redactor().protect(text, name_of_refused(key))

    @classmethod
    def get_schema_keys(cls) -> list[str]:
        """Return the keys that the schema names, in its order; none for ``arbitrary``."""
        return [key for key in cls.model_fields if key not in {"name", "arbitrary_kv_pairs"}]

    @classmethod
    def required_keys(cls) -> list[str]:
        """Return those of the schema's keys that a secret must have."""
        return [key for key in cls.get_schema_keys() if cls.model_fields[key].is_required()]

    @classmethod
    def is_sensitive(cls, key: str) -> bool:
        """Tell whether the value of ``key`` is masked when shown; it is unless the schema says that it is clear text."""
        field = cls.model_fields.get(key)
        return field is None or not is_clear_text_field(field)

    @classmethod
    def media_type(cls, key: str) -> str:
        """Return what kind of text the value of ``key`` is, such as ``application/json``; empty where the schema does not say."""
        field = cls.model_fields.get(key)
        return "" if field is None else media_type_of(field)

    @classmethod
    def takes_any_key(cls) -> bool:
        """Tell whether a secret of this schema may have keys that the schema does not name."""
        return False

    @property
    def content(self) -> dict[str, str]:
        """The keys and their values, optional keys without a value left out: a new ``dict`` of exact ``str``."""
        return dict(self.__dict__[_CONTENT])

    @property
    def secret_values(self) -> dict[str, str]:
        """What :attr:`content` is, under the name that later ZenML has for it."""
        return self.content

    @property
    def is_changed(self) -> bool:
        """Whether its content was assigned to since it was read, so that it is not what is stored."""
        return _CHANGED in self.__dict__

    def value(self, key: str) -> str:
        """Return the value of ``key``.

        Raises:
            SecretKeyNotFoundError: If the secret has no such key; it names the keys that there are.
        """
        content: dict[str, str] = self.__dict__[_CONTENT]
        if key in content:
            return content[key]
        message = f"Secret {self.name!r} has no key {key!r}."
        known = f"Its keys are {', '.join(sorted(content))}." if content else "It has no keys at all."
        raise SecretKeyNotFoundError(message, name=self.name, key=key, hint=f"{names.did_you_mean(key, content)} {known}".strip())

    def reference(self, key: str) -> SecretReference:
        """Return the reference to ``key``: it pickles as a reference, and its ``resolve()`` returns the value as it is then.

        Raises:
            SecretKeyNotFoundError: If the secret has no such key; it names the keys that there are.
        """
        self.value(key)
        return RegisteredReference.at(self.__dict__[_ORIGIN], self.name, key)

    def value_sources(self) -> dict[str, ValueSource]:
        """Return each sensitive value, with what stands for it in what is written."""
        origin = self.__dict__[_ORIGIN]
        content: dict[str, str] = self.__dict__[_CONTENT]
        return {text: ValueSource(SecretReference(self.name, key), origin) for key, text in content.items() if self.is_sensitive(key)}

    def masked_content(self) -> dict[str, Any]:
        """Return the content as it is shown: the mask of each sensitive value, the others as they are."""
        content: dict[str, str] = self.__dict__[_CONTENT]
        return {
            key: MaskedText(mask(str(SecretReference(self.name, key)))) if self.is_sensitive(key) else text for key, text in content.items()
        }

    @model_validator(mode="after")
    def _note_values(self, info: ValidationInfo) -> Self:
        names.check_name(self.name)
        origin = info.context.get(ORIGIN) if info.context else None
        self.__dict__[_ORIGIN] = origin
        self.__dict__[_CONTENT] = self._typed_content()
        self._note_content()
        return self

    def _typed_content(self) -> dict[str, str]:
        return {key: text for key in self.get_schema_keys() if (text := _as_text(self.__dict__[key])) is not None}

    def _note_content(self) -> None:
        for text, source in self.value_sources().items():
            note_value(text, source)

    # pydantic 2.10 would look for the names of the annotation in the module of a subclass, hence the type here.
    @model_serializer(mode="plain", return_type=dict)
    def _dump_references(self) -> dict[str, Any]:
        shown = {key: str(SecretReference(self.name, key)) if self.is_sensitive(key) else value for key, value in self.content.items()}
        return {"name": self.name, **shown}

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Return what ``repr`` shows: the name, and the content masked."""
        return [("name", self.name), *self.masked_content().items()]

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse, in words of our own: pydantic's would show the value."""
        message = f"{name!r} of secret {self.name!r} can't be set: update the secret through its secrets manager."
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        """Refuse: a secret never changes."""
        message = f"{name!r} of secret {self.name!r} can't be deleted: update the secret through its secrets manager."
        raise AttributeError(message)

    def __hash__(self) -> int:
        """Return a hash of the schema and the name."""
        return hash((type(self), self.name))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002 - pydantic's signature
        """Return the secret itself, or with ``update`` a new one with those keys changed; errors as from the constructor."""
        return self if not update else self.from_content(update.get("name", self.name), {**self.content, **update})

    def __copy__(self) -> Self:
        """Return the secret itself: it never changes."""
        return self

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return the secret itself: it never changes."""
        return self

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Pickle as the name; what is loaded is the secret as it is then.

        Raises:
            UnregisteredValueError: If the secret was not read from a registered secrets manager.
        """
        origin = self.__dict__[_ORIGIN]
        if origin is None:
            raise unregistered(str(SecretReference(self.name, "*")))
        return restore_secret, (origin, self.name)


class ArbitrarySecretSchema(BaseSecretSchema):
    """A secret with whatever keys it is given; all of them are sensitive."""

    TYPE: ClassVar[str] = "arbitrary"

    arbitrary_kv_pairs: Mapping[str, str]
    """The keys and their values. Assigning other ones changes this object alone: what is stored changes by ``update_secret``."""

    @classmethod
    def takes_any_key(cls) -> bool:
        """Tell that any key may be there."""
        return True

    @model_validator(mode="before")
    @classmethod
    def _collect(cls, data: Any) -> Any:
        given = data.get("arbitrary_kv_pairs", {}) if isinstance(data, dict) else None
        if not isinstance(given, Mapping):
            return data
        pairs = {key: value for key, value in data.items() if key not in {"name", "arbitrary_kv_pairs"}}
        return {"name": data.get("name"), "arbitrary_kv_pairs": {**given, **pairs}}

    def __setattr__(self, name: str, value: Any) -> None:
        """Take other keys and values, as the constructor does; refuse anything else.

        Raises:
            InvalidSecretError: If a key or a value is not acceptable; the secret is as it was then.
        """
        if name != "arbitrary_kv_pairs":
            super().__setattr__(name, value)
        self.__dict__.update(type(self)(name=self.name, arbitrary_kv_pairs=value).__dict__)
        self.__dict__["arbitrary_kv_pairs"] = KeyValuePairs(self, self.__dict__[_CONTENT])
        self.__dict__[_CHANGED] = True

    @model_validator(mode="after")
    def _take_pairs(self) -> Self:
        pairs = {names.check_key(key, name=self.name): value for key, value in self.arbitrary_kv_pairs.items()}
        self.__dict__["arbitrary_kv_pairs"] = KeyValuePairs(self, pairs)
        self.__dict__[_CONTENT] = pairs
        self._note_content()
        return self


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    # An exact str of an enumeration's member and of any other subclass too.
    return None if value is None else str.__str__(value) if isinstance(value, str) else str(value)
