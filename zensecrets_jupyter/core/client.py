"""The one entrance for Python code: the active stack, its secrets, and everything that is registered."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from zensecrets_jupyter.core.environment import secret_environment
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.transfer.copying import copy_secrets
from zensecrets_jupyter.core.workspace import Workspace, get_workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.stack import Stack, StackComponent
    from zensecrets_jupyter.core.transfer.copying import CopyReport


class Client:
    """What is registered under ``ZENSECRETS_HOME``, and the active stack of it. Making one costs nothing and opens nothing."""

    def __repr__(self) -> str:
        """Return the folder that it works in."""
        return f"<Client of {str(self.workspace.home)!r}>"

    @property
    def workspace(self) -> Workspace:
        """The registrations themselves, for changing them."""
        return get_workspace()

    @property
    def active_stack(self) -> Stack:
        """The active stack.

        Raises:
            FlavorUnavailableError: If the flavor of a component is not defined in this process.
        """
        return self.workspace.stack()

    def get_stack(self, name: str) -> Stack:
        """Return the stack called ``name``.

        Raises:
            StackNotFoundError: If there is none; it names near misses.
        """
        return self.workspace.stack(name)

    def get_stack_component(self, component_type: ComponentType | str, name: str) -> StackComponent:
        """Return a component; its references resolve in the active stack, which has to hold it.

        Raises:
            ComponentNotFoundError: If there is none of that type and name.
        """
        return self.workspace.open_component(ComponentType(component_type), name)

    @property
    def secrets_manager(self) -> SecretsManager:
        """The secrets manager of the active stack.

        Raises:
            NoSecretsManagerError: If it has none.
        """
        return self.active_stack.secrets_manager

    def get_secret(self, name: str, *, refresh: bool = False) -> BaseSecretSchema:
        """Return a secret of the active stack's secrets manager; with ``refresh`` it is read even where the cache holds it.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            SecretNotFoundError: If there is no such secret; it names near misses.
        """
        return self.secrets_manager.get_secret(name, refresh=refresh)

    def copy_secrets(self, source: str, target: str, names: Iterable[str] | None = None, *, on_conflict: str = "stop") -> CopyReport:
        """Copy secrets from one registered secrets manager into another, and return what was done; the source keeps them.

        What the target has already with the same content is done, so that a copy that was broken off goes on when it is called again.

        Args:
            source: Where they are, by name.
            target: Where they are to be, by name.
            names: Which ones; all where none are given.
            on_conflict: What becomes of a name that the target has with other content: "skip", "replace", or "stop" before anything.

        Raises:
            ComponentNotFoundError: If one of the two is not registered.
            UnsupportedOperationError: If the source can't be read, or the target can't be written.
            SecretNotFoundError: If one of the ``names`` does not exist.
            SecretExistsError: If there is a conflict, and the copy is to stop at it; nothing was copied.
            ManagerError: If one of the two fails; it says how far it got.
        """
        workspace = self.workspace
        return copy_secrets(workspace.open_manager(source), workspace.open_manager(target), names, on_conflict=on_conflict)

    @contextmanager
    def env(self, *secrets: str, prefix: str = "", names: Mapping[str, str] | None = None) -> Iterator[dict[str, str]]:
        """Set the keys of the named secrets as environment variables while the block runs, and yield the variables by name.

        A variable is called like its key, in upper case and with ``_`` for what is no letter or digit. What was set before is restored.

        Args:
            secrets: The names of the secrets.
            prefix: What the variables' names start with.
            names: Names of variables for some keys, by ``key`` or ``secret.key``.

        Raises:
            SecretNotFoundError: If a secret does not exist; nothing was set then.
            InvalidSecretError: If a variable would replace one such as ``PATH``, and has neither a prefix nor a name; likewise.
        """
        with secret_environment([self.get_secret(name) for name in secrets], prefix=prefix, names=names) as variables:
            yield variables
