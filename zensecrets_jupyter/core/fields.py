"""Sensitivity and media type of pydantic fields, and recognition of sensitive values."""

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

_EXTRA_KEY = "zensecrets"
"""The entry of ``json_schema_extra`` with the sensitivity of a field: "sensitive" or "clear-text"."""

# `token(?!s|iz)` leaves out names such as max_tokens and tokenizer.
_SENSITIVE_NAME = re.compile(
    r"token(?!s|iz)|secret|passw(?:or)?d|passphrase|passwd|credential|connection_?string"
    r"|(?:api|access|account|private|shared|auth|signing|encryption|sas)_?key|(?:\A|_)(?:key|pwd|pass|pat|sas|dsn|bearer|authorization)\Z",
    re.IGNORECASE,
)
"""Parts of the names that ZenML, fsspec and cloud SDKs give to attributes with secrets."""
_NAME_OF_METADATA = re.compile(
    r"(?:file|path|dir|folder|ur[il]|endpoint|name|namespace|context|id|type|length|size|ttl|expir\w*|arn|scope"
    r"|commit|sha\d*|digest|hash|checksum|revision|version|image|tag)\Z",
    re.IGNORECASE,
)
"""Ends of the names of attributes that only describe a secret, such as ``token_path``."""
_HARMLESS_VALUES = frozenset({"true", "false", "yes", "no", "none", "null", "auto", "default"})
"""Values that are not secret, even in an attribute whose name is sensitive."""
# The scheme has at most 31 characters here, so that a search in long text stays fast.
_URL_WITH_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/?#\s:@]*:[^/?#\s@]+@")
_RANDOM_TEXT = re.compile(
    r"(?<![A-Za-z0-9])(?:(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z0-9]{16,}|(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])(?=[A-Za-z]*\d)[A-Za-z0-9]{12,})"
)
"""Pattern of letters and digits that are too mixed for a name.

They are at least 16 characters with a letter and a digit, or at least 12 with a capital, a small letter and a digit.

A UUID or a constant such as ``MAX_RETRIES_2`` does not match: its groups between hyphens or underscores are shorter than 16,
and a group of 12 has letters of one case only.
"""

JSON_TEXT: JsonDict = {"contentMediaType": "application/json"}
"""The ``json_schema_extra`` of a field that holds JSON; the keyword is that of JSON Schema."""
PEM_TEXT: JsonDict = {"contentMediaType": "application/x-pem-file"}
"""The ``json_schema_extra`` of a field that holds a key or certificate in PEM."""


def SecretField(*args: Any, **kwargs: Any) -> Any:  # noqa: N802 - the name is that of ZenML, whose users write it like a class
    """Return a pydantic field with a sensitive value.

    The value is masked when it is shown, and encrypted when it is stored. The arguments are those of :func:`pydantic.Field`.
    """
    return _make_field("sensitive", args, kwargs)


def ClearTextField(*args: Any, **kwargs: Any) -> Any:  # noqa: N802 - the name is that of ZenML, whose users write it like a class
    """Return a pydantic field that is shown as clear text.

    In a component, the field accepts no reference. The arguments are those of :func:`pydantic.Field`.
    """
    return _make_field("clear-text", args, kwargs)


def is_secret_field(field: FieldInfo) -> bool:
    """Return whether :func:`SecretField` created ``field``."""
    return _sensitivity(field) == "sensitive"


def is_clear_text_field(field: FieldInfo) -> bool:
    """Return whether :func:`ClearTextField` created ``field``."""
    return _sensitivity(field) == "clear-text"


def looks_sensitive(name: str, value: Any) -> bool:
    """Return whether a value looks like a secret, by the name of its attribute or by its content.

    Sensitive content is a token, a random text, a password in a URL, or a mapping with a sensitive entry.
    """
    if isinstance(value, Mapping):
        return any(looks_sensitive(str(key), item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return any(looks_sensitive(name, item) for item in value)
    if not isinstance(value, str) or not value or value.lower() in _HARMLESS_VALUES:
        return False
    # A value of metadata is sensitive only if a part of it is a credential, such as the password in a URL.
    is_metadata = _NAME_OF_METADATA.search(name) is not None
    if not is_metadata and (_SENSITIVE_NAME.search(name) or (_RANDOM_TEXT.search(value) and is_opaque(value))):
        return True
    return bool(_URL_WITH_PASSWORD.search(value) or secret_fragments(name, value))


def secret_fragments(name: str, value: str) -> list[str]:
    """Return the fragments of a text that are secrets, such as tokens.

    The fragments are tokens, passwords in URLs, credentials in headers and the secret parts of webhook URLs. ``name`` is the name of the
    attribute, and helps to recognize a webhook.
    """
    # Without a name, only the content of the value decides.
    fragments = fragments_of_leaf("", value)
    if is_webhook(name, value):
        fragments += fragments_of_webhook(value)
    return [fragment.text for fragment in fragments]


def media_type_of(field: FieldInfo) -> str:
    """Return the media type of a field, such as ``application/json``; empty if none is declared."""
    extra = field.json_schema_extra
    media_type = extra.get("contentMediaType", "") if isinstance(extra, dict) else ""
    return media_type if isinstance(media_type, str) else ""


def _make_field(sensitivity: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    extra = dict(kwargs.pop("json_schema_extra", None) or {})
    extra[_EXTRA_KEY] = sensitivity
    return Field(*args, json_schema_extra=extra, **kwargs)


def _sensitivity(field: FieldInfo) -> object:
    extra = field.json_schema_extra
    return extra.get(_EXTRA_KEY) if isinstance(extra, dict) else None
