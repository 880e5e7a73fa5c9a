"""The Python client: secrets of the active stack, stacks, components and pipeline runs."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zensecrets_jupyter.core.environment import secret_environment
from zensecrets_jupyter.core.managers import mask_refused_values, mask_values
from zensecrets_jupyter.core.names import did_you_mean, is_value_free_argument, type_with_article
from zensecrets_jupyter.core.redaction.recognition.value_shapes import is_opaque
from zensecrets_jupyter.core.schemas import ArbitrarySecretSchema, texts_in
from zensecrets_jupyter.core.stack import ComponentType
from zensecrets_jupyter.core.text import sentence
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
    """An entry of a list of secrets; its values are read on access."""

    def __init__(self, manager: SecretsManager, name: str) -> None:
        """Create the entry for the secret ``name`` of ``manager``; no value is read."""
        self._manager = manager
        self.name = name

    def __repr__(self) -> str:
        """Return the name of the secret."""
        return f"<ListedSecret {self.name!r}>"

    @property
    def secret_values(self) -> dict[str, str]:
        """The keys and values, read on access; errors are those of :meth:`SecretsManager.get_secret`."""
        return self._manager.get_secret(self.name).content


class SecretPage(Sequence[ListedSecret]):
    """A page of a list of secrets.

    Attributes:
        items: The secrets on the page.
        total: The number of secrets on all pages.
    """

    def __init__(self, items: Iterable[ListedSecret], total: int) -> None:
        """Create a page with these secrets."""
        self.items = list(items)
        self.total = total

    def __len__(self) -> int:
        """Return the number of secrets on the page."""
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        """Return a secret, or a list of secrets for a slice."""
        return self.items[index]

    def __repr__(self) -> str:
        """Return the names of the secrets."""
        return f"<SecretPage {[item.name for item in self.items]!r}>"


class Client:
    """Access to the stacks, components and secrets under ``ZENSECRETS_HOME``.

    Creating a client opens no file. The arguments have the same names as in ZenML's client. The argument ``name_id_or_prefix`` of a secret
    must be the full name, because ids and prefixes are not supported.
    """

    def __repr__(self) -> str:
        """Return the folder of the workspace."""
        return f"<Client of {str(self.workspace.home)!r}>"

    @property
    def workspace(self) -> Workspace:
        """The workspace, for changes to stacks and components."""
        return get_workspace()

    @property
    def active_stack(self) -> Stack:
        """The active stack.

        Raises:
            FlavorUnavailableError: If the flavor of a component is not defined in this process.
        """
        return self.workspace.stack()

    def get_stack(self, name: str) -> Stack:
        """Return the stack with the name ``name``.

        Raises:
            StackNotFoundError: If the stack does not exist; the error names near misses.
        """
        return self.workspace.stack(name)

    def get_stack_component(self, component_type: ComponentType | str, name: str) -> StackComponent:
        """Return a component.

        Its references are resolved only if it is part of the active stack.

        Raises:
            ComponentNotFoundError: If no component has that type and name.
        """
        return self.workspace.open_component(ComponentType(component_type), name)

    @property
    def secrets_manager(self) -> SecretsManager:
        """The secrets manager of the active stack.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
        """
        return self.active_stack.secrets_manager

    def get_secret(self, name_id_or_prefix: str = "", *, name: str = "", refresh: bool = False, **options: Any) -> BaseSecretSchema:
        """Return a secret of the active stack's secrets manager.

        Args:
            name_id_or_prefix: The full name of the secret.
            name: The same as ``name_id_or_prefix``.
            refresh: Whether to read the secret from the backend, even if it is in the cache.
            options: ZenML's ``private``, ``hydrate``, ``allow_partial_name_match`` and ``allow_partial_id_match``, without effect.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            SecretNotFoundError: If the secret does not exist; the error names near misses.
            TypeError: If an argument is unknown; the error names near misses.
        """
        _check_options("get_secret", options, ("private", "hydrate", "allow_partial_name_match", "allow_partial_id_match"))
        # If both names are empty, the error is about the first argument, which may have a wrong type.
        return self.secrets_manager.get_secret(name_id_or_prefix or name or name_id_or_prefix, refresh=refresh)

    @mask_refused_values
    def create_secret(self, name: str, values: Mapping[str, str], **options: Any) -> BaseSecretSchema:
        """Register a secret with arbitrary keys in the active stack's secrets manager, and return it.

        A ``UserWarning`` names each key whose value is empty, or begins or ends with invisible characters. Another one reports a secret
        without keys.

        Args:
            name: The name of the secret.
            values: The keys and values.
            options: ZenML's ``private`` and ``scope``, without effect: the secrets manager decides who can read the secret.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            SecretExistsError: If a secret of that name exists; it is unchanged.
            InvalidSecretError: If the name, a key or a value is not acceptable.
            TypeError: If an argument is unknown; the error names near misses.
        """
        _check_options("create_secret", options, ("private", "scope"), values)
        secret = ArbitrarySecretSchema(name=name, arbitrary_kv_pairs=values)
        self.secrets_manager.register_secret(secret)
        _warn_about_values(name, secret.content, "" if secret.content else f"secret {name!r} holds no keys.")
        return self.get_secret(name)

    def list_secrets(self, *, name: str = "", page: int = 1, size: int = 0, **options: Any) -> SecretPage:
        """Return the secrets of the active stack's secrets manager, sorted by name.

        The values of a secret are read on access.

        Args:
            name: The full name of a secret, to list no other secret. By default, all secrets are listed.
            page: The number of the page, from 1.
            size: The number of secrets per page; 0 for one page with all secrets.
            options: ZenML's ``sort_by``, ``logical_operator``, ``private`` and ``hydrate``, without effect.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            UnsupportedOperationError: If the secrets manager can't list secrets.
            ValueError: If the page or the size is not a valid number.
            TypeError: If an argument is unknown; the error names near misses.
        """
        _check_options("list_secrets", options, ("sort_by", "logical_operator", "private", "hydrate"))
        _check_page(page, size)
        manager = self.secrets_manager
        secrets = [ListedSecret(manager, secret_name) for secret_name in manager.list_secrets() if name in {"", secret_name}]
        start = (page - 1) * size
        return SecretPage(secrets[start : start + size] if size else secrets, len(secrets))

    @mask_refused_values
    def update_secret(
        self,
        name_id_or_prefix: str,
        *,
        new_name: str | None = None,
        add_or_update_values: Mapping[str, str] | None = None,
        remove_values: Iterable[str] = (),
        **options: Any,
    ) -> BaseSecretSchema:
        """Change keys of a secret, or its name, and return the secret.

        The other keys and the schema are unchanged. A ``UserWarning`` names each changed key whose value is empty, or begins or ends with
        invisible characters.

        Args:
            name_id_or_prefix: The full name of the secret.
            new_name: The new name of the secret.
            add_or_update_values: The keys to set, with their values.
            remove_values: The keys to remove.
            options: ZenML's ``private``, ``update_private`` and ``new_scope``, without effect.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            SecretNotFoundError: If the secret, or a key to remove, does not exist.
            InvalidSecretError: If the new content does not follow the schema, or the new name is not valid; nothing is written.
            SecretExistsError: If the new name is taken; the changes to the keys are stored nevertheless.
            TypeError: If an argument is unknown; the error names near misses.
        """
        _check_options("update_secret", options, ("private", "update_private", "new_scope"), add_or_update_values)
        manager = self.secrets_manager
        removed_keys = list(remove_values)
        if add_or_update_values or removed_keys:
            manager.merge_secret(name_id_or_prefix, {} if add_or_update_values is None else add_or_update_values, remove=removed_keys)
        _warn_about_values(name_id_or_prefix, add_or_update_values or {})
        if new_name is not None and new_name != name_id_or_prefix:
            manager.rename_secret(name_id_or_prefix, new_name)
        return manager.get_secret(new_name or name_id_or_prefix)

    def delete_secret(self, name_id_or_prefix: str, **options: Any) -> None:
        """Delete a secret of the active stack's secrets manager.

        Args:
            name_id_or_prefix: The full name of the secret.
            options: ZenML's ``private`` and ``scope``, without effect.

        Raises:
            NoSecretsManagerError: If the active stack has no secrets manager.
            SecretNotFoundError: If the secret does not exist; the error names near misses.
            TypeError: If an argument is unknown; the error names near misses.
        """
        _check_options("delete_secret", options, ("private", "scope"))
        self.secrets_manager.delete_secret(name_id_or_prefix)

    def get_pipeline(self, name_id_or_prefix: str) -> PipelineRuns:
        """Return the runs of a pipeline in this process.

        The result has the attributes ``runs``, ``last_run`` and ``last_successful_run``.

        Raises:
            RunNotFoundError: If this process has not run the pipeline.
        """
        from zensecrets_jupyter.core.steps.execution.run import find_pipeline

        return find_pipeline(name_id_or_prefix)

    def get_pipeline_run(self, name_id_or_prefix: str) -> PipelineRun:
        """Return the newest run with that name or id.

        Raises:
            RunNotFoundError: If this process has no run with that name or id.
        """
        from zensecrets_jupyter.core.steps.execution.run import find_run

        return find_run(name_id_or_prefix)

    def copy_secrets(self, source: str, target: str, names: Iterable[str] | None = None, *, on_conflict: str = "stop") -> CopyReport:
        """Copy secrets from one registered secrets manager to another, and return a report.

        A secret that the target has with the same content is not written again. A second call therefore completes an interrupted copy.

        Args:
            source: The name of the secrets manager to read from.
            target: The name of the secrets manager to write to.
            names: The names of the secrets; by default all secrets.
            on_conflict: How to treat a secret that the target has with other content: "skip", "replace", or "stop" before any write.

        Raises:
            SettingsError: If ``on_conflict`` has another value.
            ComponentNotFoundError: If one of the two secrets managers is not registered.
            UnsupportedOperationError: If the source does not support reads, or the target does not support writes.
            SecretNotFoundError: If one of the ``names`` does not exist.
            SecretExistsError: If there is a conflict, and ``on_conflict`` is "stop"; nothing was copied.
            ManagerError: If one of the two secrets managers fails; the error has the number of copied secrets.
        """
        workspace = self.workspace
        return copy_secrets(workspace.open_manager(source), workspace.open_manager(target), names, on_conflict=on_conflict)

    @contextmanager
    def env(self, *secrets: str, prefix: str = "", names: Mapping[str, str] | None = None) -> Iterator[dict[str, str]]:
        """Set the keys of secrets as environment variables during the block.

        The context manager yields the values by variable name.

        The name of a variable is its key in upper case, with ``_`` for every character except letters and digits. After the block, each
        variable has its earlier value again.

        Args:
            secrets: The names of the secrets.
            prefix: The first part of the names of the variables.
            names: Names of variables for some keys, by ``key`` or ``secret.key``, such as ``{"openai.api_key": "OPENAI_API_KEY"}``.

        Raises:
            SecretNotFoundError: If a secret does not exist; no variable was set.
            InvalidSecretError: If a key would set a reserved variable such as ``PATH``, and neither ``prefix`` nor ``names`` gives it
                another variable; no variable was set.
        """
        with secret_environment([self.get_secret(name) for name in secrets], prefix=prefix, names=names) as variables:
            yield variables


def _warn_about_values(name: str, content: Mapping[str, str], extra_warning: str = "") -> None:
    """Warn about values that are empty or have invisible characters; ``extra_warning`` is added if it is not empty."""
    for warning in (*list_value_warnings(name, content), *([extra_warning] if extra_warning else [])):
        # The warning shows the line that calls the client. Its frame is the fourth, after this function, the method and its decorator.
        warnings.warn(sentence(warning), UserWarning, stacklevel=4)


def _check_page(page: object, size: object) -> None:
    """Check the arguments ``page`` and ``size`` of a list.

    Raises:
        ValueError: If one of them is not a valid number.
    """
    for name, value, minimum in (("page", page, 1), ("size", size, 0)):
        # In Python, True and False are integers too.
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            rule = "The first page is 1" if name == "page" else "The size is the number of secrets per page, or 0 for all secrets"
            message = f"Client.list_secrets() has no {name} {value if isinstance(value, int) else type_with_article(value)}. {rule}."
            raise ValueError(message)


def _check_options(
    method: str, options: Mapping[str, Any], zenml_options: tuple[str, ...], values: Mapping[str, Any] | None = None
) -> None:
    """Check that ZenML has each of the given options for a method.

    If an option is unknown, the traceback shows the line of the call. Therefore texts in the call that may be values are masked from then
    on.

    Args:
        method: The name of the method.
        options: The given options.
        zenml_options: The names of ZenML's options for the method.
        values: The values of a secret in the same call.

    Raises:
        TypeError: If an option is unknown; the error names near misses.
    """
    unknown_option = next((name for name in options if name not in zenml_options), None)
    if unknown_option is None:
        return
    # In a call of create_secret or update_secret, an option may be a mistyped argument for values. Then all its texts are masked. The other
    # options contain values only by mistake, so only their texts that look random are masked.
    takes_values = method.startswith(("create_", "update_"))
    possible_values = {name: value for name, value in options.items() if takes_values and not is_value_free_argument(name)}
    mask_values([possible_values, values])
    other_texts = [text for name, value in options.items() if name not in possible_values for text in texts_in(value)]
    mask_values([text for text in other_texts if is_opaque(text)])
    arguments = [name for name in inspect.signature(getattr(Client, method)).parameters if name not in {"self", "options"}]
    message = f"Client.{method}() has no argument {unknown_option!r}. {did_you_mean(unknown_option, [*arguments, *zenml_options])}"
    raise TypeError(message.rstrip())
