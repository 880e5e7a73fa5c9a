"""The secrets manager of the active stack, on which commands work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zensecrets_jupyter.core.errors import NoSecretsManagerError
from zensecrets_jupyter.core.managers import Capability
from zensecrets_jupyter.core.process import process_wide
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.transfer.journal import take_back_stopped
from zensecrets_jupyter.core.workspace import get_workspace

if TYPE_CHECKING:
    from zensecrets_jupyter.core.managers import SecretsManager


def manager_of(stack: str | None = None) -> SecretsManager:
    """Return the secrets manager of a stack, by default of the active one; its other components may be unusable in this environment.

    Raises:
        StackNotFoundError: If there is no such stack.
        NoSecretsManagerError: If it has no secrets manager.
    """
    workspace = get_workspace()
    record = workspace.stack_record(stack)
    name = record.components.get(ComponentType.SECRETS_MANAGER)
    if name is None:
        message = f"Stack {record.name!r} has no secrets manager."
        raise NoSecretsManagerError(message, hint=f"Add one: %stack update {record.name} -x SECRETS_MANAGER")
    manager = workspace.open_manager(name)
    taken_back = take_back_stopped(manager)
    if taken_back:
        _notes().append(
            f"Note: an import was stopped half way; {', '.join(map(repr, taken_back))} of it had been written and was taken back."
        )
    return manager


def _notes() -> list[str]:
    return process_wide("commands.notes", list[str])


def take_notes() -> str:
    """Return and clear the notes from opening secrets managers, such as that an interrupted import was rolled back; may be empty."""
    notes = "\n".join(_notes())
    _notes().clear()
    return notes


def label_of(manager: SecretsManager) -> str:
    """Return the secrets manager's name, with its flavor unless that is the name."""
    return manager.name if manager.name == manager.flavor else f"{manager.name} ({manager.flavor})"


def check_exists(manager: SecretsManager, name: str) -> None:
    """Check that a secret exists, before a person types values for it. A backend that can't list secrets is not checked.

    Raises:
        SecretNotFoundError: If there is no secret of that name; the hint lists near misses.
        UnsupportedOperationError: If the secret belongs to another program.
    """
    manager.check_change(name)
    if Capability.LIST in manager.capabilities and name not in manager.list_secrets():
        raise manager.not_found(name)


def check_free(manager: SecretsManager, name: str) -> None:
    """Check that a name is free, before a person types values. A backend that can't list secrets is not checked.

    Raises:
        SecretExistsError: If a secret has that name.
        UnsupportedOperationError: If the secret belongs to another program.
    """
    manager.check_change(name)
    if Capability.LIST in manager.capabilities and name in manager.list_secrets():
        raise manager.exists(name)
