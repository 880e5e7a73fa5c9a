"""How a model says which of its fields are sensitive, and which are always clear text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

if TYPE_CHECKING:
    from pydantic.config import JsonDict
    from pydantic.fields import FieldInfo

_MARK = "zensecrets"

JSON_TEXT: JsonDict = {"contentMediaType": "application/json"}
"""What a field whose text is JSON has as ``json_schema_extra``; the keyword is JSON Schema's own."""
PEM_TEXT: JsonDict = {"contentMediaType": "application/x-pem-file"}
"""What a field whose text is a key or a certificate in PEM has as ``json_schema_extra``."""


def SecretField(*args: Any, **kwargs: Any) -> Any:  # noqa: N802 - ZenML's name, used like a type
    """Return a pydantic field whose value is sensitive: masked when shown, sealed at rest.

    The arguments are those of :func:`pydantic.Field`.
    """
    return _marked("sensitive", args, kwargs)


def ClearTextField(*args: Any, **kwargs: Any) -> Any:  # noqa: N802 - ZenML's name, used like a type
    """Return a pydantic field that is shown as it is; in a component it takes no reference.

    The arguments are those of :func:`pydantic.Field`.
    """
    return _marked("clear-text", args, kwargs)


def is_secret_field(field: FieldInfo) -> bool:
    """Tell whether ``field`` was made by :func:`SecretField`."""
    return _mark(field) == "sensitive"


def is_clear_text_field(field: FieldInfo) -> bool:
    """Tell whether ``field`` was made by :func:`ClearTextField`."""
    return _mark(field) == "clear-text"


def media_type_of(field: FieldInfo) -> str:
    """Return what kind of text ``field`` holds, such as ``application/json``; empty where the model does not say.

    A model says it as :data:`JSON_TEXT` does.
    """
    extra = field.json_schema_extra
    found = extra.get("contentMediaType", "") if isinstance(extra, dict) else ""
    return found if isinstance(found, str) else ""


def _marked(mark: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    extra = dict(kwargs.pop("json_schema_extra", None) or {})
    extra[_MARK] = mark
    return Field(*args, json_schema_extra=extra, **kwargs)


def _mark(field: FieldInfo) -> object:
    extra = field.json_schema_extra
    return extra.get(_MARK) if isinstance(extra, dict) else None
