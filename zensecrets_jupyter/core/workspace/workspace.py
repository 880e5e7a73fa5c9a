"""The workspace of one folder: a facade over its database, components and stacks.

The database is one SQLite file under ``ZENSECRETS_HOME``, which several kernels, terminals and servers use at the same time. Sensitive
attributes with plain values are encrypted there with the workspace's own data key.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core import settings
from zensecrets_jupyter.core.component_types import ComponentType
from zensecrets_jupyter.core.errors import SettingsError
from zensecrets_jupyter.core.interaction import RequiredPassphrase, ask_passphrase
from zensecrets_jupyter.core.stack import resolve_text
from zensecrets_jupyter.core.workspace.checks import get_component, get_stack
from zensecrets_jupyter.core.workspace.component_changes import ComponentChanges
from zensecrets_jupyter.core.workspace.component_loader import ComponentLoader
from zensecrets_jupyter.core.workspace.database import WorkspaceDatabase
from zensecrets_jupyter.core.workspace.stack_changes import StackChanges

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.stack import Stack, StackComponent
    from zensecrets_jupyter.core.workspace.records import ComponentRecord, StackRecord


class Workspace:
    """The registered components and stacks of one folder.

    Every method that has the name of a component or stack as an argument raises ComponentNotFoundError or StackNotFoundError if that
    component or stack does not exist. The error suggests similar names. The docstrings name further errors. A failed call changes nothing.
    """

    def __init__(self, home: Path) -> None:
        """Use the folder ``home``; nothing is created before the first use."""
        self.home = home
        self._database = WorkspaceDatabase(home, ask_passphrase)
        self._loader = ComponentLoader(home, self._database, RegisteredManager)
        self._component_changes = ComponentChanges(self._database, self._loader)
        self._stack_changes = StackChanges(self._database)

    def __repr__(self) -> str:
        """Return the folder."""
        return f"<Workspace {str(self.home)!r}>"

    @property
    def required_passphrase(self) -> RequiredPassphrase | None:
        """Description of the passphrase prompt that access to a sensitive attribute will show.

        It is ``None`` if no prompt is needed.
        """
        return self._database.required_passphrase

    # Components.

    def components(self, component_type: ComponentType | None = None) -> list[ComponentRecord]:
        """Return the registered components of one type, or of all, sorted by type and name."""
        records = self._database.state().components.values()
        selected = [record for record in records if component_type in {None, record.type}]
        return sorted(selected, key=lambda record: (record.type.value, record.name))

    def component(self, component_type: ComponentType, name: str) -> ComponentRecord:
        """Return the record of a component."""
        return get_component(self._database.state(), component_type, name)

    def register_component(self, component_type: ComponentType, name: str, flavor: str, attributes: Mapping[str, Any]) -> ComponentRecord:
        """Register a component and return its record.

        Raises:
            ComponentExistsError: If a component has that type and name.
            UnknownFlavorError, FlavorUnavailableError: If the flavor does not exist or is not usable here.
            InvalidComponentError, InvalidOptionsError, InvalidReferenceError: If the name or an attribute is not acceptable.
            UnreadableFileError: If a secrets manager imports secrets from a file that can't be read.
        """
        return self._component_changes.register(component_type, name, flavor, attributes)

    def update_component(
        self, component_type: ComponentType, name: str, attributes: Mapping[str, Any], *, remove: Iterable[str] = ()
    ) -> ComponentRecord:
        """Set attributes of a component, delete the attributes named in ``remove``, and return the component's record.

        Raises:
            InvalidComponentError, InvalidOptionsError, InvalidReferenceError: If the result is not acceptable.
            UnreadableFileError, SecretExistsError: If a secrets manager can't import the secrets of a file.
        """
        return self._component_changes.update(component_type, name, attributes, remove)

    def attributes(self, record: ComponentRecord) -> dict[str, Any]:
        """Return the attributes of a component with its encrypted values in clear text.

        Raises:
            ManagerLockedError: If there are encrypted values and the data key can't be opened.
            ManagerCorruptedError: If the data key is gone, or the encrypted values were altered.
        """
        return self._database.attributes(record)

    def rename_component(self, component_type: ComponentType, name: str, new_name: str) -> ComponentRecord:
        """Rename a component, also in its stacks, and return its record.

        Raises:
            ComponentExistsError: If another component has the new name.
            InvalidComponentError, InvalidReferenceError: If the new name is not acceptable.
        """
        return self._component_changes.rename(component_type, name, new_name)

    def copy_component(self, component_type: ComponentType, name: str, new_name: str) -> ComponentRecord:
        """Register a copy of a component; raises the errors of registration.

        The copy of a local secrets manager is empty.
        """
        return self._component_changes.copy(component_type, name, new_name)

    def delete_component(self, component_type: ComponentType, name: str) -> None:
        """Delete a component and its files in the workspace.

        Raises:
            InvalidComponentError: If the component is part of a stack, or is a local secrets manager that still holds secrets.
        """
        self._component_changes.delete(component_type, name)

    def open_component(self, component_type: ComponentType, name: str) -> StackComponent:
        """Return a component; its references resolve if the active stack contains it.

        Raises:
            FlavorUnavailableError: If its flavor is not defined in this process.
            InvalidComponentError: If its attributes no longer match its flavor.
        """
        return self._loader.component(self.component(component_type, name))

    def open_manager(self, name: str) -> SecretsManager:
        """Return a secrets manager.

        A process has one instance of each manager, until its registration or the class of its flavor changes.

        Raises:
            FlavorUnavailableError: If its flavor is not defined or not usable in this process.
        """
        return self._loader.manager(self.component(ComponentType.SECRETS_MANAGER, name))

    def manager_by_id(self, manager_id: str, name: str) -> SecretsManager:
        """Return the secrets manager with this id, or else the one with this name.

        A saved value has the id and the name of its manager. If the value is loaded on another machine, the manager with this name may
        have another id there.

        Raises:
            NoSecretsManagerError: If no registered secrets manager has that id or name.
        """
        return self._loader.manager_by_id(manager_id, name)

    def artifact_folder(self, store: StackComponent) -> Path:
        """Return the folder of a local artifact store, which may not exist yet.

        Raises:
            SettingsError: If its path starts with the home folder of an unknown user, as in ``~unknown/artifacts``.
        """
        if not store.path:
            return self.home / "artifact_stores" / store.id
        try:
            return settings.absolute_path(store.path)
        except ValueError as error:
            message = f"The path of artifact store {store.name!r} can't be used: {error}."
        raise SettingsError(message, hint=f"Set another path: %zen artifact-store update {store.name} --path=FOLDER")

    # Stacks.

    def stacks(self) -> list[StackRecord]:
        """Return the registered stacks, sorted by name."""
        return sorted(self._database.state().stacks.values(), key=lambda record: record.name)

    def stack_record(self, name: str | None = None) -> StackRecord:
        """Return the record of a stack, by default of the active one."""
        return get_stack(self._database.state(), name)

    def stack(self, name: str | None = None) -> Stack:
        """Return a stack, by default the active one.

        The object stays the same until a registration or a class definition changes.

        Raises:
            FlavorUnavailableError: If the flavor of a component is not defined in this process.
        """
        return self._loader.stack(name)

    @property
    def active_stack_name(self) -> str:
        """The name of the active stack."""
        return self._database.state().active_stack

    def set_active_stack(self, name: str) -> StackRecord:
        """Make a stack the active one and return its record."""
        return self._stack_changes.activate(name)

    def register_stack(self, name: str, components: Mapping[ComponentType, str]) -> StackRecord:
        """Register a stack of registered components and return its record.

        Raises:
            StackExistsError: If another stack has that name.
            InvalidStackError, InvalidReferenceError: If the name is not acceptable.
        """
        return self._stack_changes.register(name, components)

    def update_stack(self, name: str, components: Mapping[ComponentType, str]) -> StackRecord:
        """Add or replace components of a stack and return its record."""
        return self._stack_changes.update(name, components)

    def remove_from_stack(self, name: str, component_types: Iterable[ComponentType]) -> StackRecord:
        """Remove the components of these types from a stack and return its record.

        Raises:
            InvalidStackError: If the stack has no component of one of the types, or one of the types is required.
        """
        return self._stack_changes.remove(name, component_types)

    def rename_stack(self, name: str, new_name: str) -> StackRecord:
        """Rename a stack and return its record; raises the errors of registration."""
        return self._stack_changes.rename(name, new_name)

    def copy_stack(self, name: str, new_name: str) -> StackRecord:
        """Register a copy of a stack with the same components; raises the errors of registration."""
        return self.register_stack(new_name, self.stack_record(name).components)

    def delete_stack(self, name: str) -> None:
        """Delete a stack, but not its components.

        Raises:
            InvalidStackError: If the stack is active.
        """
        self._stack_changes.delete(name)

    # Encryption with the workspace's data key.

    def fingerprint(self, text: str) -> str:
        """Return a digest of ``text``, keyed with the data key.

        Without the key, the digest reveals nothing about the text.

        Raises:
            ManagerLockedError: If the data key can't be opened.
        """
        return self._database.fingerprint(text)

    def seal(self, data: bytes) -> tuple[int, bytes]:
        """Return the generation of the data key, and ``data`` encrypted with it.

        Raises:
            ManagerLockedError: If the data key can't be opened.
        """
        return self._database.seal(data)

    def unseal(self, generation: int, sealed: bytes) -> bytes:
        """Return the data that :meth:`seal` encrypted.

        Raises:
            ManagerLockedError: If the data key can't be opened.
            ManagerCorruptedError: If the key is gone, or the data was altered or encrypted in another workspace.
        """
        return self._database.unseal(generation, sealed)


class RegisteredManager:
    """Origin of the values of a registered secrets manager: reads the values again, also in another process."""

    def __init__(self, manager_id: str, name: str) -> None:
        """Refer to the manager by its id, or by its name on a machine where no manager has this id."""
        self._id = manager_id
        self._name = name

    def __repr__(self) -> str:
        """Return the manager's name."""
        return f"<RegisteredManager {self._name!r}>"

    def restore_value(self, template: str) -> str:
        """Return the text ``template`` with its references resolved now; raises the errors of :meth:`Stack.resolve`."""
        return resolve_text(self._manager(), template)

    def restore_secret(self, name: str) -> Any:
        """Return the current secret ``name``; raises the errors of ``get_secret``."""
        return self._manager().get_secret(name)

    def _manager(self) -> SecretsManager:
        return get_workspace().manager_by_id(self._id, self._name)


_workspaces: dict[tuple[Path, int], Workspace] = {}
_workspaces_lock = threading.Lock()


def get_workspace() -> Workspace:
    """Return the workspace of the current ``ZENSECRETS_HOME``; each process has one object per folder."""
    # A forked process gets its own objects, because SQLite forbids the use of a connection in a child process.
    home = settings.home()
    key = home, os.getpid()
    workspace = _workspaces.get(key)
    if workspace is None:
        with _workspaces_lock:
            workspace = _workspaces.setdefault(key, Workspace(home))
    return workspace
