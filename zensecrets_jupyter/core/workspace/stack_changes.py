"""Registration, update, renaming and deletion of stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import InvalidStackError
from zensecrets_jupyter.core.workspace.checks import (
    check_components,
    check_registration_name,
    get_stack,
    refuse_duplicate_stack,
    remaining_components,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zensecrets_jupyter.core.component_types import ComponentType
    from zensecrets_jupyter.core.workspace.database import WorkspaceDatabase
    from zensecrets_jupyter.core.workspace.records import StackRecord


class StackChanges:
    """Changes to the stacks of one workspace; a failed change changes nothing."""

    def __init__(self, database: WorkspaceDatabase) -> None:
        """Create an object that changes the stacks in ``database``."""
        self._database = database

    def activate(self, name: str) -> StackRecord:
        """Make a stack the active one; see :meth:`Workspace.set_active_stack`."""
        with self._database.write() as writer:
            # This call raises an error if the stack does not exist.
            get_stack(writer.state, name)
            return writer.set_active(name)

    def register(self, name: str, components: Mapping[ComponentType, str]) -> StackRecord:
        """Register a stack; see :meth:`Workspace.register_stack`."""
        check_registration_name("a stack", name)
        with self._database.write() as writer:
            refuse_duplicate_stack(writer.state, name)
            check_components(writer.state, components)
            return writer.add_stack(name, components)

    def update(self, name: str, components: Mapping[ComponentType, str]) -> StackRecord:
        """Add or replace components of a stack; see :meth:`Workspace.update_stack`."""
        with self._database.write() as writer:
            record = get_stack(writer.state, name)
            check_components(writer.state, components)
            return writer.change_stack(record, {**record.components, **components})

    def remove(self, name: str, component_types: Iterable[ComponentType]) -> StackRecord:
        """Remove components from a stack; see :meth:`Workspace.remove_from_stack`."""
        with self._database.write() as writer:
            record = get_stack(writer.state, name)
            return writer.change_stack(record, remaining_components(record, component_types))

    def rename(self, name: str, new_name: str) -> StackRecord:
        """Rename a stack; see :meth:`Workspace.rename_stack`."""
        check_registration_name("a stack", new_name)
        with self._database.write() as writer:
            record = get_stack(writer.state, name)
            refuse_duplicate_stack(writer.state, new_name)
            return writer.rename_stack(record, new_name)

    def delete(self, name: str) -> None:
        """Delete a stack; see :meth:`Workspace.delete_stack`."""
        with self._database.write() as writer:
            record = get_stack(writer.state, name)
            if record.is_active:
                message = f"Stack {name!r} is active and can't be deleted."
                raise InvalidStackError(message, hint="Activate another stack first: %stack set NAME")
            writer.delete_stack(record)
