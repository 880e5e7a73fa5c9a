"""Registration, update, renaming, copying and deletion of components."""

from __future__ import annotations

import shutil
import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.errors import FlavorUnavailableError, InvalidComponentError, ZenSecretsError
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.names import check_name
from zensecrets_jupyter.core.text import counted
from zensecrets_jupyter.core.workspace.checks import (
    check_attributes,
    check_registration_name,
    get_component,
    initial_secrets,
    refuse_duplicate,
    removal_hint,
    stored_names,
)
from zensecrets_jupyter.core.workspace.records import ComponentRecord, ExistingAttributes, SealedValues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.workspace.component_loader import ComponentLoader
    from zensecrets_jupyter.core.workspace.database import WorkspaceDatabase
    from zensecrets_jupyter.core.workspace.writer import Writer

_Result = TypeVar("_Result")


class ComponentChanges:
    """Changes to the components of one workspace; a failed change changes nothing."""

    def __init__(self, database: WorkspaceDatabase, loader: ComponentLoader) -> None:
        """Change ``database``; ``loader`` opens the secrets managers that a change concerns."""
        self._database = database
        self._loader = loader

    def register(self, component_type: ComponentType, name: str, flavor: str, attributes: Mapping[str, Any]) -> ComponentRecord:
        """Register a component; see :meth:`Workspace.register_component`."""
        check_registration_name(component_type.label_with_article, name)
        attributes, secrets = initial_secrets(component_type, flavor, attributes)
        clear_attributes, sensitive_attributes = check_attributes(
            component_type, flavor, attributes, ExistingAttributes(), self._is_secret_name
        )
        record = self._add(component_type, name, flavor, clear_attributes, sensitive_attributes)
        is_complete = False
        try:
            with self._import_secrets(record, secrets):
                # The block runs only if all secrets were imported.
                is_complete = True
        finally:
            # An interrupt by the user undoes the registration too.
            if not is_complete:
                self.delete(component_type, name)
        return record

    def update(self, component_type: ComponentType, name: str, attributes: Mapping[str, Any], remove: Iterable[str]) -> ComponentRecord:
        """Update the attributes of a component; see :meth:`Workspace.update_component`."""
        record = self._record(component_type, name)
        attributes, secrets = initial_secrets(component_type, record.flavor, attributes)
        with self._import_secrets(record, secrets):
            return self._change_attributes(component_type, name, attributes, list(remove))

    def _change_attributes(
        self, component_type: ComponentType, name: str, attributes: Mapping[str, Any], removed_names: list[str]
    ) -> ComponentRecord:
        """Set and remove attributes of a component; try again if another process changes the component at the same time."""
        while True:
            record = self._record(component_type, name)
            remaining_attributes = self._database.attributes(record)
            for attribute in stored_names(record, removed_names):
                if attribute not in remaining_attributes:
                    message = f"The {component_type.label} {name!r} has no attribute {attribute!r} to remove."
                    raise InvalidComponentError(message, hint=f"Its attributes are {', '.join(remaining_attributes) or 'none'}.")
                del remaining_attributes[attribute]
            clear_names = [attribute for attribute in record.clear_names if attribute in remaining_attributes]
            existing = ExistingAttributes(remaining_attributes, clear_names)
            clear_attributes, sensitive_attributes = check_attributes(
                component_type, record.flavor, attributes, existing, self._is_secret_name
            )
            changed_record = self._write(record.id, sensitive_attributes, partial(_change_if_current, record, clear_attributes))
            if changed_record is not None:
                return changed_record

    def rename(self, component_type: ComponentType, name: str, new_name: str) -> ComponentRecord:
        """Rename a component; see :meth:`Workspace.rename_component`."""
        check_registration_name(component_type.label_with_article, new_name)
        with self._database.write() as writer:
            record = get_component(writer.state, component_type, name)
            refuse_duplicate(writer.state, component_type, new_name)
            return writer.rename_component(record, new_name)

    def copy(self, component_type: ComponentType, name: str, new_name: str) -> ComponentRecord:
        """Register a copy of a component; see :meth:`Workspace.copy_component`."""
        check_registration_name(component_type.label_with_article, new_name)
        record = self._record(component_type, name)
        # All attributes are decrypted. Then the sensitive ones are moved to the second mapping.
        clear_attributes = self._database.attributes(record)
        sensitive_attributes = {attribute: clear_attributes.pop(attribute) for attribute in (record.sealed.names if record.sealed else ())}
        return self._add(component_type, new_name, record.flavor, clear_attributes, sensitive_attributes)

    def delete(self, component_type: ComponentType, name: str) -> None:
        """Delete a component; see :meth:`Workspace.delete_component`."""
        record = self._record(component_type, name)
        if component_type is ComponentType.SECRETS_MANAGER:
            self._refuse_local_secrets(record)
        with self._database.write() as writer:
            # The record is read again, because another process may have changed it before this transaction.
            record = get_component(writer.state, component_type, name)
            stack_names = [stack.name for stack in writer.state.stacks.values() if stack.components.get(component_type) == name]
            if stack_names:
                message = f"The {component_type.label} {name!r} is part of stack {', '.join(map(repr, sorted(stack_names)))}."
                raise InvalidComponentError(message, hint=removal_hint(stack_names[0], component_type))
            writer.delete_component(record)
        shutil.rmtree(self._loader.folder(record), ignore_errors=True)

    def _record(self, component_type: ComponentType, name: str) -> ComponentRecord:
        return get_component(self._database.state(), component_type, name)

    def _add(
        self,
        component_type: ComponentType,
        name: str,
        flavor: str,
        clear_attributes: Mapping[str, Any],
        sensitive_attributes: Mapping[str, Any],
    ) -> ComponentRecord:
        component_id = str(uuid.uuid4())
        # This check prevents a useless passphrase prompt. `add` checks again in the transaction, because another process may add the name
        # in the meantime.
        refuse_duplicate(self._database.state(), component_type, name)

        def add(writer: Writer, sealed: SealedValues | None) -> ComponentRecord:
            refuse_duplicate(writer.state, component_type, name)
            return writer.add_component(component_id, component_type, name, flavor, clear_attributes, sealed)

        return self._write(component_id, sensitive_attributes, add)

    def _write(
        self, component_id: str, sensitive_attributes: Mapping[str, Any], work: Callable[[Writer, SealedValues | None], _Result]
    ) -> _Result:
        """Encrypt the sensitive attributes, call ``work`` in a transaction with the result, and return the result of ``work``."""
        if sensitive_attributes:
            return self._database.write_sealed(lambda writer: work(writer, writer.seal_attributes(component_id, sensitive_attributes)))
        with self._database.write() as writer:
            return work(writer, None)

    @contextmanager
    def _import_secrets(self, record: ComponentRecord, secrets: Iterable[BaseSecretSchema]) -> Iterator[None]:
        """Register secrets in a manager and run the block.

        If one of the two fails, the registered secrets are deleted again. ``secrets`` is empty if ``record`` is not a secrets manager.
        """
        registered_names: list[str] = []
        is_complete = False
        try:
            for secret in secrets:
                self._loader.manager(record).register_secret(secret)
                registered_names.append(secret.name)
            yield
            is_complete = True
        finally:
            if not is_complete:
                for name in registered_names:
                    self._loader.manager(record).delete_secret(name)

    def _is_secret_name(self, text: str) -> bool:
        """Return whether the active stack's secrets manager lists a secret with the name ``text``."""
        try:
            check_name(text)
            manager = self._loader.stack().secrets_manager
            return Capability.LIST in manager.capabilities and text in manager.list_secrets()
        except ZenSecretsError:
            return False

    def _refuse_local_secrets(self, record: ComponentRecord) -> None:
        """Raise InvalidComponentError if a local secrets manager still holds secrets."""
        try:
            manager = self._loader.manager(record)
            secrets = manager.list_secrets() if manager.is_local and Capability.LIST in manager.capabilities else []
        except FlavorUnavailableError:
            # Without its flavor, the manager can't list its secrets. Its registration can be deleted anyway.
            return
        if secrets:
            message = f"Secrets manager {record.name!r} still holds {counted(len(secrets), 'secret')}."
            hint = f"Delete them first, with a stack that has it: %secret cleanup, or keep a copy: %secret export {secrets[0]} … FILE"
            raise InvalidComponentError(message, hint=hint)


def _change_if_current(
    record: ComponentRecord, clear_attributes: Mapping[str, Any], writer: Writer, sealed: SealedValues | None
) -> ComponentRecord | None:
    """Replace the attributes of a component.

    The result is ``None``, and nothing is written, if the component has changed since ``record`` was read.
    """
    return writer.change_component(record, clear_attributes, sealed) if writer.state.components.get(record.id) == record else None
