"""The secrets manager of the active stack, which most commands use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import NoSecretsManagerError
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.system.process_globals import process_global
from zensecrets_jupyter.core.transfer.import_journal import undo_stopped_imports
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers import SecretsManager


def active_manager() -> SecretsManager:
    """Return the secrets manager of the active stack.

    Interrupted imports of secrets into the secrets manager are undone first. The other components of the stack are not opened.

    Raises:
        NoSecretsManagerError: If the stack has no secrets manager.
    """
    workspace = get_workspace()
    record = workspace.stack_record()
    name = record.components.get(ComponentType.SECRETS_MANAGER)
    if name is None:
        message = f"Stack {record.name!r} has no secrets manager."
        raise NoSecretsManagerError(message, hint=f"Add one: %stack update {record.name} -x SECRETS_MANAGER")
    manager = workspace.open_manager(name)
    restored_names = undo_stopped_imports(manager)
    if restored_names:
        _notes().append(f"Note: an import was interrupted. Its changes to {', '.join(map(repr, restored_names))} were undone.")
    return manager


def _notes() -> list[str]:
    """Return this process's list of notes that no command has shown yet."""
    return process_global("commands.notes", list[str])


def take_notes() -> str:
    """Return the notes that :func:`active_manager` added, and clear them.

    Each note says that an interrupted import was undone.

    Returns:
        The notes, one in each line; empty if there are none.
    """
    notes = "\n".join(_notes())
    _notes().clear()
    return notes


def manager_label(manager: SecretsManager) -> str:
    """Return a manager's name and flavor, such as ``default (local)``.

    If both are equal, the result is only the name.
    """
    return manager.name if manager.name == manager.flavor else f"{manager.name} ({manager.flavor})"


def check_exists(manager: SecretsManager, name: str) -> None:
    """Check that a secret exists, if the backend can list secrets.

    Commands check this before they ask a person for values.

    Raises:
        SecretNotFoundError: If no secret has that name. The hint suggests similar names.
        UnsupportedOperationError: If the secret belongs to another program.
    """
    manager.check_change(name)
    if Capability.LIST in manager.capabilities and name not in manager.list_secrets():
        raise manager.not_found_error(name)


def check_not_registered(manager: SecretsManager, name: str) -> None:
    """Check that no secret has the name ``name``, if the backend can list secrets.

    Commands check this before they ask a person for values.

    Raises:
        SecretExistsError: If a secret has that name.
        UnsupportedOperationError: If the secret belongs to another program.
    """
    manager.check_change(name)
    if Capability.LIST in manager.capabilities and name in manager.list_secrets():
        raise manager.exists_error(name)
