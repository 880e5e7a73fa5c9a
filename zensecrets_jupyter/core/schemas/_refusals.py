"""What is said, and what the guard masks, of content that is refused: pydantic's own errors hold the values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError
from zensecrets_jupyter.core.validation_errors import describe_problems, raised_by_validator

if TYPE_CHECKING:
    from pydantic import ValidationError

    from zensecrets_jupyter.core.errors import ZenSecretsError
    from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


PAIRS = "arbitrary_kv_pairs"
"""The argument that holds all keys of a secret without a schema."""


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts in what was given as a value, which may be anything."""
    if isinstance(value, str):
        yield str.__str__(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts_in(inner)


def by_key(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given for a secret by its keys, also for one whose keys are in a mapping of their own."""
    pairs = given.get(PAIRS)
    if not isinstance(pairs, Mapping):
        return dict(given)
    others = {key: value for key, value in given.items() if key != PAIRS}
    return {**{str(key): value for key, value in pairs.items()}, **others}


def name_of_refused(key: str) -> str:
    """Return what the guard calls the value that was given under ``key`` for a secret that is not made."""
    try:
        names.check_key(key)
    except InvalidSecretError:
        return "refused.value"
    return f"refused.{key}"


def read_json_object(data: Any) -> Mapping[str, Any]:
    """Return what a JSON object says that was refused; nothing if it is none."""
    try:
        found = json.loads(data)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def explain_refusal(schema: type[BaseSecretSchema], name: object, error: ValidationError) -> ZenSecretsError:
    """Return the error of this package for an error of pydantic, which contains the refused values."""
    own = raised_by_validator(error)
    if own is not None:
        return own
    problems = describe_problems(error, schema, known=schema.get_schema_keys(), labels={PAIRS: ""})
    keys = ", ".join(key if key in schema.required_keys() else f"{key} (optional)" for key in schema.get_schema_keys())
    message = f"Secret {name!r} does not follow the schema {schema.TYPE!r}: {', '.join(problems)}."
    return InvalidSecretError(message, name=str(name or ""), hint=f"The schema's keys are {keys}." if keys else "")
