"""How a model says which of its fields are sensitive, and which are always clear text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from zensecrets_jupyter.core.redaction.recognition.credential_fragments import fragments_of_leaf, fragments_of_webhook, is_webhook
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque

if TYPE_CHECKING:
    from pydantic.config import JsonDict
    from pydantic.fields import FieldInfo

_MARK = "zensecrets"

_SENSITIVE_NAME = re.compile(
    r"token(?!s|iz)|secret|passw(?:or)?d|passphrase|passwd|credential|connection_?string"
    r"|(?:api|access|account|private|shared|auth|signing|encryption|sas)_?key|(?:\A|_)(?:key|pwd|pass|pat|sas|dsn|bearer|authorization)\Z",
    re.IGNORECASE,
)
"""Names of attributes that hold secrets, by the words that ZenML's flavors, fsspec and cloud SDKs use."""
_NAME_OF_OTHER = re.compile(
    r"(?:file|path|dir|folder|ur[il]|endpoint|name|namespace|context|id|type|length|size|ttl|expir\w*|arn|scope"
    r"|commit|sha\d*|digest|hash|checksum|revision|version|image|tag)\Z",
    re.IGNORECASE,
)
"""Ends of names that say where a secret is, or something else about it."""
_NO_SECRET = frozenset({"true", "false", "yes", "no", "none", "null", "auto", "default"})
_URL_WITH_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/?#\s:@]*:[^/?#\s@]+@")
_RANDOM = re.compile(
    r"(?<![A-Za-z0-9])(?:(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{16,}|(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])(?=[A-Za-z]*\d)[A-Za-z0-9]{12,})"
)
"""Letters and digits as no person names anything: the groups of a UUID are shorter, and an identifier has no small letters and capitals."""

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


def looks_sensitive(name: str, value: Any) -> bool:
    """Tell whether ``value`` is a secret: by the attribute's name or one inside of it, or as a token, random text or password in a URL."""
    if isinstance(value, Mapping):
        return any(looks_sensitive(str(key), item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return any(looks_sensitive(name, item) for item in value)
    if not isinstance(value, str) or not value or value.lower() in _NO_SECRET:
        return False
    is_of_other = _NAME_OF_OTHER.search(name) is not None
    if not is_of_other and (_SENSITIVE_NAME.search(name) or (_RANDOM.search(value) and is_opaque(value))):
        return True
    return bool(_URL_WITH_PASSWORD.search(value) or secret_parts(name, value))


def secret_parts(name: str, value: str) -> list[str]:
    """Return the parts of a text that are secrets whatever its attribute is called: tokens, passwords of URLs, credentials of a header."""
    parts = [part.text for part in fragments_of_leaf("", value)]
    return [*parts, *(part.text for part in fragments_of_webhook(value) if is_webhook(name, value))]


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
