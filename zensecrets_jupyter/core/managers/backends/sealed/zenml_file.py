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

MAX_FILE_SIZE = 4 * 1024 * 1024
"""Maximum number of bytes of a file."""
_MAX_KEYS = 100_000
"""Maximum number of keys in a file, of all secrets together."""
_SCHEMA_KEY = "zenml_schema_name"
"""The key in each secret with the type of its schema."""


def read_secrets_file(path: str) -> list[BaseSecretSchema]:
    """Return the secrets of a file, or an empty list if the file is missing.

    A missing file is no error, because ZenML creates the file with the first secret.

    Raises:
        UnreadableFileError: If the file is unreadable or malformed. The error never contains content.
        InvalidSecretError: If a secret does not match its schema, or its name or a key is invalid.
    """
    data, problem = b"", ""
    try:
        with settings.absolute_path(path).open("rb") as file:
            data = file.read(MAX_FILE_SIZE + 1)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        problem = describe_read_error(error)
    if len(data) > MAX_FILE_SIZE:
        problem = f"is larger than {MAX_FILE_SIZE // 1024 // 1024} MiB"
    if not problem:
        try:
            return [_make_secret(path, name, content) for name, content in _parse_contents(path, _compose(data)).items()]
        except UnicodeDecodeError:
            problem = "is not text in UTF-8"
    raise UnreadableFileError(f"The file {path!r} {problem}.", hint="Check the path of --secrets_file.")


def _compose(data: bytes) -> Any:
    """Return the root node of the YAML text, or ``None`` if the text is empty.

    Python objects are not constructed from the nodes, because YAML aliases could multiply their content.
    """
    import yaml

    try:
        return yaml.compose(data.decode("utf-8-sig"), Loader=yaml_loader())
    except (yaml.YAMLError, RecursionError):
        # The empty tuple is not a mapping node, so ``_entries`` raises the error for a malformed file.
        return ()


def _parse_contents(path: str, root: Any) -> dict[str, dict[str, str]]:
    """Return the keys of each secret with their base64 texts, by name of the secret."""
    contents: dict[str, dict[str, str]] = {}
    if root is None:
        return contents
    key_count = 0
    for name, secret_node in _entries(path, root):
        content: dict[str, str] = {}
        for key, value_node in _entries(path, secret_node):
            key_count += 1
            # The value of a scalar node is a text. The value of another node is a list.
            if not isinstance(value_node.value, str) or key_count > _MAX_KEYS:
                raise _format_error(path)
            content[key] = value_node.value
        contents[name] = content
    return contents


def _entries(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    """Yield each key of a mapping node with the node of its value."""
    if getattr(node, "id", "") != "mapping":
        raise _format_error(path)
    for key_node, value_node in node.value:
        if not isinstance(key_node.value, str):
            raise _format_error(path)
        yield key_node.value, value_node


def _make_secret(path: str, name: str, content: dict[str, str]) -> BaseSecretSchema:
    """Return a secret. ``content`` contains the values in base64, and the schema under :data:`_SCHEMA_KEY`."""
    schema = content.pop(_SCHEMA_KEY, None)
    if schema is None:
        raise _format_error(path)
    names.check_name(name, from_file=True)
    for key in content:
        names.check_key(key, name=name, from_file=True)
    decoded_content = None
    with suppress(binascii.Error, ValueError):
        decoded_content = {key: base64.b64decode(text, validate=True).decode() for key, text in content.items()}
    if decoded_content is None:
        raise _format_error(path)
    return schema_or_fallback(schema).from_content(name, decoded_content)


def _format_error(path: str) -> UnreadableFileError:
    """Return the error for a file that does not have ZenML's format."""
    message = f"The file {path!r} is not a secrets file of ZenML's local secrets manager, with schemas and values in base64."
    return UnreadableFileError(message, hint="To import another file: %secret import FILE")
