"""Stacks in YAML files: export without sensitive values, and import that also registers missing components.

The layout is that of ZenML's export of a stack, which can be imported too. A file of this package also lists the secrets that the stack
requires, and the sensitive attributes that the export left out because they hold a plain value and not a reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
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
    """A component in a file.

    ``left_out`` has the names of the sensitive attributes whose values are not in the file.
    """

    name: str
    flavor: str
    attributes: dict[str, Any]
    left_out: tuple[str, ...] = ()


class StackDescription(NamedTuple):
    """A stack in a file.

    Attributes:
        name: The name.
        components: The components by type.
        schemas: The types of the schemas of the required secrets, by name of the secret, if known.
        zenml_secrets_file: The file with the secrets of ZenML's local secrets manager, which ZenML's export does not contain. The path is
            relative to ZenML's own folder. It is empty if the file is not an export of ZenML, or its secrets manager is not local.
    """

    name: str
    components: dict[ComponentType, ComponentDescription]
    schemas: dict[str, str]
    zenml_secrets_file: str = ""


def export_stack(workspace: Workspace, name: str | None = None) -> tuple[str, list[str]]:
    """Return a stack as YAML without sensitive values, and the attributes that were left out.

    An example of an attribute is ``alerter 'slack'.slack_token``.

    Raises:
        StackNotFoundError: If the stack does not exist.
    """
    import yaml

    record = workspace.stack_record(name)
    components, left_out, required_keys = {}, [], dict[str, list[str]]()
    for component_type, component_name in record.components.items():
        component = workspace.component(component_type, component_name)
        # The workspace encrypts the sensitive attributes that hold a plain value and no reference.
        sealed_names = component.sealed.names if component.sealed else ()
        clear_attributes = {key: value for key, value in component.attributes.items() if key not in sealed_names}
        components[component_type.value] = {"name": component.name, "flavor": component.flavor, "configuration": clear_attributes}
        if sealed_names:
            components[component_type.value]["left_out"] = list(sealed_names)
            left_out += [f"{component_type.label} {component.name!r}.{attribute}" for attribute in sealed_names]
        for text in _reference_texts(clear_attributes):
            for reference in find_references(text):
                keys = required_keys.setdefault(reference.name, [])
                if reference.key not in keys:
                    keys.append(reference.key)
    schemas = _list_schemas(workspace, record)
    secrets = [{"name": secret_name, **_schema_entry(schemas, secret_name), "keys": keys} for secret_name, keys in required_keys.items()]
    document = {"stack_name": record.name, "zensecrets_stack": VERSION, "components": components, "secrets": secrets}
    yaml_text: str = yaml.safe_dump(document, sort_keys=False, width=1000)
    return yaml_text, left_out


def read_stack(path: str) -> StackDescription:
    """Return the stack that a file describes; nothing is registered.

    Raises:
        UnreadableFileError: If the file can't be read, is not YAML, or does not describe a stack.
    """
    document = _parse(path)
    if not isinstance(document, dict) or not isinstance(document.get("components"), dict):
        raise _unreadable_error(path, "does not describe a stack", "Export one: %stack export NAME FILE")
    # ZenML's export does not have this key.
    if document.get("zensecrets_stack", VERSION) != VERSION:
        raise _unreadable_error(path, "was written by a newer version of this package", "Update this package.")
    types_by_name = {component_type.value: component_type for component_type in ComponentType}
    components = {}
    for type_name, description in document["components"].items():
        if type_name not in types_by_name:
            problem = f"names {quote_untrusted(str(type_name))}, which is not a component type"
            raise _unreadable_error(path, problem, did_you_mean(str(type_name), types_by_name))
        components[types_by_name[type_name]] = _parse_component(path, type_name, description)
    secrets = document.get("secrets") or []
    secret_entries = [secret for secret in secrets if isinstance(secret, dict)] if isinstance(secrets, list) else []
    schemas = {str(secret["name"]): str(secret["schema"]) for secret in secret_entries if secret.get("name") and secret.get("schema")}
    return StackDescription(str(document.get("stack_name") or ""), components, schemas, _find_zenml_secrets_file(document))


def missing_sensitive_attributes(workspace: Workspace, description: StackDescription) -> dict[ComponentType, tuple[str, ...]]:
    """Return the sensitive attributes that are not in the file, for each component to register.

    Raises:
        ComponentExistsError: If a component with the same name has other attributes.
    """
    return {
        component_type: component.left_out
        for component_type, component in description.components.items()
        if component.left_out and _find_existing(workspace, component_type, component) is None
    }


def import_stack(
    workspace: Workspace, description: StackDescription, name: str, sensitive: Mapping[ComponentType, Mapping[str, str]] | None = None
) -> tuple[StackRecord, list[ComponentRecord]]:
    """Register a stack and its missing components; return the record of the stack and those of the new components.

    If an error occurs, the new components are deleted again.

    Args:
        workspace: The workspace.
        description: The description from the file.
        name: The name of the stack.
        sensitive: The values of the sensitive attributes that are not in the file, by attribute, for each component to register.

    Raises:
        StackExistsError: If a stack has that name.
        ComponentExistsError: If a component with the same name has other attributes.
        ZenSecretsError: The errors of registering a component or the stack.
    """
    if name in {record.name for record in workspace.stacks()}:
        message = f"Stack {name!r} exists already; nothing was imported."
        raise StackExistsError(message, stack=name, hint="Import it under another name: %stack import NAME -f FILE")
    new_components: list[ComponentRecord] = []
    is_complete = False
    try:
        for component_type, component in description.components.items():
            if _find_existing(workspace, component_type, component) is None:
                attributes = {**component.attributes, **(sensitive or {}).get(component_type, {})}
                new_components.append(workspace.register_component(component_type, component.name, component.flavor, attributes))
        names = {component_type: component.name for component_type, component in description.components.items()}
        record = workspace.register_stack(name, names)
        is_complete = True
    finally:
        if not is_complete:
            _delete_components(workspace, new_components)
    return record, new_components


def _parse(path: str) -> Any:
    """Return the content of a YAML file."""
    import yaml

    text = read_text(path)
    exceeded_limit = describe_exceeded_yaml_limit(text)
    if exceeded_limit:
        raise _unreadable_error(path, exceeded_limit, "Check that it is the right one.")
    line = 1
    try:
        return yaml.load(text, Loader=yaml_loader())  # noqa: S506 - yaml_loader returns a safe loader of PyYAML
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
    except (yaml.YAMLError, ValueError, RecursionError):
        pass
    raise _unreadable_error(path, f"is not YAML (line {line})", "Correct it there.")


def _delete_components(workspace: Workspace, components: list[ComponentRecord]) -> None:
    for component in reversed(components):
        # The deletion fails if another process uses the component by now. A component that is left over does no harm.
        with suppress(ZenSecretsError):
            workspace.delete_component(component.type, component.name)


def _find_existing(workspace: Workspace, component_type: ComponentType, description: ComponentDescription) -> ComponentRecord | None:
    """Return the registered component that a description describes, or ``None`` if no component has its name.

    Raises:
        ComponentExistsError: If a component has the name and other attributes.
    """
    same_name_records = [record for record in workspace.components(component_type) if record.name == description.name]
    if not same_name_records:
        return None
    record = same_name_records[0]
    sealed_names = record.sealed.names if record.sealed else ()
    # The workspace may have encrypted an attribute that the file has in clear text. An example is ``authentication_secret`` with the name
    # of a secret: if the secret did not exist at the registration, the name looked like a sensitive value. Encrypted attributes are
    # compared only if the file has them.
    attributes = workspace.attributes(record) if set(sealed_names) & set(description.attributes) else record.attributes
    registered_attributes = {key: value for key, value in attributes.items() if key not in sealed_names or key in description.attributes}
    if record.flavor == description.flavor and set(description.left_out) <= set(sealed_names):
        described_attributes = {
            key: value.to_json() if isinstance(value, RawText) else value for key, value in description.attributes.items()
        }
        remove_defaults = partial(_remove_defaults, component_type, description.flavor)
        if remove_defaults(registered_attributes) == remove_defaults(described_attributes):
            return record
    message = f"The {component_type.label} {description.name!r} exists with other attributes than in the file; nothing was imported."
    raise ComponentExistsError(message, hint=f"Rename the existing one: %zen {component_type.command} rename {description.name} NEW_NAME")


def _remove_defaults(component_type: ComponentType, flavor: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes under the names of this package, without those that have their default.

    ZenML's export contains all attributes. The workspace has only those that were set.

    Raises:
        UnknownFlavorError, FlavorUnavailableError: If the flavor is not known or not usable here.
    """
    stored = dict(attributes)
    if component_type is ComponentType.SECRETS_MANAGER:
        options = get_manager_flavor(flavor).options_model
        fields: Mapping[str, FieldInfo] = options.model_fields
        # ``with_our_names`` raises ValueError if one attribute is given under ZenML's name and under the name in this package. The
        # attributes then stay unchanged: they differ from those of any component, and the registration refuses them.
        with suppress(ValueError):
            stored = {name: value for name, value in options.with_our_names(attributes).items() if name not in options.REGISTRATION_ONLY}
    else:
        config = get_flavor(component_type.value, flavor)
        fields = config.model_fields
        stored = {name: value for name, value in attributes.items() if name not in config.IGNORED}
    return {name: value for name, value in stored.items() if name not in fields or fields[name].default != value}


