"""The formats of files with secrets: ``.env``, JSON and YAML, as people write them and as an export does.

A file that people write holds keys and values, and then is one secret, or names with keys and values inside. An export also says the
schemas, under ``zensecrets_export``. Values are taken as they are written: ``0042`` stays ``0042``, ``yes`` stays ``yes``.
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
EXPORT = "zensecrets_export"
VERSION = 1
"""Version of what an export holds; one with a higher number was written by a newer version of this package."""

_SPLIT = "Split it, or check that it is the right one."
_ENV_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def format_of(path: str) -> str:
    """Return the format that a file's name stands for, or nothing."""
    name = path.replace("\\", "/").rsplit("/", 1)[-1].lower()
    if name.startswith(".env") or name.endswith(".env"):
        return "env"
    return {"json": "json", "yaml": "yaml", "yml": "yaml"}.get(name.rsplit(".", 1)[-1], "")


def name_of(path: str) -> str:
    """Return what a secret is called that a file without names holds: the file's name without its suffix and leading dots."""
    name = path.replace("\\", "/").rsplit("/", 1)[-1].lstrip(".")
    return name.rsplit(".", 1)[0] if "." in name else name


def read(text: str, file_format: str, *, where: str, name: str, is_one: bool = False) -> dict[str, SecretRecord]:
    """Return the secrets in ``text``, by name; a file without names, as each one has to be with ``is_one``, is one secret called ``name``.

    Raises:
        UnreadableFileError: If it does not follow the format, or holds something that is no text; the error never holds content.
        InvalidSecretError: If a name or a key is not acceptable.
        StoreTooNewError: If a newer version of this package wrote it.
    """
    found = _env(text, where) if file_format == "env" else _json(text, where) if file_format == "json" else _yaml(text, where)
    records = _exported(found, where) if EXPORT in found else _written(found, where, name, is_one=is_one)
    if not records:
        raise _problem(where, "holds no secrets", "Check that it is the right one.")
    for secret, record in records.items():
        check_name(secret, from_file=True)
        for key in record.content:
            check_key(key, name=secret, from_file=True)
    return records


def write(records: Mapping[str, SecretRecord], file_format: str) -> str:
    """Return a text that :func:`read` gives the same secrets of; an ``.env`` does not say the schema.

    Raises:
        InvalidSecretError: If an ``.env`` can't hold them.
    """
    if file_format == "env":
        return _write_env(records)
    document = {
        EXPORT: VERSION,
        "secrets": {name: {"schema": record.schema, "content": _plain(record.content)} for name, record in records.items()},
    }
    if file_format == "json":
        return json.dumps(document, indent=2) + "\n"
    import yaml

    text: str = yaml.safe_dump(document, sort_keys=False)
    return text


