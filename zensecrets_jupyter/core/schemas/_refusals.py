"""What is said, and what the guard masks, of content that is refused: pydantic's own errors hold the values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError

if TYPE_CHECKING:
    from pydantic import ValidationError

    from zensecrets_jupyter.core.schemas.interface import BaseSecretSchema


PAIRS = "arbitrary_kv_pairs"
"""The argument that holds all keys of a secret without a schema."""

_WRONG = {
    "string_type": "is not a text",
    "dict_type": "is not a mapping of keys to texts",
    "mapping_type": "is not a mapping of keys to texts",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
}
"""What is said of pydantic's kinds of errors."""


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


def explain_refusal(schema: type[BaseSecretSchema], name: object, error: ValidationError) -> InvalidSecretError:
    """Return our own error for pydantic's, which carries the values that it refused."""
    found = []
    for detail in error.errors(include_url=False, include_context=True, include_input=False):
        inner = detail.get("ctx", {}).get("error")
        if isinstance(inner, InvalidSecretError):
            return inner
        key = ".".join(str(part) for part in detail["loc"] if part not in {PAIRS, "[key]"})
        what, kind = names.shown(key) if key else "its content", detail["type"]
        if kind == "missing":
            found.append(f"{key!r} is missing")
        elif kind == "extra_forbidden":
            guess = names.did_you_mean(key, schema.get_schema_keys())
            found.append(f"{key!r} is no key of it{f' ({guess})' if guess else ''}")
        elif kind in {"value_error", "assertion_error"}:
            # A validator's own text may quote the value that it refused.
            found.append(f"{what} was refused by the schema's own check")
        else:
            found.append(f"{what} {_WRONG.get(kind) or 'is not acceptable (' + kind.replace('_', ' ') + ')'}")
    keys = ", ".join(key if key in schema.required_keys() else f"{key} (optional)" for key in schema.get_schema_keys())
    message = f"Secret {name!r} does not follow the schema {schema.TYPE!r}: {', '.join(found)}."
    return InvalidSecretError(message, name=str(name or ""), hint=f"The schema's keys are {keys}." if keys else "")
