"""Descriptions of pydantic's validation errors without the refused values.

The texts that pydantic gives these errors contain the refused values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import ZenSecretsError
from zensecrets_jupyter.core.names import did_you_mean, quote_name, quote_untrusted
from zensecrets_jupyter.core.text import type_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_DICT_KEY = "[key]"
"""The last part of pydantic's location for a problem of a key of a dict, and not of its value."""

_REFUSED_BY_VALIDATOR = "was refused by its own check"
_PREDICATES = {
    "missing": "is missing",
    "string_type": "is not a text",
    # The text of a validator may quote the refused value, so it is left out.
    "value_error": _REFUSED_BY_VALIDATOR,
    "assertion_error": _REFUSED_BY_VALIDATOR,
    "enum": "has to be {expected}",
    "literal_error": "has to be {expected}",
    "greater_than_equal": "has to be at least {ge}",
}
"""The predicates for some of pydantic's error types; :func:`_describe` handles the others.

The placeholders are keys of ``ctx`` in pydantic's error details. Their texts are the accepted values or limits of a field, and never a
refused value.
"""


def error_of_validator(error: ValidationError) -> ZenSecretsError | None:
    """Return the first error of this package that a validator raised, or ``None``.

    The text of the returned error contains no value.
    """
    for detail in error.errors(include_url=False, include_input=False):
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, ZenSecretsError):
            return cause
    return None


def describe_problems(
    error: ValidationError,
    model: type[BaseModel],
    *,
    known_names: Collection[str] | None = None,
    labels: Mapping[str, str] | None = None,
    expected: Mapping[str, str] | None = None,
) -> list[str]:
    """Return a clause for each refused field, such as ``'port' is missing``, without any value.

    Args:
        error: The error.
        model: The model that raised it.
        known_names: The names that are suggested for an unknown field with a similar name; by default the fields of the model.
        labels: Names that the text uses instead of the names of fields. An empty label omits the name from the location.
        expected: Descriptions of valid values, such as ``a whole number``, by pydantic's error type.
    """
    names = model.model_fields if known_names is None else known_names
    details = error.errors(include_url=False, include_input=False)
    return list(dict.fromkeys(_describe(detail, model, names, labels or {}, expected or {}) for detail in details))


def _describe(
    detail: ErrorDetails, model: type[BaseModel], known_names: Collection[str], labels: Mapping[str, str], expected: Mapping[str, str]
) -> str:
    """Return the clause for one refused field; the arguments are those of :func:`describe_problems`."""
    error_type = detail["type"]
    location = ".".join(_label_parts(detail, labels))
    if error_type == "extra_forbidden":
        guess = did_you_mean(location, known_names)
        # In a malformed file, the name of a field may be the value of a secret.
        return f"{quote_untrusted(location)} is unknown{f' ({guess})' if guess else ''}"
    # A location with several parts is inside a field, so the field's type is not the type that was expected there.
    field = model.model_fields.get(str(detail["loc"][0])) if len(detail["loc"]) == 1 else None
    if error_type in expected:
        predicate = f"has to be {expected[error_type]}"
    elif error_type in _PREDICATES:
        predicate = _PREDICATES[error_type].format_map(detail.get("ctx", {}))
    elif error_type.endswith(("_type", "_parsing")) and location and field is not None:
        # Examples of these error types are ``list_type`` and ``int_parsing``.
        predicate = f"has to be {type_name(field.annotation)}"
    elif error_type in {"dict_type", "mapping_type"}:
        predicate = "is not a mapping of keys to texts"
    else:
        # Error types of pydantic are names with underscores. Those of this package are phrases, which may contain the name of an option.
        predicate = f"is not acceptable ({error_type if ' ' in error_type else error_type.replace('_', ' ')})"
    return f"{quote_name(location) if location else 'the content'} {predicate}"


def _label_parts(detail: ErrorDetails, labels: Mapping[str, str]) -> Iterator[str]:
    for part in map(str, detail["loc"]):
        label = labels.get(part, part)
        if label and part != _DICT_KEY:
            yield label
