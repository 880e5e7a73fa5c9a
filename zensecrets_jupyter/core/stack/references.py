"""How a field keeps a text with references out of its validators, and which fields may.

Our own check is put around each field's, outside of the validators that a subclass declares: a validator should see what a reference
stands for, never the reference.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic_core import CoreSchema, core_schema

from zensecrets_jupyter.core import reference
from zensecrets_jupyter.core.errors import InvalidReferenceError
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field
from zensecrets_jupyter.core.reference import RawText
from zensecrets_jupyter.core.value import known_values

if TYPE_CHECKING:
    from pydantic import BaseModel

STORED = {"zensecrets_stored": True}
"""Validation context for what was registered before: it is not checked for near misses again."""
RESOLVED = {"zensecrets_resolved": True}


held: ContextVar[set[str] | None] = ContextVar("zensecrets_held", default=None)
"""The names of the fields that were found to hold references, in the model that is being built or validated just now."""


def wrap_fields(cls: type[BaseModel], schema: CoreSchema) -> None:
    """Put our own check around each field's in ``schema``, which is that of the model ``cls``."""
    for name, field in _model_fields(schema).items():
        # pydantic looks for a field's default in its outermost schema only.
        owner = field["schema"] if field["schema"]["type"] == "default" else field
        owner["schema"] = core_schema.with_info_wrap_validator_function(_keeper(cls, name), owner["schema"])


def _model_fields(schema: Any) -> dict[str, Any]:
    while schema["type"] != "model-fields":
        schema = schema["schema"]
    found: dict[str, Any] = schema["fields"]
    return found


def _keeper(cls: type[BaseModel], name: str) -> Callable[..., Any]:
    def keep(value: Any, handler: core_schema.ValidatorFunctionWrapHandler, info: core_schema.ValidationInfo) -> Any:
        field = cls.model_fields[name]
        if not holds_reference(name, value, info.context, sensitive=is_secret_field(field)):
            return handler(value)
        if is_clear_text_field(field):
            message = f"Attribute {name!r} takes no reference to a secret: it is always clear text."
        elif not takes_text(field.annotation, nested=not isinstance(value, str)):
            message = f"Attribute {name!r} takes no reference to a secret: it is not a text."
        else:
            found = held.get()
            if found is not None:
                found.add(name)
            return value
        found_text = " ".join(str(found) for text in texts(value) for found in reference.find_references(text))
        raise InvalidReferenceError(message, text=found_text, hint="Give the value itself.")

    return keep


def holds_reference(name: str, value: Any, context: Any, *, sensitive: bool = False) -> bool:
    """Tell whether there is a reference in ``value``, which the field ``name`` is given in that validation context.

    Raises:
        InvalidReferenceError: If a text in it is nearly one, unless it is meant as it stands; of a sensitive field nothing is quoted.
    """
    if context is RESOLVED or isinstance(value, RawText):
        return False
    # The value of a secret is no template, whatever it looks like, and no error may quote it; what is one reference as a whole is one.
    known = known_values()
    found = [text for text in texts(value) if text not in known or reference.only_reference(text)]
    if context is not STORED:
        for key in keys(value):
            if reference.has_reference(key):
                message = f"Attribute {name!r} takes no reference to a secret in a key of it: only values are resolved."
                raise InvalidReferenceError(message, text=key, hint="Give the key itself.")
        for text in found:
            slip = reference.near_miss(text)
            if slip and sensitive:
                # It may be a password with braces in it.
                message = f"What attribute {name!r} is given holds what is nearly a reference to a secret."
                raise InvalidReferenceError(message, hint="Write {{SECRET_NAME.KEY}}, or add --literal if it is meant as it stands.")
            if slip:
                slip.message = f"Attribute {name!r}: {slip.message}"
                raise slip
    return any(reference.has_reference(text) for text in found)


def takes_text(annotation: Any, *, nested: bool = False) -> bool:
    """Tell whether a field with this annotation can hold a text; with ``nested``, whether there can be texts inside it."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return takes_text(inner[0], nested=nested)
    if origin in {Union, types.UnionType}:
        return any(takes_text(option, nested=nested) for option in inner)
    if annotation is Any:
        return True
    if not nested:
        return annotation is str
    container = origin or annotation
    if not isinstance(container, type) or not issubclass(container, (list, dict, tuple, set, frozenset, Mapping)):
        return False
    return not inner or any(takes_text(item) or takes_text(item, nested=True) for item in inner)


def texts(value: Any) -> Iterator[str]:
    """Yield every text in ``value``, in lists and dicts too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from texts(item)


def keys(value: Any) -> Iterator[str]:
    """Yield every text that is a key of a dict in ``value``."""
    if isinstance(value, Mapping):
        yield from (key for key in value if isinstance(key, str))
        for item in value.values():
            yield from keys(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from keys(item)