def parse_json(text: str, where: str) -> Any:
    """Return what a JSON text holds, numbers as they are written.

    Raises:
        UnreadableFileError: If it is no JSON, or has a key twice.
    """
    count = 0

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal count
        count += len(found)
        if count > MAX_VALUES:
            raise _problem(where, TOO_MANY_VALUES, _SPLIT)
        _refuse_twice(where, (key for key, _ in found))
        return dict(found)

    try:
        return json.loads(text, object_pairs_hook=pairs, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        problem = f"is no JSON (line {error.lineno})"
    except RecursionError:
        problem = "is nested too deeply"
    raise _problem(where, problem, "Mend it there.")


def parse_yaml(text: str, where: str) -> Any:
    """Return what a YAML text holds, every scalar as it is written and ``None`` for none.

    Raises:
        UnreadableFileError: If it is no YAML, has a key twice, or uses more of YAML than texts, lists and mappings.
    """
    import yaml

    over = describe_exceeded_yaml_limit(text)
    if over:
        raise _problem(where, over, _SPLIT)
    line = 1
    try:
        node = yaml.compose(text, Loader=yaml_loader())
        return None if node is None else _of_node(node, where)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
    except (yaml.YAMLError, RecursionError):
        pass
    raise _problem(where, f"is no YAML (line {line})", "Mend it there.")


def _of_node(node: Any, where: str) -> Any:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return None if node.tag == "tag:yaml.org,2002:null" else node.value
    if isinstance(node, yaml.SequenceNode):
        return [_of_node(item, where) for item in node.value]
    keys = [key.value if isinstance(key, yaml.ScalarNode) else "" for key, _ in node.value]
    _refuse_twice(where, keys)
    return {key: _of_node(item, where) for key, (_, item) in zip(keys, node.value, strict=True)}


def _env(text: str, where: str) -> dict[str, Any]:
    from dotenv.parser import parse_stream

    found: list[tuple[str, str]] = []
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            raise _problem(where, f"can't be read as .env (line {binding.original.line})", "Write KEY=VALUE there.")
        if binding.key is None:
            continue
        if binding.value is None:
            # Not the key: what has no sign of equality may be a value.
            raise _problem(where, f"has no = in line {binding.original.line}", "Write KEY=VALUE there, or take the line out.")
        found.append((binding.key, binding.value))
        if len(found) > MAX_VALUES:
            raise _problem(where, TOO_MANY_VALUES, _SPLIT)
    _refuse_twice(where, (key for key, _ in found))
    return dict(found)


def _json(text: str, where: str) -> dict[str, Any]:
    return _mapping(parse_json(text, where), where)


def _yaml(text: str, where: str) -> dict[str, Any]:
    return _mapping(parse_yaml(text, where), where)


def _mapping(found: Any, where: str) -> dict[str, Any]:
    if isinstance(found, dict):
        return found
    raise _problem(where, "holds no mapping of keys to values", "Write names, keys and values.")


def _written(found: Mapping[str, Any], where: str, name: str, *, is_one: bool) -> dict[str, SecretRecord]:
    nested = {key for key, value in found.items() if isinstance(value, dict)}
    if nested and is_one and len(nested) < len(found):
        raise _problem(where, f"holds a mapping under {quote_untrusted(next(iter(nested)))}", "Give each key a text.")
    if not nested:
        return {name: SecretRecord("arbitrary", _content(name, found, where))} if found else {}
    for key in found:
        if key not in nested:
            raise _problem(
                where, f"mixes names and keys: {quote_untrusted(key)} holds no keys, and others do", "Put each key under a name."
            )
    return {secret: SecretRecord("arbitrary", _content(secret, content, where)) for secret, content in found.items()}


def _exported(found: Mapping[str, Any], where: str) -> dict[str, SecretRecord]:
    version = str(found[EXPORT])
    if version != str(VERSION):
        raise StoreTooNewError(
            f"The export {where!r} has version {version[:10]!r}, and this package reads {VERSION}.", hint="Update this package."
        )
    secrets = found.get("secrets")
    records = {}
    for name, secret in _mapping(secrets, where).items():
        schema = secret.get("schema") if isinstance(secret, dict) else None
        if not isinstance(schema, str):
            raise _problem(where, f"does not say the schema of {quote_untrusted(name)}", "Export it again.")
        records[name] = SecretRecord(schema, _content(name, _mapping(secret.get("content"), where), where))
    return records


def _content(name: str, content: Mapping[str, Any], where: str) -> dict[str, str]:
    texts = {}
    for key, value in content.items():
        if isinstance(value, bool):
            texts[key] = "true" if value else "false"
        elif isinstance(value, str):
            texts[key] = value
        else:
            what = "no value" if value is None else "something that is no text"
            raise _problem(
                where, f"has {what} for {quote_untrusted(key)} of {quote_untrusted(name)}", "Write a text, in quotes if need be."
            )
    return texts


def _write_env(records: Mapping[str, SecretRecord]) -> str:
    if len(records) != 1:
        message = f"An .env holds one secret, and {len(records)} are to be exported."
        raise InvalidSecretError(message, hint="Export to .json or .yaml, or one after the other.")
    ((name, record),) = records.items()
    lines = []
    for key, value in _plain(record.content).items():
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"{key}='{quoted}'\n")
    text = "".join(lines)
    try:
        same = all(map(_ENV_KEY.fullmatch, record.content)) and _env(text, name) == dict(record.content)
    except UnreadableFileError:
        same = False
    if not same:
        message = f"An .env can't hold secret {name!r}: one of its keys is no variable's name, or a value has no spelling there."
        raise InvalidSecretError(message, name=name, hint="Export to .json or .yaml.")
    return text


def _plain(content: Mapping[str, str]) -> dict[str, str]:
    return {str(key): str.__str__(value) for key, value in content.items()}


def _refuse_twice(where: str, keys: Iterable[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if not key:
            raise _problem(where, "has an empty key", "Take it out.")
        if key in seen:
            raise _problem(where, f"has {quote_untrusted(key)} twice", "Take one of the two out.")
        seen.add(key)


def _problem(where: str, problem: str, hint: str) -> UnreadableFileError:
    return UnreadableFileError(f"The file {where!r} {problem}.", hint=hint)
