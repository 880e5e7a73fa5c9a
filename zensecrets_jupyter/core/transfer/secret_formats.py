"""File formats of secrets: ``.env``, JSON and YAML, written by users or by an export.

A user's file holds either the keys and values of one secret, or a mapping of names to keys and values. An export also holds the schemas,
and has the top-level key ``zensecrets_export``. Values are read as text: ``0042`` stays ``0042``, and ``yes`` stays ``yes``.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.errors import InvalidSecretError, StoreTooNewError, UnreadableFileError
from zensecrets_jupyter.core.managers import SecretRecord
from zensecrets_jupyter.core.names import check_key, check_name, quote_untrusted
from zensecrets_jupyter.core.system.input_limits import MAX_VALUES, TOO_MANY_VALUES, describe_exceeded_yaml_limit, yaml_loader

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMATS = ("env", "json", "yaml")
EXPORT_KEY = "zensecrets_export"
"""The key of an export's version, by which an export is recognized."""
VERSION = 1
"""Version of the export format; a higher number is from a newer version of this package."""

_SPLIT_HINT = "Split it, or check that it is the right one."
_ENV_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""A key that a ``.env`` file can hold."""


def format_of(path: str) -> str:
    """Return the format of a file by its name, or an empty text if the name does not state a format."""
    name = path.replace("\\", "/").rsplit("/", 1)[-1].lower()
    if name.startswith(".env") or name.endswith(".env"):
        return "env"
    return {"json": "json", "yaml": "yaml", "yml": "yaml"}.get(name.rsplit(".", 1)[-1], "")


def name_of(path: str) -> str:
    """Return the default name of a secret: the file name without suffix and leading dots, such as ``env`` for ``.env``."""
    name = path.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")
    return name.rsplit(".", 1)[0] if "." in name else name


def read(text: str, file_format: str, *, file: str, name: str, is_single: bool = False) -> dict[str, SecretRecord]:
    """Return the secrets in a text, by name.

    Args:
        text: The text.
        file_format: One of :data:`FORMATS`.
        file: The name of the file in errors.
        name: The name of the secret, if the file holds the keys and values of a single secret.
        is_single: Whether the file is expected to hold the keys and values of a single secret. An error then suggests a text for each key.

    Raises:
        UnreadableFileError: If the text does not follow the format, or a value is null, a list or a mapping. The error contains no value.
        InvalidSecretError: If a name or a key is not acceptable.
        StoreTooNewError: If a newer version of this package wrote it.
    """
    parsers = {"env": _parse_env, "json": _parse_json_mapping, "yaml": _parse_yaml_mapping}
    document = parsers[file_format](text, file)
    records = _parse_export(document, file) if EXPORT_KEY in document else _parse_plain(document, file, name, is_single=is_single)
    if not records:
        raise _unreadable_error(file, "holds no secrets", "Check that it is the right one.")
    for secret_name, record in records.items():
        check_name(secret_name, from_file=True)
        for key in record.content:
            check_key(key, name=secret_name, from_file=True)
    return records


def write(records: Mapping[str, SecretRecord], file_format: str) -> str:
    """Return the text of a file with these secrets; a ``.env`` file omits the schema.

    Raises:
        InvalidSecretError: If a ``.env`` file can't hold them.
    """
    if file_format == "env":
        return _write_env(records)
    document = {
        EXPORT_KEY: VERSION,
        "secrets": {name: {"schema": record.schema, "content": _exact_strings(record.content)} for name, record in records.items()},
    }
    if file_format == "json":
        return json.dumps(document, indent=2) + "\n"
    import yaml

    text: str = yaml.safe_dump(document, sort_keys=False)
    return text


def parse_json(text: str, file: str) -> Any:
    """Return the content of a JSON text, with numbers as their original text.

    Raises:
        UnreadableFileError: If the text is not JSON, is nested too deeply, has too many values, or has an empty or duplicate key.
    """
    value_count = 0

    def make_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal value_count
        value_count += len(pairs)
        if value_count > MAX_VALUES:
            raise _unreadable_error(file, TOO_MANY_VALUES, _SPLIT_HINT)
        _check_keys(file, (key for key, _ in pairs))
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=make_dict, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        problem = f"is not JSON (line {error.lineno})"
    except RecursionError:
        problem = "is nested too deeply"
    raise _unreadable_error(file, problem, "Correct it there.")


def parse_yaml(text: str, file: str) -> Any:
    """Return the content of a YAML text, with scalars as their original text.

    A null is ``None``.

    Raises:
        UnreadableFileError: If the text is not YAML, exceeds a limit, or has an empty or duplicate key, or a list or mapping as a key.
    """
    import yaml

    exceeded_limit = describe_exceeded_yaml_limit(text)
    if exceeded_limit:
        raise _unreadable_error(file, exceeded_limit, _SPLIT_HINT)
    line = 1
    try:
        node = yaml.compose(text, Loader=yaml_loader())
        return None if node is None else _convert_node(node, file)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
    except (yaml.YAMLError, RecursionError):
        pass
    raise _unreadable_error(file, f"is not YAML (line {line})", "Correct it there.")


def _convert_node(node: Any, file: str) -> Any:
    """Return the dict, list, text or ``None`` that a node of the parsed YAML represents."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == "tag:yaml.org,2002:null" else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_convert_node(item, file) for item in node.value]
    # A YAML key may be a list or a mapping. It is treated as an empty key, which _check_keys refuses.
    keys = [key.value if isinstance(key, yaml.ScalarNode) else "" for key, _ in node.value]
    _check_keys(file, keys)
    return {key: _convert_node(item, file) for key, (_, item) in zip(keys, node.value, strict=True)}


