"""Base class of secrets: a name, and content that follows a schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_serializer, model_validator

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError, SecretKeyNotFoundError, ZenSecretsError
from zensecrets_jupyter.core.fields import is_clear_text_field, media_type_of
from zensecrets_jupyter.core.redaction import the_redactor
from zensecrets_jupyter.core.reference import SecretReference, mask_references
from zensecrets_jupyter.core.schemas import registry
from zensecrets_jupyter.core.schemas.refused_content import PAIRS_FIELD, flatten_pairs, label_for_refused_value, read_json_object, texts_in
from zensecrets_jupyter.core.validation_errors import describe_problems, error_of_validator
from zensecrets_jupyter.core.value import (
    MaskedText,
    Origin,
    RegisteredReference,
    ValueSource,
    register_value,
    restore_secret,
    unregistered_error,
)

if TYPE_CHECKING:
    from typing_extensions import Self

SecretT = TypeVar("SecretT", bound="BaseSecretSchema")


# Keys in the __dict__ of a secret, for state that is not a field. The parentheses prevent a conflict with the name of a field, and the
# underscore excludes the keys from pydantic's iteration. A private attribute of pydantic would make two equal secrets unequal if they were
# read from different secrets managers.
CONTENT_KEY = "_(content)"
ORIGIN_KEY = "_(origin)"
CHANGED_KEY = "_(changed)"


class BaseSecretSchema(BaseModel):
    """A secret. Each subclass is a schema, and each instance is a secret that follows it.

    A subclass sets its ``TYPE`` and declares its keys as fields. Defining the class registers the schema. A field is sensitive unless it is
    a :func:`~zensecrets_jupyter.core.fields.ClearTextField`. Secrets are immutable, except for ``arbitrary_kv_pairs``. A secrets manager
    changes stored secrets.

    ``repr``, ``model_dump`` and JSON hold references instead of sensitive values. A pickle holds the name and the
    secrets manager to read the secret from, and no value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    TYPE: ClassVar[str] = ""
    name: str

    def __init__(self, /, *positional: Any, **data: Any) -> None:
        """Check the name and the content, which are keyword arguments.

        Raises:
            InvalidSecretError: If a key is missing, unknown or has an unacceptable value. The error names the key without its value.
            TypeError: If an argument is positional.
        """
        if positional:
            # The values of positional arguments get the label ``refused.positional`` in their mask.
            self._protect_refused_values({**data, "positional": positional})
            message = f"{type(self).__name__} takes the name and the keys by name: {type(self).__name__}(name=..., key=...)."
            raise TypeError(message)
        self._build(data)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Register the schema under its ``TYPE``."""
        super().__pydantic_init_subclass__(**kwargs)
        if "TYPE" in cls.__dict__ and cls.TYPE:
            registry.add(cls)

    @classmethod
    def from_content(cls, name: str, content: Mapping[str, str], origin: Origin | None = None) -> Self:
        """Return the secret with a name and content.

        Args:
            name: The name.
            content: The keys and values.
            origin: The source that can resolve the values again; ``None`` for an unregistered secret.

        Raises:
            InvalidSecretError: For the errors of the constructor.
        """
        if "name" in content:
            # check_key raises the error for this key.
            names.check_key("name", name=name)
        self = cls.__new__(cls)
        self._build({**content, "name": name})
        if origin is not None:
            self.__dict__[ORIGIN_KEY] = origin
            self._register_values()
        return self

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Return the secret that ``obj`` describes; raises the errors of the constructor."""
        return cls._run_validation(super().model_validate, obj, options)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Return the secret that a JSON object describes; raises the errors of the constructor."""
        return cls._run_validation(super().model_validate_json, json_data, options)

    @classmethod
    def _run_validation(cls, validate: Callable[..., Self], data: Any, options: dict[str, Any]) -> Self:
        """Return the result of a validation method of pydantic, whose errors become errors of this package."""
        problem = None
        try:
            return validate(data, **options)
        except ValidationError as error:
            values = data if isinstance(data, Mapping) else read_json_object(data)
            cls._protect_refused_values(values)
            problem = cls._translate_error(values.get("name"), error)
        # Outside the except block, the raised error does not refer to pydantic's error, which contains the refused values.
        raise problem

    def _build(self, data: Mapping[str, Any]) -> None:
        """Validate the name and the content, and set the fields."""
        problem = None
        try:
            super().__init__(**data)
        except ValidationError as error:
            problem = self._translate_error(data.get("name"), error)
        finally:
            # Without content, the validation has failed, or the secret is empty.
            if not self.__dict__.get(CONTENT_KEY):
                self._protect_refused_values(data)
        # Outside the except block, the raised error does not refer to pydantic's error, which contains the refused values.
        if problem:
            raise problem

    @classmethod
    def _translate_error(cls, name: object, error: ValidationError) -> ZenSecretsError:
        """Return the error of this package, without values, for an error of pydantic."""
        validator_error = error_of_validator(error)
        if validator_error is not None:
            return validator_error
        keys, required = cls.get_schema_keys(), cls.required_keys()
        # The empty label omits "arbitrary_kv_pairs" from the location of a problem.
        problems = describe_problems(error, cls, known_names=keys, labels={PAIRS_FIELD: ""})
        message = f"Secret {name!r} does not follow the schema {cls.TYPE!r}: {', '.join(problems)}."
        key_list = ", ".join(key if key in required else f"{key} (optional)" for key in keys)
        return InvalidSecretError(message, name=str(name or ""), hint=f"The schema's keys are {key_list}." if keys else "")

    @classmethod
    def _protect_refused_values(cls, data: Mapping[str, Any]) -> None:
        """Mask refused values in outputs."""
        # Refused values need masks too, because the traceback of the error shows the line of code that contains them.
        for key, value in flatten_pairs(data).items():
            if key != "name" and cls.is_sensitive(key):
                for text in texts_in(value):
                    the_redactor().protect(text, label_for_refused_value(key))

    @classmethod
    def get_schema_keys(cls) -> list[str]:
        """Return the keys of the schema in the order of their definition; an empty list for ``arbitrary``."""
        return [key for key in cls.model_fields if key not in {"name", "arbitrary_kv_pairs"}]

    @classmethod
    def required_keys(cls) -> list[str]:
        """Return the keys that a secret must have."""
        return [key for key in cls.get_schema_keys() if cls.model_fields[key].is_required()]

    @classmethod
    def is_sensitive(cls, key: str) -> bool:
        """Return whether the value of ``key`` is masked.

        Every value is masked, except the value of a clear-text field.
        """
        field = cls.model_fields.get(key)
        return field is None or not is_clear_text_field(field)

    @classmethod
    def media_type(cls, key: str) -> str:
        """Return the media type of the value of ``key``, or an empty text.

        An example is ``application/json``.
        """
        field = cls.model_fields.get(key)
        return "" if field is None else media_type_of(field)

    @classmethod
    def takes_any_key(cls) -> bool:
        """Return whether a secret may have keys that the schema does not name."""
        return False

    @property
    def content(self) -> dict[str, str]:
        """A new ``dict`` of the keys and values; keys without a value are omitted."""
        return dict(self.__dict__[CONTENT_KEY])

    @property
    def secret_values(self) -> dict[str, str]:
        """The same as :attr:`content`; later versions of ZenML use this name."""
        return self.content

    @property
    def is_changed(self) -> bool:
        """Whether an assignment changed the content, so that it differs from the stored secret."""
        return CHANGED_KEY in self.__dict__

    def value(self, key: str) -> str:
        """Return the value of ``key``.

        Raises:
            SecretKeyNotFoundError: If the secret has no such key; the hint names its keys.
        """
        content: dict[str, str] = self.__dict__[CONTENT_KEY]
        if key in content:
            return content[key]
        message = f"Secret {self.name!r} has no key {key!r}."
        key_list = f"Its keys are {', '.join(sorted(content))}." if content else "It has no keys."
        raise SecretKeyNotFoundError(message, name=self.name, key=key, hint=f"{names.did_you_mean(key, content)} {key_list}".strip())

    def reference(self, key: str) -> SecretReference:
        """Return the reference to ``key``.

        A pickle of the reference contains no value. Each call of its ``resolve`` method returns the current value of the key.

        Raises:
            SecretKeyNotFoundError: If the secret has no such key; the hint names its keys.
        """
        # This call raises the error for a missing key.
        self.value(key)
        return RegisteredReference.create(self.__dict__[ORIGIN_KEY], self.name, key)

    def value_sources(self) -> dict[str, ValueSource]:
        """Return each sensitive value with its source.

        If two keys have the same value, the source names the later key.
        """
        origin = self.__dict__[ORIGIN_KEY]
        content: dict[str, str] = self.__dict__[CONTENT_KEY]
        return {text: ValueSource(SecretReference(self.name, key), origin) for key, text in content.items() if self.is_sensitive(key)}

    def masked_content(self) -> dict[str, Any]:
        """Return the content with masks instead of sensitive values."""
        content: dict[str, str] = self.__dict__[CONTENT_KEY]
        return {key: MaskedText(self._mask(key)) if self.is_sensitive(key) else text for key, text in content.items()}

    def _mask(self, key: str) -> str:
        return mask_references(str(SecretReference(self.name, key)))

    @model_validator(mode="after")
    def _set_content(self) -> Self:
        names.check_name(self.name)
        self.__dict__[ORIGIN_KEY] = None
        self.__dict__[CONTENT_KEY] = self._content_from_fields()
        self._register_values()
        return self

    def _content_from_fields(self) -> dict[str, str]:
        """Return the content: the value of each field as a text, without the fields that have no value."""
        return {key: text for key in self.get_schema_keys() if (text := _as_text(self.__dict__[key])) is not None}

    def _register_values(self) -> None:
        """Mask the sensitive values in outputs from now on, and register their sources."""
        for text, source in self.value_sources().items():
            register_value(text, source)

    # return_type prevents pydantic 2.10 from evaluating the annotation in the module of a subclass.
    @model_serializer(mode="plain", return_type=dict)
    def _dump_references(self) -> dict[str, Any]:
        entries = {key: str(SecretReference(self.name, key)) if self.is_sensitive(key) else value for key, value in self.content.items()}
        return {"name": self.name, **entries}

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        """Return the name and the masked content, which pydantic's ``repr`` shows."""
        return [("name", self.name), *self.masked_content().items()]

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse an assignment without showing the value, which the error of pydantic would show."""
        message = f"{name!r} of secret {self.name!r} can't be set: update the secret through its secrets manager."
        raise AttributeError(message)

    def __delattr__(self, name: str) -> None:
        """Refuse a deletion: a secret is immutable."""
        message = f"{name!r} of secret {self.name!r} can't be deleted: update the secret through its secrets manager."
        raise AttributeError(message)

    def __hash__(self) -> int:
        """Return a hash of the schema and the name."""
        return hash((type(self), self.name))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002 - pydantic defines the signature
        """Return the secret itself, or an unregistered secret with the changes in ``update``.

        Raises:
            InvalidSecretError: For the errors of the constructor.
        """
        return self if not update else self.from_content(update.get("name", self.name), {**self.content, **update})

    def __copy__(self) -> Self:
        """Return the secret itself.

        A copy of an arbitrary secret therefore shares later changes of ``arbitrary_kv_pairs``. Other secrets are immutable.
        """
        return self

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Return the secret itself, as :meth:`__copy__` does."""
        return self

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Pickle the name and the origin, and no value; unpickling returns the current secret.

        Raises:
            UnregisteredValueError: If the secret was not read from a registered secrets manager.
        """
        origin = self.__dict__[ORIGIN_KEY]
        if origin is None:
            # The error names ``{{name.*}}``: all keys of the secret.
            raise unregistered_error(str(SecretReference(self.name, "*")))
        return restore_secret, (origin, self.name)


def _as_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return None
    # str.__str__ returns an exact str for an instance of a subclass, such as a member of an enumeration.
    return str.__str__(value) if isinstance(value, str) else str(value)