def _find_zenml_secrets_file(document: Mapping[str, Any]) -> str:
    """Return the attribute ``zenml_secrets_file`` of a :class:`StackDescription`."""
    manager = document["components"].get(ComponentType.SECRETS_MANAGER.value)
    # Only ZenML's export has the key zenml_version.
    if "zenml_version" not in document or not isinstance(manager, dict) or manager.get("flavor") != "local":
        return ""
    if (manager.get("configuration") or {}).get("secrets_file"):
        # The secrets are in this file, which the import of the stack reads.
        return ""
    manager_id = str(manager.get("id"))
    # The id becomes a part of a path, so any other text than a UUID is ignored.
    is_uuid = re.fullmatch(r"[0-9a-f-]{36}", manager_id) is not None
    return f"local_stores/{manager_id}/secrets.yaml" if is_uuid else ""


def _parse_component(path: str, type_name: str, description: Any) -> ComponentDescription:
    """Return the component that an item of ``components`` in the file describes."""
    # ZenML's export may hold a list of components of one type, of which ZenML uses the first.
    component = description[0] if isinstance(description, list) and description else description
    required_keys = ("name", "flavor")
    if not isinstance(component, dict) or not all(isinstance(component.get(key), str) and component[key] for key in required_keys):
        raise _unreadable_error(path, f"lacks the name or the flavor of its {type_name}", "Export it again.")
    attributes = component.get("configuration") or {}
    left_out = component.get("left_out") or []
    if not isinstance(attributes, dict) or not isinstance(left_out, list):
        raise _unreadable_error(path, f"has no mapping of attributes for its {type_name}", "Export it again.")
    # ZenML's export has a null for each attribute that is not set.
    parsed_attributes = {key: RawText.from_json(value) for key, value in attributes.items() if value is not None}
    if type_name == ComponentType.SECRETS_MANAGER.value and parsed_attributes.get("scope") != "namespace":
        # ZenML stores a namespace even if the scope makes it ineffective.
        parsed_attributes.pop("namespace", None)
    return ComponentDescription(component["name"], component["flavor"], parsed_attributes, tuple(map(str, left_out)))


