"""References in attribute values: the fields that accept them, near misses, and resolution.

A reference is written ``{{name.key}}``. A near miss is a text that is almost a reference, such as ``{name.key}``. An attribute value is
a text, or a list or dict of values. The values of a dict may hold references, its keys may not.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, Union, get_args, get_origin

from zensecrets_jupyter.core import reference
from zensecrets_jupyter.core.errors import InvalidReferenceError
from zensecrets_jupyter.core.fields import is_clear_text_field, is_secret_field
from zensecrets_jupyter.core.reference import RawText, SecretReference
from zensecrets_jupyter.core.value import known_values

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo


class ReferenceResolver(Protocol):
    """Resolves the references of one owner: a component, or the settings of a step or pipeline."""

    def __str__(self) -> str:
        """Return the name of the references' owner in errors, such as ``annotator 'labels'``."""

    def resolve(self, text: str) -> str:
        """Return ``text`` with its references resolved; raises the errors of :meth:`Stack.resolve`."""

    def reader(self, text: str) -> Callable[[], str]:
        """Return a function that resolves ``text`` on each call."""


class Requirement(NamedTuple):
    """A reference with its owner and attribute.

    ``owner`` is the name of the owner in errors, such as ``annotator 'labels'``. A reference with an empty key requires the whole secret.
    """

    owner: str
    attribute: str
    reference: SecretReference


class RequiresSecrets(Protocol):
    """An object that requires secrets, such as a model whose fields hold references."""

    def requirements(self, owner: str) -> list[Requirement]:
        """Return the required references; ``owner`` is the name of this object in errors."""


def has_references(value: Any) -> bool:
    """Return whether a text in ``value`` holds a reference.

    Exception: a text that equals a registered secret value has a reference only if the whole text is a single reference. For example, the
    password ``x{{a.b}}y`` is a value that contains the characters of a reference by chance.
    """
    return any(
        reference.has_reference(text) and (text not in known_values() or reference.single_reference(text) is not None)
        for text in texts_in(value)
    )


def references_in(value: Any) -> list[SecretReference]:
    """Return the references in ``value`` in order, with repetitions."""
    return [match for text in texts_in(value) for match in reference.find_references(text)]


def resolve_references(value: Any, resolver: ReferenceResolver) -> Any:
    """Return a copy of ``value`` with the references in its texts resolved."""
    if isinstance(value, str):
        return resolver.resolve(value) if reference.has_reference(value) else value
    if isinstance(value, Mapping):
        return {key: resolve_references(item, resolver) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return type(value)(resolve_references(item, resolver) for item in value)
    return value


def refuse_near_misses(model: type[BaseModel], data: Mapping[str, Any]) -> None:
    """Check the attributes of a new model for near misses.

    Raises:
        InvalidReferenceError: If a text is almost a reference, or if a key of a dict holds a reference. The error does not quote the value
            of a sensitive field.
    """
    accepts_any_name = model.model_config.get("extra") == "allow"
    for name, value in data.items():
        field = model.model_fields.get(name) or _field_with_alias(model, name)
        if isinstance(value, RawText) or (field is None and not accepts_any_name):
            # A raw text may look like a reference. An unknown attribute is refused by pydantic.
            continue
        for key in _keys_in(value):
            if reference.has_reference(key):
                message = f"Attribute {name!r} accepts no reference to a secret in a key: only values are resolved."
                raise InvalidReferenceError(message, text=key, hint="Write the key itself.")
        for text in texts_in(value):
            # A registered secret value is not checked, because the error would quote it.
            if text not in known_values() or reference.single_reference(text):
                _refuse_near_miss(name, text, is_sensitive=field is not None and is_secret_field(field))


def _field_with_alias(model: type[BaseModel], alias: str) -> FieldInfo | None:
    return next((field for field in model.model_fields.values() if field.alias == alias), None)


def _refuse_near_miss(name: str, text: str, *, is_sensitive: bool) -> None:
    error = reference.find_reference_error(text)
    if error is None:
        return
    if is_sensitive:
        # The error does not quote the text, which may be a password that contains braces.
        message = f"The value of attribute {name!r} contains almost a reference to a secret."
        raise InvalidReferenceError(message, hint="Write {{SECRET_NAME.KEY}}, or add --literal for a raw text.")
    error.message = f"Attribute {name!r}: {error.message}"
    raise error


def check_field_takes_references(name: str, field: FieldInfo, value: Any) -> None:
    """Check that ``field`` accepts references; ``value`` holds some.

    Raises:
        InvalidReferenceError: If the field is a ClearTextField, or its type accepts no text.
    """
    if is_clear_text_field(field):
        message = f"Attribute {name!r} accepts no reference to a secret: it is always clear text."
    elif not takes_text(field.annotation, nested=not isinstance(value, str)):
        message = f"Attribute {name!r} accepts no reference to a secret: it is not a text."
    else:
        return
    raise InvalidReferenceError(message, text=" ".join(map(str, references_in(value))), hint="Write the value itself.")


def takes_text(annotation: Any, *, nested: bool = False) -> bool:
    """Return whether a field with this annotation can hold a text.

    With ``nested``, return whether it can hold a list, dict or other container of texts.
    """
    origin, type_arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return takes_text(type_arguments[0], nested=nested)
    if origin in {Union, types.UnionType}:
        return any(takes_text(option, nested=nested) for option in type_arguments)
    if annotation is Any:
        return True
    if not nested:
        return annotation is str
    container = origin or annotation
    if not isinstance(container, type) or not issubclass(container, (list, dict, tuple, set, frozenset, Mapping)):
        return False
    # A container without type arguments accepts any item. References are not resolved in the keys of a mapping.
    item_types = type_arguments[-1:] if issubclass(container, Mapping) else type_arguments
    return not item_types or any(takes_text(item) or takes_text(item, nested=True) for item in item_types)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in ``value``, also in nested containers, but not the keys of dicts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from texts_in(item)


def _keys_in(value: Any) -> Iterator[str]:
    """Yield every key of the dicts in ``value``."""
    if isinstance(value, Mapping):
        yield from (key for key in value if isinstance(key, str))
        for item in value.values():
            yield from _keys_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _keys_in(item)
