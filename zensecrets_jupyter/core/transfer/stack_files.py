"""Stacks in YAML files: export without any value, and import with the components that are missing.

The layout is that of ZenML's export of a stack, which can be imported too. A file of this package also lists the required secrets, and the
sensitive attributes that were left out because they hold a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from zensecrets_jupyter.core.errors import (
    ComponentExistsError,
    StackExistsError,
    UnreadableFileError,
    ZenSecretsError,
)
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.managers import get_flavor as get_manager_flavor
from zensecrets_jupyter.core.names import did_you_mean, quote_untrusted
from zensecrets_jupyter.core.reference import RawText, find_references
from zensecrets_jupyter.core.stack import ComponentType, get_flavor
from zensecrets_jupyter.core.system.input_limits import describe_exceeded_yaml_limit, yaml_loader
from zensecrets_jupyter.core.transfer.text_files import read_text

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from zensecrets_jupyter.core.workspace import ComponentRecord, StackRecord, Workspace

VERSION = 1
"""Version of the layout; a higher number is from a newer version of this package."""


class ComponentDescription(NamedTuple):
    """A component in a file; ``left_out`` are the sensitive attributes whose values the file does not hold."""

    name: str
    flavor: str
    attributes: dict[str, Any]
    left_out: tuple[str, ...] = ()


class StackDescription(NamedTuple):
    """A stack in a file.

    Attributes:
        name: The name.
        components: The components by type.
        schemas: The types of the schemas of the required secrets, if known.
        zenml_secrets_file: The file in which ZenML stores the secrets of a local secrets manager, which its export omits; may be empty.
    """

    name: str
    components: dict[ComponentType, ComponentDescription]
    schemas: dict[str, str]
    zenml_secrets_file: str = ""


def export_stack(workspace: Workspace, name: str | None = None) -> tuple[str, list[str]]:
    """Return a stack as a YAML text without values, and the attributes that were left out, such as ``alerter 'slack'.slack_token``.

    Raises:
        StackNotFoundError: If the stack does not exist.
    """
    import yaml

    record = workspace.stack_record(name)
    components, left_out, needed = {}, [], dict[str, list[str]]()
    for component_type, component_name in record.components.items():
        component = workspace.component(component_type, component_name)
        sealed = component.sealed.names if component.sealed else ()
        clear = {key: value for key, value in component.attributes.items() if key not in sealed}
        components[component_type.value] = {"name": component.name, "flavor": component.flavor, "configuration": clear}
        if sealed:
            components[component_type.value]["left_out"] = list(sealed)
            left_out += [f"{component_type.label} {component.name!r}.{attribute}" for attribute in sealed]
        for found in (found for text in _texts(clear) for found in find_references(text)):
            needed.setdefault(found.name, [])
            if found.key not in needed[found.name]:
                needed[found.name].append(found.key)
    schemas = _schemas(workspace, record)
    secrets = [{"name": secret, **_schema(schemas, secret), "keys": keys} for secret, keys in needed.items()]
    document = {"stack_name": record.name, "zensecrets_stack": VERSION, "components": components, "secrets": secrets}
    text: str = yaml.safe_dump(document, sort_keys=False, width=1000)
    return text, left_out


def read_stack(path: str) -> StackDescription:
    """Return the stack that a file describes; nothing is registered.

    Raises:
        UnreadableFileError: If the file can't be read, is not YAML, or does not describe a stack.
    """
    found = _parse(path)
    if not isinstance(found, dict) or not isinstance(found.get("components"), dict):
        raise _unreadable(path, "does not describe a stack", "Export one: %stack export NAME FILE")
    if found.get("zensecrets_stack", VERSION) != VERSION:
        raise _unreadable(path, "was written by a newer version of this package", "Update this package.")
    types = {component_type.value: component_type for component_type in ComponentType}
    components = {}
    for word, description in found["components"].items():
        if word not in types:
            raise _unreadable(path, f"names {quote_untrusted(str(word))}, which is not a component type", did_you_mean(str(word), types))
        components[types[word]] = _parse_component(path, word, description)
    secrets = found.get("secrets") or []
    listed = [secret for secret in secrets if isinstance(secret, dict)] if isinstance(secrets, list) else []
    schemas = {str(secret["name"]): str(secret["schema"]) for secret in listed if secret.get("name") and secret.get("schema")}
    return StackDescription(str(found.get("stack_name") or ""), components, schemas, _find_zenml_secrets_file(found))


def missing_sensitive_attributes(workspace: Workspace, described: StackDescription) -> dict[ComponentType, tuple[str, ...]]:
    """Return the sensitive attributes that the file does not hold, for each component to register."""
    return {
        component_type: component.left_out
        for component_type, component in described.components.items()
        if component.left_out and _find_existing(workspace, component_type, component) is None
    }


def import_stack(
    workspace: Workspace, described: StackDescription, name: str, sealed: Mapping[ComponentType, Mapping[str, str]] | None = None
) -> tuple[StackRecord, list[ComponentRecord]]:
    """Register a stack and its missing components, or nothing if something fails; return both.

    Args:
        workspace: The workspace.
        described: The description from the file.
        name: The name of the stack.
        sealed: The sensitive attributes that the file does not hold.

    Raises:
        StackExistsError: If a stack has that name.
        ComponentExistsError: If a component with the same name has other attributes.
        ZenSecretsError: The errors of registering a component or the stack.
    """
    if name in {record.name for record in workspace.stacks()}:
        message = f"Stack {name!r} exists already; nothing was imported."
        raise StackExistsError(message, stack=name, hint="Import it under another name: %stack import NAME -f FILE")
    new: list[ComponentRecord] = []
    done = False
    try:
        for component_type, component in described.components.items():
            if _find_existing(workspace, component_type, component) is None:
                attributes = {**component.attributes, **(sealed or {}).get(component_type, {})}
                new.append(workspace.register_component(component_type, component.name, component.flavor, attributes))
        chosen = {component_type: component.name for component_type, component in described.components.items()}
        record = workspace.register_stack(name, chosen)
        done = True
    finally:
        if not done:
            _delete_components(workspace, new)
    return record, new


def _parse(path: str) -> Any:
    import yaml

    text = read_text(path)
    exceeded = describe_exceeded_yaml_limit(text)
    if exceeded:
        raise _unreadable(path, exceeded, "Check that it is the right one.")
    line = 1
    try:
        return yaml.load(text, Loader=yaml_loader())  # noqa: S506 - yaml_loader returns a safe loader of PyYAML
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
    except (yaml.YAMLError, ValueError, RecursionError):
        pass
    raise _unreadable(path, f"is not YAML (line {line})", "Correct it there.")


def _delete_components(workspace: Workspace, components: list[ComponentRecord]) -> None:
    for component in reversed(components):
        # The deletion fails if another process uses the component by now. An unused component does no harm.
        with suppress(ZenSecretsError):
            workspace.delete_component(component.type, component.name)


def _find_existing(workspace: Workspace, component_type: ComponentType, described: ComponentDescription) -> ComponentRecord | None:
    same_name = [record for record in workspace.components(component_type) if record.name == described.name]
    if not same_name:
        return None
    record = same_name[0]
    sealed = record.sealed.names if record.sealed else ()
    # A clear text of the file may be sealed here, such as the name of a secret that did not exist yet.
    attributes = workspace.attributes(record) if set(sealed) & set(described.attributes) else record.attributes
    compared = {key: value for key, value in attributes.items() if key not in sealed or key in described.attributes}
    if record.flavor == described.flavor and set(described.left_out) <= set(sealed):
        chosen = {key: value.to_json() if isinstance(value, RawText) else value for key, value in described.attributes.items()}
        if _without_defaults(component_type, described.flavor, compared) == _without_defaults(component_type, described.flavor, chosen):
            return record
    message = f"The {component_type.label} {described.name!r} exists with other attributes than in the file; nothing was imported."
    raise ComponentExistsError(message, hint=f"Rename the existing one: %zen {component_type.command} rename {described.name} NEW_NAME")


def _without_defaults(component_type: ComponentType, flavor: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored form of attributes without default values, because ZenML's export contains all attributes.

    Raises:
        UnknownFlavorError, FlavorUnavailableError: If the flavor is not known or not usable here.
    """
    kept = dict(attributes)
    if component_type is ComponentType.SECRETS_MANAGER:
        options = get_manager_flavor(flavor).options_model
        fields: Mapping[str, FieldInfo] = options.model_fields
        # An attribute under both names equals nothing, and registration refuses it.
        with suppress(ValueError):
            kept = {name: value for name, value in options.with_our_names(attributes).items() if name not in options.ONCE}
    else:
        config = get_flavor(component_type.value, flavor)
        fields = config.model_fields
        kept = {name: value for name, value in attributes.items() if name not in config.IGNORED}
    return {name: value for name, value in kept.items() if name not in fields or fields[name].default != value}


