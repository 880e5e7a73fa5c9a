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
"""The last part of the location if a key of a dict is the problem."""

_OWN_CHECK = "was refused by its own check"
_PREDICATES = {
    "missing": "is missing",
    "string_type": "is not a text",
    # The text of a validator may quote the refused value, so it is left out.
    "value_error": _OWN_CHECK,
    "assertion_error": _OWN_CHECK,
    "enum": "has to be {expected}",
    "literal_error": "has to be {expected}",
    "greater_than_equal": "has to be at least {ge}",
}
"""The predicate for each of pydantic's kinds of problems.

The placeholders are from the context of the problem. They contain the accepted values or limits of a field, and no refused value.
"""


def raised_by_validator(error: ValidationError) -> ZenSecretsError | None:
    """Return the first error of this package that a validator raised, or ``None``.

    Its text contains no value.
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
    known: Collection[str] | None = None,
    labels: Mapping[str, str] | None = None,
    expected: Mapping[str, str] | None = None,
) -> list[str]:
    """Return a clause for each refused field, such as ``'port' is missing``, without any value.

    Args:
        error: The error.
        model: The model that raised it.
        known: The names for near misses of an unknown field; by default the fields of the model.
        labels: Names that the text uses instead of the names of fields. An empty label omits the name from the location.
        expected: Descriptions of valid values, such as ``a whole number``, by pydantic's kind of problem.
    """
    names = model.model_fields if known is None else known
    details = error.errors(include_url=False, include_input=False)
    return list(dict.fromkeys(_describe(detail, model, names, labels or {}, expected or {}) for detail in details))


def _describe(
    detail: ErrorDetails, model: type[BaseModel], known: Collection[str], labels: Mapping[str, str], expected: Mapping[str, str]
) -> str:
    kind = detail["type"]
    location = ".".join(_label_parts(detail, labels))
    if kind == "extra_forbidden":
        guess = did_you_mean(location, known)
        # In a malformed file, the name of a field may be the value of a secret.
        return f"{quote_untrusted(location)} is unknown{f' ({guess})' if guess else ''}"
    field = model.model_fields.get(str(detail["loc"][0])) if len(detail["loc"]) == 1 else None
    if kind in expected:
        predicate = f"has to be {expected[kind]}"
    elif kind in _PREDICATES:
        predicate = _PREDICATES[kind].format_map(detail.get("ctx", {}))
    elif kind.endswith(("_type", "_parsing")) and location and field is not None:
        predicate = f"has to be {type_name(field.annotation)}"
    elif kind in {"dict_type", "mapping_type"}:
        predicate = "is not a mapping of keys to texts"
    else:
        # Kinds of pydantic are names with underscores. A kind of this package is a phrase that may contain the name of an option.
        predicate = f"is not acceptable ({kind if ' ' in kind else kind.replace('_', ' ')})"
    return f"{quote_name(location) if location else 'the content'} {predicate}"


def _label_parts(detail: ErrorDetails, labels: Mapping[str, str]) -> Iterator[str]:
    for part in map(str, detail["loc"]):
        label = labels.get(part, part)
        if label and part != _DICT_KEY:
            yield label
