"""Import of a file of ZenML 0.20's local secrets manager: YAML with values in base64."""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core import names, settings
from zensecrets_jupyter.core.errors import UnreadableFileError
from zensecrets_jupyter.core.schemas import schema_or_fallback
from zensecrets_jupyter.core.system.atomic_write import describe_read_error
from zensecrets_jupyter.core.system.input_limits import yaml_loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zensecrets_jupyter.core.schemas import BaseSecretSchema

LARGEST = 4 * 1024 * 1024
"""Maximum number of bytes of a file."""
_MAX_KEYS = 100_000
"""Maximum number of keys in a file."""
_SCHEMA = "zenml_schema_name"
"""The key in each secret with the type of its schema."""


def read_secrets_file(path: str) -> list[BaseSecretSchema]:
    """Return the secrets of a file. A missing file has no secrets, because ZenML creates it with the first secret.

    Raises:
        UnreadableFileError: If the file is unreadable or malformed. The error never contains content.
        InvalidSecretError: If a secret does not match its schema, or its name or a key is invalid.
    """
    data, problem = b"", ""
    try:
        with settings.absolute_path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        problem = describe_read_error(error)
    if len(data) > LARGEST:
        problem = f"is larger than {LARGEST // 1024 // 1024} MiB"
    if not problem:
        try:
            return [_secret(path, name, content) for name, content in _contents(path, _compose(data)).items()]
        except UnicodeDecodeError:
            problem = "is not text in UTF-8"
    raise UnreadableFileError(f"The file {path!r} {problem}.", hint="Check the path of --secrets_file.")


def _compose(data: bytes) -> Any:
    """Return the root node of the YAML text. No objects are constructed, so that aliases cannot multiply the content."""
    import yaml

    try:
        return yaml.compose(data.decode("utf-8-sig"), Loader=yaml_loader())
    except (yaml.YAMLError, RecursionError):
        # The next check refuses this object, because it is not a mapping node.
        return ()


def _contents(path: str, root: Any) -> dict[str, dict[str, str]]:
    """Return the keys and texts of each secret, by name."""
    contents: dict[str, dict[str, str]] = {}
    if root is None:
        return contents
    keys = 0
    for name, node in _pairs(path, root):
        content: dict[str, str] = {}
        for key, value in _pairs(path, node):
            keys += 1
            if not isinstance(value.value, str) or keys > _MAX_KEYS:
                raise _format_error(path)
            content[key] = value.value
        contents[name] = content
    return contents


def _pairs(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    """Yield each key of a mapping node with the node of its value."""
    if getattr(node, "id", "") != "mapping":
        raise _format_error(path)
    for key, value in node.value:
        if not isinstance(key.value, str):
            raise _format_error(path)
        yield key.value, value


def _secret(path: str, name: str, content: dict[str, str]) -> BaseSecretSchema:
    """Return the secret of decoded values. ``content`` has the values in base64, and the schema."""
    schema = content.pop(_SCHEMA, None)
    if schema is None:
        raise _format_error(path)
    names.check_name(name, from_file=True)
    for key in content:
        names.check_key(key, name=name, from_file=True)
    texts = None
    with suppress(binascii.Error, ValueError):
        texts = {key: base64.b64decode(text, validate=True).decode() for key, text in content.items()}
    if texts is None:
        raise _format_error(path)
    return schema_or_fallback(schema).from_content(name, texts)


def _format_error(path: str) -> UnreadableFileError:
    """Return the error for a file with another format."""
    message = f"The file {path!r} is not a secrets file of ZenML's local secrets manager, with schemas and values in base64."
    return UnreadableFileError(message, hint="To import another file: %secret import FILE")
