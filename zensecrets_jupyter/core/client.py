"""The one entrance for Python code: the active stack, its secrets, and everything that is registered."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.environment import secret_environment
from zensecrets_jupyter.core.managers import mask_values, masks_refused
from zensecrets_jupyter.core.names import did_you_mean, is_value_free_argument, type_with_article
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema, texts_in
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.transfer.secret_copy import copy_secrets
from zensecrets_jupyter.core.value_cleanup import list_value_warnings
from zensecrets_jupyter.core.workspace import Workspace, get_workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zensecrets_jupyter.core.managers import SecretsManager
    from zensecrets_jupyter.core.schemas import BaseSecretSchema
    from zensecrets_jupyter.core.stack import Stack, StackComponent
    from zensecrets_jupyter.core.steps.execution.run import PipelineRun, PipelineRuns
    from zensecrets_jupyter.core.transfer.secret_copy import CopyReport


class ListedSecret:
    """A secret in a list: its name, and what is in it when that is asked for."""

    def __init__(self, manager: SecretsManager, name: str) -> None:
        """Stand for the secret of that name."""
        self._manager = manager
        self.name = name

    def __repr__(self) -> str:
        """Return the name."""
        return f"<ListedSecret {self.name!r}>"

    @property
    def secret_values(self) -> dict[str, str]:
        """The keys and values, read now; errors as :meth:`SecretsManager.get_secret` has them."""
        return self._manager.get_secret(self.name).content


class SecretPage(Sequence[ListedSecret]):
    """A part of a list of secrets.

    Attributes:
        items: The secrets.
        total: How many there are in all.
    """

    def __init__(self, items: Iterable[ListedSecret], total: int) -> None:
        """Hold the secrets of this part."""
        self.items = list(items)
        self.total = total

    def __len__(self) -> int:
        """Return how many secrets this part has."""
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        """Return a secret, or a list of some."""
        return self.items[index]

    def __repr__(self) -> str:
        """Return the names."""
        return f"<SecretPage {[one.name for one in self.items]!r}>"


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

    def get_secret(self, name_id_or_prefix: str = "", *, name: str = "", refresh: bool = False, **options: Any) -> BaseSecretSchema:
        """Return a secret of the active stack's secrets manager.

        Args:
            name_id_or_prefix: Its name; a part of a name finds nothing.
            name: The same, under its other name.
            refresh: Whether it is read even where the cache holds it.
            options: ZenML's ``private``, ``hydrate``, ``allow_partial_name_match`` and ``allow_partial_id_match``, which change nothing.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            SecretNotFoundError: If there is no such secret; it names near misses.
            TypeError: If something is given that is no argument; it names near misses.
        """
        _check_options("get_secret", options, ("private", "hydrate", "allow_partial_name_match", "allow_partial_id_match"))
        return self.secrets_manager.get_secret(name_id_or_prefix or name or name_id_or_prefix, refresh=refresh)

    @masks_refused
    def create_secret(self, name: str, values: Mapping[str, str], **options: Any) -> BaseSecretSchema:
        """Register a secret with any keys in the active stack's secrets manager, and return it.

        A ``UserWarning`` names the keys whose values are empty, or begin or end with what nobody sees.

        Args:
            name: Its name.
            values: Its keys and values.
            options: ZenML's ``private`` and ``scope``, which change nothing: who reads it is for the secrets manager to say.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            SecretExistsError: If the name is taken; what is there stays untouched.
            InvalidSecretError: If the name, a key or a value is not acceptable.
            TypeError: If something is given that is no argument; it names near misses.
        """
        _check_options("create_secret", options, ("private", "scope"), values)
        secret = ArbitrarySecretSchema(name=name, arbitrary_kv_pairs=values)
        self.secrets_manager.register_secret(secret)
        _warn_of_unseen(name, secret.content, "" if secret.content else f"secret {name!r} holds no keys.")
        return self.get_secret(name)

    def list_secrets(self, *, name: str = "", page: int = 1, size: int = 0, **options: Any) -> SecretPage:
        """Return the secrets of the active stack's secrets manager, sorted by name; a value is read when it is asked for.

        Args:
            name: Only the one of that name.
            page: Which part of them, from 1 on.
            size: How many a part has; all of them where none is given.
            options: ZenML's ``sort_by``, ``logical_operator``, ``private`` and ``hydrate``, which change nothing.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            UnsupportedOperationError: If the secrets manager can't list.
            ValueError: If there can be no such page or size.
            TypeError: If something is given that is no argument; it names near misses.
        """
        _check_options("list_secrets", options, ("sort_by", "logical_operator", "private", "hydrate"))
        _check_page(page, size)
        manager = self.secrets_manager
        found = [ListedSecret(manager, one) for one in manager.list_secrets() if name in {"", one}]
        start = (page - 1) * size
        return SecretPage(found[start : start + size] if size else found, len(found))

    @masks_refused
    def update_secret(
        self,
        name_id_or_prefix: str,
        *,
        new_name: str | None = None,
        add_or_update_values: Mapping[str, str] | None = None,
        remove_values: Iterable[str] = (),
        **options: Any,
    ) -> BaseSecretSchema:
        """Change keys of a secret, or its name, and return it; the other keys and the schema stay.

        A ``UserWarning`` names the keys whose values are empty, or begin or end with what nobody sees.

        Args:
            name_id_or_prefix: Its name.
            new_name: What to call it from now on.
            add_or_update_values: Keys to set.
            remove_values: Keys to take out.
            options: ZenML's ``private``, ``update_private`` and ``new_scope``, which change nothing.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            SecretNotFoundError: If there is no such secret, or no such key to take out.
            InvalidSecretError: If the outcome would not follow the schema, or no secret can be called so; nothing is written then.
            SecretExistsError: If the new name is taken; the keys are changed by then.
            TypeError: If something is given that is no argument; it names near misses.
        """
        _check_options("update_secret", options, ("private", "update_private", "new_scope"), add_or_update_values)
        manager = self.secrets_manager
        removed = list(remove_values)
        if add_or_update_values or removed:
            manager.merge_secret(name_id_or_prefix, {} if add_or_update_values is None else add_or_update_values, remove=removed)
        _warn_of_unseen(name_id_or_prefix, add_or_update_values or {})
        if new_name is not None and new_name != name_id_or_prefix:
            manager.rename_secret(name_id_or_prefix, new_name)
        return manager.get_secret(new_name or name_id_or_prefix)

    def delete_secret(self, name_id_or_prefix: str, **options: Any) -> None:
        """Delete a secret of the active stack's secrets manager.

        Args:
            name_id_or_prefix: Its name.
            options: ZenML's ``private`` and ``scope``, which change nothing.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            SecretNotFoundError: If there is none of that name; it names near misses.
            TypeError: If something is given that is no argument; it names near misses.
        """
        _check_options("delete_secret", options, ("private", "scope"))
        self.secrets_manager.delete_secret(name_id_or_prefix)

    def get_pipeline(self, name_id_or_prefix: str) -> PipelineRuns:
        """Return the runs of a pipeline that this process has run: ``runs``, ``last_run`` and ``last_successful_run``.

        Raises:
            RunNotFoundError: If it has run none of that name.
        """
        from zensecrets_jupyter.core.steps.execution.run import find_pipeline

        return find_pipeline(name_id_or_prefix)

    def get_pipeline_run(self, name_id_or_prefix: str) -> PipelineRun:
        """Return the newest run of that name or identity.

        Raises:
            RunNotFoundError: If this process has made none.
        """
        from zensecrets_jupyter.core.steps.execution.run import find_run

        return find_run(name_id_or_prefix)

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


def _warn_of_unseen(name: str, content: Mapping[str, str], other: str = "") -> None:
    for remark in (*list_value_warnings(name, content), *([other] if other else [])):
        # The line that is shown is the caller's: this function, the method and what checks its arguments stand between.
        warnings.warn(f"{remark[0].upper()}{remark[1:]}", UserWarning, stacklevel=4)


def _check_page(page: object, size: object) -> None:
    """Return if a list can have such a page.

    Raises:
        ValueError: If it can't.
    """
    for name, given, least in (("page", page, 1), ("size", size, 0)):
        if not isinstance(given, int) or isinstance(given, bool) or given < least:
            told = "Pages are counted from 1" if name == "page" else "A size is how many secrets a page has, or 0 for all of them"
            message = f"Client.list_secrets() has no {name} {given if isinstance(given, int) else type_with_article(given)}. {told}."
            raise ValueError(message)


def _check_options(method: str, given: Mapping[str, Any], known: tuple[str, ...], values: Mapping[str, Any] | None = None) -> None:
    """Return if each argument that is given is one that ZenML has; ``values`` are a secret's, which the error's source line may show.

    Raises:
        TypeError: If one is not; it names near misses.
    """
    unknown = next((name for name in given if name not in known), None)
    if unknown is None:
        return
    takes_values = method.startswith(("create_", "update_"))
    unlikely = [text for name, one in given.items() if not takes_values or is_value_free_argument(name) for text in texts_in(one)]
    mask_values([{name: one for name, one in given.items() if takes_values and not is_value_free_argument(name)}, values])
    mask_values([text for text in unlikely if is_opaque(text)])
    taken = [name for name in inspect.signature(getattr(Client, method)).parameters if name not in {"self", "options"}]
    message = f"Client.{method}() has no argument {unknown!r}. {did_you_mean(unknown, [*taken, *known])}"
    raise TypeError(message.rstrip())