def _parse_env(text: str, file: str) -> dict[str, Any]:
    from dotenv.parser import parse_stream

    pairs: list[tuple[str, str]] = []
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise _unreadable_error(file, f"can't be read as .env (line {binding.original.line})", "Write KEY=VALUE there.")
        if binding.key is None:
            # The line is empty or a comment.
            continue
        if binding.value is None:
            # The key is not shown, because a line without an equals sign may be a value.
            raise _unreadable_error(file, f"has no = in line {binding.original.line}", "Write KEY=VALUE there, or remove the line.")
        pairs.append((binding.key, binding.value))
        if len(pairs) > MAX_VALUES:
            raise _unreadable_error(file, TOO_MANY_VALUES, _SPLIT_HINT)
    _check_keys(file, (key for key, _ in pairs))
    return dict(pairs)


def _parse_json_mapping(text: str, file: str) -> dict[str, Any]:
    return _check_mapping(parse_json(text, file), file)


def _parse_yaml_mapping(text: str, file: str) -> dict[str, Any]:
    return _check_mapping(parse_yaml(text, file), file)


def _check_mapping(document: Any, file: str) -> dict[str, Any]:
    if isinstance(document, dict):
        return document
    raise _unreadable_error(file, "holds no mapping of keys to values", "Write names, keys and values.")


def _parse_plain(document: Mapping[str, Any], file: str, name: str, *, is_single: bool) -> dict[str, SecretRecord]:
    """Return the secrets of a file that is no export; the arguments are those of :func:`read`."""
    # In a file with several secrets, each key is the name of a secret and holds a mapping.
    keys_with_mapping = {key for key, value in document.items() if isinstance(value, dict)}
    # This error is for a mix of texts and mappings. If every key holds a mapping, the file has several secrets, and they are returned.
    if keys_with_mapping and is_single and len(keys_with_mapping) < len(document):
        raise _unreadable_error(file, f"holds a mapping under {quote_untrusted(next(iter(keys_with_mapping)))}", "Give each key a text.")
    if not keys_with_mapping:
        return {name: SecretRecord("arbitrary", _convert_content(name, document, file))} if document else {}
    for key in document:
        if key not in keys_with_mapping:
            raise _unreadable_error(
                file, f"mixes names and keys: {quote_untrusted(key)} holds no keys, and others do", "Put each key under a name."
            )
    return {key: SecretRecord("arbitrary", _convert_content(key, content, file)) for key, content in document.items()}


def _parse_export(document: Mapping[str, Any], file: str) -> dict[str, SecretRecord]:
    version = str(document[EXPORT_KEY])
    # A damaged file may have any text here, so the error shows only its start.
    if version != str(VERSION):
        raise StoreTooNewError(
            f"The export {file!r} has version {version[:10]!r}, and this package reads {VERSION}.", hint="Update this package."
        )
    secrets = document.get("secrets")
    records = {}
    for name, secret in _check_mapping(secrets, file).items():
        schema = secret.get("schema") if isinstance(secret, dict) else None
        if not isinstance(schema, str):
            raise _unreadable_error(file, f"does not state the schema of {quote_untrusted(name)}", "Export it again.")
        records[name] = SecretRecord(schema, _convert_content(name, _check_mapping(secret.get("content"), file), file))
    return records


def _convert_content(name: str, content: Mapping[str, Any], file: str) -> dict[str, str]:
    """Return the content of the secret ``name`` with all values as texts."""
    texts = {}
    for key, value in content.items():
        # Only JSON has booleans here; parse_yaml returns the original text, such as ``yes``.
        if isinstance(value, bool):
            texts[key] = "true" if value else "false"
        elif isinstance(value, str):
            texts[key] = value
        else:
            problem = "no value" if value is None else "a value that is not a text"
            raise _unreadable_error(
                file, f"has {problem} for {quote_untrusted(key)} of {quote_untrusted(name)}", "Write a text, in quotes if necessary."
            )
    return texts


def _write_env(records: Mapping[str, SecretRecord]) -> str:
    if len(records) != 1:
        message = f"A .env file holds one secret, and the export has {len(records)}."
        raise InvalidSecretError(message, hint="Export to .json or .yaml, or one secret at a time.")
    ((name, record),) = records.items()
    lines = []
    for key, value in _exact_strings(record.content).items():
        escaped_value = value.replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"{key}='{escaped_value}'\n")
    text = "".join(lines)
    # The text is read back, because a .env file can't hold every key and value.
    try:
        is_unchanged = all(map(_ENV_KEY.fullmatch, record.content)) and _parse_env(text, name) == dict(record.content)
    except UnreadableFileError:
        is_unchanged = False
    if not is_unchanged:
        message = f"A .env file can't hold secret {name!r}: a key is not a valid variable name, or a value can't be quoted."
        raise InvalidSecretError(message, name=name, hint="Export to .json or .yaml.")
    return text


def _exact_strings(content: Mapping[str, str]) -> dict[str, str]:
    """Return the content with each value as a ``str`` and not as an instance of a subclass, which PyYAML can't write."""
    return {str(key): str.__str__(value) for key, value in content.items()}


def _check_keys(file: str, keys: Iterable[str]) -> None:
    """Raise UnreadableFileError if a key is empty or occurs twice."""
    earlier_keys: set[str] = set()
    for key in keys:
        if not key:
            raise _unreadable_error(file, "has an empty key", "Remove it.")
        if key in earlier_keys:
            raise _unreadable_error(file, f"has {quote_untrusted(key)} twice", "Remove one of the two.")
        earlier_keys.add(key)


def _unreadable_error(file: str, problem: str, hint: str) -> UnreadableFileError:
    return UnreadableFileError(f"The file {file!r} {problem}.", hint=hint)