def _reference_texts(value: Any) -> Iterator[str]:
    """Yield each text in ``value`` that may hold references; raw texts are omitted."""
    if isinstance(value, str):
        yield value
    # The workspace stores a raw text as a dict with the single key "$literal".
    elif isinstance(value, Mapping) and value.keys() != {"$literal"}:
        for item in value.values():
            yield from _reference_texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _reference_texts(item)


def _list_schemas(workspace: Workspace, record: StackRecord) -> dict[str, str]:
    """Return the schemas of the stack's secrets by name, without reading a value; empty if they can't be listed."""
    name = record.components.get(ComponentType.SECRETS_MANAGER)
    try:
        manager = workspace.open_manager(name) if name else None
        if manager is None or Capability.LIST not in manager.capabilities:
            return {}
        return {summary.name: summary.schema for summary in manager.summaries() if summary.schema}
    except ZenSecretsError:
        return {}


def _schema_entry(schemas: Mapping[str, str], secret_name: str) -> dict[str, str]:
    """Return the item ``schema`` of a secret in the file; empty if the schema is ``arbitrary`` or unknown."""
    schema = schemas.get(secret_name, "arbitrary")
    return {} if schema == "arbitrary" else {"schema": schema}


def _unreadable_error(path: str, problem: str, hint: str) -> UnreadableFileError:
    return UnreadableFileError(f"The file {path!r} {problem}.", hint=hint)
