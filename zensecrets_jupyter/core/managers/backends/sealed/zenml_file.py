"""The file in which ZenML 0.20's local secrets manager keeps its secrets: YAML, with each value in base64 and so in clear."""

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
"""Bytes that such a file has at most."""
_MOST_KEYS = 100_000
_SCHEMA = "zenml_schema_name"
"""The key in each secret under which ZenML keeps the type of its schema."""


def read_secrets_file(path: str) -> list[BaseSecretSchema]:
    """Return the secrets of the file; none if there is no such file, as ZenML makes it with the first secret.

    Raises:
        UnreadableFileError: If it can't be read, or is no such file; the error never holds content.
        InvalidSecretError: If a secret does not follow its schema, or its name or a key is not acceptable.
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
        problem = f"holds more than {LARGEST // 1024 // 1024} MiB"
    if not problem:
        try:
            return [_secret(path, name, content) for name, content in _secrets(path, _parsed(data)).items()]
        except UnicodeDecodeError:
            problem = "is no UTF-8 text"
    raise UnreadableFileError(f"The file {path!r} {problem}.", hint="Check the path of --secrets_file.")


def _parsed(data: bytes) -> Any:
    """Return the YAML's root node; ``None`` if it is empty or no YAML. Nothing is made of it, so that aliases cost nothing."""
    import yaml

    try:
        return yaml.compose(data.decode("utf-8-sig"), Loader=yaml_loader())
    except (yaml.YAMLError, RecursionError):
        return ()


def _secrets(path: str, root: Any) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if root is None:
        return found
    keys = 0
    for name, node in _pairs(path, root):
        content: dict[str, str] = {}
        for key, value in _pairs(path, node):
            keys += 1
            if not isinstance(value.value, str) or keys > _MOST_KEYS:
                raise _no_such_file(path)
            content[key] = value.value
        found[name] = content
    return found


def _pairs(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    if getattr(node, "id", "") != "mapping":
        raise _no_such_file(path)
    for key, value in node.value:
        if not isinstance(key.value, str):
            raise _no_such_file(path)
        yield key.value, value


def _secret(path: str, name: str, content: dict[str, str]) -> BaseSecretSchema:
    schema = content.pop(_SCHEMA, None)
    if schema is None:
        raise _no_such_file(path)
    names.check_name(name, from_file=True)
    for key in content:
        names.check_key(key, name=name, from_file=True)
    texts = None
    with suppress(binascii.Error, ValueError):
        texts = {key: base64.b64decode(text, validate=True).decode() for key, text in content.items()}
    if texts is None:
        raise _no_such_file(path)
    return schema_or_fallback(schema).from_content(name, texts)


def _no_such_file(path: str) -> UnreadableFileError:
    message = f"The file {path!r} is none of ZenML's local secrets manager: names, and for each the schema and values in base64."
    return UnreadableFileError(message, hint="Other files: %secret import FILE")
