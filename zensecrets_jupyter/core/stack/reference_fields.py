"""Fields of a :class:`ReferenceModel`: how they are read and validated.

pydantic validates plain values when the model is created. A field with a reference is validated each time it is read, with the resolved
value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, get_args
from weakref import WeakKeyDictionary

from pydantic import TypeAdapter, field_validator

from zensecrets_jupyter.core.reference import RawText
from zensecrets_jupyter.core.stack.references import check_field_takes_references, has_references

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationInfo, ValidatorFunctionWrapHandler

_VALIDATOR_PREFIX = "_validate_unless_reference_"
_free_text_cache: WeakKeyDictionary[type[BaseModel], dict[str, bool]] = WeakKeyDictionary()
"""The earlier results of :func:`is_free_text_field`, by class and field."""


class ResolvedValue(NamedTuple):
    """A resolved value for the validators of a field.

    A text in it that looks like a reference is not treated as one.
    """

    value: Any


class ReferenceField:
    """Descriptor that returns the value of a field if the value is not in the instance's ``__dict__``.

    The descriptor has no ``__set__``, so that Python reads a plain value from ``__dict__`` without calling the descriptor. ``__getattr__``
    would be slower, because Python calls it only after the regular look-up has failed.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        """Store the name of the field."""
        self._name = name

    def __get__(self, model: Any, owner: type[BaseModel]) -> Any:
        """Return the value of the field in ``model``."""
        if model is None:
            # Reading a field from the class raises AttributeError, as in any pydantic model.
            raise AttributeError(self._name)
        reader = model._readers.get(self._name)  # noqa: SLF001 - the descriptor is a part of the model
        return reader() if reader is not None else model._read_separate(self._name)  # noqa: SLF001 - the descriptor is a part of the model


def add_reference_validator(model: type[BaseModel]) -> None:
    """Add a reference validator to a class, so that its other validators get no unresolved references.

    pydantic calls the last defined wrap validator first. Each class therefore gets its own reference validator, which is defined after all
    other validators. The number of base classes makes its name different from the names of the inherited reference validators.
    """
    name = f"{_VALIDATOR_PREFIX}{len(model.__mro__)}"
    setattr(model, name, field_validator("*", mode="wrap")(_reference_validator(name)))


def _reference_validator(validator_name: str) -> Any:
    """Return the reference validator with that name, for one class.

    In a subclass, the inherited validator only calls the next one, because each subclass has its own reference validator.
    """

    def validate_unless_reference(cls: type[BaseModel], value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        if validator_name not in vars(cls):
            return handler(value)
        if type(value) is ResolvedValue:
            return handler(value.value)
        if isinstance(value, RawText) or not has_references(value):
            return handler(value)
        name = info.field_name or ""
        check_field_takes_references(name, cls.model_fields[name], value)
        return value

    return classmethod(validate_unless_reference)


def is_free_text_field(model: type[BaseModel], name: str) -> bool:
    """Return whether a field accepts any text, so that a resolved text needs no validation."""
    results = _free_text_cache.setdefault(model, {})
    if name not in results:
        field = model.model_fields.get(name)
        if field is None:
            # A model that allows extra attributes does not validate them.
            return True
        is_optional_text = set(get_args(field.annotation)) == {str, type(None)}
        is_text = field.annotation is str or is_optional_text or field.annotation is Any
        results[name] = is_text and not field.metadata and not _has_own_validator(model, name)
    return results[name]


def _has_own_validator(model: type[BaseModel], name: str) -> bool:
    """Return whether a class declares a validator for a text field, besides the reference validator."""
    # pydantic documents the core schema, in which the schema of a validator contains the validated schema under the key "schema".
    # The first loop skips the validators of the whole model. The second loop looks for a validator of the field.
    schema: Any = TypeAdapter(model).core_schema
    while schema["type"] != "model-fields":
        if "schema" not in schema:
            # The fields are not found, so the function can't exclude a validator.
            return True
        schema = schema["schema"]
    schema = schema["fields"][name]["schema"]
    while "schema" in schema:
        function = schema.get("function", {}).get("function")
        if function is not None and getattr(function, "__name__", "") != "validate_unless_reference":
            return True
        schema = schema["schema"]
    # A validator that replaces the check of the type, such as one with mode="plain", contains no validated schema.
    return schema["type"] not in {"str", "any"}