def _find_zenml_secrets_file(found: Mapping[str, Any]) -> str:
    manager = found["components"].get(ComponentType.SECRETS_MANAGER.value)
    if "zenml_version" not in found or not isinstance(manager, dict) or manager.get("flavor") != "local":
        return ""
    elsewhere, identity = (manager.get("configuration") or {}).get("secrets_file"), str(manager.get("id"))
    return "" if elsewhere or not re.fullmatch(r"[0-9a-f-]{36}", identity) else f"local_stores/{identity}/secrets.yaml"


def _parse_component(path: str, word: str, description: Any) -> ComponentDescription:
    # ZenML's export may hold a list of components of one type, of which ZenML uses the first.
    found = description[0] if isinstance(description, list) and description else description
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) and found[key] for key in ("name", "flavor")):
        raise _unreadable(path, f"lacks the name or the flavor of its {word}", "Export it again.")
    attributes = found.get("configuration") or {}
    left_out = found.get("left_out") or []
    if not isinstance(attributes, dict) or not isinstance(left_out, list):
        raise _unreadable(path, f"has no mapping of attributes for its {word}", "Export it again.")
    given = {key: RawText.from_json(value) for key, value in attributes.items() if value is not None}
    if word == ComponentType.SECRETS_MANAGER.value and given.get("scope") != "namespace":
        # ZenML stores a namespace even if it has no effect.
        given.pop("namespace", None)
    return ComponentDescription(found["name"], found["flavor"], given, tuple(map(str, left_out)))


def _texts(value: Any) -> Iterator[str]:
    """Yield each text that may hold references."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and value.keys() != {"$literal"}:
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _schemas(workspace: Workspace, record: StackRecord) -> dict[str, str]:
    """Return the schemas of the stack's secrets from a listing, which reads no value."""
    name = record.components.get(ComponentType.SECRETS_MANAGER)
    try:
        manager = workspace.open_manager(name) if name else None
        if manager is None or Capability.LIST not in manager.capabilities:
            return {}
        return {summary.name: summary.schema for summary in manager.summaries() if summary.schema}
    except ZenSecretsError:
        return {}


def _schema(schemas: Mapping[str, str], secret: str) -> dict[str, str]:
    schema = schemas.get(secret, "arbitrary")
    return {} if schema == "arbitrary" else {"schema": schema}


def _unreadable(path: str, problem: str, hint: str) -> UnreadableFileError:
    return UnreadableFileError(f"The file {path!r} {problem}.", hint=hint)
