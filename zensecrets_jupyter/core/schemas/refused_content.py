"""Values that a schema refused: the texts in them, and the labels in their masks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from zensecrets_jupyter.core import names
from zensecrets_jupyter.core.errors import InvalidSecretError

PAIRS_FIELD = "arbitrary_kv_pairs"
"""The field of the schema ``arbitrary`` that holds all keys and values of a secret."""


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts in a value, also inside lists and the values of mappings."""
    if isinstance(value, str):
        # str.__str__ returns an exact str for an instance of a subclass, such as a member of an enumeration.
        yield str.__str__(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts_in(item)


def flatten_pairs(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return all values by key, including those inside ``arbitrary_kv_pairs``."""
    pairs = values.get(PAIRS_FIELD)
    if not isinstance(pairs, Mapping):
        return dict(values)
    other_pairs = {key: value for key, value in values.items() if key != PAIRS_FIELD}
    return {**{str(key): value for key, value in pairs.items()}, **other_pairs}


def label_for_refused_value(key: str) -> str:
    """Return the label that the mask of a refused value shows, such as ``refused.password``."""
    try:
        names.check_key(key)
    except InvalidSecretError:
        return "refused.value"
    return f"refused.{key}"


def read_json_object(data: Any) -> Mapping[str, Any]:
    """Return the JSON object that ``data`` encodes, or an empty mapping for other data."""
    try:
        document = json.loads(data)
    except (ValueError, TypeError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
